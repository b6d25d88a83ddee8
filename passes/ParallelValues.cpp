// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/ParallelValues.h"

#include "passes/BlockOrder.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"
#include "passes/Scans.h"

using namespace mlir;

namespace maek {

/// Successive outputs of one unstack: its operand, or a slice of that.
static Value joinUnstacked(ValueRange values, int64_t dim, OpBuilder &builder,
                           Location loc) {
  auto parts = values.front().getDefiningOp<UnstackOp>();
  if (!parts || parts.getDim() != dim)
    return {};
  unsigned first = cast<OpResult>(values.front()).getResultNumber();
  if (first + values.size() > parts->getNumResults() ||
      values != ValueRange(parts->getResults().slice(first, values.size())))
    return {};
  Type whole = parts.getOperand().getType();
  SmallVector<Extent> extents = getExtents(whole);
  extents[dim] = Extent(values.size());
  return builder.createOrFold<SliceOp>(
      loc, getTensorType(extents, getElementType(whole)), parts.getOperand(),
      dim, first);
}

/// Broadcasts of one kind: their operands, or nothing.
static SmallVector<Value> getBroadcastOperands(ValueRange values) {
  SmallVector<Value> operands;
  auto first = values.front().getDefiningOp<BroadcastOp>();
  for (Value value : values) {
    auto broadcast = value.getDefiningOp<BroadcastOp>();
    if (!broadcast || broadcast.getDims() != first.getDims() ||
        broadcast.getOperand().getType() != first.getOperand().getType())
      return {};
    operands.push_back(broadcast.getOperand());
  }
  return operands;
}

std::string getJoinObstacle(Value value, Operation *user) {
  if (auto scan = dyn_cast<ScanOp>(user->getParentOp()))
    return isOutside(value, scan) ? "" : "it is produced inside the loop";
  if (cast<RankedTensorType>(value.getType()).hasStaticShape())
    return "";
  return "its size is dynamic, so that stacking would copy activations";
}

static Value stackOutside(ValueRange values, int64_t dim, Operation *user,
                          Location loc) {
  for (Value value : values)
    if (!getJoinObstacle(value, user).empty())
      return {};
  OpBuilder builder(getHoistPoint(user, values));
  return StackOp::create(builder, loc, values, dim);
}

Value joinParallel(ValueRange values, int64_t dim, Operation *user,
                   Location loc) {
  OpBuilder builder(user);
  SmallVector<Extent> extents = getExtents(values.front().getType());
  extents.insert(extents.begin() + dim, Extent(values.size()));
  Type type = getTensorType(extents, getElementType(values.front().getType()));
  if (Value joined = joinUnstacked(values, dim, builder, loc))
    return joined;
  if (llvm::all_equal(values))
    return BroadcastOp::create(builder, loc, type, values.front(),
                               allAxesBut(extents.size(), dim));
  SmallVector<Value> sources = getBroadcastOperands(values);
  if (sources.empty())
    return stackOutside(values, dim, user, loc);
  // The new axis comes right after the axes that lie before it.
  SmallVector<int64_t> dims;
  int64_t place = 0;
  for (int64_t axis : values.front().getDefiningOp<BroadcastOp>().getDims()) {
    place += axis < dim;
    dims.push_back(axis < dim ? axis : axis + 1);
  }
  dims.insert(dims.begin() + place, dim);
  Value stacked = stackOutside(sources, place, user, loc);
  if (!stacked)
    return {};
  return BroadcastOp::create(builder, loc, type, stacked, dims);
}

UnstackOp mergeParallelAdds(UnstackOp parts) {
  SmallVector<Operation *> adds;
  SmallVector<Value> others;
  SmallVector<Location> locs;
  for (Value part : parts.getOutputs()) {
    if (!part.hasOneUse())
      return {};
    OpOperand &use = *part.use_begin();
    auto add = dyn_cast<AddOp>(use.getOwner());
    if (!add || add->getBlock() != parts->getBlock() ||
        llvm::is_contained(adds, add.getOperation()))
      return {};
    adds.push_back(add);
    others.push_back(add->getOperand(1 - use.getOperandNumber()));
    locs.push_back(add.getLoc());
  }
  if (!areIndependent(adds))
    return {};
  Operation *last = *llvm::max_element(
      adds, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  OpBuilder builder(last);
  Location loc = builder.getFusedLoc(locs);
  Value other = joinParallel(others, parts.getDim(), last, loc);
  if (!other)
    return {};
  Value sum = AddOp::create(builder, loc, parts.getOperand(), other);
  auto merged = UnstackOp::create(builder, loc, sum, parts.getDim());
  moveDependentsAfter(adds, merged);
  for (auto [add, part] : llvm::zip(adds, merged.getOutputs())) {
    add->getResult(0).replaceAllUsesWith(part);
    add->erase();
  }
  parts->erase();
  return merged;
}

} // namespace maek
