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

/// The results of role parameter or state, which the runtime has written over
/// the arguments of the same names.
llvm::DenseSet<mlir::Value> findUpdates(mlir::func::FuncOp entry);

/// The argument that `update`, one of findUpdates, is written over; null if
/// the entry has no argument of that role and name.
mlir::Value getUpdated(mlir::func::FuncOp entry, mlir::Value update);

} // namespace maek

#endif // MAEK_PASSES_ENTRYVALUES_H
