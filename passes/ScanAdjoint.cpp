// Part of Maek, under the MIT licence; see LICENSE.
// The gradient of a scan: a scan that runs the other way. Its states are the
// adjoints of the scan's states and the sums of the adjoints of the values that
// the body captures; its sequences are the adjoints of the output sequences and
// the residuals, the primal values that the rules of the body's ops ask for.
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
#include "passes/Differentiable.h"
#include "passes/Gradients.h"
#include "passes/Remarks.h"

#include "ir/Extent.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
namespace {

/// Whether running the op again costs less than storing its result.
bool isCheap(Operation *op) {
  return op->hasTrait<OpTrait::Elementwise>() ||
         isa<BroadcastOp, ConstantOp, ExtentOp, IotaOp, ReshapeOp, SliceOp,
             SplitOp, UnstackOp>(op);
}

class ScanAdjoint : public AdjointBuilder {
public:
  ScanAdjoint(ScanOp scan, AdjointBuilder &outer)
      : AdjointBuilder(OpBuilder(scan.getContext()), outer.getGradientLoc(),
                       outer.getActivity()),
        scan(scan), outer(outer), body(&scan.getBody().front()) {
    region.push_back(block = new Block);
    builder.setInsertionPointToEnd(block);
  }

  Value primal(Value value) override;
  void replace(Value from, Value to) override;
  LogicalResult run();

private:
  void findReached();
  void addSequence(Value element, Value sequence);
  void seed();
  void resolveResiduals();
  bool isAtHand(Value value);
  bool canRecompute(Value value);
  Value materialize(Value value, IRMapping &known);
  void storeResiduals(ArrayRef<Value> stored);
  void finish();

  bool isInside(Value value) const { return value.getParentBlock() == body; }
  BlockArgument addArgument(unsigned index, Type type) {
    return block->insertArgument(index, type, scan.getLoc());
  }

  ScanOp scan;
  AdjointBuilder &outer;
  /// The body of `scan`, and the body of the adjoint scan.
  Block *body, *block;
  Region region;
  /// The operands for the first arguments of `block`; null for a placeholder.
  SmallVector<Value> sequences;
  /// The states of `scan` whose adjoints are states, and those states' inits.
  SmallVector<unsigned> carried;
  SmallVector<Value> inits;
  /// Values of `body` that get an adjoint, without precision for nested scans.
  llvm::DenseSet<Value> reached;
  /// Placeholders by primal value.
  llvm::DenseMap<Value, BlockArgument> residuals;
  /// What `canRecompute` found, once all residuals are known.
  llvm::DenseMap<Operation *, bool> recomputable;
};

} // namespace

//===----------------------------------------------------------------------===//
// Primal values
//===----------------------------------------------------------------------===//

Value ScanAdjoint::primal(Value value) {
  if (!isInside(value))
    return outer.primal(value);
  BlockArgument &placeholder = residuals[value];
  if (!placeholder) {
    placeholder = addArgument(sequences.size(), value.getType());
    sequences.push_back({});
  }
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

/// Whether the adjoint body has `value` without storing it, or will have it
/// because a rule asked for it.
bool ScanAdjoint::isAtHand(Value value) {
  if (!isInside(value) || residuals.contains(value))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value))
    return argument.getArgNumber() < scan.getNumSequences();
  return canRecompute(value);
}

bool ScanAdjoint::canRecompute(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isCheap(op))
    return false;
  if (auto entry = recomputable.find(op); entry != recomputable.end())
    return entry->second;
  bool can = llvm::all_of(op->getOperands(),
                          [&](Value operand) { return isAtHand(operand); });
  return recomputable[op] = can;
}

