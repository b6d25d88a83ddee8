// Part of Maek, under the MIT licence; see LICENSE.
// What must be known when compiling: numbers, whole numbers, dimensions.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

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

} // namespace maek::dsl
