// Part of Maek, under the MIT licence; see LICENSE.
// Functions of sequences, one step at a time.
#ifndef MAEK_DSL_STEPBUILDER_H
#define MAEK_DSL_STEPBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek::dsl {

/// Makes `function`, which computes all steps along the axes of size `time` at
/// once, one that computes the step number `state.position`. What attention
/// needs of the steps before is kept: inputs `state.cache`, `state.cache_2`, …
/// with room for any number of steps, C, and outputs of the same names. False,
/// and nothing changed, if a step depends on later ones, on the number of
/// steps, or in a way that is not known here.
bool makeStepwise(mlir::func::FuncOp function, llvm::StringRef time);

} // namespace maek::dsl

#endif // MAEK_DSL_STEPBUILDER_H
