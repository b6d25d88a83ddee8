// Part of Maek, under the MIT licence; see LICENSE.
// The first half of a placement: which operand says where a value is computed.
// A value that is returned, collected by a scan or joined with others is
// computed right there; where two operands want the same value, or the value
// cannot be computed there, the second one needs a copy.
#include "ir/Entries.h"
#include "passes/memory/Placement.h"

#include "llvm/ADT/SmallBitVector.h"

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

/// The results of the kernel that are made of its argument.
static llvm::SmallBitVector getResultsOf(func::FuncOp kernel, unsigned number) {
  DenseSet<Value> made = {kernel.getArgument(number)};
  llvm::SmallBitVector results(kernel.getNumResults());
  for (Operation &op : kernel.getOps())
    for (OpOperand &operand : op.getOpOperands())
      if (made.contains(operand.get())) {
        made.insert_range(op.getResults());
        if (isa<func::ReturnOp>(op))
          results.set(operand.getOperandNumber());
      }
  return results;
}

/// Whether `call` may write a result over an operand. The kernel reads elements
/// only where it writes. It loads each once, for all results together, but
/// nobody promises that it does so before it stores any of them; see
/// docs/rationale/memory.md. So the result has to be made of the operand, or
/// nothing is.
bool Placement::canOverwrite(func::CallOp call, unsigned operand,
                             unsigned result) {
  auto kernel =
      tables.lookupNearestSymbolFrom<func::FuncOp>(call, call.getCalleeAttr());
  if (!kernel || kernel.isExternal())
    return false;
  auto shape = [](Type type) { return cast<ShapedType>(type).getShape(); };
  for (Type type : kernel.getResultTypes())
    if (shape(type) != shape(kernel.getResultTypes().front()))
      return false;
  if (llvm::SmallBitVector results = getResultsOf(kernel, operand);
      results.any() && !results.test(result))
    return false;
  return llvm::all_of(kernel.getOps(), [](Operation &op) {
    return isPointwise(&op) || isa<func::ReturnOp>(op);
  });
}

/// Whether every read of `argument` comes before `call` writes `result` over
/// it, or is the same element's read in `call` itself. `stored` is the result,
/// or a view of it, that has the argument's elements in their order.
bool Placement::isReadBefore(Value argument, func::CallOp call, Value result,
                             Value stored) {
  Block *block = call->getBlock();
  auto reshape = stored.getDefiningOp<ReshapeOp>();
  while (reshape) {
    stored = reshape.getOperand();
    reshape = stored.getDefiningOp<ReshapeOp>();
  }
  bool isInOrder = stored == result;
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
      if (ancestor != call || !isInOrder || reordered.contains(value) ||
          value.getType() != result.getType() ||
          !canOverwrite(call, use.getOperandNumber(),
                        cast<OpResult>(result).getResultNumber()))
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
  if (auto update = operand.get().getDefiningOp<UpdateSliceOp>();
      update && update.getOperand() == argument && isInPlaceUpdate(update))
    return;
  Value source = getSource(operand.get());
  auto call = source.getDefiningOp<func::CallOp>();
  if (!call || call->getBlock() != op->getBlock() ||
      !isReadBefore(argument, call, source, operand.get()))
    return conflict(op, "would overwrite a value that is read later",
                    {&operand});
  claim(operand);
}

bool isInPlaceUpdate(UpdateSliceOp op) {
  auto entry = dyn_cast<func::FuncOp>(op->getParentOp());
  auto operand = dyn_cast<BlockArgument>(op.getOperand());
  if (!entry || !operand || !operand.hasOneUse() ||
      !isa<BlockArgument>(op.getPosition()))
    return false;
  SmallVector<int> updated = getUpdatedArguments(entry);
  return llvm::any_of(op->getUses(), [&](OpOperand &use) {
    return isa<func::ReturnOp>(use.getOwner()) &&
           updated[use.getOperandNumber()] == int(operand.getArgNumber());
  });
}

void Placement::claimUpdate(UpdateSliceOp op) {
  if (isInPlaceUpdate(op))
    return claim(op.getSliceMutable());
  conflict(op, "leaves its operand as it is");
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
  auto stack = dyn_cast<StackOp>(op);
  if (!stack)
    return isa<ConcatOp>(op);
  int64_t dim = stack.getDim();
  return dim == 0 || dim < getRank(stack.getType()) - 1;
}

void Placement::claimAll(Block &block) {
  for (Operation &op : block) {
    if (auto scan = dyn_cast<ScanOp>(op)) {
      // Inside first: how an inner scan keeps its states says whether its
      // outputs can lie in rows of this one's.
      claimAll(scan.getBody().front());
      claimScan(scan);
    } else if (auto update = dyn_cast<UpdateSliceOp>(op)) {
      claimUpdate(update);
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
