// Part of Maek, under the MIT licence; see LICENSE.
// maek-merge-gate-matmuls: products that share an operand become one product
// on stacked weights, and the sums that follow become one sum.
#include "ir/DeadOps.h"
#include "passes/AddTrees.h"
#include "passes/BlockOrder.h"
#include "passes/ParallelValues.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_MERGEGATEMATMULS
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "merge-gate-matmuls";

/// A product seen from one of its operands, the one to share.
struct Product {
  EinsumOp op;
  unsigned side;

  Value getShared() const { return op->getOperand(side); }
  Value getOther() const { return op->getOperand(1 - side); }
};

/// The equation whatever its letters, the shared term first: "bk,nk->bn" and
/// "hi,bi->bh" shared on the right are alike.
EinsumAttr getForm(const Product &product) {
  EinsumAttr equation = EinsumOp(product.op).getEquation();
  return (product.side == 0 ? equation : equation.getSwapped()).getCanonical();
}

using Groups =
    llvm::MapVector<std::pair<Value, EinsumAttr>, SmallVector<Product>>;

/// All outputs of one unstack are side by side already.
UnstackOp getUnstack(ArrayRef<Product> products) {
  SmallVector<Value> others;
  for (const Product &product : products)
    others.push_back(product.getOther());
  auto parts = others.front().getDefiningOp<UnstackOp>();
  return parts && ValueRange(parts.getOutputs()) == ValueRange(others)
             ? parts
             : UnstackOp();
}

/// The letter of the merged products' new axis; none if all are taken.
std::optional<char> getGateLetter(EinsumAttr equation) {
  bool hasG = equation.inLhs('g') || equation.inRhs('g');
  return hasG ? equation.getFreshLetter() : 'g';
}

/// The merged equation, on the letters of the first product. `place` is the new
/// letter's place in the other term.
EinsumAttr mergeEquation(const Product &first, size_t place,
                         size_t &resultDim) {
  EinsumAttr equation = EinsumOp(first.op).getEquation();
  char letter = *getGateLetter(equation);
  StringRef shared = equation.getTerm(first.side);
  std::string other = equation.getTerm(1 - first.side).str();
  std::string result = equation.getResult().str();
  // Right before the first axis that the other operand alone brings.
  resultDim = 0;
  while (resultDim < result.size() && shared.contains(result[resultDim]))
    ++resultDim;
  result.insert(resultDim, 1, letter);
  other.insert(place, 1, letter);
  EinsumAttr merged =
      EinsumAttr::get(equation.getContext(), shared, other, result);
  return first.side == 0 ? merged : merged.getSwapped();
}

struct MergeGateMatmuls : impl::MergeGateMatmulsBase<MergeGateMatmuls> {
  using MergeGateMatmulsBase::MergeGateMatmulsBase;

  void runOnOperation() override {
    getOperation().walk([](ScanOp scan) { regroupSums(scan); });
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) {
      if (!block->empty() && !isa<KernelOp>(block->getParentOp()))
        blocks.push_back(block);
    });
    for (Block *block : blocks) {
      while (mergeProducts(*block))
        continue;
      while (mergeSums(*block))
        continue;
      reportMissed(*block);
    }
    eraseDeadOps(getOperation());
  }

private:
  bool mergeProducts(Block &block);
  bool mergeAlike(SmallVector<Product> products);
  bool mergeGroup(ArrayRef<Product> products);
  void merge(ArrayRef<Product> products, UnstackOp parts);
  bool mergeSums(Block &block);
  void reportMissed(Block &block);
};

/// The products of the block by shared operand and form, larger groups first.
SmallVector<std::pair<Value, SmallVector<Product>>>
collectGroups(Block &block) {
  Groups groups;
  for (auto op : block.getOps<EinsumOp>()) {
    if (op.getLhs() == op.getRhs() || !getGateLetter(op.getEquation()))
      continue;
    for (unsigned side : {0, 1}) {
      Product product{op, side};
      groups[{product.getShared(), getForm(product)}].push_back(product);
    }
  }
  SmallVector<std::pair<Value, SmallVector<Product>>> sorted;
  for (auto &[key, products] : groups)
    if (products.size() > 1)
      sorted.emplace_back(key.first, products);
  llvm::stable_sort(sorted, [](const auto &a, const auto &b) {
    return a.second.size() > b.second.size();
  });
  return sorted;
}

/// Merges the first products whose other operands are of one type, if any are.
bool MergeGateMatmuls::mergeAlike(SmallVector<Product> products) {
  // Earlier merges may have moved them.
  llvm::sort(products, [](const Product &a, const Product &b) {
    return a.op->isBeforeInBlock(b.op);
  });
  llvm::MapVector<Type, SmallVector<Product>> byType;
  for (const Product &product : products)
    byType[product.getOther().getType()].push_back(product);
  return llvm::any_of(byType,
                      [&](auto &alike) { return mergeGroup(alike.second); });
}

