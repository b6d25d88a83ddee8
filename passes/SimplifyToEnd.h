// Part of Maek, under the MIT licence; see LICENSE.
// The loop of maek-simplify, for any patterns.
#ifndef MAEK_PASSES_SIMPLIFYTOEND_H
#define MAEK_PASSES_SIMPLIFYTOEND_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Rewrite/FrozenRewritePatternSet.h"

namespace maek {

/// Applies the patterns, moves invariants out of scans, which `numHoisted`
/// counts, and merges equal ops until nothing changes. Patterns that undo each
/// other are an error, after a number of rewrites that grows with the function.
llvm::LogicalResult simplifyToEnd(mlir::func::FuncOp function,
                                  const mlir::FrozenRewritePatternSet &patterns,
                                  unsigned &numHoisted);

} // namespace maek

#endif // MAEK_PASSES_SIMPLIFYTOEND_H
