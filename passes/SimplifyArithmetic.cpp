// Part of Maek, under the MIT licence; see LICENSE.
// Constants folded, signs and factors gathered, powers made cheaper.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

#include "ir/Splat.h"

#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace maek {
namespace {

/// f(constants) in double precision.
std::optional<double> evaluate(Operation *op, ArrayRef<double> x) {
  using Result = std::optional<double>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<NegOp, ExpOp, LogOp, Log1pOp, TanhOp, SigmoidOp, SqrtOp, SinOp,
            CosOp, ErfOp, ConvertOp>([&](auto op) { return op.evaluate(x[0]); })
      .Case<AddOp, SubOp, MulOp, DivOp, PowOp>(
          [&](auto op) { return op.evaluate(x[0], x[1]); })
      .Default([](auto) { return std::nullopt; });
}

/// f(c, ...) -> c', unless the result is NaN or infinite.
struct FoldConstants : RewritePattern {
  FoldConstants(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 2, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1)
      return failure();
    SmallVector<double> numbers;
    for (Value operand : op->getOperands()) {
      auto constant = operand.getDefiningOp<ConstantOp>();
      if (!constant)
        return failure();
      numbers.push_back(constant.getValue().convertToDouble());
    }
    std::optional<double> number = evaluate(op, numbers);
    if (!number || !std::isfinite(*number))
      return failure();
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op->getResult(0).getType(),
                                            rewriter.getF64FloatAttr(*number));
    return success();
  }
};

Value makeConstant(PatternRewriter &rewriter, Operation *like, double number) {
  return ConstantOp::create(rewriter, like->getLoc(),
                            like->getResult(0).getType(),
                            rewriter.getF64FloatAttr(number));
}

/// a + -b -> a - b; a - -b -> a + b; -a + b -> b - a; 0 - a -> -a (the sign
/// of a zero may differ).
struct GatherSigns : RewritePattern {
  GatherSigns(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isa<AddOp, SubOp>(op))
      return failure();
    Value lhs = op->getOperand(0), rhs = op->getOperand(1);
    if (auto negated = rhs.getDefiningOp<NegOp>()) {
      if (isa<AddOp>(op))
        rewriter.replaceOpWithNewOp<SubOp>(op, lhs, negated.getOperand());
      else
        rewriter.replaceOpWithNewOp<AddOp>(op, lhs, negated.getOperand());
      return success();
    }
    if (auto negated = lhs.getDefiningOp<NegOp>(); negated && isa<AddOp>(op)) {
      rewriter.replaceOpWithNewOp<SubOp>(op, rhs, negated.getOperand());
      return success();
    }
    if (isa<SubOp>(op) && getSplat(lhs) == 0.0) {
      rewriter.replaceOpWithNewOp<NegOp>(op, rhs);
      return success();
    }
    return failure();
  }
};

/// -a * -b -> a * b; x * -1 -> -x; x * c1 * c2 -> x * (c1 c2), unless the
/// product overflows.
struct GatherFactors : OpRewritePattern<MulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MulOp op,
                                PatternRewriter &rewriter) const override {
    auto a = op.getLhs().getDefiningOp<NegOp>();
    auto b = op.getRhs().getDefiningOp<NegOp>();
    if (a && b) {
      rewriter.replaceOpWithNewOp<MulOp>(op, a.getOperand(), b.getOperand());
      return success();
    }
    Value x = op.getLhs();
    std::optional<double> factor = getSplat(op.getRhs());
    if (!factor) {
      factor = getSplat(x);
      x = op.getRhs();
    }
    if (!factor)
      return failure();
    if (*factor == -1.0) {
      rewriter.replaceOpWithNewOp<NegOp>(op, x);
      return success();
    }
    auto inner = x.getDefiningOp<MulOp>();
    if (!inner)
      return failure();
    std::optional<double> other = getSplat(inner.getRhs());
    Value rest = inner.getLhs();
    if (!other) {
      other = getSplat(rest);
      rest = inner.getRhs();
    }
    if (!other || !std::isfinite(float(*factor * *other)) || getSplat(rest))
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

/// x^1 -> x; x^2 -> x * x; x^0.5 -> sqrt(x); x^0 -> 1.
struct ExpandPower : OpRewritePattern<PowOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(PowOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<double> exponent = getSplat(op.getRhs());
    if (exponent == 0.0)
      rewriter.replaceOp(op, makeConstant(rewriter, op, 1));
    else if (exponent == 1.0)
      rewriter.replaceOp(op, op.getLhs());
    else if (exponent == 2.0)
      rewriter.replaceOpWithNewOp<MulOp>(op, op.getLhs(), op.getLhs());
    else if (exponent == 0.5)
      rewriter.replaceOpWithNewOp<SqrtOp>(op, op.getLhs());
    else
      return failure();
    return success();
  }
};

/// max(x, x) -> x, min(x, x) -> x, select(c, x, x) -> x; convert to the same
/// type -> x.
struct DropIdentities : RewritePattern {
  DropIdentities(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    bool same = isa<MaxOp, MinOp>(op) && op->getOperand(0) == op->getOperand(1);
    if (auto select = dyn_cast<SelectOp>(op))
      same = select.getOnTrue() == select.getOnFalse();
    if (isa<ConvertOp>(op))
      same = op->getOperand(0).getType() == op->getResult(0).getType();
    if (!same)
      return failure();
    rewriter.replaceOp(op, op->getOperands().back());
    return success();
  }
};

} // namespace

void populateArithmeticPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldConstants, GatherSigns, GatherFactors, DivideByConstant,
               ExpandPower, DropIdentities>(patterns.getContext());
}

} // namespace maek
