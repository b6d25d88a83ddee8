// Part of Maek, under the MIT licence; see LICENSE.
// Rows added up at places that a tensor names. Two of them may have the same
// place: a thread owns a column, and adds the rows to it one after another, so
// that no addition is atomic and each sum has the same order every time.
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide::gpu {

void scheduleScatter(Reduction &scatter) {
  Halide::Func func = scatter.func;
  scheduleElements(func.compute_root());
  // Halide's order is innermost first: columns, the place, shared axes.
  std::vector<Var> vars = func.args();
  vars.erase(vars.end() - 1 - cast<ScatterAddOp>(scatter.op).getBatch());
  Halide::Stage rows = func.update();
  Var block("block"), thread("thread");
  if (vars.empty()) {
    rows.split(Var::outermost(), block, thread, 1);
  } else {
    std::vector<Halide::VarOrRVar> order;
    for (const Halide::RVar &r : llvm::reverse(scatter.domain))
      order.push_back(r);
    order.insert(order.end(), vars.begin(), vars.end());
    rows.reorder(order);
    Var all = vars.front();
    for (size_t i = 1; i < vars.size(); ++i) {
      Var fused("fused" + std::to_string(i));
      rows.fuse(all, vars[i], fused);
      all = fused;
    }
    rows.split(all, block, thread, warp, TailStrategy::GuardWithIf);
  }
  rows.gpu_blocks(block).gpu_threads(thread);
}

} // namespace maek::halide::gpu
