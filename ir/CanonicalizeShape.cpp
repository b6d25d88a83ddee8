// Part of Maek, under the MIT licence; see LICENSE.
// Canonicalization of what moves elements about, and of reductions: identities,
// as in Folds.cpp, that make a new op.
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace maek;

/// An op that moves elements about turns a constant into a constant.
static LogicalResult moveConstant(Operation *op, PatternRewriter &rewriter) {
  std::optional<double> value = getSplat(op->getOperand(0));
  if (!value)
    return failure();
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op->getResult(0).getType(),
                                          rewriter.getF64FloatAttr(*value));
  return success();
}

// convert(constant) -> constant, unless the type cannot hold it
LogicalResult ConvertOp::canonicalize(ConvertOp op, PatternRewriter &rewriter) {
  std::optional<double> value = getSplat(op.getOperand());
  Type element = getElementType(op.getType());
  if (!value)
    return failure();
  value = op.evaluate(*value);
  if (element.isInteger(32) && !(*value >= INT32_MIN && *value <= INT32_MAX))
    return failure();
  if (!isFiniteIn(op.getType(), *value))
    return failure();
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op->getResult(0).getType(),
                                          rewriter.getF64FloatAttr(*value));
  return success();
}

// broadcast(broadcast(x)) -> broadcast(x); one that repeats nothing -> reshape
LogicalResult BroadcastOp::canonicalize(BroadcastOp op,
                                        PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
  if (getNumElements(getExtents(op.getOperand().getType())) ==
      getNumElements(getExtents(op.getType()))) {
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
  auto inner = op.getOperand().getDefiningOp<BroadcastOp>();
  if (!inner)
    return failure();
  SmallVector<int64_t> dims;
  for (int64_t dim : inner.getDims())
    dims.push_back(op.getDims()[dim]);
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), inner.getOperand(),
                                           dims);
  return success();
}

/// Whether the transpose moves axes of size 1 only.
static bool keepsOrder(TransposeOp op) {
  SmallVector<Extent> extents = getExtents(op.getOperand().getType());
  int64_t last = -1;
  for (int64_t axis : op.getPermutation()) {
    if (extents[axis].isOne())
      continue;
    if (axis < last)
      return false;
    last = axis;
  }
  return true;
}

// transpose(transpose(x)) -> transpose(x); one that keeps the order -> reshape
LogicalResult TransposeOp::canonicalize(TransposeOp op,
                                        PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
  if (keepsOrder(op)) {
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
  auto inner = op.getOperand().getDefiningOp<TransposeOp>();
  if (!inner)
    return failure();
  SmallVector<int64_t> permutation;
  for (int64_t axis : op.getPermutation())
    permutation.push_back(inner.getPermutation()[axis]);
  rewriter.replaceOpWithNewOp<TransposeOp>(op, inner.getOperand(), permutation);
  return success();
}

// reshape(reshape(x)) -> reshape(x)
LogicalResult ReshapeOp::canonicalize(ReshapeOp op, PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
  auto inner = op.getOperand().getDefiningOp<ReshapeOp>();
  if (!inner)
    return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), inner.getOperand());
  return success();
}

/// The operand of `concat` that holds the whole range, which then starts at
/// `offset` of it.
static Value findPart(ConcatOp concat, int64_t &offset, int64_t size) {
  for (Value operand : concat.getOperands()) {
    int64_t extent = getExtent(operand.getType(), concat.getDim()).factor;
    if (offset < extent)
      return offset + size <= extent ? operand : Value();
    offset -= extent;
  }
  return {};
}

// slice(slice(x)) -> slice(x); slice(concat(..., x, ...)) -> slice(x), where
// the range is within x. Both along one axis. An offset from the end of a
// dynamic axis cannot be moved.
LogicalResult SliceOp::canonicalize(SliceOp op, PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
  Extent limit = getExtent(op.getOperand().getType(), op.getDim());
  Extent size = getExtent(op.getType(), op.getDim());
  if (op.getOffset() < 0 && !limit.isStatic())
    return failure();
  int64_t offset =
      op.getOffset() < 0 ? limit.factor + op.getOffset() : op.getOffset();
  auto inner = op.getOperand().getDefiningOp<SliceOp>();
  if (inner && inner.getDim() == op.getDim()) {
    // Counting from the end, the sum must stay below 0 to mean the same.
    int64_t sum = 0;
    if (llvm::AddOverflow(inner.getOffset(), offset, sum) ||
        (inner.getOffset() < 0 && sum >= 0))
      return failure();
    rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), inner.getOperand(),
                                         op.getDim(), sum);
    return success();
  }
  auto concat = op.getOperand().getDefiningOp<ConcatOp>();
  if (!concat || concat.getDim() != op.getDim() || !size.isStatic() ||
      size.factor == 0)
    return failure();
  Value part = findPart(concat, offset, size.factor);
  if (!part)
    return failure();
  rewriter.replaceOpWithNewOp<SliceOp>(op, op.getType(), part, op.getDim(),
                                       offset);
  return success();
}

