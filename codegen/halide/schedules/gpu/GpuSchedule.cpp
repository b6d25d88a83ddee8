// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

namespace maek::halide::gpu {

void scheduleKernel(KernelAlgorithm &kernel, Decision &decision) {
  // Whatever the class: all elements read these.
  for (Halide::Func scalar : kernel.getScalars())
    scheduleElements(scalar.compute_root());
  if (scheduleAttention(kernel, decision) ||
      scheduleProduct(kernel, decision) || scheduleRows(kernel, decision))
    return;
  scheduleGeneral(kernel, decision);
}

} // namespace maek::halide::gpu