/// `value` in the adjoint body; `known` maps what is there already.
Value ScanAdjoint::materialize(Value value, IRMapping &known) {
  if (Value there = known.lookupOrNull(value))
    return there;
  if (!isInside(value)) {
    known.map(value, outer.primal(value));
    return known.lookup(value);
  }
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    BlockArgument element = addArgument(sequences.size(), value.getType());
    sequences.push_back(
        outer.primal(scan.getSequences()[argument.getArgNumber()]));
    known.map(value, element);
    return element;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    materialize(operand, known);
  builder.clone(*value.getDefiningOp(), known);
  return known.lookup(value);
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
  SmallVector<Value> asked = llvm::to_vector(llvm::make_first_range(residuals));
  llvm::sort(asked, comesBefore);
  SmallVector<Value> stored, recomputed;
  IRMapping known;
  for (Value value : asked) {
    BlockArgument placeholder = residuals.lookup(value);
    if (canRecompute(value)) {
      recomputed.push_back(value);
      continue;
    }
    known.map(value, placeholder);
    auto argument = dyn_cast<BlockArgument>(value);
    if (argument && argument.getArgNumber() < scan.getNumSequences())
      sequences[placeholder.getArgNumber()] =
          outer.primal(scan.getSequences()[argument.getArgNumber()]);
    else
      stored.push_back(value);
  }
  storeResiduals(stored);
  builder.setInsertionPointToStart(block);
  for (Value value : recomputed) {
    BlockArgument placeholder = residuals.lookup(value);
    placeholder.replaceAllUsesWith(materialize(value, known));
    sequences.erase(sequences.begin() + placeholder.getArgNumber());
    block->eraseArgument(placeholder.getArgNumber());
  }
  builder.setInsertionPointToEnd(block);
  remarkPassed(scan.getLoc(), "differentiate")
      << "the adjoint scan stores " + std::to_string(stored.size()) +
             " and recomputes " + std::to_string(recomputed.size()) +
             " values of a step";
}

/// Makes each of `stored` an output sequence of the forward scan and that the
/// sequence of its placeholder. A value that is one already is not added again.
void ScanAdjoint::storeResiduals(ArrayRef<Value> stored) {
  SmallVector<Value> yielded = llvm::to_vector(scan.getYield().getValues());
  SmallVector<Type> types = llvm::to_vector(scan.getResultTypes());
  SmallVector<unsigned> results;
  Extent steps = getExtent(scan.getSequences().front().getType(), 0);
  for (Value value : stored) {
    auto same =
        llvm::find(llvm::drop_begin(yielded, scan.getNumStates()), value);
    results.push_back(same - yielded.begin());
    if (same != yielded.end())
      continue;
    yielded.push_back(value);
    SmallVector<Extent> extents = getExtents(value.getType());
    extents.insert(extents.begin(), steps);
    types.push_back(getTensorType(extents, getElementType(value.getType())));
  }
  if (types.size() != scan.getNumResults()) {
    OpBuilder at(scan);
    auto larger = ScanOp::create(at, scan.getLoc(), types, scan.getSequences(),
                                 scan.getInits(), scan.getReverse());
    larger->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
    larger.getBody().takeBody(scan.getBody());
    larger.getYield().getValuesMutable().assign(yielded);
    for (auto [from, to] : llvm::zip(scan.getResults(), larger.getResults())) {
      outer.replace(from, to);
      from.replaceAllUsesWith(to);
    }
    scan.erase();
    scan = larger;
  }
  for (auto [value, result] : llvm::zip(stored, results))
    sequences[residuals.lookup(value).getArgNumber()] =
        outer.primal(scan.getResult(result));
}

//===----------------------------------------------------------------------===//
// Adjoints
//===----------------------------------------------------------------------===//

/// Finds the values of the body to which an adjoint flows from the results,
/// through any number of steps.
void ScanAdjoint::findReached() {
  auto reach = [&](Value value) {
    return needs(value) && reached.insert(value).second;
  };
  YieldOp yield = scan.getYield();
  for (auto [result, value] : llvm::zip(scan.getResults(), yield.getValues()))
    if (outer.adjoint(result))
      reach(value);
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : llvm::reverse(*body)) {
      if (llvm::none_of(op.getResults(),
                        [&](Value result) { return reached.contains(result); }))
        continue;
      llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
      getUsedValuesDefinedAbove(op.getRegions(), used);
      for (Value value : used)
        reach(value);
    }
    for (auto [i, state] : llvm::enumerate(scan.getStates()))
      if (reached.contains(state))
        changed |= reach(yield.getOperand(i));
  }
}

void ScanAdjoint::addSequence(Value element, Value sequence) {
  BlockArgument argument = addArgument(sequences.size(), element.getType());
  sequences.push_back(sequence);
  accumulate(element, argument);
}

