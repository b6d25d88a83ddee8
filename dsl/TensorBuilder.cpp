// Part of Maek, under the MIT licence; see LICENSE.
// Types, alignment and the elementwise operations.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"

#include <cmath>

using namespace llvm;
using mlir::RankedTensorType;

namespace maek::dsl {

//===----------------------------------------------------------------------===//
// Types and errors
//===----------------------------------------------------------------------===//

Diagnostic &TensorBuilder::error(const Twine &message) {
  return diagnostics.error(where, message).note(detail.first, detail.second);
}

void TensorBuilder::mismatch(const Twine &message, const Axis &a,
                             const Axis &b) {
  error(message)
      .note(a.origin, a.size.str() + " comes from here")
      .note(b.origin, b.size.str() + " comes from here");
}

bool TensorBuilder::fits(ArrayRef<unsigned> mapped, ArrayRef<Axis> axes) {
  constexpr size_t maxRank = 16;
  if (mapped.size() + axes.size() > maxRank) {
    error("this needs a tensor of more than 16 axes");
    return false;
  }
  int64_t total = 1;
  auto count = [&](const Axis &axis) {
    return !llvm::MulOverflow(total, axis.size.factor, total) &&
           total <= maxElements;
  };
  for (unsigned number : mapped)
    if (!count(mappedAxes[number]))
      total = maxElements + 1;
  for (const Axis &axis : axes)
    if (!count(axis)) {
      error("a tensor of shape " + describeShape(axes) +
            " has more than 2^31 - 1 elements")
          .note(axis.origin, axis.size.str() + " comes from here");
      return false;
    }
  return true;
}

bool TensorBuilder::spend() {
  if (numOps < maxOps) {
    ++numOps;
    return true;
  }
  if (numOps++ == maxOps)
    error("this model expands to more than " + Twine(maxOps) + " operations");
  return false;
}

RankedTensorType TensorBuilder::getType(ArrayRef<unsigned> mapped,
                                        ArrayRef<Axis> axes, Element element) {
  SmallVector<Extent> extents;
  for (unsigned number : mapped)
    extents.push_back(mappedAxes[number].size);
  for (const Axis &axis : axes)
    extents.push_back(axis.size);
  mlir::Type type = element == Element::Float   ? floatType
                    : element == Element::Class ? ops.getI32Type()
                                                : ops.getI1Type();
  return getTensorType(extents, type);
}

Value TensorBuilder::wrap(mlir::Value tensor, ArrayRef<unsigned> mapped,
                          ArrayRef<Axis> axes, Element element) {
  Value value;
  if (!spend())
    return value;
  value.kind = ValueKind::Tensor;
  value.tensor = tensor;
  value.mapped.assign(mapped.begin(), mapped.end());
  value.axes.assign(axes.begin(), axes.end());
  value.element = element;
  return value;
}

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

Value TensorBuilder::constant(double number, ArrayRef<unsigned> mapped,
                              ArrayRef<Axis> axes, Element element) {
  if (!fits(mapped, axes))
    return {};
  return wrap(ConstantOp::create(ops, location, getType(mapped, axes, element),
                                 ops.getF64FloatAttr(number)),
              mapped, axes, element);
}

Value TensorBuilder::toFloat(const Value &value) {
  switch (value.kind) {
  case ValueKind::Poison:
    return value;
  case ValueKind::Instance:
    error("a layer is no value; apply it to one");
    return {};
  case ValueKind::Number:
    return constant(value.number, {}, {});
  case ValueKind::Size:
    return wrap(ExtentOp::create(ops, location, getType({}, {}, Element::Float),
                                 value.size.str()),
                {}, {});
  case ValueKind::Tensor:
    break;
  }
  if (value.element == Element::Float)
    return value;
  if (value.element == Element::Class) {
    error("a class is no number; compare it, or take its one_hot")
        .note(value.classes.origin, "it is a class from here");
    return {};
  }
  return wrap(
      ConvertOp::create(ops, location,
                        getType(value.mapped, value.axes, Element::Float),
                        value.tensor),
      value.mapped, value.axes);
}

Value TensorBuilder::broadcast(const Value &value, ArrayRef<unsigned> mapped,
                               ArrayRef<Axis> axes) {
  if (value.isPoison())
    return value;
  if (ArrayRef<unsigned>(value.mapped) == mapped &&
      value.axes.size() == axes.size())
    return value;
  if (!fits(mapped, axes))
    return {};
  SmallVector<int64_t> dims;
  for (unsigned number : value.mapped)
    dims.push_back(llvm::find(mapped, number) - mapped.begin());
  size_t rank = mapped.size() + axes.size();
  for (size_t i = 0; i < value.axes.size(); ++i)
    dims.push_back(rank - value.axes.size() + i);
  Value result = wrap(BroadcastOp::create(ops, location,
                                          getType(mapped, axes, value.element),
                                          value.tensor, dims),
                      mapped, axes, value.element);
  result.classes = value.classes;
  return result;
}

bool TensorBuilder::unite(StringRef symbol, Shape &shape, const Value &value) {
  SmallVector<unsigned, 4> mapped;
  std::set_union(shape.mapped.begin(), shape.mapped.end(), value.mapped.begin(),
                 value.mapped.end(), std::back_inserter(mapped));
  shape.mapped = mapped;
  // Own axes align at the last one: a definition maps over leading axes.
  size_t common = std::min(shape.axes.size(), value.axes.size());
  for (size_t i = 1; i <= common; ++i) {
    const Axis &left = shape.axes[shape.axes.size() - i];
    const Axis &right = value.axes[value.axes.size() - i];
    if (left.size == right.size)
      continue;
    mismatch("'" + symbol + "' of " + describeShape(shape.axes) + " and " +
                 describeShape(value.axes) + ": " + left.size.str() + " and " +
                 right.size.str() + " differ",
             left, right);
    return false;
  }
  if (value.axes.size() > common)
    shape.axes.insert(shape.axes.begin(), value.axes.begin(),
                      value.axes.end() - common);
  return true;
}

Value TensorBuilder::expand(const Value &value, const Shape &shape,
                            Element element) {
  if (value.is(ValueKind::Number))
    return constant(value.number, shape.mapped, shape.axes, element);
  Value converted = element == Element::Float ? toFloat(value) : value;
  return broadcast(converted, shape.mapped, shape.axes);
}

bool TensorBuilder::align(StringRef symbol, Value &a, Value &b) {
  Shape shape;
  if (a.isPoison() || b.isPoison() || !unite(symbol, shape, a) ||
      !unite(symbol, shape, b))
    return false;
  a = expand(a, shape);
  b = expand(b, shape);
  return !a.isPoison() && !b.isPoison();
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

Value TensorBuilder::foldNumber(double number) {
  if (std::isfinite(number))
    return Value::makeNumber(number, where);
  error("this is no finite number");
  return {};
}

template <typename Op>
Value TensorBuilder::unary(const Value &value, double (*fold)(double)) {
  if (value.is(ValueKind::Number))
    return foldNumber(fold(value.number));
  Value operand = toFloat(value);
  if (operand.isPoison())
    return {};
  return wrap(Op::create(ops, location, operand.tensor), operand.mapped,
              operand.axes);
}

template <typename Op, typename Fold>
Value TensorBuilder::binary(StringRef symbol, const Value &a, const Value &b,
                            Fold fold) {
  if (a.is(ValueKind::Number) && b.is(ValueKind::Number))
    return foldNumber(fold(a.number, b.number));
  Value left = a, right = b;
  if (!align(symbol, left, right))
    return {};
  return wrap(Op::create(ops, location, left.tensor, right.tensor), left.mapped,
              left.axes);
}

Value TensorBuilder::negate(const Value &value) {
  return unary<NegOp>(value, [](double x) { return -x; });
}
Value TensorBuilder::sqrt(const Value &value) {
  return unary<SqrtOp>(value, [](double x) { return std::sqrt(x); });
}
Value TensorBuilder::exp(const Value &value) {
  return unary<ExpOp>(value, [](double x) { return std::exp(x); });
}
Value TensorBuilder::log(const Value &value) {
  return unary<LogOp>(value, [](double x) { return std::log(x); });
}
Value TensorBuilder::tanh(const Value &value) {
  return unary<TanhOp>(value, [](double x) { return std::tanh(x); });
}
Value TensorBuilder::sigmoid(const Value &value) {
  return unary<SigmoidOp>(value,
                          [](double x) { return 1 / (1 + std::exp(-x)); });
}
Value TensorBuilder::sin(const Value &value) {
  return unary<SinOp>(value, [](double x) { return std::sin(x); });
}
Value TensorBuilder::cos(const Value &value) {
  return unary<CosOp>(value, [](double x) { return std::cos(x); });
}
Value TensorBuilder::add(const Value &a, const Value &b) {
  return binary<AddOp>("+", a, b, [](double x, double y) { return x + y; });
}
Value TensorBuilder::subtract(const Value &a, const Value &b) {
  return binary<SubOp>("-", a, b, [](double x, double y) { return x - y; });
}
Value TensorBuilder::multiply(const Value &a, const Value &b) {
  auto asSize = [](const Value &value) -> std::optional<Extent> {
    if (value.is(ValueKind::Size))
      return value.size;
    if (value.is(ValueKind::Number) && value.number >= 1 &&
        value.number <= double(maxElements) &&
        value.number == std::floor(value.number))
      return Extent(int64_t(value.number));
    return std::nullopt;
  };
  // Sizes stay sizes: a shape may need 2*T.
  if (a.is(ValueKind::Size) || b.is(ValueKind::Size))
    if (auto x = asSize(a), y = asSize(b); x && y) {
      constexpr size_t maxSymbols = 8;
      Extent product = *x;
      if (!llvm::MulOverflow(x->factor, y->factor, product.factor) &&
          product.factor <= maxElements &&
          x->symbols.size() + y->symbols.size() <= maxSymbols)
        return Value::makeSize(*x * *y, where);
    }
  return binary<MulOp>("*", a, b, [](double x, double y) { return x * y; });
}
Value TensorBuilder::divide(const Value &a, const Value &b) {
  return binary<DivOp>("/", a, b, [](double x, double y) { return x / y; });
}
Value TensorBuilder::max(const Value &a, const Value &b) {
  return binary<MaxOp>("max", a, b,
                       [](double x, double y) { return std::max(x, y); });
}
Value TensorBuilder::min(const Value &a, const Value &b) {
  return binary<MinOp>("min", a, b,
                       [](double x, double y) { return std::min(x, y); });
}

/// Whole exponents become products, which hold for negative bases too.
Value TensorBuilder::power(const Value &base, const Value &exponent) {
  auto fold = [](double x, double y) { return std::pow(x, y); };
  if (base.is(ValueKind::Number) || !exponent.is(ValueKind::Number))
    return binary<PowOp>("^", base, exponent, fold);
  double number = exponent.number;
  constexpr double maxProducts = 64;
  if (number == 0.5)
    return sqrt(base);
  if (number != std::floor(number) || std::abs(number) > maxProducts)
    return binary<PowOp>("^", base, exponent, fold);
  if (number == 0)
    return Value::makeNumber(1, where);
  if (number < 0)
    return divide(Value::makeNumber(1, where),
                  power(base, Value::makeNumber(-number, where)));
  Value square = base, product;
  for (unsigned rest = unsigned(number); rest; rest >>= 1) {
    if (rest & 1)
      product = product.isPoison() ? square : multiply(product, square);
    if (rest > 1)
      square = multiply(square, square);
  }
  return product;
}

static bool holds(StringRef predicate, double a, double b) {
  return predicate == "eq"   ? a == b
         : predicate == "ne" ? a != b
         : predicate == "lt" ? a < b
         : predicate == "le" ? a <= b
         : predicate == "gt" ? a > b
                             : a >= b;
}

static bool isClass(const Value &value) {
  return value.is(ValueKind::Tensor) && value.element == Element::Class;
}

/// Classes are compared with equally many classes, or with a whole number.
bool TensorBuilder::alignClasses(StringRef symbol, Value &a, Value &b) {
  if (isClass(a) && isClass(b)) {
    if (a.classes.size != b.classes.size) {
      mismatch("'" + symbol + "' of " + describe(a) + " and " + describe(b) +
                   ": the classes differ",
               a.classes, b.classes);
      return false;
    }
  } else if (!(isClass(a) ? b : a).is(ValueKind::Number)) {
    error("'" + symbol + "' of " + describe(a) + " and " + describe(b) +
          ": a class is compared with a class or a number");
    return false;
  }
  Shape shape;
  if (!unite(symbol, shape, a) || !unite(symbol, shape, b))
    return false;
  a = expand(a, shape, Element::Class);
  b = expand(b, shape, Element::Class);
  return !a.isPoison() && !b.isPoison();
}

static StringRef getSymbol(StringRef predicate) {
  return predicate == "eq"   ? "=="
         : predicate == "ne" ? "!="
         : predicate == "lt" ? "<"
         : predicate == "le" ? "<="
         : predicate == "gt" ? ">"
                             : ">=";
}

Value TensorBuilder::compare(StringRef predicate, const Value &a,
                             const Value &b) {
  if (a.isPoison() || b.isPoison())
    return {};
  if (a.is(ValueKind::Number) && b.is(ValueKind::Number))
    return Value::makeNumber(holds(predicate, a.number, b.number), where);
  Value left = a, right = b;
  StringRef symbol = getSymbol(predicate);
  if (!(isClass(a) || isClass(b) ? alignClasses(symbol, left, right)
                                 : align(symbol, left, right)))
    return {};
  return wrap(CompareOp::create(
                  ops, location, getType(left.mapped, left.axes, Element::Bool),
                  ops.getStringAttr(predicate), left.tensor, right.tensor),
              left.mapped, left.axes, Element::Bool);
}

Value TensorBuilder::select(const Value &condition, const Value &a,
                            const Value &b) {
  if (condition.isPoison() || a.isPoison() || b.isPoison())
    return {};
  if (condition.is(ValueKind::Number))
    return condition.number != 0 ? a : b;
  if (!condition.is(ValueKind::Tensor) || condition.element != Element::Bool) {
    error("'where' needs a comparison, found " + describe(condition));
    return {};
  }
  Shape shape;
  for (const Value *value : {&condition, &a, &b})
    if (!unite("where", shape, *value))
      return {};
  Value test = expand(condition, shape, Element::Bool);
  Value left = expand(a, shape), right = expand(b, shape);
  if (test.isPoison() || left.isPoison() || right.isPoison())
    return {};
  return wrap(
      SelectOp::create(ops, location, test.tensor, left.tensor, right.tensor),
      left.mapped, left.axes);
}

Value TensorBuilder::stopGradient(const Value &value) {
  if (!value.is(ValueKind::Tensor))
    return value;
  Value result = value;
  result.tensor = StopGradientOp::create(ops, location, value.tensor);
  return spend() ? result : Value();
}

} // namespace maek::dsl
