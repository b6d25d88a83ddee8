// Part of Maek, under the MIT licence; see LICENSE.
// window and pad, and einsum, which contracts what they make.
#include "dsl/primitives/PrimitiveCall.h"
#include "dsl/primitives/Tables.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

/// A whole number that is no less than `smallest`.
static std::optional<int64_t> evaluateCount(PrimitiveCall &call,
                                            const Expr &expr, int64_t smallest,
                                            StringRef what) {
  std::optional<int64_t> number =
      call.evaluator.evaluateInteger(expr, call.frame, what);
  constexpr int64_t largest = 65536;
  if (!number || (*number >= smallest && *number <= largest))
    return number;
  call.moveTo(expr.begin);
  call.tensors.error(what + " must be from " + Twine(smallest) + " to " +
                     Twine(largest) + ", found " + Twine(*number));
  return std::nullopt;
}

/// The argument of that name, or 1.
static std::optional<int64_t>
evaluateNamedCount(PrimitiveCall &call, StringRef name, StringRef what) {
  const Expr *expr = call.findNamed(name);
  return expr ? evaluateCount(call, *expr, 1, what) : 1;
}

static Value evaluateWindow(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  std::optional<unsigned> axis = call.evaluateAxis(value);
  std::optional<int64_t> size =
      evaluateCount(call, *call[1].value, 1, "a window's size");
  std::optional<int64_t> stride =
      evaluateNamedCount(call, "stride", "the stride");
  std::optional<int64_t> dilation =
      evaluateNamedCount(call, "dilation", "the dilation");
  if (!axis || !size || !stride || !dilation)
    return {};
  call.moveToCall();
  return call.tensors.window(value, {*axis, *size, *stride, *dilation});
}

/// pad(x, 1), the same on both sides, or pad(x, 1, 2).
static Value evaluatePad(PrimitiveCall &call) {
  Value value = call.evaluate(0);
  if (value.isPoison())
    return {};
  std::optional<unsigned> axis = call.evaluateAxis(value);
  SmallVector<int64_t, 2> sizes;
  for (unsigned i = 1; i < call.size(); ++i) {
    std::optional<int64_t> size =
        evaluateCount(call, *call[i].value, 0, "the size of the padding");
    if (!size)
      return {};
    sizes.push_back(*size);
  }
  double number = 0;
  if (const Expr *expr = call.findNamed("value")) {
    std::optional<double> given =
        call.evaluator.evaluateNumber(*expr, call.frame, "the padding's value");
    if (!given)
      return {};
    number = *given;
  }
  if (!axis)
    return {};
  call.moveToCall();
  return call.tensors.pad(value, *axis, sizes.front(), sizes.back(), number);
}

static Value evaluateEinsum(PrimitiveCall &call) {
  Value a = call.evaluate(1);
  Value b = call.evaluate(2);
  TensorBuilder &tensors = call.tensors;
  const auto *text = dyn_cast<TextExpr>(call[0].value.get());
  if (!text) {
    call.moveTo(call[0].loc);
    tensors.error("'einsum' needs an equation in quotes, such as "
                  "\"ik, kj -> ij\"");
    return {};
  }
  std::string letters = text->text.str();
  llvm::erase(letters, ' ');
  Expected<EinsumAttr> equation =
      EinsumAttr::fromText(tensors.ops.getContext(), letters);
  if (!equation) {
    call.moveTo(text->loc);
    tensors.error("'einsum': " + toString(equation.takeError()));
    return {};
  }
  if (a.isPoison() || b.isPoison())
    return {};
  call.moveToCall();
  return tensors.einsum(*equation, a, b);
}

ArrayRef<Primitive> getWindowPrimitives() {
  static constexpr Primitive primitives[] = {
      {"window", 2, 2, evaluateWindow, "axis stride dilation"},
      {"pad", 2, 3, evaluatePad, "axis value"},
      {"einsum", 3, 3, evaluateEinsum, "", /*takesText=*/true},
  };
  return primitives;
}

} // namespace maek::dsl
