// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of the elementwise ops and the sources.
#include "codegen/halide/Activations.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/WordProducts.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include <array>
#include <cmath>
#include <limits>

using namespace mlir;
using Halide::Expr;
using Halide::Internal::Call;

namespace maek::halide {
namespace {

/// Whether an operand is a constant so far from 1 that with another one it is
/// infinite or 0. Halide puts the constants of x * a * b together, and what
/// LLVM finds infinite it takes for no value at all.
bool hasExtremeConstant(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp>(op) &&
         llvm::any_of(op->getOperands(), [](Value operand) {
           double size = std::abs(getSplat(operand).value_or(0));
           return size > 1e15 || (size > 0 && size < 1e-15);
         });
}

/// result[i] = apply(operands[i]...)
template <typename Op, auto apply, bool costly>
struct ElementwiseModel
    : HalideExpressible::ExternalModel<ElementwiseModel<Op, apply, costly>,
                                       Op> {
  bool isCostly(Operation *) const { return costly; }
  void express(Operation *op, KernelAlgorithm &kernel) const {
    kernel.define(op->getResult(0), [op, &kernel](IndexRef index) -> Expr {
      if constexpr (std::is_invocable_v<decltype(apply), Expr, Expr>) {
        Expr result = apply(kernel.at(op->getOperand(0), index),
                            kernel.at(op->getOperand(1), index));
        return hasExtremeConstant(op) ? Halide::strict_float(result) : result;
      } else
        return apply(kernel.at(op->getOperand(0), index));
    });
  }
};

Expr negate(const Expr &x) { return -x; }
Expr squareRoot(const Expr &x) { return Halide::sqrt(x); }
Expr sine(const Expr &x) { return Halide::sin(x); }
Expr cosine(const Expr &x) { return Halide::cos(x); }
Expr identity(const Expr &x) { return x; }
Expr add(const Expr &a, const Expr &b) { return a + b; }
Expr subtract(const Expr &a, const Expr &b) { return a - b; }
Expr multiply(const Expr &a, const Expr &b) { return a * b; }
Expr divide(const Expr &a, const Expr &b) { return a / b; }

/// What is beyond the type's range, an infinity too, is its largest finite
/// number: see the head of Activations.cpp.
double clampToFinite(double value, Type element) {
  constexpr double largestShort = 0x1.FEp127;
  double largest = element.isF64()    ? std::numeric_limits<double>::max()
                   : element.isBF16() ? largestShort
                                      : std::numeric_limits<float>::max();
  return std::abs(value) > largest ? std::copysign(largest, value) : value;
}

/// As it stands. Halide would make x < m - 0.1 of x + 0.1 < m, which is not the
/// same where x + 0.1 rounds to m, and takes every value for the same as
/// itself, NaN too.
Expr holds(ComparePredicate predicate, const Expr &a, const Expr &b) {
  bool isFloat = a.type().is_float();
  switch (predicate) {
  case ComparePredicate::Eq:
    return isFloat ? strictly(Call::strict_eq, a, b) : a == b;
  case ComparePredicate::Ne:
    return isFloat ? !strictly(Call::strict_eq, a, b) : a != b;
  case ComparePredicate::Lt:
    return isFloat ? strictly(Call::strict_lt, a, b) : a < b;
  case ComparePredicate::Le:
    // Halide makes !(b < a) of a <= b, which holds for NaN.
    return isFloat ? strictly(Call::strict_lt, a, b) ||
                         strictly(Call::strict_eq, a, b)
                   : a <= b;
  case ComparePredicate::Gt:
    return holds(ComparePredicate::Lt, b, a);
  case ComparePredicate::Ge:
    return holds(ComparePredicate::Le, b, a);
  }
  llvm_unreachable("unknown predicate");
}

/// The predicate of -a and -b, or of b and a, that this is of a and b.
ComparePredicate mirror(ComparePredicate predicate) {
  switch (predicate) {
  case ComparePredicate::Lt:
    return ComparePredicate::Gt;
  case ComparePredicate::Le:
    return ComparePredicate::Ge;
  case ComparePredicate::Gt:
    return ComparePredicate::Lt;
  case ComparePredicate::Ge:
    return ComparePredicate::Le;
  default:
    return predicate;
  }
}

/// Whether the value is a constant that a kernel has no number for.
bool isInfinite(Value value) {
  std::optional<double> splat = getSplat(value);
  return splat && isa<FloatType>(getElementType(value.getType())) &&
         !std::isnan(*splat) && !isFiniteIn(value.getType(), *splat);
}

/// x and an infinity, in whose place stands the largest finite number of its
/// sign: that number is infinite, too, since where(c, inf, x) is.
Expr holdsOfInfinity(ComparePredicate predicate, const Expr &x,
                     const Expr &limit, bool isNegative) {
  Expr isReached =
      holds(isNegative ? ComparePredicate::Le : ComparePredicate::Ge, x, limit);
  Expr isNumber = holds(ComparePredicate::Eq, x, x);
  switch (isNegative ? mirror(predicate) : predicate) {
  case ComparePredicate::Eq:
  case ComparePredicate::Ge:
    return isReached;
  case ComparePredicate::Ne:
    return !isReached;
  case ComparePredicate::Lt:
    return isNumber && !isReached;
  case ComparePredicate::Le:
    return isNumber;
  case ComparePredicate::Gt:
    return Halide::cast<bool>(false);
  }
  llvm_unreachable("unknown predicate");
}

struct CompareModel
    : HalideExpressible::ExternalModel<CompareModel, CompareOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto compare = cast<CompareOp>(op);
    kernel.define(compare.getResult(),
                  [compare, &kernel](IndexRef index) mutable -> Expr {
                    Expr a = kernel.at(compare.getLhs(), index);
                    Expr b = kernel.at(compare.getRhs(), index);
                    if (a.type().is_bool()) {
                      a = Halide::cast<uint8_t>(a);
                      b = Halide::cast<uint8_t>(b);
                    }
                    if (isInfinite(compare.getRhs()))
                      return holdsOfInfinity(compare.getPredicate(), a, b,
                                             *getSplat(compare.getRhs()) < 0);
                    if (isInfinite(compare.getLhs()))
                      return holdsOfInfinity(mirror(compare.getPredicate()), b,
                                             a,
                                             *getSplat(compare.getLhs()) < 0);
                    return holds(compare.getPredicate(), a, b);
                  });
  }
};

