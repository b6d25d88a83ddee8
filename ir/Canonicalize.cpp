// Part of Maek, under the MIT licence; see LICENSE.
// Canonicalization of arithmetic: identities, as in Folds.cpp, that make a new
// op.
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "mlir/IR/PatternMatch.h"
#include <cmath>

using namespace mlir;
using namespace maek;

static void replaceByConstant(PatternRewriter &rewriter, Operation *op,
                              double value) {
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op->getResult(0).getType(),
                                          rewriter.getF64FloatAttr(value));
}

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

// Of -(a - b) nothing is made: b - a is no simpler.
LogicalResult maek::foldFunction(Operation *op, double (*function)(double),
                                 PatternRewriter &rewriter) {
  std::optional<double> constant = getSplat(op->getOperand(0));
  if (!constant)
    return failure();
  double value = function(*constant);
  bool isInfinite = std::isinf(*constant) && std::isinf(value);
  if (!isInfinite && !isFiniteIn(op->getResult(0).getType(), value))
    return failure();
  replaceByConstant(rewriter, op, value);
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
