// Part of Maek, under the MIT licence; see LICENSE.
// A partition of a block's ops into groups, each of which one maek.kernel can
// hold: what the fusion passes decide on before they change the IR.
#ifndef MAEK_PASSES_KERNELGROUPS_H
#define MAEK_PASSES_KERNELGROUPS_H

#include "ir/MaekOps.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <list>
#include <optional>
#include <vector>

namespace maek {

/// Every op of the block is a group of its own at first. Repeatable ops (see
/// KernelOps.h) belong to no group: dependences run through them, and emit
/// copies them into each kernel.
class KernelGroups {
public:
  using Group = unsigned;

  explicit KernelGroups(mlir::Block &block);

  /// The ops in the block's order, the terminator and repeatable ops left out.
  llvm::ArrayRef<mlir::Operation *> getOps() const { return ops; }
  /// The op's group; `op` is one of getOps().
  Group groupOf(mlir::Operation *op) const { return group.lookup(op); }
  bool isIn(mlir::Operation *op, Group of) const;
  /// Increases along the block.
  unsigned getPosition(mlir::Operation *op) const {
    return position.lookup(op);
  }
  /// The members in the block's order.
  llvm::ArrayRef<mlir::Operation *> members(Group of) const {
    return groups[of];
  }

  /// Whether a value would leave the union of both groups, be used by another
  /// op and come back. Such a union is no kernel.
  bool wouldCycle(Group a, Group b) const;
  /// Whether the union of both groups has more elementwise ops than a kernel
  /// may hold.
  bool isTooLarge(Group a, Group b) const;
  /// Must not cycle.
  void merge(Group into, Group from);
  /// Makes `op` a group of its own again. No other member may use it.
  void release(mlir::Operation *op);

  /// The block's ops that use `value`, directly or through repeatable ops or
  /// inside of their regions.
  llvm::SmallVector<mlir::Operation *> users(mlir::Value value) const;
  /// The block's ops that compute what `op` uses, directly or through
  /// repeatable ops; regions do not count.
  llvm::SmallVector<mlir::Operation *> producers(mlir::Operation *op) const;
  /// Whether an op outside of the value's own group uses it; `except` does
  /// not count.
  bool escapes(mlir::Value value, mlir::Operation *except = nullptr) const;
  /// The values that the group must yield.
  llvm::SmallVector<mlir::Value> results(Group of) const;

  /// Moves the group into a maek.kernel at its last member's place. Call
  /// `finish` after the last one.
  KernelOp emit(Group of);
  /// Erases what was moved and orders the block so that values are defined
  /// before they are used. The groups are of no use after that.
  void finish();

private:
  /// A forest in which each op hangs below one of those whose values it needs:
  /// the number of the op, counted depth first, and the last number below it.
  using Forest =
      llvm::DenseMap<mlir::Operation *, std::pair<unsigned, unsigned>>;

  Forest buildForest(bool belowLast) const;
  bool isBelow(mlir::Operation *op, mlir::Operation *ancestor) const;
  /// Groups between two: all that need values of the first one, or all whose
  /// values the second one needs.
  struct Between {
    bool needFirst;
    std::vector<Group> groups;
  };
  std::optional<Between> findBetween(Group a, Group b) const;
  void renumber();
  void moveTo(std::list<Group>::iterator place, llvm::ArrayRef<Group> moved);
  void insertMembers(std::vector<mlir::Operation *> &kept,
                     llvm::ArrayRef<mlir::Operation *> added) const;

  mlir::Block &block;
  std::vector<mlir::Operation *> ops;
  llvm::DenseMap<mlir::Operation *, Group> group;
  llvm::DenseMap<mlir::Operation *, unsigned> position;
  using Edges =
      llvm::DenseMap<mlir::Operation *, std::vector<mlir::Operation *>>;
  Edges successors, predecessors;
  /// Ops below the first and below the last of those that they need: the first
  /// finds the way along a sum of many terms, the last the way through layers.
  std::vector<Forest> forests;
  std::vector<std::vector<mlir::Operation *>> groups;
  /// How many of their members isCounted.
  std::vector<unsigned> counts;
  /// The groups in an order in which values are made before they are used.
  /// Their ranks increase along it, with gaps, so that moving some leaves the
  /// others as they are.
  std::list<Group> order;
  std::vector<std::list<Group>::iterator> places;
  std::vector<uint64_t> rank;
  llvm::DenseSet<mlir::Operation *> emitted;
};

/// Blocks of `function` whose ops run on the host: its body and scan bodies.
llvm::SmallVector<mlir::Block *> getHostBlocks(mlir::Operation *function);

} // namespace maek

#endif // MAEK_PASSES_KERNELGROUPS_H
