// Part of Maek, under the MIT licence; see LICENSE.
// Attention: tiles of rows shared out to the threads, and within each one
// column block after the other, all of which stays in the cache. Products are
// blocks of sums in registers, as for other products.
#include "codegen/halide/schedules/AttentionScheduler.h"

#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/Schedule.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using Halide::Func;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {

AttentionScheduler::AttentionScheduler(KernelAlgorithm &kernel,
                                       AttentionStages &stages,
                                       const Machine &machine)
    : kernel(kernel), stages(stages),
      out(*llvm::max_element(kernel.getOutputs(),
                             [](OutputGroup &a, OutputGroup &b) {
                               return a.extents.size() < b.extents.size();
                             })),
      vector(std::min(machine.lanes(stages.total.types().front()),
                      stages.lanes)) {}

AttentionScheduler::AttentionScheduler(KernelAlgorithm &kernel,
                                       AttentionStages &stages,
                                       const Machine &machine,
                                       Decision &decision)
    : AttentionScheduler(kernel, stages, machine) {
  block = settleBlock(machine, decision);
}

static int64_t getFeatures(const AttentionStages &stages) {
  return getExtents(stages.op->getOperand(0).getType()).back().factor;
}

/// As many as fill the accumulators. Of few features the sums are short, and
/// those that hide the latency of an addition twice are enough: 2 to 9 % less
/// time for 8 and 16 features on Zen 4.
int AttentionScheduler::pickBlock(const Machine &machine) const {
  int parts = stages.lanes / vector;
  int most = machine.accumulators() / parts;
  auto picked = int(llvm::bit_floor(unsigned(std::clamp(most, 1, 8))));
  constexpr int64_t fewFeatures = 16;
  bool isShort = getFeatures(stages) <= fewFeatures;
  return isShort && picked * parts >= 4 * machine.chains() ? picked / 2
                                                           : picked;
}

int AttentionScheduler::settleBlock(const Machine &machine,
                                    Decision &decision) const {
  int parts = stages.lanes / vector;
  int least = stages.product.func.defined() ? stages.product.func.outputs() : 1;
  AttentionChoice choice = decision.settle<AttentionChoice>(
      stages.op, {pickBlock(machine)}, [](const AttentionChoice &other) {
        return other.block <= 8 && llvm::has_single_bit(unsigned(other.block));
      });
  decision.reason =
      "tiles of " + std::to_string(stages.lanes) + " rows in " +
      std::to_string(parts) + " vectors, sums of " +
      std::to_string(choice.block) + " columns or of " +
      std::to_string(getFeatures(stages)) +
      " features at once: " + std::to_string(parts * choice.block) + " of " +
      std::to_string(machine.accumulators()) + " accumulators; steps of " +
      std::to_string(stages.mostColumns) + " columns at most stay in the cache";
  for (int other : {choice.block * 2, choice.block / 2})
    if (other >= least && other <= 8)
      decision.offer(AttentionChoice{other});
  return choice.block;
}

void AttentionScheduler::scheduleTile(Halide::Stage stage,
                                      const OutputGroup &group,
                                      bool isParallel) {
  int64_t leads = stages.leading.size(), rank = group.extents.size();
  int64_t outRank = out.extents.size();
  // Loops that results share have the same names in each of them.
  if (rank != outRank)
    for (int64_t i = 0; i <= leads; ++i)
      stage.rename(KernelAlgorithm::var(rank, i),
                   KernelAlgorithm::var(outRank, i));
  Var row = KernelAlgorithm::var(outRank, leads);
  stage.split(row, tiles, row, stages.lanes, TailStrategy::GuardWithIf);
  std::vector<Halide::VarOrRVar> order{row, tiles};
  for (int64_t i = leads; i-- > 0;)
    order.push_back(KernelAlgorithm::var(outRank, i));
  Var innermost = row;
  if (rank == leads + 2) {
    innermost = KernelAlgorithm::var(rank, leads + 1);
    order.insert(order.begin(), innermost);
  }
  stage.reorder(order);
  stage.vectorize(innermost, vector, TailStrategy::GuardWithIf);
  if (!isParallel)
    return;
  // Loops inside one another: from one fused loop Halide could not tell which
  // tile a task needs.
  stage.parallel(tiles);
  for (int64_t i = 0; i < leads; ++i)
    stage.parallel(KernelAlgorithm::var(outRank, i));
}

