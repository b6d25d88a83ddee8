// Part of Maek, under the MIT licence; see LICENSE.
// What must be known when compiling: numbers, whole numbers, dimensions, axes.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"
#include <cmath>

using namespace llvm;

namespace maek::dsl {

std::optional<double> Evaluator::evaluateNumber(const Expr &expr, Frame &frame,
                                                const Twine &what) {
  std::string subject = what.str();
  Value value = evaluate(expr, frame);
  if (value.isPoison())
    return std::nullopt;
  if (value.is(ValueKind::Number))
    return value.number;
  moveTo(expr.begin, frame);
  tensors.error(subject +
                " must be a number that is known when compiling, "
                "found " +
                describe(value));
  return std::nullopt;
}

std::optional<double> Evaluator::evaluateFinite(const Expr &expr, Frame &frame,
                                                const Twine &what) {
  std::string subject = what.str();
  std::optional<double> number = evaluateNumber(expr, frame, subject);
  if (!number || std::isfinite(*number))
    return number;
  moveTo(expr.begin, frame);
  tensors.error(subject + " must be finite, found " + formatNumber(*number));
  return std::nullopt;
}

std::optional<int64_t>
Evaluator::evaluateInteger(const Expr &expr, Frame &frame, const Twine &what) {
  std::string subject = what.str();
  std::optional<double> number = evaluateNumber(expr, frame, subject);
  if (!number)
    return std::nullopt;
  constexpr double limit = 9007199254740992.0; // 2^53: whole numbers are exact
  if (*number == std::floor(*number) && std::abs(*number) <= limit)
    return int64_t(*number);
  moveTo(expr.begin, frame);
  tensors.error(subject + " must be a whole number, found " +
                formatNumber(*number));
  return std::nullopt;
}

std::optional<Axis> Evaluator::evaluateDim(const Expr &expr, Frame &frame) {
  Value value = evaluate(expr, frame);
  if (value.isPoison())
    return std::nullopt;
  // Of the library's layers, what the user's text gave them.
  bool isGiven = frame.definition->isStandard && value.origin.isValid();
  SMLoc origin = isGiven ? value.origin : expr.begin;
  if (value.is(ValueKind::Size))
    return Axis{value.size, origin};
  moveTo(expr.begin, frame);
  if (!value.is(ValueKind::Number)) {
    tensors.error("a dimension must be known when compiling, found " +
                  describe(value));
    return std::nullopt;
  }
  double number = value.number;
  if (number >= 1 && number == std::floor(number) &&
      number <= double(TensorBuilder::maxElements))
    return Axis{Extent(int64_t(number)), origin};
  const char *needed = number > double(TensorBuilder::maxElements)
                           ? "at most 2^31 - 1"
                           : "a positive whole number";
  Diagnostic &error = tensors.error(Twine("a dimension must be ") + needed +
                                    ", found " + formatNumber(number));
  if (value.origin.isValid() && value.origin != tensors.where &&
      value.origin != expr.begin)
    error.note(value.origin, formatNumber(number) + " comes from here");
  return std::nullopt;
}

std::optional<Axes> Evaluator::evaluateDims(const TypeSyntax &type,
                                            Frame &frame) {
  Axes axes;
  bool valid = true;
  for (const ExprPtr &dim : type.dims) {
    std::optional<Axis> axis = evaluateDim(*dim, frame);
    valid &= axis.has_value();
    axes.push_back(axis.value_or(Axis()));
  }
  moveTo(type.loc, frame);
  if (!valid || !tensors.fits({}, axes))
    return std::nullopt;
  return axes;
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

std::optional<SmallVector<int64_t>>
Evaluator::evaluateOrder(const CallExpr &call, const Value &value,
                         Frame &frame) {
  const auto *list = call.arguments.size() == 2
                         ? dyn_cast<ConcatExpr>(call.arguments[1].value.get())
                         : nullptr;
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

} // namespace maek::dsl
