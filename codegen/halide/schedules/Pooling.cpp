// Part of Maek, under the MIT licence; see LICENSE.
// Pooling: each element is a sum or maximum over a few others beside it. A
// vector of them is computed at once, right where it is used.
#include "codegen/halide/schedules/Schedule.h"

#include "ir/MaekOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::TailStrategy;
using Halide::Var;

namespace maek::halide {
namespace {

/// More elements than this are worth partial sums of their own.
constexpr int64_t maxElements = 64;
/// Unrolled up to a window of 3 x 3.
constexpr int64_t maxUnrolled = 9;

int64_t countElements(const Reduction &reduction) {
  int64_t count = 1;
  for (const Extent &extent : reduction.extents)
    count *= extent.isStatic() && extent.factor <= maxElements
                 ? extent.factor
                 : maxElements + 1;
  return count;
}

/// Whether few elements are reduced, and none of them along the innermost axis.
bool isPooling(const Reduction &reduction) {
  if (reduction.func.dimensions() == 0 ||
      countElements(reduction) > maxElements)
    return false;
  auto reduce = dyn_cast<ReduceOp>(reduction.op);
  return isa<FoldOp>(reduction.op) ||
         (reduce && reduce.getDims().back() !=
                        getRank(reduce.getOperand().getType()) - 1);
}

} // namespace

bool schedulePooling(KernelAlgorithm &kernel, const Machine &machine,
                     Decision &decision) {
  if (kernel.getOutputs().size() != 1 || kernel.getReductions().empty())
    return false;
  OutputGroup &group = kernel.getOutputs().front();
  for (Reduction &reduction : kernel.getReductions())
    if (!isPooling(reduction) ||
        getExtents(reduction.op->getResult(0).getType()) != group.extents)
      return false;
  const Reduction &first = kernel.getReductions().front();
  decision.op = first.op;
  decision.reason = "of " + std::to_string(countElements(first)) +
                    " neighbours, a vector of results at a time" +
                    (countElements(first) <= maxUnrolled ? ", unrolled" : "");
  scheduleElements(kernel, group, machine);
  int64_t rank = group.extents.size();
  Var inner = KernelAlgorithm::var(rank, rank - 1);
  for (Reduction &reduction : kernel.getReductions()) {
    Halide::Func func = reduction.func;
    int lanes = machine.lanes(func.types().front());
    func.compute_at(group.func, inner)
        .vectorize(inner, lanes, TailStrategy::GuardWithIf);
    std::vector<Halide::VarOrRVar> order{inner};
    for (const Halide::RVar &r : llvm::reverse(reduction.domain))
      order.push_back(r);
    Halide::Stage update = func.update();
    update.reorder(order).vectorize(inner, lanes, TailStrategy::GuardWithIf);
    if (countElements(reduction) <= maxUnrolled)
      for (const Halide::RVar &r : reduction.domain)
        update.unroll(r);
  }
  return true;
}

} // namespace maek::halide