/// Gives the yielded values the adjoints that come from the results and from
/// the step after.
void ScanAdjoint::seed() {
  findReached();
  unsigned numStates = scan.getNumStates();
  YieldOp yield = scan.getYield();
  for (unsigned i = 0; i != numStates; ++i) {
    Value final = outer.adjoint(scan.getFinals()[i]);
    if (!needs(scan.getStates()[i]) ||
        (!final && !reached.contains(scan.getStates()[i])))
      continue;
    carried.push_back(i);
    inits.push_back(outer.adjointOrZero(scan.getFinals()[i]));
    accumulate(yield.getOperand(i), addArgument(block->getNumArguments(),
                                                scan.getStates()[i].getType()));
  }
  for (auto [i, output] : llvm::enumerate(scan.getOutputs()))
    if (Value adjointOfOutput = outer.adjoint(output))
      addSequence(yield.getOperand(numStates + i), adjointOfOutput);
}

/// Yields the adjoints of the step's inputs, makes the adjoint scan, and hands
/// its results on.
void ScanAdjoint::finish() {
  // A scan needs a sequence to run over.
  if (sequences.empty()) {
    Value first = scan.getSequences().front();
    addArgument(0, scan.getElements().front().getType());
    sequences.push_back(outer.primal(first));
  }
  SmallVector<Value> yielded, targets;
  SmallVector<Type> types;
  for (unsigned i : carried) {
    Value state = scan.getStates()[i];
    yielded.push_back(adjointOrZero(state));
    types.push_back(state.getType());
    targets.push_back(scan.getInits()[i]);
  }
  for (auto [value, adjointOfValue] : adjoints) {
    if (isInside(value))
      continue;
    Type type = value.getType();
    Value sum = addArgument(block->getNumArguments(), type);
    inits.push_back(outer.constant(type, 0));
    yielded.push_back(add(sum, adjointOfValue));
    types.push_back(type);
    targets.push_back(value);
  }
  for (auto [element, sequence] :
       llvm::zip(scan.getElements(), scan.getSequences()))
    if (Value adjointOfElement = adjoint(element)) {
      yielded.push_back(adjointOfElement);
      types.push_back(sequence.getType());
      targets.push_back(sequence);
    }
  create<YieldOp>(yielded);
  auto reversed = outer.create<ScanOp>(TypeRange(types), sequences, inits,
                                       !scan.getReverse());
  reversed.getBody().takeBody(region);
  for (auto [target, result] : llvm::zip(targets, reversed.getResults()))
    outer.accumulate(target, result);
}

LogicalResult ScanAdjoint::run() {
  loc = scan.getLoc();
  seed();
  SmallVector<Operation *> ops;
  for (Operation &op : body->without_terminator())
    ops.push_back(&op);
  if (failed(build(ops)))
    return failure();
  loc = scan.getLoc();
  resolveResiduals();
  finish();
  return success();
}

namespace {

struct ScanGradient : Differentiable::ExternalModel<ScanGradient, ScanOp> {
  /// A state is active if its init is or if a step makes it so.
  void propagateActivity(Operation *op, Activity &activity) const {
    auto scan = cast<ScanOp>(op);
    YieldOp yield = scan.getYield();
    auto pass = [&](Value from, Value to) {
      if (!activity.contains(from) || activity.contains(to))
        return false;
      activity.insert(to);
      return true;
    };
    for (auto [sequence, element] :
         llvm::zip(scan.getSequences(), scan.getElements()))
      pass(sequence, element);
    for (auto [init, state] : llvm::zip(scan.getInits(), scan.getStates()))
      pass(init, state);
    bool changed = true;
    while (changed) {
      changed = false;
      activity.propagate(scan.getBody().front());
      for (auto [i, state] : llvm::enumerate(scan.getStates()))
        changed |= pass(yield.getOperand(i), state);
    }
    for (auto [value, result] : llvm::zip(yield.getValues(), scan.getResults()))
      pass(value, result);
  }

  LogicalResult buildAdjoint(Operation *op, AdjointBuilder &adjoints) const {
    return ScanAdjoint(cast<ScanOp>(op), adjoints).run();
  }
};

} // namespace

void attachScanGradient(MLIRContext &context) {
  ScanOp::attachInterface<ScanGradient>(context);
}

} // namespace maek
