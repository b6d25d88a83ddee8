// Part of Maek, under the MIT licence; see LICENSE.
// Folds: identities that hold for every value, NaN and infinity included. The
// sign of a zero may change.
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace maek;

static bool isConstant(Value value, double number) {
  return getSplat(value) == number;
}

OpFoldResult NegOp::fold(FoldAdaptor) {
  if (auto inner = getOperand().getDefiningOp<NegOp>())
    return inner.getOperand();
  return {};
}

// reverse(reverse(x)) -> x; an axis of one element has no order
OpFoldResult ReverseOp::fold(FoldAdaptor) {
  if (getExtent(getType(), getDim()).isOne())
    return getOperand();
  auto inner = getOperand().getDefiningOp<ReverseOp>();
  if (inner && inner.getDim() == getDim())
    return inner.getOperand();
  return {};
}

OpFoldResult AddOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 0))
    return getLhs();
  if (isConstant(getLhs(), 0))
    return getRhs();
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 0))
    return getLhs();
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 1))
    return getLhs();
  if (isConstant(getLhs(), 1))
    return getRhs();
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 1))
    return getLhs();
  return {};
}

OpFoldResult PowOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 1))
    return getLhs();
  return {};
}

OpFoldResult MaxOp::fold(FoldAdaptor) {
  return getLhs() == getRhs() ? getLhs() : OpFoldResult();
}

OpFoldResult MinOp::fold(FoldAdaptor) {
  return getLhs() == getRhs() ? getLhs() : OpFoldResult();
}

OpFoldResult SelectOp::fold(FoldAdaptor) {
  if (getOnTrue() == getOnFalse() || isConstant(getCondition(), 1))
    return getOnTrue();
  if (isConstant(getCondition(), 0))
    return getOnFalse();
  return {};
}

OpFoldResult ConvertOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  return {};
}

OpFoldResult StopGradientOp::fold(FoldAdaptor) {
  if (getOperand().getDefiningOp<StopGradientOp>())
    return getOperand();
  return {};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(),
                  llvm::seq<int64_t>(0, getPermutation().size())))
    return getOperand();
  return {};
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  auto inner = getOperand().getDefiningOp<ReshapeOp>();
  if (inner && inner.getOperand().getType() == getType())
    return inner.getOperand();
  return {};
}

/// The value whose parts along axis `dim`, one after the other and all of them,
/// `operands` are. `PartsOp` is split or unstack.
template <typename PartsOp>
static Value getWhole(ValueRange operands, int64_t dim) {
  auto parts = operands.front().getDefiningOp<PartsOp>();
  if (parts && parts.getDim() == dim && parts->getResults() == operands)
    return parts.getOperand();
  return {};
}

OpFoldResult ConcatOp::fold(FoldAdaptor) {
  if (getOperands().size() == 1)
    return getOperands().front();
  return getWhole<SplitOp>(getOperands(), getDim());
}

OpFoldResult StackOp::fold(FoldAdaptor) {
  return getWhole<UnstackOp>(getOperands(), getDim());
}

LogicalResult SplitOp::fold(FoldAdaptor,
                            SmallVectorImpl<OpFoldResult> &results) {
  if (getOutputs().size() == 1) {
    results.push_back(getOperand());
    return success();
  }
  auto concat = getOperand().getDefiningOp<ConcatOp>();
  if (!concat || concat.getDim() != getDim() ||
      concat.getOperandTypes() != getResultTypes())
    return failure();
  llvm::append_range(results, concat.getOperands());
  return success();
}

LogicalResult UnstackOp::fold(FoldAdaptor,
                              SmallVectorImpl<OpFoldResult> &results) {
  auto stack = getOperand().getDefiningOp<StackOp>();
  if (!stack || stack.getDim() != getDim())
    return failure();
  llvm::append_range(results, stack.getOperands());
  return success();
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  auto pad = getOperand().getDefiningOp<PadOp>();
  if (pad && pad.getDim() == getDim() && pad.getOffset() == getOffset() &&
      pad.getOperand().getType() == getType())
    return pad.getOperand();
  return {};
}

OpFoldResult PadOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  return {};
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  if (getDims().empty())
    return getOperand();
  return {};
}
