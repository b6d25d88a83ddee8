// Part of Maek, under the MIT licence; see LICENSE.
// Calls of the language's primitives.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

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
  std::optional<unsigned> axis;
  int64_t rank = values[0].getRank();
  if (axisExpr) {
    std::optional<int64_t> number =
        evaluateInteger(*axisExpr, frame, "the axis");
    if (!number)
      return {};
    moveTo(axisExpr->begin, frame);
    if (*number < -rank || *number >= rank) {
      tensors.error(describe(values[0]) + " has no axis " + Twine(*number));
      return {};
    }
    axis = *number < 0 ? *number + rank : *number;
  }
  moveTo(call.loc, frame);
  if (values.size() > 1 && axis) {
    tensors.error("an axis goes with one value, found two");
    return {};
  }
  switch (kind) {
  case PrimitiveKind::Sum:
    return tensors.reduce("sum", values[0], axis);
  case PrimitiveKind::Mean:
    return tensors.mean(values[0], axis);
  case PrimitiveKind::Max:
    return values.size() > 1 ? tensors.max(values[0], values[1])
                             : tensors.reduce("max", values[0], axis);
  case PrimitiveKind::Min:
    return values.size() > 1 ? tensors.min(values[0], values[1])
                             : tensors.reduce("min", values[0], axis);
  default:
    break;
  }
  if (rank == 0) {
    tensors.error("'argmax' needs an axis, found " + describe(values[0]));
    return {};
  }
  return tensors.argmax(values[0], axis.value_or(rank - 1));
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
  if (kind >= PrimitiveKind::Sum && kind <= PrimitiveKind::Argmax)
    return evaluateReduction(call, kind, frame);
  Value value = evaluate(*call.arguments[0].value, frame);
  if (kind == PrimitiveKind::Reshape) {
    if (call.arguments.size() != 2)
      return {};
    auto *shape = dyn_cast<ConcatExpr>(call.arguments[1].value.get());
    if (!shape) {
      moveTo(call.arguments[1].loc, frame);
      tensors.error("'reshape' needs a shape, such as [N, d]");
      return {};
    }
    Axes axes;
    for (const ExprPtr &dim : shape->elements) {
      std::optional<Axis> axis = evaluateDim(*dim, frame);
      if (!axis)
        return {};
      axes.push_back(*axis);
    }
    moveTo(call.loc, frame);
    if (value.is(ValueKind::Number) || value.is(ValueKind::Size))
      value = tensors.toFloat(value);
    if (value.is(ValueKind::Instance))
      value = tensors.toFloat(value);
    return tensors.reshape(value, axes);
  }
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
  case PrimitiveKind::Tanh:
    return tensors.tanh(value);
  case PrimitiveKind::Sigmoid:
    return tensors.sigmoid(value);
  case PrimitiveKind::Sin:
    return tensors.sin(value);
  case PrimitiveKind::Cos:
    return tensors.cos(value);
  case PrimitiveKind::OneHot:
    return tensors.oneHot(value);
  case PrimitiveKind::StopGradient:
    return tensors.stopGradient(value);
  default:
    return {};
  }
}

} // namespace maek::dsl
