// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/HostStrides.h"

#include "ir/MaekOps.h"
#include "passes/KernelOps.h"
#include "passes/memory/Placement.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// Computes what is asked of `root` after what it needs for that: `addNeeded`
/// appends what is not known yet. Chains may be too long for a recursion.
template <typename Node>
static void
computeInOrder(Node root,
               function_ref<void(Node, SmallVectorImpl<Node> &)> addNeeded,
               function_ref<void(Node)> compute) {
  SmallVector<Node> pending{root};
  while (!pending.empty()) {
    Node node = pending.back();
    size_t count = pending.size();
    addNeeded(node, pending);
    if (pending.size() > count)
      continue;
    compute(node);
    pending.pop_back();
  }
}

/// The value whose strides are those of `value`, changed by its op; null if a
/// kernel or a join makes it, or nothing does.
Value HostStrides::getWhole(Value value) const {
  if (Operation *op = value.getDefiningOp())
    return copies.contains(op) || !maek::isView(op) ||
                   isa<StackOp, ConcatOp>(op)
               ? Value()
               : op->getOperand(0);
  auto argument = cast<BlockArgument>(value);
  auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
  return scan && argument.getArgNumber() < scan.getNumSequences()
             ? scan.getSequences()[argument.getArgNumber()]
             : Value();
}

std::optional<Strides> HostStrides::get(Value value) {
  if (!known.contains(value))
    computeInOrder<Value>(
        value,
        [&](Value part, SmallVectorImpl<Value> &needed) {
          if (Value whole = getWhole(part); whole && !known.contains(whole))
            needed.push_back(whole);
        },
        [&](Value part) { known[part] = compute(part); });
  return known.lookup(value);
}

/// Whether `user` has `value` computed in its place in an argument.
static bool isPlacedSlice(Operation *user, Value value) {
  auto update = dyn_cast<UpdateSliceOp>(user);
  return update && update.getSlice() == value && isInPlaceUpdate(update);
}

/// The ops that say where `value`, a kernel's result, is put: they read it in
/// its own block.
SmallVector<Operation *> HostStrides::getPlacers(Value value) const {
  SmallVector<Operation *> placers;
  for (Operation *user : value.getUsers())
    if ((isa<ReshapeOp, StackOp, ConcatOp>(user) ||
         isPlacedSlice(user, value)) &&
        !copies.contains(user) && user->getBlock() == value.getParentBlock())
      placers.push_back(user);
  return placers;
}

/// The strides that a kernel's result has where it is put.
std::optional<Strides> HostStrides::getPlaced(Value value) {
  if (!placed.contains(value))
    computeInOrder<Value>(
        value,
        [&](Value part, SmallVectorImpl<Value> &needed) {
          for (Operation *user : getPlacers(part))
            if (Value whole = user->getResult(0); !placed.contains(whole))
              needed.push_back(whole);
        },
        [&](Value part) { placed[part] = computePlaced(part); });
  return placed.lookup(value);
}

std::optional<Strides> HostStrides::computePlaced(Value value) const {
  SmallVector<Extent> extents = getExtents(value.getType());
  for (Operation *user : getPlacers(value)) {
    Value whole = user->getResult(0);
    if (isa<UpdateSliceOp>(user))
      return getDenseStrides(getExtents(whole.getType()));
    std::optional<Strides> strides = placed.lookup(whole);
    if (isa<ReshapeOp>(user)) {
      if (strides)
        if (auto own =
                reshapeStrides(getExtents(whole.getType()), *strides, extents);
            own && !isDense(extents, *own))
          return own;
      continue;
    }
    if (auto stack = dyn_cast<StackOp>(user))
      strides->erase(strides->begin() + stack.getDim());
    return strides;
  }
  return getDenseStrides(extents);
}

std::optional<Strides> HostStrides::compute(Value value) {
  Operation *op = value.getDefiningOp();
  Value whole = getWhole(value);
  if (!whole)
    return op ? getPlaced(value) : getDenseStrides(getExtents(value.getType()));
  std::optional<Strides> strides = known.lookup(whole);
  if (!strides || isa_and_nonnull<SliceOp, SplitOp, UpdateSliceOp>(op))
    return strides;
  if (!op) {
    if (getRank(value.getType()) < getRank(whole.getType()))
      strides->erase(strides->begin());
    return strides;
  }
  if (auto unstack = dyn_cast<UnstackOp>(op)) {
    strides->erase(strides->begin() + unstack.getDim());
    return strides;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    Strides permuted;
    for (int64_t axis : transpose.getPermutation())
      permuted.push_back((*strides)[axis]);
    return permuted;
  }
  return reshapeStrides(getExtents(whole.getType()), *strides,
                        getExtents(value.getType()));
}

bool HostStrides::isView(Operation *op) {
  if (!maek::isView(op) || copies.contains(op))
    return false;
  if (isa<StackOp, ConcatOp>(op))
    return isInPlace(op);
  if (auto update = dyn_cast<UpdateSliceOp>(op))
    return isInPlaceUpdate(update);
  return llvm::all_of(op->getResults(), [&](Value result) {
    std::optional<Strides> strides = get(result);
    return strides &&
           isInnermostContiguous(getExtents(result.getType()), *strides);
  });
}

/// Through the reshapes that are no copies.
Value HostStrides::skipReshapes(Value value) const {
  auto reshape = value.getDefiningOp<ReshapeOp>();
  while (reshape && !copies.contains(reshape)) {
    value = reshape.getOperand();
    reshape = value.getDefiningOp<ReshapeOp>();
  }
  return value;
}

/// Whether `value` can be computed right where `join` has it: a kernel (or
/// another such op) makes it, and no other op says where it lies.
bool HostStrides::isPlaceable(Value value, Operation *join) const {
  auto isOtherPlace = [&](OpOperand &use) {
    Operation *user = use.getOwner();
    return user != join && !copies.contains(user) &&
           (isa<StackOp, ConcatOp>(user) || isPlacedSlice(user, use.get()) ||
            user->hasTrait<OpTrait::IsTerminator>());
  };
  Value source = skipReshapes(value);
  while (true) {
    if (llvm::any_of(value.getUses(), isOtherPlace))
      return false;
    if (value == source)
      break;
    value = value.getDefiningOp()->getOperand(0);
  }
  Operation *op = source.getDefiningOp();
  if (!op || op->getBlock() != join->getBlock() || isRepeatable(op) ||
      isa<ScanOp>(op))
    return false;
  if (copies.contains(op) || !maek::isView(op))
    return true;
  return inPlace.lookup(op);
}

bool HostStrides::isInPlace(Operation *join) {
  if (!inPlace.contains(join))
    computeInOrder<Operation *>(
        join,
        [&](Operation *op, SmallVectorImpl<Operation *> &needed) {
          for (Value operand : op->getOperands()) {
            Operation *inner = skipReshapes(operand).getDefiningOp();
            if (inner && isa<StackOp, ConcatOp>(inner) &&
                !copies.contains(inner) && !inPlace.contains(inner))
              needed.push_back(inner);
          }
        },
        [&](Operation *op) {
          inPlace[op] = isInPlaceJoin(*op) &&
                        llvm::any_of(op->getOperands(), [&](Value operand) {
                          return isPlaceable(operand, op);
                        });
        });
  return inPlace.lookup(join);
}

void HostStrides::forget() {
  known.clear();
  placed.clear();
  inPlace.clear();
}

} // namespace maek