struct SelectModel : HalideExpressible::ExternalModel<SelectModel, SelectOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto select = cast<SelectOp>(op);
    kernel.define(
        select.getResult(), [select, &kernel](IndexRef index) mutable -> Expr {
          return Halide::select(kernel.at(select.getCondition(), index),
                                kernel.at(select.getOnTrue(), index),
                                kernel.at(select.getOnFalse(), index));
        });
  }
};

struct ConvertModel
    : HalideExpressible::ExternalModel<ConvertModel, ConvertOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto convert = cast<ConvertOp>(op);
    Type to = getElementType(convert.getResult().getType());
    kernel.define(
        convert.getResult(),
        [convert, to, &kernel](IndexRef index) mutable -> Expr {
          Expr x = kernel.at(convert.getOperand(), index);
          if (to.isBF16())
            return toBFloat16(x);
          if (x.type().is_bfloat())
            return fromBFloat16(x);
          if (to.isInteger(1))
            return x.type().is_bool() ? x : x != Halide::cast(x.type(), 0);
          if (x.type().is_bool())
            return Halide::select(x, Halide::cast(getHalideType(to), 1),
                                  Halide::cast(getHalideType(to), 0));
          return Halide::cast(getHalideType(to), x);
        });
  }
};

struct QuantizeModel
    : HalideExpressible::ExternalModel<QuantizeModel, QuantizeOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto quantize = cast<QuantizeOp>(op);
    kernel.define(
        quantize.getResult(),
        [quantize, &kernel](IndexRef index) mutable -> Expr {
          Expr x = kernel.at(quantize.getOperand(), index);
          Expr scale = kernel.at(quantize.getScale(), index);
          auto [low, high] = quantize.getRange();
          Expr code = Halide::clamp(x * scale + float(quantize.getZero()),
                                    float(low), float(high));
          Halide::Type type =
              getHalideType(getElementType(quantize.getResult().getType()));
          return Halide::reinterpret(type,
                                     Halide::cast<uint8_t>(nearestBits(code)));
        });
  }
};

struct ConstantModel
    : HalideExpressible::ExternalModel<ConstantModel, ConstantOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto constant = cast<ConstantOp>(op);
    Type element = getElementType(constant.getType());
    double value =
        clampToFinite(constant.getValue().convertToDouble(), element);
    kernel.define(constant.getResult(), [element, value](IndexRef) -> Expr {
      if (element.isInteger(1))
        return Halide::cast<bool>(value != 0);
      return Halide::Internal::make_const(getHalideType(element), value);
    });
  }
};

struct IotaModel : HalideExpressible::ExternalModel<IotaModel, IotaOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto iota = cast<IotaOp>(op);
    Halide::Type type = getHalideType(getElementType(iota.getType()));
    kernel.define(iota.getResult(),
                  [iota, type](IndexRef index) mutable -> Expr {
                    return Halide::cast(type, index[iota.getDim()]);
                  });
  }
};

