// Part of Maek, under the MIT licence; see LICENSE.
// Primitives that count, order or join elements.
#include "dsl/primitives/PrimitiveCall.h"
#include "dsl/primitives/Tables.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

static Value evaluateArange(PrimitiveCall &call) {
  std::optional<Axis> axis =
      call.evaluator.evaluateDim(*call[0].value, call.frame);
  call.moveToCall();
  return axis ? call.tensors.arange(*axis) : Value();
}

/// Along the first own axis, or along `axis`.
static Value evaluateReverse(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  std::optional<unsigned> axis = call.evaluateAxis(value, 0);
  return axis ? call.tensors.reverse(value, *axis) : Value();
}

/// What other languages have for a size that follows from the others.
static bool isMinusOne(const Expr &expr) {
  auto *unary = dyn_cast<UnaryExpr>(&expr);
  auto *number = unary && unary->op == TokenKind::Minus
                     ? dyn_cast<NumberExpr>(unary->operand.get())
                     : nullptr;
  return number && number->value == 1;
}

static Value evaluateReshape(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  TensorBuilder &tensors = call.tensors;
  const auto *shape = dyn_cast<ConcatExpr>(call[1].value.get());
  if (!shape) {
    call.moveTo(call[1].loc);
    tensors.error("'reshape' needs a shape, such as [N, d]");
    return {};
  }
  for (const ExprPtr &size : shape->elements)
    if (isMinusOne(*size)) {
      call.moveTo(size->begin);
      tensors.error("'reshape' fills no size in for -1; write it out, such as "
                    "3 * d");
      return {};
    }
  std::optional<Axes> axes = call.evaluator.evaluateList(*shape, call.frame);
  if (!axes)
    return {};
  call.moveToCall();
  return tensors.reshape(
      value.is(ValueKind::Tensor) ? value : tensors.toFloat(value), *axes);
}

static Value evaluatePermute(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  std::optional<SmallVector<int64_t>> order =
      call.evaluator.evaluateOrder(call.call, value, call.frame);
  if (!order)
    return {};
  call.moveToCall();
  auto permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, value.mapped.size()));
  Axes axes;
  for (int64_t axis : *order) {
    permutation.push_back(value.mapped.size() + axis);
    axes.push_back(value.axes[axis]);
  }
  return call.tensors.permute(value, permutation, value.mapped, axes);
}

/// Along the last own axis, or along `axis`.
static Value evaluateConcat(PrimitiveCall &call) {
  auto values = call.evaluateAll();
  if (!values)
    return {};
  std::optional<unsigned> axis;
  if (const Expr *named = call.findNamed("axis")) {
    axis = call.evaluator.evaluateAxis(*named, values->front(), call.frame);
    if (!axis)
      return {};
  }
  call.moveToCall();
  return call.tensors.concat(*values, axis);
}

ArrayRef<Primitive> getShapePrimitives() {
  static constexpr Primitive primitives[] = {
      {"arange", 1, 1, evaluateArange},
      {"reverse", 1, 1, evaluateReverse, "axis"},
      {"reshape", 2, 2, evaluateReshape},
      {"permute", 2, 2, evaluatePermute},
      {"concat", 2, 1000, evaluateConcat, "axis"},
  };
  return primitives;
}

} // namespace maek::dsl
