// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/ArenaPlan.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace maek {

namespace {

/// Where each op stands, and who touches what when.
class Lifetimes {
public:
  Lifetimes(Placement &placement, DenseMap<const Storage *, Lifetime> &result)
      : placement(placement), lifetimes(result) {}

  void run() {
    number(placement.getEntry().getBody().front());
    visit(placement.getEntry().getBody().front());
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

/// Sizes at which slots are chosen: a batch and a length of everyday use.
int64_t getTypicalValue(StringRef symbol) { return symbol == "B" ? 64 : 100; }

} // namespace

static void addSize(Slot &slot, const Polynomial &bytes) {
  if (llvm::any_of(slot.bytes, [&](const Polynomial &known) {
        return known.isAtLeast(bytes);
      }))
    return;
  llvm::erase_if(slot.bytes, [&](const Polynomial &known) {
    return bytes.isAtLeast(known);
  });
  slot.bytes.push_back(bytes);
}

ArenaPlan::ArenaPlan(Placement &placement, bool share) {
  Lifetimes(placement, lifetimes).run();
  SmallVector<Storage *> order;
  for (Storage &storage : placement.getStorage())
    if (lifetimes.contains(&storage))
      order.push_back(&storage);
  // The largest first, so that a slot's first member sets its size.
  llvm::stable_sort(order, [](const Storage *a, const Storage *b) {
    return a->getNumBytes().evaluate(getTypicalValue) >
           b->getNumBytes().evaluate(getTypicalValue);
  });
  for (Storage *storage : order) {
    const Lifetime &lifetime = lifetimes.find(storage)->second;
    Polynomial bytes = storage->getNumBytes();
    auto isFree = [&](const Slot &slot) {
      return llvm::none_of(slot.members, [&](const Storage *member) {
        return lifetimes.find(member)->second.overlaps(lifetime);
      });
    };
    auto fits = [&](const Slot &slot) {
      return llvm::any_of(slot.bytes, [&](const Polynomial &size) {
        return size.isAtLeast(bytes);
      });
    };
    // The smallest free slot that certainly is large enough; else any free one.
    Slot *best = nullptr;
    for (Slot &slot : slots)
      if (share && isFree(slot) && (!best || fits(slot) >= fits(*best)))
        best = &slot;
    if (!best)
      best = &slots.emplace_back();
    addSize(*best, bytes);
    best->members.push_back(storage);
  }
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
