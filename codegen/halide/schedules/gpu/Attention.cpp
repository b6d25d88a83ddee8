// Part of Maek, under the MIT licence; see LICENSE.
// Attention: a block takes a tile of rows, and one step of columns after the
// other. The rows, a step's columns and their scores are in shared memory; no
// score is ever in global memory. Eight threads side by side share the columns,
// or the features, and the others the rows: each has a few of both, so that a
// number read from shared memory serves several sums in registers.
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

#include "codegen/halide/AttentionStages.h"
#include "llvm/ADT/STLExtras.h"

using Halide::Func;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

using namespace mlir;

namespace maek::halide::gpu {
namespace {

class AttentionScheduler {
public:
  AttentionScheduler(KernelAlgorithm &kernel, AttentionStages &stages)
      : kernel(kernel), stages(stages),
        rowsPerThread(
            std::max(1, stages.lanes * attentionWidth / blockThreads)),
        height(stages.lanes / rowsPerThread) {
    features = int(padAttentionFeatures(countFeatures(), stages.blockFeatures) /
                   attentionWidth);
  }

  void run(Decision &decision);

private:
  int countFeatures() const;
  Func pickStored() const;
  void scheduleStored(Func stored);
  void scheduleTotal(Func stored);
  void schedulePairs();
  void scheduleRows();
  void bound(Func func, int lanes) const;
  Func &keepInStep(Func &func);
  void splitLanes(Halide::Stage stage);
  void scheduleColumn(Halide::Stage stage);
  void scheduleGrid(Halide::Stage stage, const Var &across, int perThread);
  void scheduleCopy(Func copy, const Var &along);
  void scheduleSum(AttentionStages::Sum &sum, const Var &across, int count,
                   Func user);

