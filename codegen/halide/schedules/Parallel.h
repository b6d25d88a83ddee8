// Part of Maek, under the MIT licence; see LICENSE.
// When to share a loop among threads.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_PARALLEL_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_PARALLEL_H

#include "codegen/halide/KernelAlgorithm.h"

namespace maek::halide {

// A thread that is awake takes up a task in half a microsecond, in which one
// core does some ten thousand multiply-adds, or reads or writes some five
// thousand numbers. One that sleeps costs the one that calls it two, and is not
// waited for.

/// What a task has to do at least, in multiply-adds.
inline constexpr double minTaskMultiplyAdds = 6e4;
/// A loop over fewer multiply-adds, or numbers, stays serial.
inline constexpr double minParallelMultiplyAdds = 2e5;
inline constexpr double minParallelNumbers = 2e4;

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
