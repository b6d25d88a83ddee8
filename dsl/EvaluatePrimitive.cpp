// Part of Maek, under the MIT licence; see LICENSE.
// Calls of the language's primitives.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

std::optional<unsigned>
Evaluator::evaluateAxis(const Expr &expr, const Value &value, Frame &frame) {
  std::optional<int64_t> number = evaluateInteger(expr, frame, "the axis");
  if (!number)
    return std::nullopt;
  int64_t rank = value.getRank();
  moveTo(expr.begin, frame);
  if (*number < -rank || *number >= rank) {
    tensors.error(describe(value) + " has no axis " + Twine(*number));
    return std::nullopt;
  }
  return *number < 0 ? *number + rank : *number;
}

std::optional<SmallVector<unsigned>>
Evaluator::evaluateAxes(const Expr &expr, const Value &value, Frame &frame) {
  SmallVector<unsigned> axes;
  auto *list = dyn_cast<ConcatExpr>(&expr);
  size_t count = list ? list->elements.size() : 1;
  for (size_t i = 0; i < count; ++i) {
    const Expr &element = list ? *list->elements[i] : expr;
    std::optional<unsigned> axis = evaluateAxis(element, value, frame);
    if (!axis)
      return std::nullopt;
    if (llvm::is_contained(axes, *axis)) {
      tensors.error("axis " + Twine(*axis) + " is named twice");
      return std::nullopt;
    }
    axes.push_back(*axis);
  }
  return axes;
}

/// sum, mean, max, min, argmax: of all own axes, or along `axis`.
Value Evaluator::evaluateReduction(const CallExpr &call, PrimitiveKind kind,
                                   Frame &frame) {
  const Expr *axisExpr = nullptr;
  SmallVector<Value, 0> values;
  for (const Argument &argument : call.arguments) {
    if (argument.name.empty())
      values.push_back(evaluate(*argument.value, frame));
    else
      axisExpr = argument.value.get();
  }
  if (values.empty() ||
      llvm::any_of(values, [](const Value &value) { return value.isPoison(); }))
    return {};
  auto axes = llvm::to_vector(llvm::seq<unsigned>(0, values[0].getRank()));
  if (axisExpr) {
    std::optional<SmallVector<unsigned>> given =
        evaluateAxes(*axisExpr, values[0], frame);
    if (!given)
      return {};
    axes = *given;
  }
  moveTo(call.loc, frame);
  if (values.size() > 1 && axisExpr) {
    tensors.error("an axis goes with one value, found two");
    return {};
  }
  switch (kind) {
  case PrimitiveKind::Sum:
    return tensors.reduce(ReduceKind::Sum, values[0], axes);
  case PrimitiveKind::Mean:
    return tensors.mean(values[0], axes);
  case PrimitiveKind::Max:
    return values.size() > 1 ? tensors.max(values[0], values[1])
                             : tensors.reduce(ReduceKind::Max, values[0], axes);
  case PrimitiveKind::Min:
    return values.size() > 1 ? tensors.min(values[0], values[1])
                             : tensors.reduce(ReduceKind::Min, values[0], axes);
  default:
    break;
  }
  if (axes.empty()) {
    tensors.error("'argmax' needs an axis, found " + describe(values[0]));
    return {};
  }
  if (axisExpr && axes.size() > 1) {
    tensors.error("'argmax' is along one axis, found " + Twine(axes.size()));
    return {};
  }
  return tensors.argmax(values[0], axes.back());
}

/// The list that is the call's second argument, or null, reported.
static const ConcatExpr *getList(const CallExpr &call) {
  return call.arguments.size() == 2
             ? dyn_cast<ConcatExpr>(call.arguments[1].value.get())
             : nullptr;
}

std::optional<Axes> Evaluator::evaluateList(const ConcatExpr &list,
                                            Frame &frame) {
  Axes axes;
  for (const ExprPtr &dim : list.elements) {
    std::optional<Axis> axis = evaluateDim(*dim, frame);
    if (!axis)
      return std::nullopt;
    axes.push_back(*axis);
  }
  return axes;
}

