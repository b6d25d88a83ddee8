// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of the elementwise ops. Each uses the result instead of the
// operand where the formula allows it: a result is often kept anyway.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"
#include "passes/Rewriting.h"

#include "ir/Splat.h"

#include <cmath>

using namespace mlir;

namespace maek {

//===----------------------------------------------------------------------===//
// One operand: y = f(x)
//===----------------------------------------------------------------------===//

// x̄ = -ȳ
static void differentiateNeg(NegOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(), b.neg(b.adjoint(op)));
}

// x̄ = ȳ y
static void differentiateExp(ExpOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(), b.mul(b.adjoint(op), b.primal(op)));
}

// x̄ = ȳ / x
static void differentiateLog(LogOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.div(b.adjoint(op), b.primal(op.getOperand())));
}

// x̄ = ȳ (1 - y²)
static void differentiateTanh(TanhOp op, AdjointBuilder &b) {
  Value y = b.primal(op), one = b.constant(y.getType(), 1);
  b.accumulate(op.getOperand(), b.mul(b.adjoint(op), b.sub(one, b.mul(y, y))));
}

// x̄ = ȳ y (1 - y)
static void differentiateSigmoid(SigmoidOp op, AdjointBuilder &b) {
  Value y = b.primal(op), one = b.constant(y.getType(), 1);
  b.accumulate(op.getOperand(), b.mul(b.adjoint(op), b.mul(y, b.sub(one, y))));
}

// x̄ = ȳ / (2 y)
static void differentiateSqrt(SqrtOp op, AdjointBuilder &b) {
  Value y = b.primal(op), half = b.constant(y.getType(), 0.5);
  b.accumulate(op.getOperand(), b.div(b.mul(b.adjoint(op), half), y));
}

// x̄ = ȳ cos x
static void differentiateSin(SinOp op, AdjointBuilder &b) {
  Value cosine = b.create<CosOp>(b.primal(op.getOperand()));
  b.accumulate(op.getOperand(), b.mul(b.adjoint(op), cosine));
}

// x̄ = ȳ / (1 + x)
static void differentiateLog1p(Log1pOp op, AdjointBuilder &b) {
  Value x = b.primal(op.getOperand());
  Value inner = b.create<AddOp>(x, b.constant(x.getType(), 1));
  b.accumulate(op.getOperand(), b.div(b.adjoint(op), inner));
}

// x̄ = -ȳ sin x
static void differentiateCos(CosOp op, AdjointBuilder &b) {
  Value sine = b.create<SinOp>(b.primal(op.getOperand()));
  b.accumulate(op.getOperand(), b.neg(b.mul(b.adjoint(op), sine)));
}

// x̄ = ȳ 2/√π e^-x²
static void differentiateErf(ErfOp op, AdjointBuilder &b) {
  Value x = b.primal(op.getOperand());
  Value slope = b.mul(b.constant(x.getType(), 2 / std::sqrt(M_PI)),
                      b.create<ExpOp>(b.neg(b.mul(x, x))));
  b.accumulate(op.getOperand(), b.mul(b.adjoint(op), slope));
}

// x̄ = ȳ in the type of x. From or to an integer type nothing goes: such an
// operand or result is never active.
static void differentiateConvert(ConvertOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<ConvertOp>(op.getOperand().getType(), b.adjoint(op)));
}

//===----------------------------------------------------------------------===//
// Two operands: y = f(a, c)
//===----------------------------------------------------------------------===//

// ā = ȳ, c̄ = ȳ
static void differentiateAdd(AddOp op, AdjointBuilder &b) {
  b.accumulate(op.getLhs(), b.adjoint(op));
  b.accumulate(op.getRhs(), b.adjoint(op));
}

// ā = ȳ, c̄ = -ȳ
static void differentiateSub(SubOp op, AdjointBuilder &b) {
  b.accumulate(op.getLhs(), b.adjoint(op));
  if (b.needs(op.getRhs()))
    b.accumulate(op.getRhs(), b.neg(b.adjoint(op)));
}

// ā = ȳ c, c̄ = ȳ a
static void differentiateMul(MulOp op, AdjointBuilder &b) {
  if (b.needs(op.getLhs()))
    b.accumulate(op.getLhs(), b.mul(b.adjoint(op), b.primal(op.getRhs())));
  if (b.needs(op.getRhs()))
    b.accumulate(op.getRhs(), b.mul(b.adjoint(op), b.primal(op.getLhs())));
}

// ā = ȳ / c, c̄ = -ȳ y / c
static void differentiateDiv(DivOp op, AdjointBuilder &b) {
  Value quotient = b.div(b.adjoint(op), b.primal(op.getRhs()));
  b.accumulate(op.getLhs(), quotient);
  if (b.needs(op.getRhs()))
    b.accumulate(op.getRhs(), b.neg(b.mul(quotient, b.primal(op))));
}

