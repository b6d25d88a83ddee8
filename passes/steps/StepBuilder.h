// Part of Maek, under the MIT licence; see LICENSE.
// Functions of sequences, one step at a time.
#ifndef MAEK_PASSES_STEPS_STEPBUILDER_H
#define MAEK_PASSES_STEPS_STEPBUILDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek {
class StepAxes;

/// Replaces `function`, which computes all steps at once, by one that computes
/// the step number `state.position`. What attention needs of the steps before
/// is kept: carried tensors `state.cache`, `state.cache_2`, ... that hold
/// any number of steps, C. Null, and nothing changed, if a step depends on
/// later ones, on the number of steps, or in a way that is not known here.
mlir::func::FuncOp makeStepwise(mlir::func::FuncOp function,
                                const StepAxes &axes);

} // namespace maek

#endif // MAEK_PASSES_STEPS_STEPBUILDER_H