struct ExtentModel : HalideExpressible::ExternalModel<ExtentModel, ExtentOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto extent = cast<ExtentOp>(op);
    Halide::Type type = getHalideType(getElementType(extent.getType()));
    Extent size = extent.getSize();
    kernel.define(extent.getResult(), [size, type, &kernel](IndexRef) -> Expr {
      // Not of one product of integers, which 32 bits may not hold.
      Expr product = Halide::Internal::make_const(type, double(size.factor));
      for (const std::string &name : size.symbols)
        product *= Halide::cast(type, kernel.extent(Extent::symbol(name)));
      return product;
    });
  }
};

/// The first word of Philox 4x32 with ten rounds.
Expr getPhiloxWord(std::array<Expr, 4> counter, std::array<Expr, 2> key) {
  auto word = [](const Expr &x) { return Halide::cast<uint32_t>(x); };
  auto multiply = [](const Expr &x, uint32_t multiplier) {
    return Halide::cast<uint64_t>(x) *
           Halide::Internal::make_const(Halide::UInt(64), multiplier);
  };
  for (Expr &part : counter)
    part = word(part);
  for (Expr &part : key)
    part = word(part);
  for (int round = 0; round < 10; ++round) {
    Expr left = multiply(counter[0], 0xD2511F53);
    Expr right = multiply(counter[2], 0xCD9E8D57);
    counter = {word(right >> 32) ^ counter[1] ^ key[0], word(right),
               word(left >> 32) ^ counter[3] ^ key[1], word(left)};
    key = {key[0] + Expr(uint32_t(0x9E3779B9)),
           key[1] + Expr(uint32_t(0xBB67AE85))};
  }
  return counter[0];
}

struct RandomModel : HalideExpressible::ExternalModel<RandomModel, RandomOp> {
  bool isCostly(Operation *) const { return true; }
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto random = cast<RandomOp>(op);
    SmallVector<Extent> extents = getExtents(random.getType());
    Halide::Type type = getHalideType(getElementType(random.getType()));
    kernel.define(
        random.getResult(),
        [random, extents, type, &kernel](IndexRef index) mutable -> Expr {
          Expr place = 0;
          for (auto [i, extent] : llvm::zip(index, extents))
            place = place * kernel.extent(extent) + i;
          Expr word = getPhiloxWord({place, kernel.at(random.getStream(), {}),
                                     kernel.at(random.getTime(), {}),
                                     kernel.at(random.getOuter(), {})},
                                    {kernel.at(random.getLow(), {}),
                                     kernel.at(random.getHigh(), {})});
          return Halide::cast(type, Halide::cast<int32_t>(word >> 8)) *
                 Halide::Internal::make_const(type, 0x1p-24);
        });
  }
};

template <typename Op, auto apply>
void attach(MLIRContext &context) {
  Op::template attachInterface<ElementwiseModel<Op, apply, false>>(context);
}

template <typename Op, auto apply>
void attachCostly(MLIRContext &context) {
  Op::template attachInterface<ElementwiseModel<Op, apply, true>>(context);
}

} // namespace

void attachElementwiseModels(MLIRContext &context) {
  attach<NegOp, negate>(context);
  attachCostly<ExpOp, exponential>(context);
  attachCostly<LogOp, logarithm>(context);
  attachCostly<Log1pOp, logarithm1p>(context);
  attachCostly<TanhOp, hyperbolicTangent>(context);
  attachCostly<SigmoidOp, sigmoid>(context);
  attach<SqrtOp, squareRoot>(context);
  attachCostly<SinOp, sine>(context);
  attachCostly<CosOp, cosine>(context);
  attachCostly<ErfOp, errorFunction>(context);
  attach<StopGradientOp, identity>(context);
  attach<AddOp, add>(context);
  attach<SubOp, subtract>(context);
  attach<MulOp, multiply>(context);
  attach<DivOp, divide>(context);
  attachCostly<PowOp, power>(context);
  attach<MaxOp, maximum>(context);
  attach<MinOp, minimum>(context);
  CompareOp::attachInterface<CompareModel>(context);
  SelectOp::attachInterface<SelectModel>(context);
  ConvertOp::attachInterface<ConvertModel>(context);
  QuantizeOp::attachInterface<QuantizeModel>(context);
  ConstantOp::attachInterface<ConstantModel>(context);
  IotaOp::attachInterface<IotaModel>(context);
  ExtentOp::attachInterface<ExtentModel>(context);
  RandomOp::attachInterface<RandomModel>(context);
}

} // namespace maek::halide
