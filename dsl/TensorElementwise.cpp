// Part of Maek, under the MIT licence; see LICENSE.
// The elementwise operations: on numbers computed, on tensors emitted.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"

#include <cmath>
#include <limits>

using namespace llvm;

namespace maek::dsl {

Value TensorBuilder::foldNumber(double number) {
  if (std::isfinite(number))
    return Value::makeNumber(number, where);
  error("this is no finite number");
  return {};
}

template <typename Op>
Value TensorBuilder::unary(const Value &value) {
  if (value.is(ValueKind::Number))
    return foldNumber(Op::evaluate(value.number));
  Value operand = toFloat(value);
  if (operand.isPoison())
    return {};
  return wrap(Op::create(ops, location, operand.tensor), operand.mapped,
              operand.axes);
}

template <typename Op>
Value TensorBuilder::binary(StringRef symbol, const Value &a, const Value &b) {
  if (a.is(ValueKind::Number) && b.is(ValueKind::Number))
    return foldNumber(Op::evaluate(a.number, b.number));
  Value left = a, right = b;
  if (!align(symbol, left, right))
    return {};
  return wrap(Op::create(ops, location, left.tensor, right.tensor), left.mapped,
              left.axes);
}

Value TensorBuilder::negate(const Value &value) {
  if (value.is(ValueKind::Number)) // also of inf
    return Value::makeNumber(-value.number, where);
  return unary<NegOp>(value);
}
Value TensorBuilder::sqrt(const Value &value) { return unary<SqrtOp>(value); }
Value TensorBuilder::exp(const Value &value) { return unary<ExpOp>(value); }
Value TensorBuilder::log(const Value &value) { return unary<LogOp>(value); }
Value TensorBuilder::log1p(const Value &value) { return unary<Log1pOp>(value); }
Value TensorBuilder::tanh(const Value &value) { return unary<TanhOp>(value); }
Value TensorBuilder::sigmoid(const Value &value) {
  return unary<SigmoidOp>(value);
}
Value TensorBuilder::sin(const Value &value) { return unary<SinOp>(value); }
Value TensorBuilder::cos(const Value &value) { return unary<CosOp>(value); }
Value TensorBuilder::erf(const Value &value) { return unary<ErfOp>(value); }
Value TensorBuilder::add(const Value &a, const Value &b) {
  return binary<AddOp>("+", a, b);
}
Value TensorBuilder::subtract(const Value &a, const Value &b) {
  return binary<SubOp>("-", a, b);
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
  Value result = binary<MulOp>("*", a, b);
  markKept(a, b, result);
  return result;
}
Value TensorBuilder::divide(const Value &a, const Value &b) {
  bool isKnown = a.is(ValueKind::Number) || a.is(ValueKind::Size);
  if (isKnown && b.is(ValueKind::Number) && b.number == 0) {
    Diagnostic &diagnostic = error(describe(a) + " is divided by 0");
    if (b.origin != where)
      diagnostic.note(b.origin, "0 comes from here");
    return {};
  }
  return binary<DivOp>("/", a, b);
}
Value TensorBuilder::max(const Value &a, const Value &b) {
  return binary<MaxOp>("max", a, b);
}
Value TensorBuilder::min(const Value &a, const Value &b) {
  return binary<MinOp>("min", a, b);
}

/// Whole exponents become products, which hold for negative bases too.
Value TensorBuilder::power(const Value &base, const Value &exponent) {
  if (base.is(ValueKind::Number) || !exponent.is(ValueKind::Number))
    return binary<PowOp>("^", base, exponent);
  double number = exponent.number;
  constexpr double maxProducts = 64;
  if (number == 0.5)
    return sqrt(base);
  if (number != std::floor(number) || std::abs(number) > maxProducts)
    return binary<PowOp>("^", base, exponent);
  if (number == 0)
    return base.is(ValueKind::Tensor) ? constant(1, base.mapped, base.axes)
                                      : Value::makeNumber(1, where);
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
          ": a class is compared with a class or a number; 'argmax' of scores "
          "is a class");
    return false;
  } else if (double number = (isClass(a) ? b : a).number;
             number != std::trunc(number) ||
             std::abs(number) > std::numeric_limits<int32_t>::max()) {
    error("'" + symbol + "' of " + describe(a) + " and " + describe(b) +
          ": a class is compared with a whole number below 2^31");
    return false;
  }
  Shape shape;
  if (!unite(symbol, shape, a) || !unite(symbol, shape, b))
    return false;
  a = expand(a, shape, Element::Class);
  b = expand(b, shape, Element::Class);
  return !a.isPoison() && !b.isPoison();
}

