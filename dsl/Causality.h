// Part of Maek, under the MIT licence; see LICENSE.
// Whether a sequence can be computed piece by piece, as it becomes known.
#ifndef MAEK_DSL_CAUSALITY_H
#define MAEK_DSL_CAUSALITY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek::dsl {

/// Whether each step along the axes of size `time` needs nothing of other
/// steps but the states that scans carry forward, and nothing counts the
/// steps: then the function of a whole sequence is that of its pieces, one
/// behind the other. False for what it does not know.
bool isCausal(mlir::func::FuncOp function, llvm::StringRef time);

} // namespace maek::dsl

#endif // MAEK_DSL_CAUSALITY_H
