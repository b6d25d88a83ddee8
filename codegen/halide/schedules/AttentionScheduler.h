// Part of Maek, under the MIT licence; see LICENSE.
// The schedules of attention and its gradients: what both kinds share.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_ATTENTIONSCHEDULER_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_ATTENTIONSCHEDULER_H

#include "codegen/halide/AttentionStages.h"
#include "codegen/halide/HalideTarget.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/schedules/Decision.h"

namespace maek::halide {

/// Attention, its sums, and its gradients by queries or by keys and values.
class AttentionScheduler {
public:
  AttentionScheduler(KernelAlgorithm &kernel, AttentionStages &stages,
                     const Machine &machine, Decision &decision);
  void run();

protected:
  AttentionScheduler(KernelAlgorithm &kernel, AttentionStages &stages,
                     const Machine &machine);
  /// Columns or features whose sums are in registers if nothing else is asked
  /// for.
  int pickBlock(const Machine &machine) const;
  /// What one step of columns computes, at `step` of the total.
  void scheduleStep(const Halide::RVar &step);
  void scheduleSum(AttentionStages::Sum &sum, const Halide::Var &across);
  /// A tile's rows as they are and turned, at `loop` of `func`.
  void schedulePanels(Halide::Func &func, const Halide::VarOrRVar &loop);
  void vectorize(Halide::Stage stage) {
    stage.vectorize(stages.lane, vector).unroll(stages.lane);
  }
  /// Numbers of the lanes, in the cache of one core.
  Halide::Func &keep(Halide::Func &func) {
    func.store_in(Halide::MemoryType::Stack)
        .bound(stages.lane, 0, stages.lanes);
    return func;
  }

  KernelAlgorithm &kernel;
  AttentionStages &stages;
  /// The results in whose loop the tile is computed.
  OutputGroup &out;
  /// Lanes of a vector, and columns or features whose sums are in registers: a
  /// power of two up to 8, which divides the columns of a step.
  int vector, block = 0;

private:
  int settleBlock(const Machine &machine, Decision &decision) const;
  void scheduleResults();
  void scheduleTile(Halide::Stage stage, const OutputGroup &group,
                    bool isParallel);

  Halide::Var tiles{"tiles"};
  Halide::RVar outer{"outer"};
};

/// The gradient by all operands at once.
class JointGradientScheduler : AttentionScheduler {
public:
  JointGradientScheduler(KernelAlgorithm &kernel, AttentionStages &stages,
                         const Machine &machine, Decision &decision);
  void run();

private:
  void settle(const Machine &machine, Decision &decision);
  void scheduleResults();
  void scheduleRows();

  JointGradient &joint;
  /// Vectors of features, and rows, whose sums are in registers.
  int vectors = 0, rows = 0;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_ATTENTIONSCHEDULER_H
