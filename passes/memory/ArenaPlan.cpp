// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/ArenaPlan.h"

#include "ir/Entries.h"

#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"
#include <vector>

using namespace mlir;

namespace maek {

namespace {

/// Where each op stands, and who touches what when.
class Lifetimes {
public:
  Lifetimes(Placement &placement, DenseMap<const Storage *, Lifetime> &result)
      : placement(placement), lifetimes(result) {}

  /// Returns the number of positions.
  int64_t run() {
    number(placement.getEntry().getBody().front());
    visit(placement.getEntry().getBody().front());
    return next;
  }

private:
  void number(Block &block) {
    for (Operation &op : block) {
      int64_t first = next++;
      for (Region &region : op.getRegions())
        number(region.front());
      spans[&op] = {first, next - 1};
    }
  }

  void touch(Storage *storage, Operation *op) {
    for (Storage *alias : storage->aliases)
      touch(alias, op);
    if (storage->kind != Storage::Kind::Arena)
      return;
    // What belongs outside of a loop is needed in all of its steps.
    Lifetime span = spans.lookup(storage->home->findAncestorOpInBlock(*op));
    auto [entry, isNew] = lifetimes.try_emplace(storage, span);
    if (isNew)
      return;
    entry->second.first = std::min(entry->second.first, span.first);
    entry->second.last = std::max(entry->second.last, span.last);
  }

  void visit(Block &block) {
    for (Operation &op : block) {
      if (auto scan = dyn_cast<ScanOp>(op))
        visitScan(scan);
      else if (isa<func::CallOp>(op)) {
        for (Value operand : op.getOperands())
          touch(placement.getView(operand).storage, &op);
        for (Value result : op.getResults())
          touch(placement.getView(result).storage, &op);
      }
    }
  }

  void visitScan(ScanOp scan) {
    for (Value operand : scan.getOperands())
      touch(placement.getView(operand).storage, scan);
    for (Value output : scan.getOutputs())
      touch(placement.getView(output).storage, scan);
    for (const ScanState &state : placement.getScan(scan).states)
      for (Storage *storage : {state.rows, state.first, state.second})
        if (storage)
          touch(storage, scan);
    visit(scan.getBody().front());
  }

  Placement &placement;
  DenseMap<const Storage *, Lifetime> &lifetimes;
  DenseMap<Operation *, Lifetime> spans;
  int64_t next = 0;
};

/// The sizes of storage, each once: a model has few, however deep it is.
class Sizes {
public:
  using Size = unsigned;

  Size add(const Polynomial &bytes) {
    auto [entry, isNew] = numbers.try_emplace(bytes.str(), sizes.size());
    if (isNew)
      sizes.push_back(bytes);
    return entry->second;
  }
  const Polynomial &get(Size size) const { return sizes[size]; }
  /// Whether `size` certainly is enough for `other`.
  bool isAtLeast(Size size, Size other) {
    auto [entry, isNew] = known.try_emplace({size, other});
    if (isNew)
      entry->second = sizes[size].isAtLeast(sizes[other]);
    return entry->second;
  }

private:
  llvm::StringMap<Size> numbers;
  SmallVector<Polynomial> sizes;
  llvm::DenseMap<std::pair<Size, Size>, bool> known;
};

/// Which slots are taken when: a segment tree. Its nodes are spans of
/// positions, each half as long as the one above.
class Occupancy {
public:
  explicit Occupancy(int64_t numPositions)
      : whole{0, int64_t(llvm::PowerOf2Ceil(numPositions)) - 1},
        nodes(2 * (whole.last + 1)) {}

  void take(unsigned slot, const Lifetime &lifetime) {
    visit(1, whole, lifetime, [&](Node &node, bool isInside) {
      set(node.somewhere, slot);
      if (isInside)
        set(node.everywhere, slot);
    });
  }

  /// The slots that are taken at some position of `lifetime`.
  llvm::BitVector find(const Lifetime &lifetime, unsigned numSlots) {
    llvm::BitVector taken(numSlots);
    visit(1, whole, lifetime, [&](Node &node, bool isInside) {
      taken |= isInside ? node.somewhere : node.everywhere;
    });
    return taken;
  }

private:
  /// Slots that are taken at some position of the span; those of them that one
  /// storage takes at all positions of it.
  struct Node {
    llvm::BitVector somewhere, everywhere;
  };

  static void set(llvm::BitVector &slots, unsigned slot) {
    if (slots.size() <= slot)
      slots.resize(slot + 1);
    slots.set(slot);
  }