Value Evaluator::evaluateConcat(const CallExpr &call, Frame &frame) {
  SmallVector<Value, 0> values;
  const Expr *axisExpr = nullptr;
  for (const Argument &argument : call.arguments) {
    if (!argument.name.empty()) {
      axisExpr = argument.value.get();
      continue;
    }
    values.push_back(evaluate(*argument.value, frame));
    if (values.back().isPoison())
      return {};
  }
  if (values.empty())
    return {};
  std::optional<unsigned> axis;
  if (axisExpr && !(axis = evaluateAxis(*axisExpr, values.front(), frame)))
    return {};
  moveTo(call.loc, frame);
  return tensors.concat(values, axis);
}

/// Along the first own axis, or along `axis`.
Value Evaluator::evaluateReverse(const CallExpr &call, Frame &frame) {
  const Expr *axisExpr = nullptr;
  Value value;
  for (const Argument &argument : call.arguments) {
    if (argument.name.empty())
      value = evaluate(*argument.value, frame);
    else
      axisExpr = argument.value.get();
  }
  if (value.isPoison())
    return {};
  std::optional<unsigned> axis = 0;
  if (axisExpr && !(axis = evaluateAxis(*axisExpr, value, frame)))
    return {};
  moveTo(call.loc, frame);
  if (!value.is(ValueKind::Tensor) || value.getRank() == 0) {
    tensors.error("'reverse' needs an axis, found " + describe(value));
    return {};
  }
  return tensors.reverse(value, *axis);
}

/// What other languages have for a size that follows from the others.
static bool isMinusOne(const Expr &expr) {
  auto *unary = dyn_cast<UnaryExpr>(&expr);
  auto *number = unary && unary->op == TokenKind::Minus
                     ? dyn_cast<NumberExpr>(unary->operand.get())
                     : nullptr;
  return number && number->value == 1;
}

Value Evaluator::evaluateReshape(const CallExpr &call, const Value &value,
                                 Frame &frame) {
  const ConcatExpr *shape = getList(call);
  if (!shape) {
    moveTo(call.arguments.back().loc, frame);
    tensors.error("'reshape' needs a shape, such as [N, d]");
    return {};
  }
  for (const ExprPtr &size : shape->elements)
    if (isMinusOne(*size)) {
      moveTo(size->begin, frame);
      tensors.error("'reshape' fills no size in for -1; write it out, such as "
                    "3 * d");
      return {};
    }
  std::optional<Axes> axes = evaluateList(*shape, frame);
  if (!axes)
    return {};
  moveTo(call.loc, frame);
  return tensors.reshape(
      value.is(ValueKind::Tensor) ? value : tensors.toFloat(value), *axes);
}

std::optional<SmallVector<int64_t>>
Evaluator::evaluateOrder(const CallExpr &call, const Value &value,
                         Frame &frame) {
  const ConcatExpr *list = getList(call);
  size_t rank = value.getRank();
  SmallVector<int64_t> order;
  for (size_t i = 0; list && i < list->elements.size(); ++i) {
    std::optional<int64_t> axis =
        evaluateInteger(*list->elements[i], frame, "an axis");
    if (!axis)
      return std::nullopt;
    order.push_back(*axis);
  }
  auto sorted = order;
  llvm::sort(sorted);
  moveTo(call.arguments.back().loc, frame);
  if (!list || !value.is(ValueKind::Tensor) ||
      !llvm::equal(sorted, llvm::seq<int64_t>(0, rank))) {
    tensors.error("'permute' of " + describe(value) +
                  " needs each of its axes once, such as [1, 0]");
    return std::nullopt;
  }
  return order;
}

Value Evaluator::evaluatePermute(const CallExpr &call, const Value &value,
                                 Frame &frame) {
  std::optional<SmallVector<int64_t>> order = evaluateOrder(call, value, frame);
  if (!order)
    return {};
  moveTo(call.loc, frame);
  SmallVector<int64_t> permutation;
  Axes axes;
  for (size_t i = 0; i < value.mapped.size(); ++i)
    permutation.push_back(i);
  for (int64_t axis : *order) {
    permutation.push_back(value.mapped.size() + axis);
    axes.push_back(value.axes[axis]);
  }
  return tensors.permute(value, permutation, value.mapped, axes);
}

