// Part of Maek, under the MIT licence; see LICENSE.
// The gradient of attention by all operands at once: leading indices shared out
// to the threads. Products of a tile and a step are made as in Attention.cpp;
// of what these give, blocks of rows by vectors of features in registers.
#include "codegen/halide/schedules/AttentionScheduler.h"

#include "codegen/halide/schedules/Choices.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using Halide::Func;
using Halide::MemoryType;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {

JointGradientScheduler::JointGradientScheduler(KernelAlgorithm &kernel,
                                               AttentionStages &stages,
                                               const Machine &machine,
                                               Decision &decision)
    : AttentionScheduler(kernel, stages, machine), joint(*stages.joint) {
  settle(machine, decision);
}

/// As many vectors of features as leave registers for four rows, or two where
/// there are few registers, and as many rows as are left: a block reads each
/// vector once and each row's number once. 5 vectors by 4 rows are 20 of 24
/// sums.
void JointGradientScheduler::settle(const Machine &machine,
                                    Decision &decision) {
  constexpr int group = AttentionStages::columnGroup, mostVectors = 6;
  int most = std::min(machine.mostAccumulators(), 4 * mostVectors);
  auto count = int(joint.features) / vector;
  for (vectors = std::min(count, mostVectors); count % vectors != 0;)
    --vectors;
  GradientChoice picked = {
      int(llvm::bit_floor(unsigned(std::clamp(most / vectors, 1, group)))),
      pickBlock(machine)};
  auto fits = [](const GradientChoice &other) {
    return llvm::all_of(ArrayRef({other.rows, other.columns}), [](int number) {
      return number <= group && llvm::has_single_bit(unsigned(number));
    });
  };
  auto choice = decision.settle<GradientChoice>(stages.op, picked, fits);
  rows = choice.rows;
  block = choice.columns;
  decision.reason =
      "tiles of " + std::to_string(stages.lanes) + " keys by steps of " +
      std::to_string(stages.mostColumns) +
      " queries at most, whose weights stay in the first cache; sums of " +
      std::to_string(stages.lanes / vector * block) +
      " vectors of these, and of " + std::to_string(rows) + " rows in " +
      std::to_string(vectors) +
      " vectors of features, in registers; threads share leading indices";
  for (const GradientChoice &other : {GradientChoice{rows * 2, block},
                                      {rows / 2, block},
                                      {rows, block * 2},
                                      {rows, block / 2}})
    if (other.rows >= 1 && other.columns >= 1 && fits(other))
      decision.offer(other);
}

/// From the total of a leading index, which no other thread needs. Results of
/// several shapes share the loops over these.
void JointGradientScheduler::scheduleResults() {
  auto numLeading = int64_t(stages.leading.size());
  for (OutputGroup &group : kernel.getOutputs()) {
    int64_t rank = numLeading + 2;
    group.func.vectorize(KernelAlgorithm::var(rank, rank - 1), vector,
                         TailStrategy::GuardWithIf);
    for (int64_t axis = 0; axis < numLeading; ++axis)
      group.func.parallel(KernelAlgorithm::var(rank, axis));
    if (&group != &out && numLeading > 0)
      group.func.compute_with(out.func,
                              KernelAlgorithm::var(rank, numLeading - 1));
  }
  if (numLeading > 0)
    stages.total.compute_at(
        out.func, KernelAlgorithm::var(numLeading + 2, numLeading - 1));
  else
    stages.total.compute_root();
}

/// Blocks of rows added to their places.
void JointGradientScheduler::scheduleRows() {
  Halide::RVar blockVar("block"), rowOfBlock("rowOfBlock");
  Var inner("inner");
  int width = vectors * vector;
  Func &total = stages.total, &product = stages.product.func;
  total.bound(stages.feature, 0, int(joint.features))
      .vectorize(stages.feature, vector);
  std::vector<Halide::VarOrRVar> order{inner,       rowOfBlock,     blockVar,
                                       joint.group, stages.feature, joint.step,
                                       joint.tile,  joint.round};
  order.insert(order.end(), stages.leading.rbegin(), stages.leading.rend());
  total.update()
      .split(joint.row, blockVar, rowOfBlock, rows)
      .split(stages.feature, stages.feature, inner, width,
             TailStrategy::RoundUp)
      .reorder(order)
      .vectorize(inner, vector)
      .unroll(inner)
      .unroll(rowOfBlock);
  // Halide would look for these in the conditions of a causal mask.
  product.compute_at(total, blockVar)
      .store_in(MemoryType::Register)
      .bound_extent(stages.tile, 1)
      .bound_extent(stages.stepVar, 1);
  auto unroll = [&](Halide::Stage stage) {
    stage.vectorize(stages.feature, vector)
        .unroll(stages.feature)
        .unroll(joint.rowVar);
  };
  unroll(product);
  for (auto [i, reduced] : llvm::enumerate(joint.reduced)) {
    Halide::Stage update = product.update(int(i));
    update.reorder(stages.feature, joint.rowVar, reduced);
    unroll(update);
  }
}

void JointGradientScheduler::run() {
  scheduleResults();
  schedulePanels(stages.total, joint.tile);
  scheduleRows();
  scheduleStep(joint.step);
  auto pad = [&](std::vector<Func> &copies, const Halide::RVar &loop) {
    for (Func &rows : copies)
      rows.compute_at(stages.total, loop)
          .vectorize(stages.feature, vector, TailStrategy::RoundUp);
  };
  pad(joint.tileRows, joint.tile);
  pad(joint.stepRows, joint.round);
}

} // namespace maek::halide
