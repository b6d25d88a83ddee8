// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelGroups.h"

#include "passes/KernelOps.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

KernelGroups::KernelGroups(Block &block) : block(block) {
  for (auto [i, op] : llvm::enumerate(block)) {
    if (isRepeatable(&op))
      continue;
    position[&op] = i;
    group[&op] = groups.size();
    rank.push_back(groups.size());
    order.push_back(groups.size());
    groups.push_back({&op});
    if (&op != block.getTerminator())
      ops.push_back(&op);
    llvm::SetVector<Operation *> next;
    for (Value result : op.getResults())
      for (Operation *user : users(result))
        next.insert(user);
    successors[&op].assign(next.begin(), next.end());
  }
}

bool KernelGroups::isIn(Operation *op, Group of) const {
  auto found = group.find(op);
  return found != group.end() && found->second == of;
}

/// Marks the groups between `a` and `b` that need values of `a`, and returns
/// whether `b` needs values of one of them.
bool KernelGroups::search(Group a, Group b) const {
  visits.resize(groups.size());
  ++numSearches;
  SmallVector<Group> pending;
  auto follow = [&](Group from) {
    for (Operation *op : groups[from])
      for (Operation *next : successors.find(op)->second) {
        Group to = groupOf(next);
        if (to == b && from != a)
          return true;
        if (rank[to] <= rank[a] || rank[to] >= rank[b] ||
            visits[to] == numSearches)
          continue;
        visits[to] = numSearches;
        pending.push_back(to);
      }
    return false;
  };
  follow(a);
  while (!pending.empty())
    if (follow(pending.pop_back_val()))
      return true;
  return false;
}

bool KernelGroups::wouldCycle(Group a, Group b) const {
  // Nothing lies between neighbours, however large they are.
  if (std::max(rank[a], rank[b]) - std::min(rank[a], rank[b]) <= 1)
    return false;
  return rank[a] < rank[b] ? search(a, b) : search(b, a);
}

void KernelGroups::merge(Group into, Group from) {
  if (into == from)
    return;
  // What needs the first group's values goes behind the union, the rest of
  // what is between the two stays before it.
  Group first = into, second = from;
  if (rank[first] > rank[second])
    std::swap(first, second);
  if (rank[second] - rank[first] > 1)
    search(first, second);
  SmallVector<Group> before, after{into, from};
  for (Group between :
       ArrayRef(order).slice(rank[first] + 1, rank[second] - rank[first] - 1))
    (visits[between] == numSearches ? after : before).push_back(between);
  llvm::append_range(before, after);
  for (auto [i, next] : llvm::enumerate(before))
    order[rank[first] + i] = next;
  for (unsigned i = rank[first], end = rank[second]; i <= end; ++i)
    rank[order[i]] = i;

  for (Operation *op : groups[from])
    group[op] = into;
  insertMembers(groups[into], groups[from]);
  groups[from].clear();
}

/// Both are in the block's order, and stay so. Only where they overlap are they
/// looked at op by op: a group of thousands grows by one at a time.
void KernelGroups::insertMembers(std::vector<Operation *> &kept,
                                 ArrayRef<Operation *> added) const {
  if (added.empty())
    return;
  auto comesBefore = [&](Operation *a, Operation *b) {
    return position.lookup(a) < position.lookup(b);
  };
  auto first =
      std::upper_bound(kept.begin(), kept.end(), added.front(), comesBefore);
  auto last = std::lower_bound(first, kept.end(), added.back(), comesBefore);
  size_t begin = first - kept.begin(), middle = begin + added.size();
  size_t end = last - kept.begin() + added.size();
  kept.insert(first, added.begin(), added.end());
  std::inplace_merge(kept.begin() + begin, kept.begin() + middle,
                     kept.begin() + end, comesBefore);
}

void KernelGroups::release(Operation *op) {
  Group old = groupOf(op), own = groups.size();
  llvm::erase(groups[old], op);
  group[op] = own;
  groups.push_back({op});
  order.insert(order.begin() + rank[old] + 1, own);
  rank.resize(groups.size());
  for (unsigned i = rank[old] + 1; i < order.size(); ++i)
    rank[order[i]] = i;
}

SmallVector<Operation *> KernelGroups::users(Value value) const {
  llvm::SetVector<Operation *> found;
  for (Operation *user : value.getUsers()) {
    Operation *inBlock = block.findAncestorOpInBlock(*user);
    if (!inBlock)
      continue;
    if (!isRepeatable(inBlock))
      found.insert(inBlock);
    else
      for (Operation *next : users(inBlock->getResult(0)))
        found.insert(next);
  }
  return found.takeVector();
}

SmallVector<Operation *> KernelGroups::producers(Operation *op) const {
  llvm::SetVector<Operation *> found;
  for (Value operand : op->getOperands()) {
    Operation *source = operand.getDefiningOp();
    if (!source || source->getBlock() != &block)
      continue;
    if (!isRepeatable(source))
      found.insert(source);
    else
      for (Operation *next : producers(source))
        found.insert(next);
  }
  return found.takeVector();
}

bool KernelGroups::escapes(Value value, Operation *except) const {
  Group own = groupOf(value.getDefiningOp());
  return llvm::any_of(users(value), [&](Operation *user) {
    return user != except && !isIn(user, own);
  });
}

SmallVector<Value> KernelGroups::results(Group of) const {
  SmallVector<Value> found;
  for (Operation *op : groups[of])
    for (Value result : op->getResults())
      if (escapes(result))
        found.push_back(result);
  return found;
}

KernelOp KernelGroups::emit(Group of) {
  ArrayRef<Operation *> members = groups[of];
  SmallVector<Value> yielded = results(of);
  SmallVector<Location> locations;
  for (Operation *op : members)
    locations.push_back(op->getLoc());
  OpBuilder builder(members.back());
  Location loc = FusedLoc::get(builder.getContext(), locations);
  auto kernel = KernelOp::create(builder, loc, TypeRange(ValueRange(yielded)));
  builder.createBlock(&kernel.getBody());
  IRMapping copies;
  for (Operation *op : members) {
    for (Value operand : op->getOperands())
      copyRepeatable(operand, copies, builder);
    builder.clone(*op, copies);
  }
  SmallVector<Value> inside;
  for (Value value : yielded)
    inside.push_back(copies.lookup(value));
  YieldOp::create(builder, loc, inside);
  for (auto [value, result] : llvm::zip(yielded, kernel.getResults()))
    value.replaceAllUsesWith(result);
  emitted.insert(members.begin(), members.end());
  return kernel;
}

void KernelGroups::finish() {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (op.use_empty() && (emitted.contains(&op) || isRepeatable(&op)))
      op.erase();
  sortTopologically(&block);
}

SmallVector<Block *> getHostBlocks(Operation *function) {
  SmallVector<Block *> blocks;
  for (Region &region : function->getRegions())
    for (Block &block : region)
      blocks.push_back(&block);
  function->walk(
      [&](ScanOp scan) { blocks.push_back(&scan.getBody().front()); });
  return blocks;
}

} // namespace maek
