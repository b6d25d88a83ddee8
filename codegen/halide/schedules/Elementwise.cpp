// Part of Maek, under the MIT licence; see LICENSE.
// Results that are computed element by element, each exactly once: a result may
// lie over an argument, so no tail may run over elements that are done. Such
// kernels are bound by memory; a vector at a time and blocks for the threads
// are all there is to gain.
#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {

/// Numbers read and written for one element; a function such as exp counts as
/// eight, which it takes as long as.
static double getCost(KernelAlgorithm &kernel, const OutputGroup &group) {
  double cost = double(group.values.size());
  cost += kernel.getKernel().getNumArguments();
  for (Operation &op : kernel.getKernel().getBody().front())
    cost += KernelAlgorithm::isCostly(&op) ? 8 : 0;
  return cost;
}

/// Axes whose index decides which operand an element comes from. Where they
/// are unrolled, nothing is computed for the operands not chosen.
static llvm::SmallVector<int64_t> getStackedAxes(const OutputGroup &group) {
  llvm::SmallVector<int64_t> axes;
  for (Value value : group.values)
    if (auto stack = value.getDefiningOp<StackOp>())
      if (stack.getOperands().size() <= 8 &&
          !llvm::is_contained(axes, int64_t(stack.getDim())))
        axes.push_back(stack.getDim());
  return axes;
}

static void scheduleVectors(Halide::Stage stage, const OutputGroup &group,
                            int lanes) {
  int64_t rank = group.extents.size();
  llvm::SmallVector<int64_t> stacked = getStackedAxes(group);
  std::vector<Halide::VarOrRVar> order{KernelAlgorithm::var(rank, rank - 1)};
  for (int64_t axis = rank - 2; axis >= 0; --axis) {
    auto place =
        llvm::is_contained(stacked, axis) ? order.begin() + 1 : order.end();
    order.insert(place, KernelAlgorithm::var(rank, axis));
  }
  stage.reorder(order).vectorize(KernelAlgorithm::var(rank, rank - 1), lanes,
                                 TailStrategy::GuardWithIf);
  for (int64_t axis : stacked)
    if (axis != rank - 1)
      stage.unroll(KernelAlgorithm::var(rank, axis));
}

/// The axis whose blocks the threads share: the outermost that is not short.
static int64_t getParallelAxis(const OutputGroup &group) {
  llvm::SmallVector<int64_t> stacked = getStackedAxes(group);
  for (auto [axis, extent] : llvm::enumerate(group.extents))
    if (!llvm::is_contained(stacked, int64_t(axis)) &&
        (!extent.isStatic() || extent.factor >= 16))
      return axis;
  return int64_t(group.extents.size()) - 1;
}

static void scheduleParallel(Halide::Stage stage, const OutputGroup &group,
                             int lanes, const ElementwiseChoice &choice) {
  int64_t rank = group.extents.size(), axis = getParallelAxis(group);
  int64_t inner = 1;
  for (const Extent &extent : llvm::drop_begin(group.extents, axis + 1))
    inner *= extent.isStatic() ? extent.factor : 1;
  int block = int(std::max<int64_t>(1, choice.block / inner));
  Var outer("outer");
  stage.split(KernelAlgorithm::var(rank, axis), outer,
              KernelAlgorithm::var(rank, axis), block,
              TailStrategy::GuardWithIf);
  scheduleVectors(stage, group, lanes);
  std::vector<Halide::VarOrRVar> order;
  for (int64_t i = 0; i < axis; ++i)
    order.push_back(KernelAlgorithm::var(rank, i));
  order.push_back(outer);
  stage.reorder(order).parallel(outer);
}

void scheduleElements(KernelAlgorithm &kernel, OutputGroup &group,
                      const Machine &machine, const ElementwiseChoice &choice) {
  if (group.extents.empty())
    return;
  int lanes = machine.lanes(group.func.types().front());
  Halide::Expr isLarge = countElements(kernel, group.extents) >=
                         float(minParallelNumbers / getCost(kernel, group));
  scheduleParallel(group.func.specialize(isLarge), group, lanes, choice);
  scheduleVectors(group.func, group, lanes);
}

bool scheduleElementwise(KernelAlgorithm &kernel, const Machine &machine,
                         Decision &decision) {
  if (!kernel.getReductions().empty())
    return false;
  const OutputGroup &first = kernel.getOutputs().front();
  auto choice = decision.settle<ElementwiseChoice>(
      first.values.front().getDefiningOp(), usualElements,
      [](const ElementwiseChoice &other) {
        return other.block >= 256 && other.block <= 1 << 24;
      });
  decision.reason =
      "vectors of " +
      std::to_string(machine.lanes(first.func.types().front())) +
      ", for which memory is the limit; tasks of " +
      std::to_string(choice.block) + " elements where there are more than " +
      std::to_string(int64_t(minParallelNumbers / getCost(kernel, first)));
  decision.offer(ElementwiseChoice{choice.block * 4});
  decision.offer(ElementwiseChoice{std::max(choice.block / 4, 256)});
  for (OutputGroup &group : kernel.getOutputs())
    scheduleElements(kernel, group, machine, choice);
  return true;
}

} // namespace maek::halide
