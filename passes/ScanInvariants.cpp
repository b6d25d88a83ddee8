// Part of Maek, under the MIT licence; see LICENSE.
// Loop-invariant code out of scans. The generic pass would also move constants
// and broadcasts, which cost nothing inside of a kernel but a buffer outside.
#include "passes/Scans.h"
#include "passes/Simplify.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

/// `op` and all it needs from the body.
static void require(Operation *op, Block *body, SetVector<Operation *> &ops) {
  if (op->getBlock() != body || ops.contains(op))
    return;
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (Operation *source = operand.getDefiningOp();
          source && source->getBlock() == body)
        require(source, body, ops);
  });
  ops.insert(op);
}

unsigned hoistInvariants(ScanOp scan) {
  // A gradient is one of values of its own block.
  if (!scan.getBody().front().getOps<GradientOp>().empty())
    return 0;
  ScanDependence dependence(scan);
  Block *body = &scan.getBody().front();
  SetVector<Operation *> ops;
  for (Operation &op : body->without_terminator())
    if (!isTriviallyRematerializable(&op) && isMemoryEffectFree(&op) &&
        dependence.of(&op) == Dependence::Invariant)
      require(&op, body, ops);
  for (Operation *op : ops)
    op->moveBefore(scan);
  return ops.size();
}

} // namespace maek
