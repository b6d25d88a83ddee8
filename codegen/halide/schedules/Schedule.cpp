// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/Schedule.h"

namespace maek::halide {

void scheduleKernel(KernelAlgorithm &kernel, const Machine &machine) {
  // Whatever the class: vectors of elements read these.
  for (Halide::Func scalar : kernel.getScalars())
    scalar.compute_root();
  if (scheduleAttention(kernel, machine) ||
      scheduleElementwise(kernel, machine) ||
      scheduleConvolution(kernel, machine) ||
      scheduleLongContraction(kernel, machine) ||
      scheduleProduct(kernel, machine) || schedulePooling(kernel, machine))
    return;
  scheduleReduction(kernel, machine);
}

} // namespace maek::halide