/// Merges groups that share no product, larger ones first; returns whether
/// there was one. A group that has lost a product is another one now: it, and
/// what shares a product with it, waits for the next call.
bool MergeGateMatmuls::mergeProducts(Block &block) {
  llvm::DenseSet<Operation *> changed;
  for (auto &[shared, products] : collectGroups(block)) {
    SmallVector<Operation *> ops;
    for (const Product &product : products)
      ops.push_back(product.op);
    bool waits =
        llvm::any_of(ops, [&](Operation *op) { return changed.contains(op); });
    if (waits || mergeAlike(products))
      changed.insert(ops.begin(), ops.end());
  }
  return !changed.empty();
}

bool MergeGateMatmuls::mergeGroup(ArrayRef<Product> products) {
  if (products.size() < 2)
    return false;
  UnstackOp parts = getUnstack(products);
  SmallVector<Product> chosen;
  SmallVector<Operation *> ops;
  for (const Product &product : products) {
    if (!parts && !getJoinObstacle(product.getOther(), product.op).empty())
      continue;
    // In the block's order: none of those before needs this one.
    if (needsAny(product.op, ops))
      continue;
    ops.push_back(product.op);
    chosen.push_back(product);
  }
  if (chosen.size() < 2)
    return false;
  merge(chosen, chosen.size() == products.size() ? parts : UnstackOp());
  return true;
}

void MergeGateMatmuls::merge(ArrayRef<Product> products, UnstackOp parts) {
  const Product &first = products.front(), &last = products.back();
  SmallVector<Operation *> ops;
  SmallVector<Value> others;
  SmallVector<Location> locs;
  for (const Product &product : products) {
    ops.push_back(product.op);
    others.push_back(product.getOther());
    locs.push_back(EinsumOp(product.op).getLoc());
  }
  OpBuilder builder(last.op);
  Location loc = builder.getFusedLoc(locs);
  size_t resultDim, place = parts ? parts.getDim() : 0;
  EinsumAttr equation = mergeEquation(first, place, resultDim);
  Value weights = joinParallel(others, place, last.op, loc);
  Value shared = first.getShared();
  Value product = EinsumOp::create(builder, loc, equation,
                                   first.side == 0 ? shared : weights,
                                   first.side == 0 ? weights : shared);
  auto unstack = UnstackOp::create(builder, loc, product, resultDim);
  moveDependentsAfter(ops, unstack);
  for (auto [op, part] : llvm::zip(ops, unstack.getOutputs())) {
    op->getResult(0).replaceAllUsesWith(part);
    op->erase();
  }
  ++numMerged;
  remarkPassed(unstack, loc, kPass)
      << llvm::formatv(
             "merged {0} products that share an operand into one: {1}",
             products.size(), equation.str())
             .str();
}

/// Where to look for sums after those of an unstack behind `before` have become
/// one: at an earlier unstack whose parts the new ones are added to, or at what
/// stands behind `before` now.
static Operation *getNextPlace(UnstackOp merged, Operation *before) {
  for (Operation *add : merged->getResult(0).getUsers())
    if (isa<AddOp>(add))
      for (Value term : add->getOperands())
        if (auto other = term.getDefiningOp<UnstackOp>();
            other && other != merged &&
            other->getBlock() == merged->getBlock() &&
            other->isBeforeInBlock(merged))
          return other;
  return before ? before->getNextNode() : &merged->getBlock()->front();
}

/// One walk through the block; returns whether there were sums to merge.
bool MergeGateMatmuls::mergeSums(Block &block) {
  bool changed = false;
  for (Operation *op = &block.front(), *next; op; op = next) {
    // A merge erases the op and what uses it, all of it behind this one.
    Operation *before = op->getPrevNode();
    auto parts = dyn_cast<UnstackOp>(op);
    UnstackOp merged = parts ? mergeParallelAdds(parts) : UnstackOp();
    if (!merged) {
      next = op->getNextNode();
      continue;
    }
    remarkPassed(merged, kPass)
        << llvm::formatv("merged {0} parallel sums into one",
                         merged->getNumResults())
               .str();
    changed = true;
    next = getNextPlace(merged, before);
  }
  return changed;
}

/// Products of one form that share an operand and were left apart: why.
void MergeGateMatmuls::reportMissed(Block &block) {
  for (auto &[shared, products] : collectGroups(block)) {
    const Product &first = products.front();
    for (const Product &product : ArrayRef(products).drop_front()) {
      std::string why = getJoinObstacle(product.getOther(), product.op);
      if (why.empty())
        why = getJoinObstacle(first.getOther(), first.op);
      std::string text;
      llvm::raw_string_ostream stream(text);
      Type type = product.getOther().getType();
      if (first.getOther().getType() != type)
        stream << "their shapes differ, " << first.getOther().getType()
               << " and " << type;
      else if (!why.empty())
        stream << "the other operand cannot be stacked: " << why;
      else
        stream << "one product needs the other one's result";
      remarkMissed(product.op, kPass)
          << "left two products that share an operand apart: " + text;
    }
  }
}

} // namespace
} // namespace maek