/// ∂y/∂a = c a^(c - 1), 0 where c = 0 (a = 0 would make it 0 · ∞).
static Value getPowerSlope(PowOp op, AdjointBuilder &b) {
  Value a = b.primal(op.getLhs());
  Type type = a.getType();
  std::optional<double> exponent = getSplat(op.getRhs());
  if (exponent == 0.0)
    return b.constant(type, 0);
  if (exponent == 1.0)
    return b.constant(type, 1);
  if (exponent == 2.0)
    return b.add(a, a);
  Value c = b.primal(op.getRhs());
  Value lower = exponent ? b.constant(type, *exponent - 1)
                         : b.sub(c, b.constant(type, 1));
  Value slope = b.mul(c, b.create<PowOp>(a, lower));
  if (exponent)
    return slope;
  Value zero = b.constant(type, 0);
  return b.select(b.compare(ComparePredicate::Eq, c, zero), zero, slope);
}

// ā = ȳ c a^(c - 1), c̄ = ȳ y log a (0 where a = 0)
static void differentiatePow(PowOp op, AdjointBuilder &b) {
  if (b.needs(op.getLhs()))
    b.accumulate(op.getLhs(), b.mul(b.adjoint(op), getPowerSlope(op, b)));
  if (!b.needs(op.getRhs()))
    return;
  Value a = b.primal(op.getLhs()), y = b.primal(op);
  Value zero = b.constant(a.getType(), 0);
  Value slope = b.select(b.compare(ComparePredicate::Gt, a, zero),
                         b.mul(y, b.create<LogOp>(a)), zero);
  b.accumulate(op.getRhs(), b.mul(b.adjoint(op), slope));
}

/// ā = ȳ where `predicate` holds of a and c, c̄ = ȳ elsewhere: where a = c, the
/// whole adjoint is c's. A constant takes c's place, so that x = 0 gives
/// max(x, 0) and max(0, x) the slope 0; then y, which is often kept anyway,
/// stands for a. Of two computed values it cannot: another kernel may round c
/// differently, and then y = c compares as if a had won.
template <typename OpTy>
static void differentiateChoice(OpTy op, ComparePredicate predicate,
                                AdjointBuilder &b) {
  Value a = op.getLhs(), c = op.getRhs(), dy = b.adjoint(op);
  if (getSplat(a))
    std::swap(a, c);
  Value compared = getSplat(c) ? Value(op) : a;
  Value isA = b.compare(predicate, b.primal(compared), b.primal(c));
  Value zero = b.constant(dy.getType(), 0);
  if (b.needs(a))
    b.accumulate(a, b.select(isA, dy, zero));
  if (b.needs(c))
    b.accumulate(c, b.select(isA, zero, dy));
}

static void differentiateMax(MaxOp op, AdjointBuilder &b) {
  differentiateChoice(op, ComparePredicate::Gt, b);
}

static void differentiateMin(MinOp op, AdjointBuilder &b) {
  differentiateChoice(op, ComparePredicate::Lt, b);
}

// ā = p ? ȳ : 0, c̄ = p ? 0 : ȳ
static void differentiateSelect(SelectOp op, AdjointBuilder &b) {
  Value condition = b.primal(op.getCondition()), dy = b.adjoint(op);
  Value zero = b.constant(dy.getType(), 0);
  if (b.needs(op.getOnTrue()))
    b.accumulate(op.getOnTrue(), b.select(condition, dy, zero));
  if (b.needs(op.getOnFalse()))
    b.accumulate(op.getOnFalse(), b.select(condition, zero, dy));
}

void attachElementwiseGradients(MLIRContext &context) {
  attachGradient<NegOp, differentiateNeg>(context);
  attachGradient<ExpOp, differentiateExp>(context);
  attachGradient<Log1pOp, differentiateLog1p>(context);
  attachGradient<LogOp, differentiateLog>(context);
  attachGradient<TanhOp, differentiateTanh>(context);
  attachGradient<SigmoidOp, differentiateSigmoid>(context);
  attachGradient<SqrtOp, differentiateSqrt>(context);
  attachGradient<SinOp, differentiateSin>(context);
  attachGradient<CosOp, differentiateCos>(context);
  attachGradient<ErfOp, differentiateErf>(context);
  attachGradient<ConvertOp, differentiateConvert>(context);
  attachGradient<AddOp, differentiateAdd>(context);
  attachGradient<SubOp, differentiateSub>(context);
  attachGradient<MulOp, differentiateMul>(context);
  attachGradient<DivOp, differentiateDiv>(context);
  attachGradient<PowOp, differentiatePow>(context);
  attachGradient<MaxOp, differentiateMax>(context);
  attachGradient<MinOp, differentiateMin>(context);
  attachGradient<SelectOp, differentiateSelect>(context);
  CompareOp::attachInterface<NoGradient<CompareOp>>(context);
  StopGradientOp::attachInterface<NoGradient<StopGradientOp>>(context);
  ConstantOp::attachInterface<NoGradient<ConstantOp>>(context);
  IotaOp::attachInterface<NoGradient<IotaOp>>(context);
  ExtentOp::attachInterface<NoGradient<ExtentOp>>(context);
  RandomOp::attachInterface<NoGradient<RandomOp>>(context);
}

} // namespace maek
