// Part of Maek, under the MIT licence; see LICENSE.
// Calls of window, pad and einsum.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

const Expr *Evaluator::findNamed(const CallExpr &call, StringRef name) const {
  for (const Argument &argument : call.arguments)
    if (argument.name == name)
      return argument.value.get();
  return nullptr;
}

/// The axis that is given, or the last one.
std::optional<unsigned> Evaluator::evaluateOwnAxis(const CallExpr &call,
                                                   const Value &value,
                                                   Frame &frame) {
  moveTo(call.loc, frame);
  if (!value.is(ValueKind::Tensor) || value.getRank() == 0) {
    tensors.error("'" + call.getCalleeName()->name + "' needs an axis, found " +
                  describe(value));
    return std::nullopt;
  }
  const Expr *axis = findNamed(call, "axis");
  return axis ? evaluateAxis(*axis, value, frame)
              : std::optional<unsigned>(value.getRank() - 1);
}

std::optional<int64_t>
Evaluator::evaluateCount(const Expr *expr, int64_t otherwise, int64_t smallest,
                         const Twine &what, Frame &frame) {
  if (!expr)
    return otherwise;
  std::string subject = what.str();
  std::optional<int64_t> number = evaluateInteger(*expr, frame, subject);
  constexpr int64_t largest = 65536;
  if (!number || (*number >= smallest && *number <= largest))
    return number;
  moveTo(expr->begin, frame);
  tensors.error(subject + " must be from " + Twine(smallest) + " to " +
                Twine(largest) + ", found " + Twine(*number));
  return std::nullopt;
}

Value Evaluator::evaluateWindow(const CallExpr &call, const Value &value,
                                Frame &frame) {
  std::optional<unsigned> axis = evaluateOwnAxis(call, value, frame);
  std::optional<int64_t> size = evaluateCount(call.arguments[1].value.get(), 1,
                                              1, "a window's size", frame);
  std::optional<int64_t> stride =
      evaluateCount(findNamed(call, "stride"), 1, 1, "the stride", frame);
  std::optional<int64_t> dilation =
      evaluateCount(findNamed(call, "dilation"), 1, 1, "the dilation", frame);
  if (!axis || !size || !stride || !dilation)
    return {};
  moveTo(call.loc, frame);
  return tensors.window(value, {*axis, *size, *stride, *dilation});
}

/// pad(x, 1), the same on both sides, or pad(x, 1, 2).
Value Evaluator::evaluatePad(const CallExpr &call, const Value &value,
                             Frame &frame) {
  std::optional<unsigned> axis = evaluateOwnAxis(call, value, frame);
  SmallVector<int64_t, 2> sizes;
  for (const Argument &argument : ArrayRef(call.arguments).drop_front()) {
    if (!argument.name.empty())
      continue;
    std::optional<int64_t> size = evaluateCount(
        argument.value.get(), 0, 0, "the size of the padding", frame);
    if (!size)
      return {};
    sizes.push_back(*size);
  }
  double number = 0;
  if (const Expr *expr = findNamed(call, "value")) {
    std::optional<double> given =
        evaluateNumber(*expr, frame, "the padding's value");
    if (!given)
      return {};
    number = *given;
  }
  if (!axis || sizes.empty())
    return {};
  moveTo(call.loc, frame);
  return tensors.pad(value, *axis, sizes.front(), sizes.back(), number);
}

Value Evaluator::evaluateEinsum(const CallExpr &call, Frame &frame) {
  if (call.arguments.size() != 3)
    return {};
  Value a = evaluate(*call.arguments[1].value, frame);
  Value b = evaluate(*call.arguments[2].value, frame);
  auto *text = dyn_cast<TextExpr>(call.arguments[0].value.get());
  if (!text) {
    moveTo(call.arguments[0].loc, frame);
    tensors.error("'einsum' needs an equation in quotes, such as "
                  "\"ik, kj -> ij\"");
    return {};
  }
  std::string letters = text->text.str();
  llvm::erase(letters, ' ');
  Expected<EinsumAttr> equation =
      EinsumAttr::fromText(tensors.ops.getContext(), letters);
  if (!equation) {
    moveTo(text->loc, frame);
    tensors.error("'einsum': " + toString(equation.takeError()));
    return {};
  }
  if (a.isPoison() || b.isPoison())
    return {};
  moveTo(call.loc, frame);
  return tensors.einsum(*equation, a, b);
}

} // namespace maek::dsl
