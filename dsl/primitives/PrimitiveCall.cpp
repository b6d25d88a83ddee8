// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/primitives/PrimitiveCall.h"

#include "dsl/Diagnostics.h"

using namespace llvm;

namespace maek::dsl {

PrimitiveCall::PrimitiveCall(Evaluator &evaluator, TensorBuilder &tensors,
                             const CallExpr &call, Frame &frame)
    : evaluator(evaluator), tensors(tensors), call(call), frame(frame) {
  for (const Argument &argument : call.arguments)
    if (argument.name.empty())
      arguments.push_back(&argument);
}

const Expr *PrimitiveCall::findNamed(StringRef name) const {
  for (const Argument &argument : call.arguments)
    if (argument.name == name)
      return argument.value.get();
  return nullptr;
}

Value PrimitiveCall::evaluate(unsigned i) {
  return evaluator.evaluate(*arguments[i]->value, frame);
}

std::optional<SmallVector<Value, 0>> PrimitiveCall::evaluateAll() {
  SmallVector<Value, 0> values;
  for (unsigned i = 0; i < size(); ++i)
    values.push_back(evaluate(i));
  moveToCall();
  if (llvm::any_of(values, [](const Value &value) { return value.isPoison(); }))
    return std::nullopt;
  return values;
}

std::optional<unsigned> PrimitiveCall::evaluateAxis(const Value &value,
                                                    int64_t otherwise) {
  moveToCall();
  if (!value.is(ValueKind::Tensor) || value.getRank() == 0) {
    tensors.error("'" + call.getCalleeName()->name + "' needs an axis, found " +
                  describe(value));
    return std::nullopt;
  }
  std::optional<unsigned> axis =
      otherwise < 0 ? value.getRank() + otherwise : otherwise;
  if (const Expr *named = findNamed("axis"))
    axis = evaluator.evaluateAxis(*named, value, frame);
  moveToCall();
  return axis;
}

} // namespace maek::dsl