static StringRef getSymbol(ComparePredicate predicate) {
  switch (predicate) {
  case ComparePredicate::Eq:
    return "==";
  case ComparePredicate::Ne:
    return "!=";
  case ComparePredicate::Lt:
    return "<";
  case ComparePredicate::Le:
    return "<=";
  case ComparePredicate::Gt:
    return ">";
  case ComparePredicate::Ge:
    return ">=";
  }
  llvm_unreachable("unknown predicate");
}

Value TensorBuilder::compare(ComparePredicate predicate, const Value &a,
                             const Value &b) {
  if (a.isPoison() || b.isPoison())
    return {};
  if (a.is(ValueKind::Number) && b.is(ValueKind::Number))
    return Value::makeNumber(CompareOp::evaluate(predicate, a.number, b.number),
                             where);
  Value left = a, right = b;
  StringRef symbol = getSymbol(predicate);
  if (!(isClass(a) || isClass(b) ? alignClasses(symbol, left, right)
                                 : align(symbol, left, right)))
    return {};
  return wrap(CompareOp::create(ops, location,
                                getType(left.mapped, left.axes, Element::Bool),
                                predicate, left.tensor, right.tensor),
              left.mapped, left.axes, Element::Bool);
}

Value TensorBuilder::select(const Value &condition, const Value &a,
                            const Value &b) {
  if (condition.isPoison() || a.isPoison() || b.isPoison())
    return {};
  if (condition.is(ValueKind::Number))
    return condition.number != 0 ? a : b;
  if (!condition.is(ValueKind::Tensor) || condition.element != Element::Bool) {
    error("'where' needs a comparison, such as 'x > 0', found " +
          describe(condition));
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

// Examples do not see each other, so the gradient of their sum has each
// example's own. Only an argument is a safe choice of what to take it by: the
// passes may replace a value in between by others.
Value TensorBuilder::gradient(const Value &value, const Value &by) {
  if (value.isPoison() || by.isPoison())
    return {};
  mlir::Block *block = ops.getInsertionBlock();
  auto argument = by.is(ValueKind::Tensor)
                      ? dyn_cast<mlir::BlockArgument>(by.tensor)
                      : mlir::BlockArgument();
  if (!argument || argument.getOwner() != block ||
      by.element != Element::Float) {
    error("'gradient' is taken by an input of numbers, found " + describe(by));
    return {};
  }
  Value scalar = toFloat(value);
  if (scalar.isPoison())
    return {};
  bool isOwn = llvm::all_of(scalar.mapped, [&](unsigned axis) {
    return llvm::is_contained(by.mapped, axis);
  });
  if (!scalar.isScalar() || !isOwn || scalar.tensor.getParentBlock() != block) {
    error(scalar.isScalar()
              ? std::string("'gradient' is taken for each example by a value "
                            "of its own, not by one that all examples share")
              : "'gradient' is taken of a scalar, found " + describe(scalar));
    return {};
  }
  SmallVector<int64_t> all;
  for (size_t i = 0; i < scalar.mapped.size(); ++i)
    all.push_back(int64_t(i));
  mlir::Value sum = scalar.tensor;
  if (!all.empty())
    sum = ReduceOp::create(ops, location, ReduceKind::Sum, sum, all);
  auto op =
      GradientOp::create(ops, location, by.tensor.getType(), sum, by.tensor);
  Value result = wrap(op.getGradients().front(), by.mapped, by.axes);
  return spend() ? result : Value();
}

} // namespace maek::dsl
