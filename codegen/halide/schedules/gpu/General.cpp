// Part of Maek, under the MIT licence; see LICENSE.
// Any kernel: a launch for each reduction, a thread for each of its results,
// then one for the results of each shape. Neighbours along the innermost axis
// are neighbours in a warp, so that it reads and writes whole lines where that
// axis does. Each element is written by one thread, once: a result may lie over
// an argument.
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

#include "ir/MaekOps.h"

using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide::gpu {

Var scheduleElements(Halide::Func func) {
  Var block("block"), thread("thread");
  std::vector<Var> axes = func.args();
  if (axes.empty()) {
    func.split(Var::outermost(), block, thread, 1)
        .gpu_blocks(block)
        .gpu_threads(thread);
    return thread;
  }
  Var all = axes.front();
  for (size_t i = 1; i < axes.size(); ++i) {
    Var fused("fused" + std::to_string(i));
    func.fuse(all, axes[i], fused);
    all = fused;
  }
  func.split(all, block, thread, blockThreads, TailStrategy::GuardWithIf)
      .gpu_blocks(block)
      .gpu_threads(thread);
  return thread;
}

void scheduleGeneral(KernelAlgorithm &kernel, Decision &decision) {
  OutputGroup &first = kernel.getOutputs().front();
  decision.op = kernel.getReductions().empty()
                    ? first.values.front().getDefiningOp()
                    : kernel.getReductions().front().op;
  decision.reason =
      kernel.getReductions().empty()
          ? "a thread for each element, in blocks of " +
                std::to_string(blockThreads)
      : isa<ScatterAddOp>(kernel.getReductions().front().op)
          ? "rows added one after another, a thread a column, since two "
            "may have the same place"
          : explainReduction(kernel.getReductions().front());
  for (Reduction &reduction : kernel.getReductions())
    if (isa<ScatterAddOp>(reduction.op))
      scheduleScatter(reduction);
    else
      scheduleReduction(reduction);
  for (OutputGroup &group : kernel.getOutputs())
    scheduleElements(group.func);
}

} // namespace maek::halide::gpu
