// Part of Maek, under the MIT licence; see LICENSE.
// Factors gathered, quotients and powers made cheaper: what rounds differently,
// beside the ops' own identities.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

#include "ir/Splat.h"

#include <cmath>

using namespace mlir;

namespace maek {
namespace {

Value makeConstant(PatternRewriter &rewriter, Operation *like, double number) {
  return ConstantOp::create(rewriter, like->getLoc(),
                            like->getResult(0).getType(),
                            rewriter.getF64FloatAttr(number));
}

/// The number by which the op multiplies, and what it multiplies by it.
std::optional<double> getFactor(MulOp op, Value &value) {
  value = op.getLhs();
  if (std::optional<double> factor = getSplat(op.getRhs()))
    return factor;
  value = op.getRhs();
  return getSplat(op.getLhs());
}

/// x * c1 * c2 -> x * (c1 c2), unless the product is not a normal f32 number:
/// as 0 it would make 0 or NaN of what x * c1 * c2 is not. Where x * c1 alone
/// is infinite, the result is what it would be without that.
struct GatherFactors : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    Value product, rest;
    std::optional<double> factor = getFactor(op, product);
    auto inner = product.getDefiningOp<MulOp>();
    if (!factor || !inner)
      return failure();
    std::optional<double> other = getFactor(inner, rest);
    if (!other || !std::isnormal(float(*factor * *other)) || getSplat(rest))
      return failure();
    rewriter.replaceOpWithNewOp<MulOp>(
        op, rest, makeConstant(rewriter, op, *factor * *other));
    return success();
  }
};

/// x / c -> x * (1 / c), unless 1 / c is not a normal f32 number.
struct DivideByConstant : OpRewritePattern<DivOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DivOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> divisor = getSplat(op.getRhs());
    if (!divisor || !std::isnormal(float(1 / *divisor)))
      return failure();
    rewriter.replaceOpWithNewOp<MulOp>(
        op, op.getLhs(), makeConstant(rewriter, op, 1 / *divisor));
    return success();
  }
};

/// x * 0, 0 / x, x - x -> 0, as Halide's kernels have it: where x is not
/// finite, too. See docs/rationale/not-finite.md.
bool isZero(MulOp op) {
  return getSplat(op.getLhs()) == 0.0 || getSplat(op.getRhs()) == 0.0;
}
bool isZero(DivOp op) {
  return getSplat(op.getLhs()) == 0.0 && getSplat(op.getRhs()).value_or(1) != 0;
}
bool isZero(SubOp op) { return op.getLhs() == op.getRhs(); }
template <typename OpT>
struct ReplaceByZero : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op,
                                PatternRewriter &rewriter) const override {
    if (!isZero(op))
      return failure();
    rewriter.replaceOp(op, makeConstant(rewriter, op, 0));
    return success();
  }
};

/// convert(c) > 0 -> c
struct CompareFlags : OpRewritePattern<CompareOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(CompareOp op,
                                PatternRewriter &rewriter) const override {
    auto convert = op.getLhs().getDefiningOp<ConvertOp>();
    if (op.getPredicate() != ComparePredicate::Gt || !convert ||
        convert.getOperand().getType() != op.getType() ||
        getSplat(op.getRhs()) != 0.0)
      return failure();
    rewriter.replaceOp(op, convert.getOperand());
    return success();
  }
};

/// x^0.5 -> sqrt(x); of a negative x, -infinity too, the power is unspecified
struct PowerToRoot : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    if (getSplat(op.getRhs()) != 0.5)
      return failure();
    rewriter.replaceOpWithNewOp<SqrtOp>(op, op.getLhs());
    return success();
  }
};

} // namespace

void populateArithmeticPatterns(RewritePatternSet &patterns) {
  patterns
      .add<GatherFactors, DivideByConstant, PowerToRoot, CompareFlags,
           ReplaceByZero<MulOp>, ReplaceByZero<DivOp>, ReplaceByZero<SubOp>>(
          patterns.getContext());
}

} // namespace maek
