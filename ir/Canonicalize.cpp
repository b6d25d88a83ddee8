// Part of Maek, under the MIT licence; see LICENSE.
// Canonicalization: identities, as in Folds.cpp, that make a new op.
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace maek;

static void replaceByConstant(PatternRewriter &rewriter, Operation *op,
                              double value) {
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op->getResult(0).getType(),
                                          rewriter.getF64FloatAttr(value));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

// constant op constant -> constant, unless the type has no such number:
// computed, an infinity is one; as a constant of a kernel it is the largest
// number.
template <typename OpT>
static LogicalResult foldConstants(OpT op, PatternRewriter &rewriter) {
  std::optional<double> a = getSplat(op.getLhs());
  std::optional<double> b = getSplat(op.getRhs());
  if (!a || !b)
    return failure();
  double value = op.evaluate(*a, *b);
  if (!isFiniteIn(op.getType(), value))
    return failure();
  replaceByConstant(rewriter, op, value);
  return success();
}

// -constant -> constant; -(a - b) is left alone: it is no simpler as b - a.
LogicalResult NegOp::canonicalize(NegOp op, PatternRewriter &rewriter) {
  std::optional<double> value = getSplat(op.getOperand());
  if (!value)
    return failure();
  replaceByConstant(rewriter, op, -*value);
  return success();
}

// a + -b, -b + a -> a - b
LogicalResult AddOp::canonicalize(AddOp op, PatternRewriter &rewriter) {
  if (succeeded(foldConstants(op, rewriter)))
    return success();
  Value lhs = op.getLhs(), rhs = op.getRhs();
  if (!rhs.getDefiningOp<NegOp>())
    std::swap(lhs, rhs);
  auto negated = rhs.getDefiningOp<NegOp>();
  if (!negated)
    return failure();
  rewriter.replaceOpWithNewOp<SubOp>(op, lhs, negated.getOperand());
  return success();
}

// a - -b -> a + b; 0 - a -> -a
LogicalResult SubOp::canonicalize(SubOp op, PatternRewriter &rewriter) {
  if (succeeded(foldConstants(op, rewriter)))
    return success();
  if (auto negated = op.getRhs().getDefiningOp<NegOp>()) {
    rewriter.replaceOpWithNewOp<AddOp>(op, op.getLhs(), negated.getOperand());
    return success();
  }
  if (getSplat(op.getLhs()) != 0.0)
    return failure();
  rewriter.replaceOpWithNewOp<NegOp>(op, op.getRhs());
  return success();
}

// -a * -b -> a * b; a * -1, -1 * a -> -a
LogicalResult MulOp::canonicalize(MulOp op, PatternRewriter &rewriter) {
  if (succeeded(foldConstants(op, rewriter)))
    return success();
  auto lhs = op.getLhs().getDefiningOp<NegOp>();
  auto rhs = op.getRhs().getDefiningOp<NegOp>();
  if (lhs && rhs) {
    rewriter.replaceOpWithNewOp<MulOp>(op, lhs.getOperand(), rhs.getOperand());
    return success();
  }
  for (auto [value, other] : {std::pair(op.getLhs(), op.getRhs()),
                              std::pair(op.getRhs(), op.getLhs())})
    if (getSplat(value) == -1.0) {
      rewriter.replaceOpWithNewOp<NegOp>(op, other);
      return success();
    }
  return failure();
}

// -a / -b -> a / b; a / -1 -> -a
LogicalResult DivOp::canonicalize(DivOp op, PatternRewriter &rewriter) {
  if (succeeded(foldConstants(op, rewriter)))
    return success();
  auto lhs = op.getLhs().getDefiningOp<NegOp>();
  auto rhs = op.getRhs().getDefiningOp<NegOp>();
  if (lhs && rhs) {
    rewriter.replaceOpWithNewOp<DivOp>(op, lhs.getOperand(), rhs.getOperand());
    return success();
  }
  if (getSplat(op.getRhs()) != -1.0)
    return failure();
  rewriter.replaceOpWithNewOp<NegOp>(op, op.getLhs());
  return success();
}

// a ^ 0 -> 1; a ^ 2 -> a * a
LogicalResult PowOp::canonicalize(PowOp op, PatternRewriter &rewriter) {
  if (succeeded(foldConstants(op, rewriter)))
    return success();
  std::optional<double> exponent = getSplat(op.getRhs());
  if (exponent == 0.0) {
    replaceByConstant(rewriter, op, 1);
    return success();
  }
  if (exponent != 2.0)
    return failure();
  rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), op.getLhs());
  return success();
}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

/// An op that moves elements about turns a constant into a constant.
static LogicalResult moveConstant(Operation *op, PatternRewriter &rewriter) {
  std::optional<double> value = getSplat(op->getOperand(0));
  if (!value)
    return failure();
  replaceByConstant(rewriter, op, *value);
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
  replaceByConstant(rewriter, op, *value);
  return success();
}

// broadcast(broadcast(x)) -> broadcast(x)
LogicalResult BroadcastOp::canonicalize(BroadcastOp op,
                                        PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
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

// transpose(transpose(x)) -> transpose(x)
LogicalResult TransposeOp::canonicalize(TransposeOp op,
                                        PatternRewriter &rewriter) {
  if (succeeded(moveConstant(op, rewriter)))
    return success();
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
