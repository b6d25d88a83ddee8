// Part of Maek, under the MIT licence; see LICENSE.
// What the kernel-forming passes must know of an entry's values: which depend
// on parameters alone, and which are written over an argument.
#ifndef MAEK_PASSES_ENTRYVALUES_H
#define MAEK_PASSES_ENTRYVALUES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace maek {

/// Values of the entry's own block that are computed from arguments of the
/// roles `parameter` and `prepared` alone, whatever the values of the symbols.
/// The arguments are among them, constants are not.
llvm::DenseSet<mlir::Value> findParameterValues(mlir::func::FuncOp entry);

/// Whether `value`, an operand of `product`, is the same in every step of the
/// scan around it, or in every call until the parameters change.
bool isWeight(mlir::Value value, mlir::Operation *product,
              const llvm::DenseSet<mlir::Value> &parameterValues);

/// Whether the entry gives parameters or states new values: what it computes of
/// parameters alone is of use to no other call.
bool changesParameters(mlir::func::FuncOp entry);

/// Whether the function is an entry that gets whole sequences, so that its
/// loops may be cut into segments: not a few steps of one, to go on where its
/// last call ended.
bool hasWholeSequences(mlir::func::FuncOp function);

/// The results of role parameter, state or carried, which the runtime has
/// written over the arguments of the same names.
llvm::DenseSet<mlir::Value> findUpdates(mlir::func::FuncOp entry);

/// The arguments that the updates are written over.
llvm::DenseSet<mlir::Value> findUpdated(mlir::func::FuncOp entry);

} // namespace maek

#endif // MAEK_PASSES_ENTRYVALUES_H
