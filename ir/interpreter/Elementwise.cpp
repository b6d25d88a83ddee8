// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the elementwise ops, number by number, and of the sources.
#include "ir/BFloat16.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace maek;

template <typename OpT>
static FailureOr<Tensor> evaluateUnary(OpT op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  return Tensor::generate(shape, [&](Index i) { return op.evaluate(x[i]); });
}

template <typename OpT>
static FailureOr<Tensor> evaluateBinary(OpT op, Index shape, Frame &frame) {
  const Tensor &a = frame[op.getLhs()], &b = frame[op.getRhs()];
  return Tensor::generate(shape,
                          [&](Index i) { return op.evaluate(a[i], b[i]); });
}

static FailureOr<Tensor> evaluate(SelectOp op, Index shape, Frame &frame) {
  const Tensor &condition = frame[op.getCondition()];
  const Tensor &a = frame[op.getOnTrue()], &b = frame[op.getOnFalse()];
  return Tensor::generate(
      shape, [&](Index i) { return condition[i] != 0 ? a[i] : b[i]; });
}

static FailureOr<Tensor> evaluate(QuantizeOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()], &scale = frame[op.getScale()];
  auto [low, high] = op.getRange();
  return Tensor::generate(shape, [&, low = low, high = high](Index i) {
    double code = std::nearbyint(x[i] * scale[i] + double(op.getZero()));
    return std::clamp(code, double(low), double(high));
  });
}

static FailureOr<Tensor> evaluate(ConstantOp op, Index shape, Frame &) {
  double value = op.getValue().convertToDouble();
  bool isShort = getElementType(op.getType()).isBF16();
  return Tensor(shape, isShort ? roundToBFloat16(value) : value);
}

static FailureOr<Tensor> evaluate(IotaOp op, Index shape, Frame &) {
  return Tensor::generate(shape, [&](Index i) { return i[op.getDim()]; });
}

static FailureOr<Tensor> evaluate(ExtentOp op, Index shape, Frame &frame) {
  std::optional<int64_t> value = frame.symbols.evaluate(op.getSize());
  if (!value)
    return op.emitOpError("the value of ") << op.getSymbol() << " is not known";
  return Tensor(shape, double(*value));
}

/// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", figure 2:
/// the first word of Philox 4x32 with ten rounds.
static uint32_t getPhiloxWord(std::array<uint32_t, 4> counter,
                              std::array<uint32_t, 2> key) {
  constexpr uint64_t multipliers[] = {0xD2511F53, 0xCD9E8D57};
  constexpr uint32_t weyl[] = {0x9E3779B9, 0xBB67AE85};
  for (int round = 0; round < 10; ++round) {
    uint64_t left = multipliers[0] * counter[0];
    uint64_t right = multipliers[1] * counter[2];
    counter = {uint32_t(right >> 32) ^ counter[1] ^ key[0], uint32_t(right),
               uint32_t(left >> 32) ^ counter[3] ^ key[1], uint32_t(left)};
    key = {key[0] + weyl[0], key[1] + weyl[1]};
  }
  return counter[0];
}

static FailureOr<Tensor> evaluate(RandomOp op, Index shape, Frame &frame) {
  auto read = [&](Value value) {
    return uint32_t(int32_t(frame[value].elements.front()));
  };
  Tensor result(shape);
  for (auto [n, element] : llvm::enumerate(result.elements)) {
    uint32_t word = getPhiloxWord({uint32_t(n), read(op.getStream()),
                                   read(op.getTime()), read(op.getOuter())},
                                  {read(op.getLow()), read(op.getHigh())});
    element = std::ldexp(double(word >> 8), -24);
  }
  return result;
}

template <typename... Ops>
static void attachUnary(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluateUnary<Ops>>>(context),
   ...);
}
template <typename... Ops>
static void attachBinary(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluateBinary<Ops>>>(context),
   ...);
}
template <typename... Ops>
static void attachOthers(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluate>>(context), ...);
}

void maek::attachElementwiseModels(MLIRContext &context) {
  attachUnary<NegOp, ExpOp, LogOp, Log1pOp, TanhOp, SigmoidOp, SqrtOp, SinOp,
              CosOp, ErfOp, StopGradientOp, ConvertOp>(context);
  attachBinary<AddOp, SubOp, MulOp, DivOp, PowOp, MaxOp, MinOp, CompareOp>(
      context);
  attachOthers<SelectOp, QuantizeOp, ConstantOp, IotaOp, ExtentOp, RandomOp>(
      context);
}
