// Part of Maek, under the MIT licence; see LICENSE.
// A call of a primitive while it is evaluated.
#ifndef MAEK_DSL_PRIMITIVES_PRIMITIVECALL_H
#define MAEK_DSL_PRIMITIVES_PRIMITIVECALL_H

#include "dsl/Evaluator.h"

namespace maek::dsl {

class PrimitiveCall {
public:
  PrimitiveCall(Evaluator &evaluator, TensorBuilder &tensors,
                const CallExpr &call, Frame &frame);

  Evaluator &evaluator;
  TensorBuilder &tensors;
  const CallExpr &call;
  Frame &frame;

  /// How many arguments without a name.
  size_t size() const { return arguments.size(); }
  const Argument &operator[](unsigned i) const { return *arguments[i]; }
  /// The argument of that name, or null.
  const Expr *findNamed(llvm::StringRef name) const;

  Value evaluate(unsigned i);
  /// The arguments without a name, then moves to the call; null if one is
  /// poison.
  std::optional<llvm::SmallVector<Value, 0>> evaluateAll();
  /// What `axis` names, else `otherwise`, counted from the end if below 0; then
  /// moves to the call. Null, reported, if the value has no such axis.
  std::optional<unsigned> evaluateAxis(const Value &value,
                                       int64_t otherwise = -1);

  /// Sets where errors and ops are from.
  void moveToCall() { moveTo(call.loc); }
  void moveTo(llvm::SMLoc loc) { evaluator.moveTo(loc, frame); }

private:
  llvm::SmallVector<const Argument *, 4> arguments;
};

/// Calls the builder's method with all arguments.
template <auto build>
Value evaluateWith(PrimitiveCall &call) {
  auto values = call.evaluateAll();
  if (!values)
    return {};
  const Value *value = values->data();
  TensorBuilder &tensors = call.tensors;
  if constexpr (std::is_invocable_v<decltype(build), TensorBuilder &, Value>)
    return (tensors.*build)(value[0]);
  else if constexpr (std::is_invocable_v<decltype(build), TensorBuilder &,
                                         Value, Value>)
    return (tensors.*build)(value[0], value[1]);
  else
    return (tensors.*build)(value[0], value[1], value[2]);
}

} // namespace maek::dsl

#endif // MAEK_DSL_PRIMITIVES_PRIMITIVECALL_H