/// The value itself. A condition that only a run knows is not looked at.
Value Evaluator::evaluateRequire(const CallExpr &call, const Value &value,
                                 Frame &frame) {
  if (call.arguments.size() != 2)
    return {};
  Value holds = evaluate(*call.arguments[1].value, frame);
  if (holds.isPoison())
    return {};
  if (!holds.is(ValueKind::Number) || holds.number != 0)
    return value;
  moveTo(call.loc, frame);
  std::string found = value.is(ValueKind::Number) ? formatNumber(value.number)
                                                  : describe(value);
  Diagnostic &error =
      tensors.error("what is required of " + found + " here does not hold");
  if (value.origin.isValid() && value.origin != tensors.where)
    error.note(value.origin, found + " comes from here");
  return {};
}

Value Evaluator::evaluatePrimitive(const CallExpr &call, PrimitiveKind kind,
                                   Frame &frame) {
  if (call.arguments.empty())
    return {};
  if (kind == PrimitiveKind::Arange) {
    std::optional<Axis> axis = evaluateDim(*call.arguments[0].value, frame);
    moveTo(call.loc, frame);
    return axis ? tensors.arange(*axis) : Value();
  }
  if (kind == PrimitiveKind::Concat)
    return evaluateConcat(call, frame);
  if (kind == PrimitiveKind::Einsum)
    return evaluateEinsum(call, frame);
  if (kind == PrimitiveKind::Reverse)
    return evaluateReverse(call, frame);
  if (kind >= PrimitiveKind::Sum && kind <= PrimitiveKind::Argmax)
    return evaluateReduction(call, kind, frame);
  Value value = evaluate(*call.arguments[0].value, frame);
  if (value.isPoison())
    return {};
  if (kind == PrimitiveKind::Reshape)
    return evaluateReshape(call, value, frame);
  if (kind == PrimitiveKind::Permute)
    return evaluatePermute(call, value, frame);
  if (kind == PrimitiveKind::Window)
    return evaluateWindow(call, value, frame);
  if (kind == PrimitiveKind::Pad)
    return evaluatePad(call, value, frame);
  if (kind == PrimitiveKind::Gradient) {
    if (call.arguments.size() != 2)
      return {};
    Value by = evaluate(*call.arguments[1].value, frame);
    moveTo(call.loc, frame);
    return tensors.gradient(value, by);
  }
  if (kind == PrimitiveKind::Require)
    return evaluateRequire(call, value, frame);
  if (kind == PrimitiveKind::Where) {
    if (call.arguments.size() != 3)
      return {};
    Value onTrue = evaluate(*call.arguments[1].value, frame);
    Value onFalse = evaluate(*call.arguments[2].value, frame);
    moveTo(call.loc, frame);
    return tensors.select(value, onTrue, onFalse);
  }
  moveTo(call.loc, frame);
  switch (kind) {
  case PrimitiveKind::Exp:
    return tensors.exp(value);
  case PrimitiveKind::Log:
    return tensors.log(value);
  case PrimitiveKind::Log1p:
    return tensors.log1p(value);
  case PrimitiveKind::Tanh:
    return tensors.tanh(value);
  case PrimitiveKind::Sigmoid:
    return tensors.sigmoid(value);
  case PrimitiveKind::Sin:
    return tensors.sin(value);
  case PrimitiveKind::Cos:
    return tensors.cos(value);
  case PrimitiveKind::Erf:
    return tensors.erf(value);
  case PrimitiveKind::OneHot:
    return tensors.oneHot(value);
  case PrimitiveKind::UniformLike:
    return tensors.uniformLike(value);
  case PrimitiveKind::StopGradient:
    return tensors.stopGradient(value);
  case PrimitiveKind::BatchMean:
    return tensors.batchMean(value);
  case PrimitiveKind::BatchCount:
    return tensors.batchCount(value);
  default:
    return {};
  }
}

} // namespace maek::dsl
