// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelGroups.h"

#include "passes/BlockOrder.h"
#include "passes/KernelOps.h"

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
    places.push_back(order.insert(order.end(), groups.size()));
    groups.push_back({&op});
    counts.push_back(isCounted(&op));
    if (&op != block.getTerminator())
      ops.push_back(&op);
    llvm::SetVector<Operation *> next;
    for (Value result : op.getResults())
      for (Operation *user : users(result))
        next.insert(user);
    successors[&op].assign(next.begin(), next.end());
    predecessors[&op];
    for (Operation *user : next)
      predecessors[user].push_back(&op);
  }
  rank.resize(groups.size());
  renumber();
  for (bool belowLast : {false, true})
    forests.push_back(buildForest(belowLast));
}

void KernelGroups::renumber() {
  constexpr uint64_t gap = uint64_t(1) << 32;
  uint64_t next = 0;
  for (Group one : order)
    rank[one] = next += gap;
}

/// Puts `moved` in front of `place`, in this order.
void KernelGroups::moveTo(std::list<Group>::iterator place,
                          ArrayRef<Group> moved) {
  uint64_t low = place == order.begin() ? 0 : rank[*std::prev(place)];
  uint64_t high = place == order.end() ? UINT64_MAX : rank[*place];
  for (Group one : moved)
    order.splice(place, order, places[one]);
  uint64_t step = (high - low) / (moved.size() + 1);
  if (step == 0)
    return renumber();
  for (Group one : moved)
    rank[one] = low += step;
}

KernelGroups::Forest KernelGroups::buildForest(bool belowLast) const {
  // Each op is a group yet: its number counts ops in the block's order.
  constexpr unsigned none = -1;
  std::vector<unsigned> parents(groups.size(), none), sizes(groups.size(), 1);
  for (auto [i, members] : llvm::enumerate(groups))
    for (Operation *user : successors.find(members.front())->second)
      if (unsigned &parent = parents[groupOf(user)];
          belowLast || parent == none)
        parent = i;
  for (unsigned i = groups.size(); i-- > 0;)
    if (parents[i] != none)
      sizes[parents[i]] += sizes[i];
  Forest forest;
  std::vector<unsigned> next(groups.size());
  unsigned nextRoot = 0;
  for (unsigned i = 0; i < groups.size(); ++i) {
    unsigned &place = parents[i] == none ? nextRoot : next[parents[i]];
    forest[groups[i].front()] = {place, place + sizes[i] - 1};
    next[i] = place + 1;
    place += sizes[i];
  }
  return forest;
}

/// Whether `op` needs `ancestor` by way of a forest. False says nothing.
bool KernelGroups::isBelow(Operation *op, Operation *ancestor) const {
  return llvm::any_of(forests, [&](const Forest &forest) {
    auto [first, last] = forest.lookup(ancestor);
    unsigned number = forest.lookup(op).first;
    return first <= number && number <= last;
  });
}

bool KernelGroups::isIn(Operation *op, Group of) const {
  auto found = group.find(op);
  return found != group.end() && found->second == of;
}

