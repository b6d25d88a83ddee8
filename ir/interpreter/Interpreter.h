// Part of Maek, under the MIT licence; see LICENSE.
// The reference interpreter: what the IR means, computed slowly and obviously
// in f64. Every test's oracle.
#ifndef MAEK_IR_INTERPRETER_INTERPRETER_H
#define MAEK_IR_INTERPRETER_INTERPRETER_H

#include "ir/interpreter/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir {
class DialectRegistry;
}

namespace maek {

/// Attaches the reference semantics to the ops.
void registerInterpretableModels(mlir::DialectRegistry &registry);

/// Sees each tensor before it becomes the value of an argument or of an op's
/// result, and may change its elements: a test measures what roundings do.
using ValueHook = llvm::function_ref<void(mlir::Value, Tensor &)>;

/// The results of `function`, which may call other functions of its module.
/// Symbols take their values from the arguments' shapes. Fails after a
/// diagnostic at the function (wrong arguments) or at an op.
mlir::FailureOr<llvm::SmallVector<Tensor>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
          ValueHook hook = {});

} // namespace maek

#endif // MAEK_IR_INTERPRETER_INTERPRETER_H