  KernelAlgorithm &kernel;
  AttentionStages &stages;
  /// Rows of a thread, and threads that share them out.
  int rowsPerThread, height;
  /// Features of a thread.
  int features;
  Var laneThread{"laneThread"}, acrossThread{"acrossThread"};
  RVar featureThread{"featureThread"}, featureGroup{"featureGroup"},
      innerFeature{"innerFeature"};
};

/// Features of the total.
int AttentionScheduler::countFeatures() const {
  int64_t count = 0;
  for (Value result : stages.op->getResults())
    if (getRank(result.getType()) == int64_t(stages.leading.size()) + 2)
      count = std::max(count, getExtents(result.getType()).back().factor);
  return int(count);
}

/// The function whose elements are stored for the results: the quotient, unless
/// the sums are a result, too.
Func AttentionScheduler::pickStored() const {
  size_t rank = stages.leading.size() + 2;
  if (stages.quotient.defined() && kernel.getOutputs().size() == 1 &&
      kernel.getOutputs().front().extents.size() == rank)
    return stages.quotient;
  return stages.total.in();
}

/// All lanes of one tile, of one step: as many, whatever of them a mask leaves,
/// so that nothing has to be counted before a launch.
void AttentionScheduler::bound(Func func, int lanes) const {
  for (const Var &axis : func.args()) {
    if (axis.name() == stages.lane.name())
      func.bound_extent(axis, lanes);
    else if (axis.name() != stages.column.name() &&
             axis.name() != stages.feature.name())
      func.bound_extent(axis, 1);
  }
}

Func &AttentionScheduler::keepInStep(Func &func) {
  bound(func, stages.lanes);
  return func.compute_at(stages.total, stages.step);
}

void AttentionScheduler::splitLanes(Halide::Stage stage) {
  stage.split(stages.lane, laneThread, stages.lane, rowsPerThread);
}

/// Each thread of the first column has some lanes.
void AttentionScheduler::scheduleColumn(Halide::Stage stage) {
  splitLanes(stage);
  stage.split(stages.lane, acrossThread, stages.lane, rowsPerThread)
      .unroll(stages.lane)
      .gpu_threads(acrossThread, laneThread);
}

/// Each thread has some lanes and `perThread` neighbours along `across`.
void AttentionScheduler::scheduleGrid(Halide::Stage stage, const Var &across,
                                      int perThread) {
  splitLanes(stage);
  stage.split(across, acrossThread, across, perThread, TailStrategy::RoundUp)
      .reorder(stages.lane, across, acrossThread, laneThread)
      .unroll(stages.lane)
      .unroll(across)
      .gpu_threads(acrossThread, laneThread);
}

/// Neighbouring threads read neighbours from global memory, each all of its
/// numbers at once.
void AttentionScheduler::scheduleCopy(Func copy, const Var &along) {
  Var all("all"), group("group"), thread("thread"), high("high"), low("low");
  copy.fuse(stages.feature, along, all)
      .split(all, group, thread, attentionWidth * height,
             TailStrategy::GuardWithIf)
      .split(thread, high, low, attentionWidth)
      .reorder(group, low, high)
      .unroll(group)
      .gpu_threads(low, high);
}

void AttentionScheduler::scheduleStored(Func stored) {
  stored.compute_root();
  std::vector<Var> blocks{stages.tile};
  for (const Var &lead : llvm::reverse(stages.leading))
    blocks.push_back(lead);
  Halide::Stage stage = stored;
  // A grid has three axes.
  while (blocks.size() > 3) {
    Var fused(blocks[1].name() + "_" + blocks[2].name());
    stage.fuse(blocks[1], blocks[2], fused);
    blocks.erase(blocks.begin() + 2);
    blocks[1] = fused;
  }
  if (stages.product.func.defined()) {
    // All, also where the results need one of them.
    stored.bound_extent(stages.feature, features * attentionWidth);
    scheduleGrid(stage, stages.feature, features);
  } else
    scheduleColumn(stage);
  for (const Var &block : blocks)
    stage.gpu_blocks(block);
}

void AttentionScheduler::scheduleSum(AttentionStages::Sum &sum,
                                     const Var &across, int count, Func user) {
  bound(sum.func, rowsPerThread);
  sum.func.compute_at(user, acrossThread).bound_extent(across, count);
  sum.func.unroll(stages.lane).unroll(across);
  Halide::Stage update = sum.func.update();
  update.reorder(stages.lane, across, sum.reduced)
      .unroll(stages.lane)
      .unroll(across);
  // Some loads are under way while others are used.
  constexpr int turns = 4;
  auto extent = Halide::Internal::as_const_int(
      Halide::Internal::simplify(sum.reduced.extent()));
  if (extent && *extent % turns == 0)
    update.unroll(sum.reduced, turns);
}

void AttentionScheduler::schedulePairs() {
  int columns = stages.mostColumns, perThread = columns / attentionWidth;
  for (Func &pairs : stages.pairs) {
    keepInStep(pairs).bound_extent(stages.column, columns);
    scheduleGrid(pairs, stages.column, perThread);
  }
  for (AttentionStages::Sum &dot : stages.dots)
    scheduleSum(dot, stages.column, perThread, stages.pairs.front());
  for (Func &words : stages.words) {
    keepInStep(words).bound_extent(stages.column, columns / 2);
    scheduleGrid(words, stages.column, std::max(1, perThread / 2));
  }
  auto scheduleColumns = [&](Func copy, int count) {
    keepInStep(copy).bound_extent(stages.column, count);
    scheduleCopy(copy, stages.column);
  };
  for (Func &copy : stages.columnRows)
    scheduleColumns(copy, columns);
  for (Func &copy : stages.rowWords)
    scheduleColumns(copy, columns / 2);
}

/// One thread a row: what it reads of others is in shared memory.
void AttentionScheduler::scheduleRows() {
  for (AttentionStages::Sum &row : stages.rows) {
    Func stored = row.func.in();
    keepInStep(stored);
    splitLanes(stored);
    stored.gpu_threads(stages.lane, laneThread);
    row.func.compute_at(stored, stages.lane);
  }
}

void AttentionScheduler::scheduleTotal(Func stored) {
  Var block = stages.tile;
  // See Note [Sums across barriers].
  stages.total.compute_at(stored, block).store_in(Halide::MemoryType::Register);
  Halide::Stage update = stages.total.update();
  if (!stages.product.func.defined()) {
    scheduleColumn(stages.total);
    scheduleColumn(update);
    update.reorder(stages.lane, acrossThread, laneThread, stages.step,
                   stages.tile);
    return;
  }
  scheduleGrid(stages.total, stages.feature, features);
  splitLanes(update);
  // The features of a block are one thread's, which goes through them in
  // order.
  update.allow_race_conditions()
      .split(stages.summedFeature, featureThread, innerFeature, features)
      .split(innerFeature, featureGroup, innerFeature, stages.blockFeatures)
      .reorder({stages.lane, innerFeature, featureGroup, featureThread,
                laneThread, stages.step, stages.tile})
      .unroll(stages.lane)
      .unroll(innerFeature)
      .unroll(featureGroup)
      .gpu_threads(featureThread, laneThread);
  bound(stages.product.func, rowsPerThread);
  stages.product.func.compute_at(stages.total, featureGroup)
      .bound_extent(stages.feature, stages.blockFeatures);
  stages.product.func.unroll(stages.lane).unroll(stages.feature);
  stages.product.func.update()
      .reorder(stages.lane, stages.feature, stages.product.reduced)
      .unroll(stages.lane)
      .unroll(stages.feature);
}

void AttentionScheduler::run(Decision &decision) {
  decision.op = stages.op;
  decision.reason =
      "blocks of " + std::to_string(attentionWidth * height) +
      " threads: " + std::to_string(stages.lanes) + " rows and steps of " +
      std::to_string(stages.mostColumns) +
      " columns, which shared memory holds with their scores; a thread has " +
      std::to_string(rowsPerThread) + " x " +
      std::to_string(stages.mostColumns / attentionWidth) + " scores and " +
      std::to_string(rowsPerThread) + " x " +
      std::to_string(stages.blockFeatures) + " sums in registers";
  Func stored = pickStored();
  scheduleStored(stored);
  scheduleTotal(stored);
  // Anew for each step: Halide 21 gives shared memory that is read for the last
  // time in the middle of a loop to what the rest of the loop needs, though the
  // next turn reads it again.
  for (Func &panel : stages.panels) {
    keepInStep(panel);
    scheduleCopy(panel, stages.lane);
  }
  schedulePairs();
  scheduleRows();
}

} // namespace

bool scheduleAttention(KernelAlgorithm &kernel, Decision &decision) {
  if (kernel.getAttention().empty())
    return false;
  for (AttentionStages &stages : kernel.getAttention())
    AttentionScheduler(kernel, stages).run(decision);
  for (OutputGroup &group : kernel.getOutputs())
    scheduleElements(group.func);
  return true;
}

} // namespace maek::halide::gpu
