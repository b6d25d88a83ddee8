// Part of Maek, under the MIT licence; see LICENSE.
// How a product is cut into tiles on a device: what its algorithm must know,
// which pads the summed axis with zeros, and its schedule.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_PRODUCTTILE_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_PRODUCTTILE_H

#include "ir/MaekOps.h"

namespace maek::halide::gpu {

/// Steps of the summed axis in shared memory at once: sixteen numbers are half
/// of a line, two sectors, of each row.
inline constexpr int productStep = 16;
/// Rows and columns of a tile, where there are enough.
inline constexpr int tileRows = 64, tileColumns = 64;

/// Steps of the summed axis that one block sums up; the others are other
/// blocks'. 0 if a block sums up all.
int64_t getPartLength(EinsumOp einsum);

/// The same of the outermost one of several summed axes, such as the images of
/// a convolution's gradient by its weights.
int64_t getPartExamples(EinsumOp einsum);

/// What the size of a product's last summed axis is rounded up to, with zeros.
int64_t getSummedMultiple(EinsumOp einsum);

} // namespace maek::halide::gpu

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_GPU_PRODUCTTILE_H
