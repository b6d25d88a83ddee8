// Part of Maek, under the MIT licence; see LICENSE.
// Values of one type as the slices of one value along a new axis.
#ifndef MAEK_PASSES_PARALLELVALUES_H
#define MAEK_PASSES_PARALLELVALUES_H

#include "ir/MaekOps.h"

namespace maek {

/// The value whose index i of axis `dim` is `values[i]`, if it costs little:
/// slices of one value already, repeats of one value, or weights, which are
/// stacked outside of the loops. `user` is where it is needed; the ops are
/// placed before it. Null if it would copy values that change often.
mlir::Value joinParallel(mlir::ValueRange values, int64_t dim,
                         mlir::Operation *user, mlir::Location loc);

/// Why `joinParallel` would not join `value` with others, or an empty string.
std::string getJoinObstacle(mlir::Value value, mlir::Operation *user);

/// Turns the adds that follow all outputs of `parts`, one each, into one add
/// before it: add(unstack(z)[i], c[i]) -> unstack(add(z, c))[i]. Returns the
/// new unstack, or null if nothing was merged.
UnstackOp mergeParallelAdds(UnstackOp parts);

} // namespace maek

#endif // MAEK_PASSES_PARALLELVALUES_H
