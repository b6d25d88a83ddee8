// Part of Maek, under the MIT licence; see LICENSE.
// Rows added up at places that a tensor names. Two of them may have the same
// place, so they go one after another: the threads share the columns, and each
// sum has the same order whatever their number.
#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {

/// Columns of one task: two lines of the cache from each row.
static constexpr int taskColumns = 32;

namespace {

class ScatterScheduler {
public:
  ScatterScheduler(Reduction &scatter, const Machine &machine)
      : scatter(scatter), func(scatter.func), vars(func.args()),
        lanes(machine.lanes(func.types().front())) {
    // Halide's order is innermost first: columns, the place, shared axes.
    auto batch = cast<ScatterAddOp>(scatter.op).getBatch();
    size_t place = vars.size() - 1 - size_t(batch);
    columns.assign(vars.begin(), vars.begin() + place);
    shared.assign(vars.begin() + place + 1, vars.end());
  }

  void run(const Halide::Expr &isLarge) {
    func.compute_root().vectorize(vars.front(), lanes,
                                  TailStrategy::GuardWithIf);
    if (!columns.empty())
      schedule(func.update().specialize(isLarge), /*isParallel=*/true);
    schedule(func.update(), /*isParallel=*/false);
  }

private:
  /// Columns in vectors within a row, rows one after another.
  void schedule(Halide::Stage stage, bool isParallel) {
    std::vector<Halide::VarOrRVar> order;
    if (!columns.empty())
      order.push_back(columns.front());
    if (isParallel)
      stage.split(columns.front(), task, columns.front(), taskColumns,
                  TailStrategy::GuardWithIf);
    for (const Halide::RVar &r : llvm::reverse(scatter.domain))
      order.push_back(r);
    if (isParallel)
      order.push_back(task);
    order.insert(order.end(), columns.begin() + !columns.empty(),
                 columns.end());
    order.insert(order.end(), shared.begin(), shared.end());
    if (order.size() > 1)
      stage.reorder(order);
    else
      stage.unscheduled();
    if (!columns.empty())
      stage.vectorize(columns.front(), lanes, TailStrategy::GuardWithIf);
    if (isParallel)
      stage.parallel(task);
  }

  Reduction &scatter;
  Halide::Func func;
  std::vector<Var> vars, columns, shared;
  int lanes;
  Var task{"task"};
};

} // namespace

void scheduleScatter(KernelAlgorithm &kernel, Reduction &scatter,
                     const Machine &machine) {
  Type updates = cast<ScatterAddOp>(scatter.op).getUpdates().getType();
  ScatterScheduler(scatter, machine)
      .run(countElements(kernel, getExtents(updates)) >=
           float(minParallelNumbers));
}

} // namespace maek::halide