/// Results of several shapes are written as each tile ends, too. Halide shares
/// loops of one form only, so that they are always parallel.
void AttentionScheduler::scheduleResults() {
  if (kernel.getOutputs().size() == 1) {
    scheduleTile(
        out.func.specialize(stages.work >= float(minParallelMultiplyAdds)), out,
        true);
    scheduleTile(out.func, out, false);
    return;
  }
  for (OutputGroup &group : kernel.getOutputs()) {
    scheduleTile(group.func, group, true);
    if (&group != &out)
      group.func.compute_with(out.func, tiles);
  }
}

/// A block of sums across columns or features in registers.
void AttentionScheduler::scheduleSum(AttentionStages::Sum &sum,
                                     const Var &across) {
  keep(sum.func);
  vectorize(sum.func);
  Halide::Stage pure = sum.func;
  pure.unroll(across);
  sum.func.update().reorder(stages.lane, across, sum.reduced);
  vectorize(sum.func.update());
  sum.func.update().unroll(across);
}

/// What one step of columns computes.
void AttentionScheduler::scheduleStep(const Halide::RVar &step) {
  Var blockVar("block");
  for (Func &pairs : stages.pairs) {
    keep(pairs).compute_at(stages.total, step);
    pairs.bound_storage(stages.column, stages.mostColumns);
    vectorize(pairs);
  }
  // The first of the pairs reads the sums over features.
  Func &first = stages.pairs.front();
  first
      .split(stages.column, blockVar, stages.column, block,
             TailStrategy::RoundUp)
      .reorder(stages.lane, stages.column, blockVar);
  // What one product gives goes on in registers; of two, the second needs them.
  if (stages.dots.size() == 1)
    first.unroll(stages.column);
  for (AttentionStages::Sum &dot : stages.dots) {
    scheduleSum(dot, stages.column);
    dot.func.compute_at(first, blockVar);
  }
  for (Func &words : stages.words) {
    keep(words).compute_at(stages.total, step);
    words.bound_storage(stages.column, stages.mostColumns / 2);
    vectorize(words);
  }
  for (Func &rows : stages.rowWords)
    rows.compute_at(stages.total, step)
        .bound_storage(stages.column, stages.mostColumns / 2)
        .vectorize(stages.feature, vector, TailStrategy::RoundUp);
  for (AttentionStages::Sum &row : stages.rows) {
    keep(row.func).compute_at(stages.total, step);
    vectorize(row.func);
    row.func.update().reorder(stages.lane, row.reduced);
    vectorize(row.func.update());
  }
}

void AttentionScheduler::schedulePanels(Func &func,
                                        const Halide::VarOrRVar &loop) {
  for (auto [copy, panel] : llvm::zip(stages.copies, stages.panels)) {
    keep(panel);
    keep(copy);
    for (Func part : {copy, panel})
      loop.is_rvar ? part.compute_at(func, loop.rvar)
                   : part.compute_at(func, loop.var);
    vectorize(panel);
    copy.vectorize(stages.feature, vector, TailStrategy::GuardWithIf);
  }
}

void AttentionScheduler::run() {
  scheduleResults();
  schedulePanels(out.func, tiles);
  if (stages.quotient.defined()) {
    keep(stages.quotient).compute_at(out.func, tiles);
    vectorize(stages.quotient);
  }
  keep(stages.total).compute_at(out.func, tiles);
  vectorize(stages.total);
  Halide::Stage update = stages.total.update();
  bool hasFeature = stages.product.func.defined();
  std::vector<Halide::VarOrRVar> order{stages.lane};
  if (hasFeature)
    order.push_back(stages.summedFeature);
  order.push_back(stages.step);
  order.push_back(stages.tile);
  for (const Var &lead : llvm::reverse(stages.leading))
    order.push_back(lead);
  update.reorder(order);
  vectorize(update);
  scheduleStep(stages.step);
  if (!hasFeature)
    return;
  int across = block / int(stages.product.func.outputs());
  Halide::RVar inner("inner");
  update
      .split(stages.summedFeature, outer, inner, std::max(1, across),
             TailStrategy::GuardWithIf)
      .unroll(inner);
  scheduleSum(stages.product, stages.feature);
  stages.product.func.compute_at(stages.total, outer);
}

bool scheduleAttention(KernelAlgorithm &kernel, const Machine &machine,
                       Decision &decision) {
  if (kernel.getAttention().empty())
    return false;
  for (AttentionStages &stages : kernel.getAttention())
    if (stages.joint)
      JointGradientScheduler(kernel, stages, machine, decision).run();
    else
      AttentionScheduler(kernel, stages, machine, decision).run();
  return true;
}

} // namespace maek::halide
