// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/Schedule.h"

#include "codegen/halide/schedules/gpu/GpuSchedule.h"

namespace maek::halide {

void scheduleKernel(KernelAlgorithm &kernel, const Halide::Target &target,
                    Decision &decision) {
  if (kernel.runsOnDevice())
    return gpu::scheduleKernel(kernel, decision);
  Machine machine(target);
  // Whatever the class: vectors of elements read these.
  for (Halide::Func scalar : kernel.getScalars())
    scalar.compute_root();
  if (scheduleAttention(kernel, machine, decision) ||
      scheduleElementwise(kernel, machine, decision) ||
      scheduleConvolution(kernel, machine, decision) ||
      scheduleLongContraction(kernel, machine, decision) ||
      scheduleProduct(kernel, machine, decision) ||
      schedulePooling(kernel, machine, decision))
    return;
  scheduleReduction(kernel, machine, decision);
}

} // namespace maek::halide