/// Searches from both ends until one of them has no more; returns nothing if
/// `b` needs values of a group between the two that needs values of `a`. The
/// forests tell so of most: the two searches from an op and from its adjoint
/// would only meet at the loss.
std::optional<KernelGroups::Between> KernelGroups::findBetween(Group a,
                                                               Group b) const {
  // Nothing lies between neighbours, however large they are.
  if (std::next(places[a]) == places[b])
    return Between{true, {}};
  std::vector<Group> below{a}, above{b};
  llvm::DenseSet<Group> seenBelow, seenAbove;
  // Of each side the end, and what is found first: between a gradient and the
  // product with its clipped norm lies the chain of sums of all of them, which
  // the forests know from what is next to either.
  constexpr size_t numProbes = 4;
  SmallVector<Operation *, numProbes> highest{groups[a].front()},
      lowest{groups[b].back()};
  auto isBetween = [&](Group one) {
    return rank[a] < rank[one] && rank[one] < rank[b];
  };
  /// False if it comes to the other end.
  auto goDown = [&](Group from) {
    for (Operation *op : groups[from])
      for (Operation *next : successors.find(op)->second) {
        Group to = groupOf(next);
        if (to == b && from != a)
          return false;
        if (!isBetween(to) || !seenBelow.insert(to).second)
          continue;
        if (seenAbove.contains(to) || llvm::any_of(lowest, [&](Operation *low) {
              return isBelow(low, next);
            }))
          return false;
        below.push_back(to);
        if (highest.size() < numProbes)
          highest.push_back(next);
      }
    return true;
  };
  auto goUp = [&](Group from) {
    for (Operation *op : groups[from])
      for (Operation *next : predecessors.find(op)->second) {
        Group to = groupOf(next);
        if (to == a && from != b)
          return false;
        if (!isBetween(to) || !seenAbove.insert(to).second)
          continue;
        if (seenBelow.contains(to) ||
            llvm::any_of(highest,
                         [&](Operation *high) { return isBelow(next, high); }))
          return false;
        above.push_back(to);
        if (lowest.size() < numProbes)
          lowest.push_back(next);
      }
    return true;
  };
  size_t i = 0;
  for (; i < below.size() && i < above.size(); ++i)
    if (!goDown(below[i]) || !goUp(above[i]))
      return std::nullopt;
  bool isDown = i == below.size();
  std::vector<Group> &found = isDown ? below : above;
  found.erase(found.begin());
  return Between{isDown, std::move(found)};
}

bool KernelGroups::wouldCycle(Group a, Group b) const {
  return !(rank[a] < rank[b] ? findBetween(a, b) : findBetween(b, a));
}

bool KernelGroups::isTooLarge(Group a, Group b) const {
  return counts[a] + counts[b] > kMaxElementwise;
}

void KernelGroups::merge(Group into, Group from) {
  if (into == from)
    return;
  Group first = into, second = from;
  if (rank[first] > rank[second])
    std::swap(first, second);
  // Of what is between the two, all that needs the first one goes behind the
  // union, or all that the second one needs before it.
  auto [needFirst, between] = *findBetween(first, second);
  llvm::sort(between, [&](Group a, Group b) { return rank[a] < rank[b]; });
  if (needFirst) {
    between.insert(between.begin(), first);
    moveTo(std::next(places[second]), between);
  } else {
    between.push_back(second);
    moveTo(places[first], between);
  }
  order.erase(places[from]);

  for (Operation *op : groups[from])
    group[op] = into;
  insertMembers(groups[into], groups[from]);
  groups[from].clear();
  counts[into] += std::exchange(counts[from], 0);
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
  counts[old] -= isCounted(op);
  counts.push_back(isCounted(op));
  places.push_back(order.insert(order.end(), own));
  rank.push_back(0);
  moveTo(std::next(places[old]), own);
}

// Both give what is found first by way of each use or operand in turn.

SmallVector<Operation *> KernelGroups::users(Value value) const {
  llvm::SetVector<Operation *> found;
  SmallVector<Operation *> pending;
  auto push = [&](Value read) {
    size_t count = pending.size();
    llvm::append_range(pending, read.getUsers());
    std::reverse(pending.begin() + count, pending.end());
  };
  push(value);
  while (!pending.empty()) {
    Operation *user = block.findAncestorOpInBlock(*pending.pop_back_val());
    if (user && isRepeatable(user))
      push(user->getResult(0));
    else if (user)
      found.insert(user);
  }
  return found.takeVector();
}

SmallVector<Operation *> KernelGroups::producers(Operation *op) const {
  llvm::SetVector<Operation *> found;
  SmallVector<Value> pending;
  auto push = [&](Operation *reader) {
    llvm::append_range(pending, llvm::reverse(reader->getOperands()));
  };
  push(op);
  while (!pending.empty()) {
    Operation *source = pending.pop_back_val().getDefiningOp();
    if (!source || source->getBlock() != &block)
      continue;
    if (isRepeatable(source))
      push(source);
    else
      found.insert(source);
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
  orderByUses(block);
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
