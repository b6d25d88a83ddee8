// Part of Maek, under the MIT licence; see LICENSE.
// Rows that are reduced and used again: softmax, normalisations, log-sum-exp. A
// warp has a row, a block eight of them; of long rows a block has one. Each
// lane reads every 32nd element, the sums of the lanes are added up through
// shared memory, and the elementwise part goes over the row once more, which
// the cache still has: all in one launch.
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;
using Halide::VarOrRVar;

namespace maek::halide::gpu {
namespace {

/// A longer row keeps a block of threads busy.
constexpr int64_t longRow = 1024;

class RowScheduler {
public:
  explicit RowScheduler(KernelAlgorithm &kernel)
      : kernel(kernel), group(kernel.getOutputs().front()), out(group.func),
        row(kernel.getReductions().front()) {
    bool isLong =
        row.extents.back().isStatic() && row.extents.back().factor > longRow;
    lanes = isLong ? blockThreads : warp;
    rows = blockThreads / lanes;
  }

  bool fits() const;
  void run(Decision &decision);

private:
  bool hasElements() const {
    return int(group.extents.size()) > row.func.dimensions();
  }
  void scheduleResult();
  void scheduleReduction(Reduction &reduction);

  KernelAlgorithm &kernel;
  OutputGroup &group;
  Func out;
  /// One of them, all of which have the same shape.
  Reduction &row;
  int lanes, rows;
  Var block{"block"}, rowThread{"rowThread"};
};

/// Whether all reductions are of the same rows, and the results a number or an
/// element for each.
bool RowScheduler::fits() const {
  SmallVector<Extent> shape = getExtents(row.op->getResult(0).getType());
  if (shape.empty())
    return false;
  for (const Reduction &reduction : kernel.getReductions())
    if (!isa<ReduceOp>(reduction.op) || !isAlongRows(reduction) ||
        reduction.extents.size() != 1 ||
        reduction.extents.front() != row.extents.front() ||
        getExtents(reduction.op->getResult(0).getType()) != shape)
      return false;
  ArrayRef<Extent> results = group.extents;
  if (results == ArrayRef(shape))
    return true;
  return results.size() == shape.size() + 1 &&
         results.drop_back() == ArrayRef(shape) &&
         results.back() == row.extents.front();
}

void RowScheduler::scheduleResult() {
  std::vector<Var> axes = out.args();
  Halide::Stage stage = out;
  std::vector<VarOrRVar> order;
  std::vector<VarOrRVar> threads;
  if (hasElements()) {
    Var turn("turn"), lane("lane");
    stage.split(axes.front(), turn, lane, lanes, TailStrategy::GuardWithIf);
    axes.erase(axes.begin());
    order = {turn, lane};
    threads.push_back(lane);
  }
  Var rowBlock("rowBlock");
  stage.split(axes.front(), rowBlock, rowThread, rows,
              TailStrategy::GuardWithIf);
  order.push_back(rowThread);
  order.push_back(rowBlock);
  order.insert(order.end(), axes.begin() + 1, axes.end());
  stage.reorder(order);
  axes.front() = rowBlock;
  Var all = rowBlock;
  for (size_t i = 1; i < axes.size(); ++i) {
    Var fused("fused" + std::to_string(i));
    stage.fuse(all, axes[i], fused);
    all = fused;
  }
  block = all;
  stage.gpu_blocks(block);
  if (threads.empty())
    stage.gpu_threads(rowThread);
  else
    stage.gpu_threads(threads.front(), rowThread);
}

/// One thread adds up what a row's lanes have; the others read its sum.
void RowScheduler::scheduleReduction(Reduction &reduction) {
  Func stored = reduction.func.in();
  Var axis = stored.args().front();
  stored.compute_at(out, block).bound_extent(axis, rows).gpu_threads(axis);
  reduction.func.compute_at(stored, axis);
  scheduleLanes(reduction.func, reduction.domain.back(), lanes, rows, out,
                block);
}

void RowScheduler::run(Decision &decision) {
  decision.op = row.op;
  decision.reason =
      (rows == 1 ? std::string("a block a row")
                 : "a warp a row, " + std::to_string(rows) + " rows a block") +
      ": its lanes read neighbours, " +
      std::to_string(kernel.getReductions().size()) +
      (kernel.getReductions().size() == 1 ? " sum goes" : " sums go") +
      " through shared memory, all in one launch";
  scheduleResult();
  for (Reduction &reduction : kernel.getReductions())
    scheduleReduction(reduction);
}

} // namespace

bool scheduleRows(KernelAlgorithm &kernel, Decision &decision) {
  // Of a scatter of one row nothing is summed over.
  if (kernel.getReductions().empty() || kernel.getOutputs().size() != 1 ||
      kernel.getReductions().front().extents.empty())
    return false;
  RowScheduler scheduler(kernel);
  if (!scheduler.fits())
    return false;
  scheduler.run(decision);
  return true;
}

} // namespace maek::halide::gpu
