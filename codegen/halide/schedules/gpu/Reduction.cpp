// Part of Maek, under the MIT licence; see LICENSE.
// Sums and maxima over axes, each in launches of its own:
//
// - along rows, the innermost axis: a warp a row. Its lanes read neighbours,
//   each adds up every 32nd element in a register, and one of them adds up what
//   the lanes have, from shared memory;
// - of all elements to one: a block for every few thousand elements, then one
//   block for what they give;
// - down columns: a warp reads neighbouring columns of a row; many rows are cut
//   into parts, which a second launch adds up;
// - others, such as windows of few neighbours: a thread a result.
//
// No addition is atomic. How a sum is cut depends on its size alone, so that it
// has the same order every time.
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "codegen/halide/schedules/gpu/GpuSchedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Func;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide::gpu {
namespace {

/// A row shorter than this leaves most of a warp idle: a thread a row.
constexpr int64_t minRow = 32;
/// Elements that a block adds up of a sum of all: sixteen a thread, enough to
/// hide its launch, few enough that a million make a block for every SM.
constexpr int blockElements = 16 * blockThreads;
/// Rows that a thread adds up of one column.
constexpr int partRows = 128;

/// A function and what its update runs over.
struct Sum {
  Func func;
  std::vector<RVar> domain;
};

class ReductionScheduler {
public:
  explicit ReductionScheduler(Reduction &reduction)
      : reduction(reduction), sum{reduction.func, reduction.domain} {}

  void run();
  std::string explain() const;

private:
  bool canPart() const;
  bool isOfAll() const { return reduction.func.dimensions() == 0; }
  bool isDownColumns() const;
  void scheduleAll();
  void scheduleColumns();
  static void scheduleThreads(Func func);

  Reduction &reduction;
  Sum sum;
};

/// One thread for each element of `func`, which has its sum in a register.
void ReductionScheduler::scheduleThreads(Func func) {
  Func stored = func.in();
  Var thread = scheduleElements(stored.compute_root());
  func.compute_at(stored, thread);
}

/// Whether Halide can tell how two parts are put together.
bool ReductionScheduler::canPart() const {
  return isa<ReduceOp, EinsumOp>(reduction.op);
}

bool isLong(const Extent &extent, int64_t least) {
  return !extent.isStatic() || extent.factor >= least;
}

/// A row of `sum` to each warp, or to a block of `lanes` threads.
void scheduleWarps(Sum sum, int lanes, int rows) {
  Func stored = sum.func.in();
  Var block("block"), row("row");
  std::vector<Var> axes = stored.args();
  stored.compute_root();
  Halide::Stage stage = stored;
  if (axes.empty()) {
    stage.split(Var::outermost(), block, row, 1);
  } else {
    stage.split(axes.front(), block, row, rows, TailStrategy::GuardWithIf);
    for (size_t i = 1; i < axes.size(); ++i)
      stage.fuse(block, axes[i], block);
  }
  stage.gpu_blocks(block).gpu_threads(row);
  sum.func.compute_at(stored, row);
  scheduleLanes(sum.func, sum.domain.back(), lanes, rows, stored, block);
}

/// Whether rows are kept, one beside the other, of which no neighbours are
/// added up.
bool ReductionScheduler::isDownColumns() const {
  return !isOfAll() && canPart() &&
         isLong(reduction.extents.front(), int64_t(2) * partRows);
}

/// Of several axes, the outermost one makes the blocks.
void ReductionScheduler::scheduleAll() {
  Var group("group");
  RVar outer("groups"), inner("in_group");
  Halide::Stage update = sum.func.update();
  Sum parts;
  if (sum.domain.size() > 1) {
    outer = sum.domain.front();
    parts.domain.assign(sum.domain.begin() + 1, sum.domain.end());
  } else {
    update.split(sum.domain.front(), outer, inner, blockElements,
                 TailStrategy::GuardWithIf);
    parts.domain = {inner};
  }
  parts.func = update.rfactor(outer, group);
  scheduleWarps(parts, blockThreads, 1);
  scheduleWarps({sum.func, {outer}}, blockThreads, 1);
}

void ReductionScheduler::scheduleColumns() {
  RVar outer("parts"), inner("in_part");
  Halide::Stage update = sum.func.update();
  update.split(sum.domain.front(), outer, inner, partRows,
               TailStrategy::GuardWithIf);
  Func parts = update.rfactor(outer, Var("part"));
  scheduleThreads(parts);
  scheduleThreads(sum.func);
}

void ReductionScheduler::run() {
  if (isOfAll() && canPart() &&
      isLong(getNumElements(reduction.extents), blockElements))
    scheduleAll();
  else if (isAlongRows(reduction))
    scheduleWarps(sum, warp, blockThreads / warp);
  else if (isDownColumns())
    scheduleColumns();
  else
    scheduleThreads(sum.func);
}

std::string ReductionScheduler::explain() const {
  if (isOfAll() && canPart())
    return "blocks of " + std::to_string(blockElements) +
           " elements, then one block for their sums: the same order every "
           "time";
  if (isAlongRows(reduction))
    return "a warp a row, whose lanes read neighbours; " +
           std::to_string(blockThreads / warp) + " rows a block";
  if (isDownColumns())
    return "a thread for " + std::to_string(partRows) +
           " rows of a column, whose neighbour has the next column; a second "
           "launch adds up the parts";
  return "a thread a result, since there are few elements to each";
}

} // namespace

bool isAlongRows(const Reduction &reduction) {
  auto isLast = [](Value operand, ArrayRef<int64_t> dims) {
    return dims.back() == getRank(operand.getType()) - 1;
  };
  auto reduce = dyn_cast<ReduceOp>(reduction.op);
  if (reduce && !isLast(reduce.getOperand(), reduce.getDims()))
    return false;
  auto einsum = dyn_cast<EinsumOp>(reduction.op);
  if (einsum) {
    EinsumAttr equation = einsum.getEquation();
    char last = equation.getContracted().back();
    if (equation.getLhs().back() != last && equation.getRhs().back() != last)
      return false;
  }
  return (reduce || einsum) && isLong(reduction.extents.back(), minRow);
}

Func scheduleLanes(Func func, RVar along, int lanes, int rows, Func user,
                   const Var &block) {
  RVar outer("steps"), inner("lanes");
  Var lane("lane");
  func.update().split(along, outer, inner, lanes, TailStrategy::GuardWithIf);
  Func part = func.update().rfactor(inner, lane);
  Func shared = part.in();
  shared.compute_at(user, block);
  if (func.dimensions() == 0) {
    shared.gpu_threads(lane);
  } else {
    Var row = func.args().front();
    shared.reorder(lane, row).gpu_threads(lane, row);
    shared.bound_extent(row, rows);
  }
  part.compute_at(shared, lane);
  return shared;
}

void scheduleReduction(Reduction &reduction) {
  ReductionScheduler(reduction).run();
}

std::string explainReduction(Reduction &reduction) {
  return ReductionScheduler(reduction).explain();
}

} // namespace maek::halide::gpu
