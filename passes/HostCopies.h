// Part of Maek, under the MIT licence; see LICENSE.
// Which ops that only move elements must be kernels, because no strides say
// the same or because the host's copy pays for itself.
#ifndef MAEK_PASSES_HOSTCOPIES_H
#define MAEK_PASSES_HOSTCOPIES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"

namespace maek {

/// The layout ops of `function`'s host blocks that are no views: pack and pad;
/// stacks and concats none of whose operands is computed in place; views that
/// strides cannot express; transposes of a product's operand that part rows
/// which the product could walk as one. Joins in front of a pack are copied so
/// that each pack has its own, and concats of parts become parts of a concat.
llvm::DenseSet<mlir::Operation *> findCopies(mlir::func::FuncOp function);

} // namespace maek

#endif // MAEK_PASSES_HOSTCOPIES_H
