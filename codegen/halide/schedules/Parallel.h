// Part of Maek, under the MIT licence; see LICENSE.
// When to share a loop among threads.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_PARALLEL_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_PARALLEL_H

#include "codegen/halide/KernelAlgorithm.h"

namespace maek::halide {

/// Waking the threads takes 5 to 10 us. One core writes or reads some 50,000
/// numbers in that time, so a loop over fewer than twice as many stays serial.
inline constexpr double minParallelNumbers = 1e5;

/// The product of the sizes, as a float, since 32 bits may not hold it.
inline Halide::Expr countElements(KernelAlgorithm &kernel,
                                  llvm::ArrayRef<Extent> extents) {
  Halide::Expr count = Halide::cast<float>(1);
  for (const Extent &extent : extents)
    count *= Halide::cast<float>(kernel.extent(extent));
  return count;
}

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_PARALLEL_H