/// Equal constants, joined: their number.
static FloatAttr getCommonConstant(ValueRange parts) {
  FloatAttr common;
  for (Value part : parts) {
    auto constant = part.getDefiningOp<ConstantOp>();
    if (!constant || (common && common != constant.getValueAttr()))
      return {};
    common = constant.getValueAttr();
  }
  return common;
}

// concat of equal constants -> constant; concat(concat(x, y), z) ->
// concat(x, y, z), where nothing else reads the inner one: else y = [y, y],
// twenty times, would join a million parts.
LogicalResult ConcatOp::canonicalize(ConcatOp op, PatternRewriter &rewriter) {
  if (FloatAttr common = getCommonConstant(op.getOperands())) {
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), common);
    return success();
  }
  SmallVector<Value> flat;
  for (Value operand : op.getOperands()) {
    auto inner = operand.getDefiningOp<ConcatOp>();
    if (inner && inner.getDim() == op.getDim() && inner->hasOneUse())
      llvm::append_range(flat, inner.getOperands());
    else
      flat.push_back(operand);
  }
  if (flat.size() == op.getOperands().size())
    return failure();
  rewriter.replaceOpWithNewOp<ConcatOp>(op, flat, op.getDim());
  return success();
}

// split of a constant -> constants
LogicalResult SplitOp::canonicalize(SplitOp op, PatternRewriter &rewriter) {
  auto constant = op.getOperand().getDefiningOp<ConstantOp>();
  if (!constant)
    return failure();
  SmallVector<Value> parts;
  for (Type type : op.getOutputs().getTypes())
    parts.push_back(ConstantOp::create(rewriter, op.getLoc(), type,
                                       constant.getValueAttr()));
  rewriter.replaceOp(op, parts);
  return success();
}

/// stack of alike broadcasts -> broadcast of the stack
static LogicalResult pullBroadcast(StackOp op, PatternRewriter &rewriter) {
  SmallVector<Value> sources;
  BroadcastOp first;
  for (Value operand : op.getOperands()) {
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    if (!broadcast || (first && (first.getDims() != broadcast.getDims() ||
                                 first.getOperand().getType() !=
                                     broadcast.getOperand().getType())))
      return failure();
    first = first ? first : broadcast;
    sources.push_back(broadcast.getOperand());
  }
  // The new axis comes right after the axes that lie before it.
  SmallVector<int64_t> dims;
  int64_t place = 0;
  for (int64_t dim : first.getDims()) {
    place += dim < op.getDim();
    dims.push_back(dim < op.getDim() ? dim : dim + 1);
  }
  dims.insert(dims.begin() + place, op.getDim());
  Value stacked = StackOp::create(rewriter, op.getLoc(), sources, place);
  rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), stacked, dims);
  return success();
}

// stack(x) -> reshape(x); stack of equal constants -> constant; stack of alike
// broadcasts -> broadcast of the stack
LogicalResult StackOp::canonicalize(StackOp op, PatternRewriter &rewriter) {
  ValueRange operands = op.getOperands();
  if (operands.size() == 1)
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), operands.front());
  else if (FloatAttr common = getCommonConstant(operands))
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), common);
  else
    return pullBroadcast(op, rewriter);
  return success();
}

// unstack into one part -> reshape; unstack of a constant -> constants
LogicalResult UnstackOp::canonicalize(UnstackOp op, PatternRewriter &rewriter) {
  if (op.getOutputs().size() == 1) {
    Type type = op.getOutputs().front().getType();
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, op.getOperand());
    return success();
  }
  auto constant = op.getOperand().getDefiningOp<ConstantOp>();
  if (!constant)
    return failure();
  Value part = ConstantOp::create(rewriter, op.getLoc(),
                                  op.getOutputs().front().getType(),
                                  constant.getValueAttr());
  rewriter.replaceOp(op, SmallVector<Value>(op.getNumResults(), part));
  return success();
}

// reduce over axes of size 1 -> reshape
LogicalResult ReduceOp::canonicalize(ReduceOp op, PatternRewriter &rewriter) {
  for (int64_t dim : op.getDims())
    if (!getExtent(op.getOperand().getType(), dim).isOne())
      return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
  return success();
}
