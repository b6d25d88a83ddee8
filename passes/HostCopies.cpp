// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/HostCopies.h"

#include "ir/DeadOps.h"
#include "ir/MaekOps.h"
#include "passes/HostStrides.h"
#include "passes/KernelGroups.h"
#include "passes/KernelOps.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// Whether letters `a` and `b` are neighbours, in this order.
static bool areNeighbours(StringRef term, char a, char b) {
  size_t at = term.find(a);
  return at != StringRef::npos && at + 1 < term.size() && term[at + 1] == b;
}

/// Whether `transpose` brings two axes together that `product` could walk as
/// one axis of rows or of summands, were they dense.
static bool joinsAxes(TransposeOp transpose, EinsumOp product) {
  EinsumAttr equation = product.getEquation();
  unsigned side = product.getLhs() == transpose.getResult() ? 0 : 1;
  StringRef own = equation.getTerm(side), other = equation.getTerm(1 - side);
  ArrayRef<int64_t> permutation = transpose.getPermutation();
  for (size_t i = 0; i + 1 < own.size(); ++i) {
    if (permutation[i] + 1 == permutation[i + 1])
      continue;
    auto travelTogether = [&](StringRef term) {
      return term.contains(own[i]) == term.contains(own[i + 1]) &&
             (!term.contains(own[i]) ||
              areNeighbours(term, own[i], own[i + 1]));
    };
    if (travelTogether(other) && travelTogether(equation.getResult()))
      return true;
  }
  return false;
}

/// Whether `product` reads each element of its operand once, as what it is
/// multiplied by has a single row.
static bool isReadOnce(Value operand, EinsumOp product) {
  EinsumAttr equation = product.getEquation();
  unsigned side = product.getLhs() == operand ? 0 : 1;
  Value result = product.getResult();
  return llvm::all_of(llvm::enumerate(equation.getResult()), [&](auto axis) {
    return equation.getTerm(side).contains(axis.value()) ||
           getExtent(result.getType(), axis.index()).isOne();
  });
}

/// Whether a product in a kernel is better off with a dense copy. The copy
/// moves each element once; the product reads it many times.
static bool isWorthCopying(TransposeOp transpose) {
  return llvm::any_of(transpose->getUsers(), [&](Operation *user) {
    auto product = dyn_cast<EinsumOp>(user);
    return product && joinsAxes(transpose, product) &&
           !isReadOnce(transpose, product);
  });
}

static bool isJoin(Operation *op) { return isa<StackOp, ConcatOp>(op); }

/// Gives each pack its own copy of the stacks and concats that make its
/// operand, unless they are free.
static void splitJoins(PackOp pack, HostStrides &strides) {
  for (OpOperand *operand = &pack.getOperandMutable();;) {
    Operation *op = operand->get().getDefiningOp();
    if (!op || !isJoin(op) || strides.isInPlace(op) || op->hasOneUse())
      return;
    OpBuilder builder(operand->getOwner());
    Operation *copy = builder.clone(*op);
    operand->set(copy->getResult(0));
    strides.forget();
    if (copy->getNumOperands() != 1)
      return;
    operand = &copy->getOpOperand(0);
  }
}

/// The concat that joins nothing but result `index` of unstacks along `axis`
/// into as many parts as there are of `value`, which is among them; null if
/// there is none.
static ConcatOp getConcatOfParts(OpResult value, int64_t axis) {
  unsigned index = value.getResultNumber();
  unsigned parts = value.getOwner()->getNumResults();
  for (Operation *user : value.getUsers()) {
    auto concat = dyn_cast<ConcatOp>(user);
    if (concat && llvm::all_of(concat.getOperands(), [&](Value operand) {
          auto unstack = operand.getDefiningOp<UnstackOp>();
          return unstack && unstack.getDim() == axis &&
                 unstack.getNumResults() == parts &&
                 unstack.getResult(index) == operand &&
                 unstack->getBlock() == concat->getBlock();
        }))
      return concat;
  }
  return {};
}

/// concat(a_i, b_i) for each part of a and b -> the parts of concat(a, b),
/// which products can write in place.
static void joinParts(UnstackOp unstack) {
  int64_t axis = unstack.getDim();
  SmallVector<ConcatOp> concats;
  for (OpResult part : unstack->getResults()) {
    ConcatOp concat = getConcatOfParts(part, axis);
    if (!concat || llvm::is_contained(concats, concat) ||
        (!concats.empty() && concat.getDim() != concats.front().getDim()))
      return;
    concats.push_back(concat);
  }
  SmallVector<Value> wholes;
  Operation *last = unstack;
  for (Value operand : concats.front().getOperands()) {
    auto source = operand.getDefiningOp<UnstackOp>();
    wholes.push_back(source.getOperand());
    if (last->isBeforeInBlock(source))
      last = source;
  }
  for (ConcatOp concat : concats)
    for (auto [operand, first] :
         llvm::zip_longest(concat.getOperands(), concats.front().getOperands()))
      if (!operand || !first ||
          operand->getDefiningOp() != first->getDefiningOp())
        return;
  OpBuilder builder(unstack.getContext());
  builder.setInsertionPointAfter(last);
  SmallVector<Location> locations;
  for (ConcatOp concat : concats)
    locations.push_back(concat.getLoc());
  Location loc = FusedLoc::get(unstack.getContext(), locations);
  int64_t dim = concats.front().getDim();
  Value joined =
      ConcatOp::create(builder, loc, wholes, dim + (dim >= axis ? 1 : 0));
  auto parts = UnstackOp::create(builder, loc, joined, axis);
  for (auto [concat, part] : llvm::zip(concats, parts.getResults())) {
    concat.getResult().replaceAllUsesWith(part);
    concat.erase();
  }
}

llvm::DenseSet<Operation *> findCopies(func::FuncOp function) {
  SmallVector<UnstackOp> unstacks;
  function.walk([&](UnstackOp unstack) { unstacks.push_back(unstack); });
  for (UnstackOp unstack : unstacks)
    joinParts(unstack);
  eraseDeadOps(function);
  llvm::DenseSet<Operation *> copies;
  HostStrides strides(copies);
  SmallVector<Block *> blocks = getHostBlocks(function);
  function.walk([&](PackOp pack) { splitJoins(pack, strides); });
  strides.forget();
  // What joins values decides where they lie; the other views look at that. A
  // join that is in place stays so, whatever else becomes a copy.
  for (Block *block : blocks)
    for (Operation &op : *block)
      if (isCopy(&op) || (isJoin(&op) && !strides.isInPlace(&op)))
        copies.insert(&op);
  strides.forget();
  for (Block *block : blocks)
    for (Operation &op : *block) {
      auto transpose = dyn_cast<TransposeOp>(op);
      bool isDense = transpose && isWorthCopying(transpose);
      if (isDense)
        remarkPassed(&op, "fuse-elementwise")
            << "transpose is copied, so that a product walks rows as one axis";
      if (!isDense && (!isView(&op) || isJoin(&op) || strides.isView(&op)))
        continue;
      copies.insert(&op);
      strides.forget();
    }
  return copies;
}

} // namespace maek
