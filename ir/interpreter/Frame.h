// Part of Maek, under the MIT licence; see LICENSE.
// What one call of a function knows while the interpreter runs it: the values
// of SSA values and of symbols.
#ifndef MAEK_IR_INTERPRETER_FRAME_H
#define MAEK_IR_INTERPRETER_FRAME_H

#include "ir/interpreter/Interpreter.h"
#include "ir/interpreter/SymbolValues.h"
#include "ir/interpreter/Tensor.h"

#include "mlir/IR/Value.h"
#include <unordered_map>

namespace maek {

class Frame {
public:
  /// `caller` is null for an entry.
  Frame(const Frame *caller, ValueHook hook)
      : hook(hook), depth(caller ? caller->depth + 1 : 0) {}

  /// The value that `value` has now. It was set before.
  const Tensor &operator[](mlir::Value value) const;

  /// Gives `value` its tensor. Fails, with a diagnostic, if the tensor's shape
  /// is not what the value's type says.
  mlir::LogicalResult set(mlir::Value value, Tensor tensor);

  /// The shape that the type of `value` has in this call. Fails with a
  /// diagnostic where a symbol is not known or the tensor would be too large.
  mlir::FailureOr<Shape> getShape(mlir::Value value) const;

  /// Runs the ops of `block` but its terminator.
  mlir::LogicalResult run(mlir::Block &block);

  SymbolValues symbols;
  const ValueHook hook;
  /// How many calls are below this one.
  const unsigned depth;

private:
  // Node-based, so that references stay valid while values are added.
  std::unordered_map<void *, Tensor> values;
};

} // namespace maek

#endif // MAEK_IR_INTERPRETER_FRAME_H
