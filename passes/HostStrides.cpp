// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/HostStrides.h"

#include "ir/MaekOps.h"
#include "passes/KernelOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

bool isInterleaving(Operation *join) {
  auto stack = dyn_cast<StackOp>(join);
  return stack && stack.getDim() > 0 &&
         stack.getDim() == getRank(stack.getType()) - 1;
}

std::optional<Strides> HostStrides::get(Value value) {
  auto found = known.find(value);
  if (found != known.end())
    return found->second;
  std::optional<Strides> strides = compute(value);
  known[value] = strides;
  return strides;
}

/// The strides that a kernel's result has where it is put.
std::optional<Strides> HostStrides::getPlaced(Value value) {
  SmallVector<Extent> extents = getExtents(value.getType());
  for (Operation *user : value.getUsers()) {
    if (copies.contains(user) || user->getBlock() != value.getParentBlock())
      continue;
    if (auto reshape = dyn_cast<ReshapeOp>(user)) {
      SmallVector<Extent> to = getExtents(reshape.getType());
      std::optional<Strides> strides = getPlaced(reshape);
      if (strides)
        if (auto own = reshapeStrides(to, *strides, extents);
            own && *own != getDenseStrides(extents))
          return own;
    }
    if (!isa<StackOp, ConcatOp>(user))
      continue;
    std::optional<Strides> strides = get(user->getResult(0));
    if (auto stack = dyn_cast<StackOp>(user))
      strides->erase(strides->begin() + stack.getDim());
    return strides;
  }
  return getDenseStrides(extents);
}

std::optional<Strides> HostStrides::compute(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op) {
    auto argument = cast<BlockArgument>(value);
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    if (!scan || argument.getArgNumber() >= scan.getNumSequences())
      return getDenseStrides(getExtents(value.getType()));
    std::optional<Strides> strides =
        get(scan.getSequences()[argument.getArgNumber()]);
    if (strides)
      strides->erase(strides->begin());
    return strides;
  }
  if (copies.contains(op) || !maek::isView(op) || isa<StackOp, ConcatOp>(op))
    return getPlaced(value);
  std::optional<Strides> strides = get(op->getOperand(0));
  if (!strides || isa<SliceOp, SplitOp>(op))
    return strides;
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
  return reshapeStrides(getExtents(op->getOperand(0).getType()), *strides,
                        getExtents(value.getType()));
}

bool HostStrides::isView(Operation *op) {
  if (!maek::isView(op) || copies.contains(op))
    return false;
  if (isa<StackOp, ConcatOp>(op))
    return isInPlace(op);
  return llvm::all_of(op->getResults(), [&](Value result) {
    std::optional<Strides> strides = get(result);
    return strides &&
           isInnermostContiguous(getExtents(result.getType()), *strides);
  });
}

/// Whether `value` can be computed right where `join` has it: a kernel (or
/// another such op) makes it, and no other op says where it lies.
bool HostStrides::isPlaceable(Value value, Operation *join) {
  auto isOtherPlace = [&](OpOperand &use) {
    Operation *user = use.getOwner();
    return user != join && !copies.contains(user) &&
           (isa<StackOp, ConcatOp>(user) ||
            user->hasTrait<OpTrait::IsTerminator>());
  };
  while (true) {
    if (llvm::any_of(value.getUses(), isOtherPlace))
      return false;
    auto reshape = value.getDefiningOp<ReshapeOp>();
    if (!reshape || copies.contains(reshape))
      break;
    value = reshape.getOperand();
  }
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != join->getBlock() || isRepeatable(op) ||
      isa<ScanOp>(op))
    return false;
  if (copies.contains(op) || !maek::isView(op))
    return true;
  return isa<StackOp, ConcatOp>(op) && isInPlace(op);
}

bool HostStrides::isInPlace(Operation *join) {
  return !isInterleaving(join) &&
         llvm::any_of(join->getOperands(), [&](Value operand) {
           return isPlaceable(operand, join);
         });
}

} // namespace maek
