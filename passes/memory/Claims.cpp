// Part of Maek, under the MIT licence; see LICENSE.
// The first half of a placement: which operand says where a value is computed.
// A value that is returned, collected by a scan or joined with others is
// computed right there; where two operands want the same value, or the value
// cannot be computed there, the second one needs a copy.
#include "passes/memory/Placement.h"

using namespace mlir;

namespace maek {

Value getSource(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ReshapeOp, TransposeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

/// Whether `call` may write its results over operands: the kernel reads them
/// only where it writes.
bool Placement::canRunInPlace(func::CallOp call) {
  auto kernel =
      tables.lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  if (!kernel || kernel.isExternal())
    return false;
  auto shape = [](Type type) { return cast<ShapedType>(type).getShape(); };
  for (Type type : kernel.getResultTypes())
    if (shape(type) != shape(kernel.getResultTypes().front()))
      return false;
  return llvm::all_of(kernel.getOps(), [](Operation &op) {
    return op.hasTrait<OpTrait::Elementwise>() ||
           isa<BroadcastOp, ConstantOp, ExtentOp, IotaOp, func::ReturnOp>(op);
  });
}

/// Whether every read of `argument` comes before `call` writes `result` over
/// it, or is the same element's read in `call` itself.
bool Placement::isReadBefore(Value argument, func::CallOp call, Value result) {
  Block *block = call->getBlock();
  SmallVector<Value> worklist = {argument};
  DenseSet<Value> reordered;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (isa<ReshapeOp, TransposeOp, SliceOp, SplitOp, UnstackOp>(user)) {
        for (Value view : user->getResults()) {
          worklist.push_back(view);
          if (!isa<ReshapeOp>(user) || reordered.contains(value))
            reordered.insert(view);
        }
        continue;
      }
      Operation *ancestor = block->findAncestorOpInBlock(*user);
      if (ancestor->isBeforeInBlock(call))
        continue;
      if (ancestor != call || reordered.contains(value) ||
          value.getType() != result.getType() || !canRunInPlace(call))
        return false;
    }
  }
  return true;
}

bool Placement::isPlaceable(Value source, Operation *user) const {
  Operation *op = source.getDefiningOp();
  if (!op || op->getBlock() != user->getBlock())
    return false;
  if (auto scan = dyn_cast<ScanOp>(op)) {
    int output = int(cast<OpResult>(source).getResultNumber()) -
                 int(scan.getNumStates());
    // Final states lie where the states are; rows are shared.
    return output >= 0 && llvm::none_of(scans.find(op)->second.states,
                                        [&](const ScanState &state) {
                                          return state.oldOutput >= 0 &&
                                                 (state.oldOutput == output ||
                                                  state.newOutput == output);
                                        });
  }
  return isa<func::CallOp>(op) || isInPlaceJoin(*op);
}

void Placement::claim(OpOperand &operand, OpOperand *twin) {
  Value source = getSource(operand.get());
  SmallVector<OpOperand *, 2> operands = {&operand};
  if (twin)
    operands.push_back(twin);
  if (!isPlaceable(source, operand.getOwner()))
    return conflict(operand.getOwner(), "lies elsewhere", operands);
  if (!claims.try_emplace(source, &operand).second)
    conflict(operand.getOwner(), "is needed at two places", operands);
}

void Placement::claimResult(func::ReturnOp op, OpOperand &operand) {
  int index = updated[operand.getOperandNumber()];
  if (index < 0)
    return claim(operand);
  Value argument = entry.getArgument(index);
  if (operand.get() == argument)
    return;
  Value source = getSource(operand.get());
  auto call = source.getDefiningOp<func::CallOp>();
  if (!call || call->getBlock() != op->getBlock() ||
      !isReadBefore(argument, call, source))
    return conflict(op, "would overwrite a value that is read later",
                    {&operand});
  claim(operand);
}

void Placement::claimScan(ScanOp scan) {
  ScanPlacement &placement = scans[scan];
  placement.states.resize(scan.getNumStates());
  MutableArrayRef<OpOperand> yielded = scan.getYield()->getOpOperands();
  MutableArrayRef<OpOperand> outputs = yielded.drop_front(scan.getNumStates());
  SmallVector<bool> taken(outputs.size());
  auto take = [&](Value value) -> int {
    for (auto [j, output] : llvm::enumerate(outputs))
      if (!taken[j] && output.get() == value) {
        taken[j] = true;
        return j;
      }
    return -1;
  };
  for (auto [i, state] : llvm::enumerate(placement.states)) {
    state.oldOutput = take(scan.getStates()[i]);
    state.newOutput = take(yielded[i].get());
    if (state.newOutput >= 0)
      claim(outputs[state.newOutput], &yielded[i]);
    else
      claim(yielded[i]);
    if (state.oldOutput >= 0)
      claim(scan.getInitsMutable()[i]);
  }
  for (auto [j, output] : llvm::enumerate(outputs))
    if (!taken[j])
      claim(output);
}

bool isInPlaceJoin(Operation &op) {
  if (auto stack = dyn_cast<StackOp>(op))
    return stack.getDim() < getRank(stack.getType()) - 1;
  return isa<ConcatOp>(op);
}

void Placement::claimAll(Block &block) {
  for (Operation &op : block) {
    if (auto scan = dyn_cast<ScanOp>(op)) {
      // Inside first: how an inner scan keeps its states says whether its
      // outputs can lie in rows of this one's.
      claimAll(scan.getBody().front());
      claimScan(scan);
    } else if (isInPlaceJoin(op)) {
      for (OpOperand &operand : op.getOpOperands())
        claim(operand);
    } else if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      for (OpOperand &operand : op.getOpOperands())
        claimResult(ret, operand);
    }
  }
}

void Placement::conflict(Operation *op, StringRef reason,
                         ArrayRef<OpOperand *> operands) {
  Conflict found;
  found.op = op;
  found.operands.assign(operands.begin(), operands.end());
  found.reason = reason.str();
  conflicts.push_back(std::move(found));
}

} // namespace maek
