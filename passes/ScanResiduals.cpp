// Part of Maek, under the MIT licence; see LICENSE.
// The primal values of a step that its adjoint needs.
//
// Note [Residuals]
// While the adjoint body is built, each primal value that is asked for is a
// placeholder, an argument of the body. Once all are known, the value is
// - the sequence itself, for an element of it,
// - recomputed in the adjoint body, if it is the result of a cheap op whose
//   operands are at hand there: asked for too, elements, captured, or cheap to
//   recompute in turn,
// - otherwise stored: an output sequence of the forward scan. For a state this
//   is the state before each step.
// So tanh(C) with C = f * C' + i * c, all of which the rules ask for as well,
// is not stored, and neither is C.
#include "passes/ScanAdjoint.h"

#include "passes/Remarks.h"
#include "passes/Scans.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// Whether running the op again costs less than storing its result.
static bool isCheap(Operation *op) {
  return isPointwise(op) || isa<ReshapeOp, SliceOp, SplitOp, UnstackOp>(op);
}

Value ScanAdjoint::primal(Value value) {
  if (!isInside(value))
    return outer.primal(value);
  if (scan.getSegmented())
    return value;
  BlockArgument &placeholder = residuals[value];
  if (!placeholder)
    placeholder = addElement(value.getType(), {});
  return placeholder;
}

void ScanAdjoint::replace(Value from, Value to) {
  AdjointBuilder::replace(from, to);
  if (auto entry = residuals.find(from); entry != residuals.end()) {
    BlockArgument placeholder = entry->second;
    residuals.erase(entry);
    residuals[to] = placeholder;
  }
}

bool ScanAdjoint::isElement(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && isInside(value) &&
         argument.getArgNumber() < scan.getNumSequences();
}

/// The sequence of an element of the forward scan.
Value ScanAdjoint::getSequence(Value element) {
  unsigned number = cast<BlockArgument>(element).getArgNumber();
  return outer.primal(scan.getSequences()[number]);
}

/// Finds the ops that can run again in the adjoint body on what is there.
void ScanAdjoint::findRecomputable() {
  auto isAtHand = [&](Value value) {
    return !isInside(value) || residuals.contains(value) || isElement(value) ||
           recomputable.contains(value.getDefiningOp());
  };
  for (Operation &op : *body)
    if (isCheap(&op) && llvm::all_of(op.getOperands(), isAtHand))
      recomputable.insert(&op);
}

/// Arguments first, then results in program order.
static bool comesBefore(Value a, Value b) {
  auto argumentA = dyn_cast<BlockArgument>(a);
  auto argumentB = dyn_cast<BlockArgument>(b);
  if (argumentA && argumentB)
    return argumentA.getArgNumber() < argumentB.getArgNumber();
  if (argumentA || argumentB)
    return bool(argumentA);
  if (a.getDefiningOp() == b.getDefiningOp())
    return cast<OpResult>(a).getResultNumber() <
           cast<OpResult>(b).getResultNumber();
  return a.getDefiningOp()->isBeforeInBlock(b.getDefiningOp());
}

// See Note [Residuals].
void ScanAdjoint::resolveResiduals() {
  findRecomputable();
  SmallVector<Value> asked = llvm::to_vector(llvm::make_first_range(residuals));
  llvm::sort(asked, comesBefore);
  SmallVector<Value> stored, recomputed;
  IRMapping known;
  for (Value value : asked) {
    if (recomputable.contains(value.getDefiningOp())) {
      recomputed.push_back(value);
      continue;
    }
    BlockArgument placeholder = residuals.lookup(value);
    known.map(value, placeholder);
    if (isElement(value))
      sequences[placeholder.getArgNumber()] = getSequence(value);
    else
      stored.push_back(value);
  }
  storeResiduals(stored);
  recompute(recomputed, known);
  for (Value value : recomputed) {
    BlockArgument placeholder = residuals.lookup(value);
    placeholder.replaceAllUsesWith(known.lookup(value));
    sequences.erase(sequences.begin() + placeholder.getArgNumber());
    block->eraseArgument(placeholder.getArgNumber());
  }
  remarkPassed(scan, "differentiate")
      << "the adjoint scan stores " + std::to_string(stored.size()) +
             " and recomputes " + std::to_string(recomputed.size()) +
             " values of a step";
}

/// Computes `values` at the start of the adjoint body; `known` maps what is
/// there already, and then them as well.
void ScanAdjoint::recompute(ArrayRef<Value> values, IRMapping &known) {
  llvm::DenseSet<Operation *> ops;
  for (Value value : values)
    ops.insert(value.getDefiningOp());
  for (Operation &op : llvm::reverse(*body))
    if (ops.contains(&op))
      for (Value operand : op.getOperands())
        if (recomputable.contains(operand.getDefiningOp()))
          ops.insert(operand.getDefiningOp());
  getBuilder().setInsertionPointToStart(block);
  for (Operation &op : *body) {
    if (!ops.contains(&op))
      continue;
    for (Value operand : op.getOperands()) {
      if (known.contains(operand))
        continue;
      known.map(operand, isInside(operand) ? addElement(operand.getType(),
                                                        getSequence(operand))
                                           : outer.primal(operand));
    }
    getBuilder().clone(op, known);
  }
  getBuilder().setInsertionPointToEnd(block);
}

/// Makes each of `stored` an output sequence of the forward scan; gives the
/// sequences. A value that is one already is not added again.
SmallVector<Value> ScanAdjoint::storeOverSteps(ArrayRef<Value> stored) {
  SmallVector<Value> before(scan.getResults());
  IRRewriter rewriter(scan.getContext());
  SmallVector<Value> results = collectOverSteps(rewriter, scan, stored);
  for (auto [from, to] : llvm::zip(before, scan.getResults()))
    if (from != to)
      outer.replace(from, to);
  for (Value &result : results)
    result = outer.primal(result);
  return results;
}

/// Stores the values of which placeholders stand for elements.
void ScanAdjoint::storeResiduals(ArrayRef<Value> stored) {
  for (auto [value, sequence] : llvm::zip(stored, storeOverSteps(stored)))
    sequences[residuals.lookup(value).getArgNumber()] = sequence;
}

} // namespace maek
