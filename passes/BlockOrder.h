// Part of Maek, under the MIT licence; see LICENSE.
// Which ops of a block need which, and a valid order after several became one.
#ifndef MAEK_PASSES_BLOCKORDER_H
#define MAEK_PASSES_BLOCKORDER_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace maek {

/// Whether `op`, or one nested in it, needs a result of one of `targets`,
/// directly or through other ops of the block.
bool needsAny(mlir::Operation *op, llvm::ArrayRef<mlir::Operation *> targets);

/// Whether no two of the ops need one another.
bool areIndependent(llvm::ArrayRef<mlir::Operation *> ops);

/// Moves the ops before `to` that need a result of one of `sources` to right
/// after `to`, in their order. `to` itself needs none of them.
void moveDependentsAfter(llvm::ArrayRef<mlir::Operation *> sources,
                         mlir::Operation *to);

/// Orders the block, whose ops do not need one another in a circle, so that
/// values are defined before they are used. What stands too early is moved
/// behind all that does not need it; as mlir::sortTopologically has it, whose
/// time grows with the longest chain of such ops, too.
void orderByUses(mlir::Block &block);

} // namespace maek

#endif // MAEK_PASSES_BLOCKORDER_H
