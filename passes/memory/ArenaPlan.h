// Part of Maek, under the MIT licence; see LICENSE.
// Lays the arena's storage out in slots that storage shares whose lifetimes do
// not overlap.
#ifndef MAEK_PASSES_MEMORY_ARENAPLAN_H
#define MAEK_PASSES_MEMORY_ARENAPLAN_H

#include "passes/memory/Placement.h"

namespace maek {

/// First and last position in the entry's order of ops, both included. The
/// position of an op counts all ops before it, those in regions too.
struct Lifetime {
  int64_t first = 0, last = 0;
  bool overlaps(const Lifetime &other) const {
    return first <= other.last && other.first <= last;
  }
};

struct Slot {
  /// The slot is as large as the largest of these; none is certainly less than
  /// or equal to another.
  llvm::SmallVector<Polynomial, 1> bytes;
  llvm::SmallVector<Storage *> members;
};

/// Every slot starts at a multiple of this, in bytes.
inline constexpr int64_t kSlotAlignment = 64;

struct ArenaPlan {
  explicit ArenaPlan(Placement &placement, bool share = true);

  llvm::SmallVector<Slot> slots;
  llvm::DenseMap<const Storage *, Lifetime> lifetimes;

  /// Bytes of the arena, and bytes without sharing, for these symbols.
  int64_t getSize(llvm::function_ref<int64_t(llvm::StringRef)> value) const;
  int64_t
  getUnsharedSize(llvm::function_ref<int64_t(llvm::StringRef)> value) const;
  /// The size of each slot, the largest at the symbols' values.
  int64_t getSlotSize(const Slot &slot,
                      llvm::function_ref<int64_t(llvm::StringRef)> value) const;
};

} // namespace maek

#endif // MAEK_PASSES_MEMORY_ARENAPLAN_H
