// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/BlockOrder.h"

#include "llvm/ADT/DenseMap.h"
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
  // Not by moveAfter: then the next question about the order would count the
  // whole block anew.
  for (Operation *dependent : llvm::reverse(moved)) {
    dependent->remove();
    to->getBlock()->getOperations().insertAfter(to->getIterator(), dependent);
  }
}

/// Calls `visit` for each op of the block after those whose results it reads.
static void visitByUses(Block &block, function_ref<void(Operation *)> visit) {
  SmallPtrSet<Operation *, 16> found;
  SmallVector<std::pair<Operation *, bool>> pending;
  for (Operation &root : block) {
    pending.push_back({&root, false});
    while (!pending.empty()) {
      auto [op, isDone] = pending.pop_back_val();
      if (isDone)
        visit(op);
      else if (found.insert(op).second) {
        pending.push_back({op, true});
        for (Operation *source : getSources(op))
          pending.push_back({source, false});
      }
    }
  }
}

void orderByUses(Block &block) {
  struct Place {
    unsigned round = 0, position = 0;
  };
  llvm::DenseMap<Operation *, Place> places;
  for (auto [i, op] : llvm::enumerate(block))
    places[&op].position = i;
  visitByUses(block, [&](Operation *op) {
    Place &own = places.find(op)->second;
    for (Operation *source : getSources(op)) {
      Place other = places.lookup(source);
      own.round =
          std::max(own.round, other.round + (other.position > own.position));
    }
  });
  SmallVector<Operation *> order;
  for (Operation &op : block.without_terminator())
    order.push_back(&op);
  llvm::stable_sort(order, [&](Operation *a, Operation *b) {
    return places.lookup(a).round < places.lookup(b).round;
  });
  for (Operation *op : order)
    op->moveBefore(block.getTerminator());
}

} // namespace maek
