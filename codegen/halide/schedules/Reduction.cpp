// Part of Maek, under the MIT licence; see LICENSE.
// Sums and maxima over axes. How a sum is cut into partial sums depends on its
// size alone, so that the result is the same for any number of threads.
#include "codegen/halide/schedules/Parallel.h"
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::RVar;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {
namespace {

/// A row shorter than this is not worth partial sums: several rows side by side
/// fill the vectors.
constexpr int64_t minRow = 32;
/// Elements of a sum that one thread adds up.
constexpr int64_t blockElements = 32768;
/// Sums of blocks that are added up in a row.
constexpr int groupBlocks = 64;
/// Rows that a column's partial sum adds up; keeps its rounding error that of
/// 128 additions.
constexpr int blockRows = 128;
/// Rows that one thread adds up.
constexpr int groupRows = 4096;
/// So many rows to an example, such as an image's pixels, are worth threads.
constexpr int64_t manyRows = 32;
/// Independent partial sums beside one another: the latency of an addition is
/// four cycles.
constexpr int chains = 4;

class ReductionScheduler {
public:
  explicit ReductionScheduler(const Machine &machine) : machine(machine) {}
  void schedule(Reduction &reduction);
  /// How the reduction is summed, for a remark.
  std::string explain(const Reduction &reduction) const;

private:
  bool isAlongRows(const Reduction &reduction) const;
  bool isOfColumns(const Reduction &reduction) const;
  void scheduleAcross(Reduction &reduction);
  void scheduleColumns(Reduction &reduction);
  void scheduleAlong(Reduction &reduction);
  Halide::Func cutIntoGroups(Reduction &reduction, RVar &rows);
  Halide::Func cutIntoBlocks(Reduction &reduction, std::vector<RVar> &domain);

  const Machine &machine;
};

/// Whether the operand's innermost axis is reduced, and long.
bool ReductionScheduler::isAlongRows(const Reduction &reduction) const {
  auto reduce = dyn_cast<ReduceOp>(reduction.op);
  if (!reduce)
    return false;
  int64_t rank = getRank(reduce.getOperand().getType());
  const Extent &last = reduction.extents.back();
  if (reduce.getDims().back() != rank - 1)
    return false;
  return reduction.func.dimensions() == 0 || !last.isStatic() ||
         last.factor >= minRow;
}

/// Whether the result has one element only. Halide places such a function on
/// the stack without the alignment that its masked vectors rely on.
static bool isSingle(const Reduction &reduction) {
  auto type = cast<RankedTensorType>(reduction.op->getResult(0).getType());
  return type.hasStaticShape() && type.getNumElements() == 1;
}

/// The result's innermost axis in vectors, the reduced ones in loops.
void ReductionScheduler::scheduleAcross(Reduction &reduction) {
  Halide::Func func = reduction.func;
  func.compute_root();
  std::vector<Halide::VarOrRVar> order;
  for (const RVar &r : llvm::reverse(reduction.domain))
    order.push_back(r);
  std::vector<Var> vars = func.args();
  if (!vars.empty())
    order.insert(order.begin(), vars.front());
  for (size_t i = 1; i < vars.size(); ++i)
    order.push_back(vars[i]);
  func.update().reorder(order);
  if (vars.empty() || isSingle(reduction))
    return;
  int lanes = machine.lanes(func.types().front());
  func.vectorize(vars.front(), lanes, TailStrategy::GuardWithIf);
  func.update().vectorize(vars.front(), lanes, TailStrategy::GuardWithIf);
}

/// Cuts a sum over very many rows into groups that the threads share; `rows`
/// runs within a group afterwards. Gives the function that does the summing.
Halide::Func ReductionScheduler::cutIntoGroups(Reduction &reduction,
                                               RVar &rows) {
  Halide::Func func = reduction.func;
  const Extent &size = reduction.extents.front();
  if (size.isStatic() ? size.factor < int64_t{2} * groupRows
                      : size.factor < manyRows)
    return func;
  RVar ro("ro"), ri("ri");
  Var group("group");
  func.update().split(rows, ro, ri, groupRows, TailStrategy::GuardWithIf);
  Halide::Func groups = func.update().rfactor(ro, group);
  groups.compute_root().update().parallel(group);
  if (!isSingle(reduction)) {
    int lanes = machine.lanes(func.types().front());
    Var column = func.args().front();
    func.update()
        .reorder(column, ro)
        .vectorize(column, lanes, TailStrategy::GuardWithIf);
    groups.vectorize(column, lanes, TailStrategy::GuardWithIf);
  }
  rows = ri;
  return groups;
}

/// Four vectors of columns at a time go down a block of rows; one column goes
/// alone.
void ReductionScheduler::scheduleColumns(Reduction &reduction) {
  Halide::Func func = reduction.func;
  int lanes = machine.lanes(func.types().front());
  Var column = func.args().front(), xo("xo"), xi("xi"), blockVar("block");
  RVar rows = reduction.domain.front(), ro("ro"), ri("ri");
  func.compute_root();
  Halide::Func summing = cutIntoGroups(reduction, rows);
  summing.update().split(rows, ro, ri, blockRows, TailStrategy::GuardWithIf);
  Halide::Func partial = summing.update().rfactor(ro, blockVar);
  partial.compute_at(summing, ro);
  if (isSingle(reduction))
    return;
  func.vectorize(column, lanes, TailStrategy::GuardWithIf);
  std::vector<Halide::VarOrRVar> order{xi, ro, xo};
  std::vector<Var> vars = summing.args();
  for (const Var &group : llvm::drop_begin(vars))
    order.push_back(group);
  summing.update()
      .split(column, xo, xi, chains * lanes, TailStrategy::GuardWithIf)
      .reorder(order)
      .vectorize(xi, lanes);
  partial.vectorize(column, lanes, TailStrategy::GuardWithIf);
  partial.update()
      .reorder(column, ri)
      .vectorize(column, lanes, TailStrategy::GuardWithIf)
      .unroll(column);
}

/// Cuts a large sum over everything into one sum per block of a single axis, or
/// per index of the outermost one. `domain` is what runs within a block
/// afterwards. Gives the function that does the summing. A single axis of a
/// size that only a run knows stays whole: a block of it would be run through
/// to its end, for a hundred times what a short one takes.
Halide::Func ReductionScheduler::cutIntoBlocks(Reduction &reduction,
                                               std::vector<RVar> &domain) {
  Halide::Func func = reduction.func;
  Extent size = getNumElements(reduction.extents);
  bool isLong =
      size.isStatic() ? size.factor >= 2 * blockElements : domain.size() > 1;
  if (func.dimensions() != 0 || !isLong)
    return func;
  Var blockVar("block");
  RVar ro("ro"), ri("ri");
  if (domain.size() == 1) {
    func.update().split(domain.front(), ro, ri, int(blockElements),
                        TailStrategy::GuardWithIf);
    domain = {ri};
    Halide::Func blocks = func.update().rfactor(ro, blockVar);
    blocks.compute_root().update().parallel(blockVar);
    return blocks;
  }
  Halide::Func blocks = func.update().rfactor(domain.front(), blockVar);
  blocks.compute_root();
  if (size.isStatic() &&
      size.factor >= reduction.extents.front().factor * blockElements)
    blocks.update().parallel(blockVar);
  // There may be as many blocks as each has elements.
  RVar group("group"), inGroup("in_group");
  func.update().split(domain.front(), group, inGroup, groupBlocks,
                      TailStrategy::GuardWithIf);
  func.update().rfactor(group, Var("groups")).compute_root();
  domain.erase(domain.begin());
  return blocks;
}

/// The innermost axis in vectors of partial sums.
void ReductionScheduler::scheduleAlong(Reduction &reduction) {
  Halide::Func func = reduction.func;
  func.compute_root();
  std::vector<RVar> domain = reduction.domain;
  Halide::Func summing = cutIntoBlocks(reduction, domain);
  int lanes = machine.lanes(func.types().front());
  int width = chains * lanes;
  if (const Extent &size = reduction.extents.back();
      size.isStatic() && size.factor < width)
    width = lanes;
  Var lane("lane");
  RVar ro("vo"), ri("vi");
  summing.update().split(domain.back(), ro, ri, width,
                         TailStrategy::GuardWithIf);
  Halide::Func partial = summing.update().rfactor(ri, lane);
  std::vector<Var> rows = summing.args();
  if (rows.empty())
    partial.compute_root();
  else
    partial.compute_at(summing, rows.front());
  partial.vectorize(lane, lanes).unroll(lane);
  std::vector<Halide::VarOrRVar> order{lane, ro};
  for (size_t i = domain.size() - 1; i-- > 0;)
    order.push_back(domain[i]);
  partial.update().reorder(order).vectorize(lane, lanes).unroll(lane);
}

/// Whether the rows of a matrix are reduced to one.
bool ReductionScheduler::isOfColumns(const Reduction &reduction) const {
  return isa<ReduceOp>(reduction.op) && reduction.domain.size() == 1 &&
         cast<ReduceOp>(reduction.op).getDims().front() == 0 &&
         reduction.func.dimensions() == 1;
}

std::string ReductionScheduler::explain(const Reduction &reduction) const {
  if (isAlongRows(reduction))
    return "along the innermost axis in " + std::to_string(chains) +
           " vectors of partial sums, which hide the latency of an addition";
  if (isOfColumns(reduction))
    return "down blocks of " + std::to_string(blockRows) + " rows, " +
           std::to_string(chains) +
           " vectors of columns beside one another, so that rounding errors "
           "stay small";
  return "vectors of results, one reduced element after another, since the "
         "innermost axis is kept or short";
}

void ReductionScheduler::schedule(Reduction &reduction) {
  if (isAlongRows(reduction))
    scheduleAlong(reduction);
  else if (isOfColumns(reduction))
    scheduleColumns(reduction);
  else
    scheduleAcross(reduction);
}

} // namespace

void scheduleReduction(KernelAlgorithm &kernel, const Machine &machine,
                       Decision &decision) {
  ReductionScheduler scheduler(machine);
  const Reduction &first = kernel.getReductions().front();
  decision.op = first.op;
  decision.reason = isa<ScatterAddOp>(first.op)
                        ? "rows added one after another, in tasks of columns, "
                          "since two may have the same place"
                        : scheduler.explain(first);
  for (Reduction &reduction : kernel.getReductions())
    if (isa<ScatterAddOp>(reduction.op))
      scheduleScatter(kernel, reduction, machine);
    else
      scheduler.schedule(reduction);
  for (OutputGroup &group : kernel.getOutputs())
    scheduleElements(kernel, group, machine);
}

} // namespace maek::halide
