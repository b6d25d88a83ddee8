// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/Schedule.h"

namespace maek::halide {

static void vectorizeInnermost(Halide::Stage stage, Halide::Func func,
                               const Machine &machine) {
  if (func.dimensions() == 0)
    return;
  int lanes = machine.lanes(func.types().front());
  stage.vectorize(func.args().front(), lanes,
                  Halide::TailStrategy::GuardWithIf);
}

void scheduleGeneral(KernelAlgorithm &kernel, const Machine &machine) {
  for (Halide::Func scalar : kernel.getScalars())
    scalar.compute_root();
  for (Reduction &reduction : kernel.getReductions()) {
    reduction.func.compute_root();
    vectorizeInnermost(reduction.func, reduction.func, machine);
    Halide::Stage update = reduction.func.update();
    std::vector<Halide::VarOrRVar> order;
    for (Halide::RVar r : llvm::reverse(reduction.domain))
      order.push_back(r);
    std::vector<Halide::Var> vars = reduction.func.args();
    if (!vars.empty())
      order.insert(order.begin(), vars.front());
    for (size_t i = 1; i < vars.size(); ++i)
      order.push_back(vars[i]);
    update.reorder(order);
    vectorizeInnermost(update, reduction.func, machine);
  }
  for (OutputGroup &group : kernel.getOutputs())
    vectorizeInnermost(group.func, group.func, machine);
}

} // namespace maek::halide
