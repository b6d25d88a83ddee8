// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/BlockOrder.h"

#include "mlir/IR/Block.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace maek {

/// The ops of `op`'s block whose results `op`, or one nested in it, reads.
static SmallVector<Operation *> getSources(Operation *op) {
  SmallVector<Operation *> sources;
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      if (Operation *source = operand.getDefiningOp();
          source && source->getBlock() == op->getBlock())
        sources.push_back(source);
  });
  return sources;
}

bool needsAny(Operation *op, ArrayRef<Operation *> targets) {
  SmallVector<Operation *> worklist = getSources(op);
  SmallPtrSet<Operation *, 16> seen;
  while (!worklist.empty()) {
    Operation *source = worklist.pop_back_val();
    if (!seen.insert(source).second)
      continue;
    if (llvm::is_contained(targets, source))
      return true;
    // What stands before all targets needs none of them.
    if (llvm::any_of(targets, [&](Operation *target) {
          return target->isBeforeInBlock(source);
        }))
      llvm::append_range(worklist, getSources(source));
  }
  return false;
}

bool areIndependent(ArrayRef<Operation *> ops) {
  return llvm::none_of(ops, [&](Operation *op) { return needsAny(op, ops); });
}

void moveDependentsAfter(ArrayRef<Operation *> sources, Operation *to) {
  SmallPtrSet<Operation *, 16> needed(sources.begin(), sources.end());
  SmallVector<Operation *> moved;
  Operation *op = *llvm::min_element(sources, [](Operation *a, Operation *b) {
    return a->isBeforeInBlock(b);
  });
  for (; op && op != to; op = op->getNextNode())
    if (!llvm::is_contained(sources, op) &&
        llvm::any_of(getSources(op), [&](Operation *source) {
          return needed.contains(source);
        })) {
      needed.insert(op);
      moved.push_back(op);
    }
  for (Operation *dependent : llvm::reverse(moved))
    dependent->moveAfter(to);
}

} // namespace maek
