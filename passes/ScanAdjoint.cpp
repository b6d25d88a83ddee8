// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/ScanAdjoint.h"

#include "passes/Differentiable.h"
#include "passes/Gradients.h"
#include "passes/Remarks.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

ScanAdjoint::ScanAdjoint(ScanOp scan, AdjointBuilder &outer)
    : AdjointBuilder(OpBuilder(scan.getContext()), outer.getGradientLoc(),
                     outer.getActivity()),
      scan(scan), outer(outer), body(&scan.getBody().front()),
      block(new Block) {
  region.push_back(block);
  getBuilder().setInsertionPointToEnd(block);
}

BlockArgument ScanAdjoint::addElement(Type type, Value sequence) {
  sequences.push_back(sequence);
  return block->insertArgument(sequences.size() - 1, type, scan.getLoc());
}

BlockArgument ScanAdjoint::addState(Type type) {
  return block->addArgument(type, scan.getLoc());
}

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

/// Runs the steps of a segment again, from the state before it.
void ScanAdjoint::copyBody() {
  holder = outer.create<KernelOp>(TypeRange());
  holder.getBody().takeBody(region);
  for (auto [element, sequence] :
       llvm::zip(scan.getElements(), scan.getSequences()))
    copies.map(element, addElement(element.getType(), outer.primal(sequence)));
  SmallVector<Value> kept =
      storeOverSteps(SmallVector<Value>(scan.getStates()));
  for (auto [state, sequence] : llvm::zip(scan.getStates(), kept))
    copies.map(state, addElement(state.getType(), sequence));
  for (BlockArgument argument : body->getArguments())
    if (needs(argument))
      getActivity().insert(getCopy(argument));
  for (Operation &op : body->without_terminator())
    getBuilder().clone(op, copies);
  getActivity().propagate(*block);
  remarkPassed(scan, "differentiate")
      << "the adjoint scan computes a segment again from the state before it";
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
    accumulate(getCopy(yield.getOperand(i)),
               addState(scan.getStates()[i].getType()));
  }
  for (auto [i, output] : llvm::enumerate(scan.getOutputs()))
    if (Value sequence = outer.adjoint(output)) {
      Value value = yield.getOperand(numStates + i);
      accumulate(getCopy(value), addElement(value.getType(), sequence));
    }
}

/// Yields the adjoints of the step's inputs, makes the adjoint scan, and hands
/// its results on.
void ScanAdjoint::finish() {
  // A scan needs a sequence to run over.
  if (sequences.empty())
    addElement(scan.getElements().front().getType(),
               outer.primal(scan.getSequences().front()));
  SmallVector<Value> yielded, targets;
  SmallVector<Type> types;
  for (unsigned i : carried) {
    Value state = scan.getStates()[i];
    yielded.push_back(adjointOrZero(getCopy(state)));
    types.push_back(state.getType());
    targets.push_back(scan.getInits()[i]);
  }
  for (auto [value, adjointOfValue] : getAdjoints()) {
    if (isInside(value))
      continue;
    Type type = value.getType();
    Value sum = addState(type);
    inits.push_back(outer.constant(type, 0));
    yielded.push_back(add(sum, adjointOfValue));
    types.push_back(type);
    targets.push_back(value);
  }
  for (auto [element, sequence] :
       llvm::zip(scan.getElements(), scan.getSequences()))
    if (Value adjointOfElement = adjoint(getCopy(element))) {
      yielded.push_back(adjointOfElement);
      types.push_back(sequence.getType());
      targets.push_back(sequence);
    }
  create<YieldOp>(yielded);
  auto reversed = outer.create<ScanOp>(TypeRange(types), sequences, inits,
                                       !scan.getReverse(), scan.getSegmented());
  reversed.getBody().takeBody(holder ? holder.getBody() : region);
  for (auto [target, result] : llvm::zip(targets, reversed.getResults()))
    outer.accumulate(target, result);
}

LogicalResult ScanAdjoint::run() {
  setLoc(scan.getLoc());
  bool isSegmented = scan.getSegmented();
  if (isSegmented && scan->getParentOfType<ScanOp>())
    return scan.emitOpError("in another loop has no gradient");
  if (isSegmented)
    copyBody();
  SmallVector<Operation *> ops;
  auto differentiated = isSegmented
                            ? llvm::make_range(block->begin(), block->end())
                            : body->without_terminator();
  for (Operation &op : differentiated)
    ops.push_back(&op);
  seed();
  LogicalResult built = build(ops);
  setLoc(scan.getLoc());
  if (succeeded(built) && !isSegmented)
    resolveResiduals();
  if (succeeded(built))
    finish();
  if (holder)
    holder.erase();
  return built;
}

namespace {

struct ScanGradient : Differentiable::ExternalModel<ScanGradient, ScanOp> {
  /// A state is active if its init is or if a step makes it so.
  // NOLINTNEXTLINE(bugprone-derived-method-shadowing-base-method): MLIR's way
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