  /// The nodes that `lifetime` is made of, and those above them.
  void visit(size_t number, const Lifetime &span, const Lifetime &lifetime,
             function_ref<void(Node &, bool isInside)> handle) {
    if (!span.overlaps(lifetime))
      return;
    bool isInside = lifetime.first <= span.first && span.last <= lifetime.last;
    handle(nodes[number], isInside);
    if (isInside)
      return;
    int64_t middle = (span.first + span.last) / 2;
    visit(2 * number, {span.first, middle}, lifetime, handle);
    visit(2 * number + 1, {middle + 1, span.last}, lifetime, handle);
  }

  Lifetime whole;
  std::vector<Node> nodes;
};

/// Gives storage its slots, one after the other.
class SlotChooser {
public:
  SlotChooser(ArenaPlan &plan, Sizes &sizes, int64_t numPositions, bool share)
      : plan(plan), sizes(sizes), occupancy(numPositions),
        forever{0, numPositions - 1}, share(share) {}

  void place(Storage *storage, Sizes::Size size);

private:
  bool fits(unsigned slot, Sizes::Size size) {
    return llvm::any_of(slotSizes[slot], [&](Sizes::Size known) {
      return sizes.isAtLeast(known, size);
    });
  }
  unsigned choose(const Lifetime &lifetime, Sizes::Size size);
  void enlarge(unsigned slot, Sizes::Size size);

  ArenaPlan &plan;
  Sizes &sizes;
  Occupancy occupancy;
  Lifetime forever;
  bool share;
  /// What Slot::bytes are.
  SmallVector<SmallVector<Sizes::Size, 1>> slotSizes;
};

} // namespace

/// The smallest free slot that certainly is large enough; else any free one,
/// else a new one.
unsigned SlotChooser::choose(const Lifetime &lifetime, Sizes::Size size) {
  llvm::BitVector taken = occupancy.find(lifetime, plan.slots.size());
  int last = taken.find_last_unset();
  for (int slot = last; slot >= 0; slot = taken.find_prev_unset(slot))
    if (fits(slot, size))
      return slot;
  if (last >= 0)
    return last;
  plan.slots.emplace_back();
  slotSizes.emplace_back();
  return plan.slots.size() - 1;
}

void SlotChooser::enlarge(unsigned slot, Sizes::Size size) {
  if (fits(slot, size))
    return;
  auto &known = slotSizes[slot];
  llvm::erase_if(known, [&](Sizes::Size smaller) {
    return sizes.isAtLeast(size, smaller);
  });
  known.push_back(size);
  plan.slots[slot].bytes.clear();
  for (Sizes::Size one : known)
    plan.slots[slot].bytes.push_back(sizes.get(one));
}

void SlotChooser::place(Storage *storage, Sizes::Size size) {
  const Lifetime &lifetime = plan.lifetimes.find(storage)->second;
  unsigned slot = choose(lifetime, size);
  enlarge(slot, size);
  plan.slots[slot].members.push_back(storage);
  // Without sharing, a slot is taken for good.
  occupancy.take(slot, share ? lifetime : forever);
}

/// Sizes at which slots are chosen: a batch and a length of everyday use.
static int64_t getTypicalValue(StringRef symbol) {
  return symbol == kBatchSymbol ? 64 : 100;
}

ArenaPlan::ArenaPlan(Placement &placement, bool share) {
  int64_t numPositions = Lifetimes(placement, lifetimes).run();
  struct Sized {
    Storage *storage;
    Sizes::Size size;
    int64_t typical;
  };
  Sizes sizes;
  SmallVector<Sized> order;
  for (Storage &storage : placement.getStorage())
    if (lifetimes.contains(&storage)) {
      Polynomial bytes = storage.getNumBytes();
      order.push_back(
          {&storage, sizes.add(bytes), bytes.evaluate(getTypicalValue)});
    }
  // The largest first, so that a slot's first member sets its size.
  llvm::stable_sort(order, [](const Sized &a, const Sized &b) {
    return a.typical > b.typical;
  });
  SlotChooser chooser(*this, sizes, numPositions, share);
  for (const Sized &next : order)
    chooser.place(next.storage, next.size);
}

int64_t ArenaPlan::getSlotSize(const Slot &slot,
                               function_ref<int64_t(StringRef)> value) const {
  int64_t size = 0;
  for (const Polynomial &bytes : slot.bytes)
    size = std::max(size, bytes.evaluate(value));
  return llvm::alignTo(size, kSlotAlignment);
}

int64_t ArenaPlan::getSize(function_ref<int64_t(StringRef)> value) const {
  int64_t size = 0;
  for (const Slot &slot : slots)
    size += getSlotSize(slot, value);
  return size;
}

int64_t
ArenaPlan::getUnsharedSize(function_ref<int64_t(StringRef)> value) const {
  int64_t size = 0;
  for (const auto &[storage, lifetime] : lifetimes)
    size +=
        llvm::alignTo(storage->getNumBytes().evaluate(value), kSlotAlignment);
  return size;
}

} // namespace maek
