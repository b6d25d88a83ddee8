// Part of Maek, under the MIT licence; see LICENSE.
// maek-fuse-epilogues: a product or a reduction and the elementwise work that
// can be done on its result while that is still in registers.
#include "passes/EntryValues.h"
#include "passes/KernelGroups.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "ir/DeadOps.h"
#include "ir/Extent.h"
#include "ir/MatrixProducts.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"
#include <queue>

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "fuse-epilogues";

/// Grows one anchor's group.
class EpilogueFuser {
public:
  EpilogueFuser(KernelGroups &groups, Operation *anchor,
                const llvm::DenseSet<Value> &parameterValues,
                const llvm::DenseSet<Value> &updates)
      : groups(groups), anchor(anchor), group(groups.groupOf(anchor)),
        parameterValues(parameterValues), updates(updates) {}

  void run();

private:
  bool isMember(Value value) const;
  bool isMember(Operation *op) const { return groups.isIn(op, group); }
  bool isPrepared(Operation *op) const;
  /// Whether no other op has been grouped with `op` so far.
  bool isAlone(Operation *op) const {
    return groups.members(groups.groupOf(op)).size() == 1;
  }
  void growPrologue();
  void addConsumers(bool mayUnstack);
  void addProducers();
  void prune();
  bool isWasted(Operation *leaf) const;
  bool hasWholeOutputs() const;
  StringRef whyNot(Operation *op, bool mayUnstack) const;
  StringRef whyNoCompute(Operation *op) const;
  void remarkLeft(Operation *op, StringRef reason) const;

  KernelGroups &groups;
  Operation *anchor;
  KernelGroups::Group group;
  const llvm::DenseSet<Value> &parameterValues;
  const llvm::DenseSet<Value> &updates;
  /// Shape and axis of the unstack that is part of the epilogue.
  Type parts;
  int64_t unstackAxis = -1;
  llvm::SetVector<Operation *> prologue;
};

} // namespace

bool EpilogueFuser::isMember(Value value) const {
  Operation *op = value.getDefiningOp();
  return op && isMember(op);
}

bool EpilogueFuser::isPrepared(Operation *op) const {
  return op->getNumResults() > 0 && parameterValues.contains(op->getResult(0));
}

/// Why `op`, elementwise and with a shape that fits or not, stays out; empty
/// if nothing speaks against it.
StringRef EpilogueFuser::whyNoCompute(Operation *op) const {
  if (!isAlone(op))
    return "it is in another kernel";
  Type shape = getShapeKey(op->getResult(0).getType());
  Type whole = getShapeKey(anchor->getResult(0).getType());
  if (shape != whole && shape != parts)
    return "its shape differs from the result's";
  if (isPrepared(op) != isPrepared(anchor))
    return "the parameters alone determine one of the two";
  if (llvm::any_of(op->getResults(),
                   [&](Value result) { return updates.contains(result); }))
    return "it is written over a parameter or state";
  // The chain of scalars that joins many reductions is a kernel of its own,
  // and the reductions stay equal to one another.
  if (isReduction(anchor) && getRank(whole) == 0)
    for (Value operand : op->getOperands())
      if (Operation *source = operand.getDefiningOp())
        if (!isMember(source) && !isRepeatable(source))
          return "it joins several scalars";
  if (groups.isTooLarge(group, groups.groupOf(op)))
    return "the kernel would hold too many operations";
  if (groups.wouldCycle(group, groups.groupOf(op)))
    return "it also needs a value that is computed from the result elsewhere";
  return "";
}

StringRef EpilogueFuser::whyNot(Operation *op, bool mayUnstack) const {
  if (auto unstack = dyn_cast<UnstackOp>(op)) {
    if (!mayUnstack)
      return "the joined result is used as a whole too";
    if (getShapeKey(unstack.getOperand().getType()) !=
            getShapeKey(anchor->getResult(0).getType()) ||
        (unstackAxis >= 0 && unstackAxis != unstack.getDim()))
      return "its shape differs from the result's";
    return isAlone(op) ? "" : "it is in another kernel";
  }
  if (!isElementwise(op))
    return "it is no elementwise operation";
  return whyNoCompute(op);
}

void EpilogueFuser::remarkLeft(Operation *op, StringRef reason) const {
  remarkMissed(op, kPass) << (op->getName().stripDialect() +
                              " stays out of the " +
                              anchor->getName().stripDialect() +
                              "'s kernel: " + reason)
                                 .str();
}

/// Users of the group join it, in the block's order.
void EpilogueFuser::addConsumers(bool mayUnstack) {
  auto isLater = [&](Operation *a, Operation *b) {
    return groups.getPosition(a) > groups.getPosition(b);
  };
  std::priority_queue<Operation *, std::vector<Operation *>, decltype(isLater)>
      pending(isLater);
  llvm::DenseSet<Operation *> seen;
  auto addUsers = [&](Operation *op) {
    for (Operation *user : op->getUsers())
      if (user->getBlock() == anchor->getBlock() && !isRepeatable(user) &&
          !isMember(user) && seen.insert(user).second)
        pending.push(user);
  };
  llvm::for_each(groups.members(group), addUsers);
  while (!pending.empty()) {
    Operation *op = pending.top();
    pending.pop();
    StringRef reason = whyNot(op, mayUnstack);
    if (!reason.empty()) {
      if (isElementwise(op) || isa<UnstackOp>(op))
        remarkLeft(op, reason);
      continue;
    }
    groups.merge(group, groups.groupOf(op));
    if (auto unstack = dyn_cast<UnstackOp>(op)) {
      unstackAxis = unstack.getDim();
      parts = getShapeKey(unstack.getResult(0).getType());
    }
    addUsers(op);
  }
}

/// Elementwise ops that work for the epilogue alone join it.
void EpilogueFuser::addProducers() {
  SmallVector<Operation *> pending(groups.members(group));
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    if (op == anchor || prologue.contains(op))
      continue;
    for (Value operand : op->getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (!source || isMember(source) || !isElementwise(source) ||
          source->getBlock() != anchor->getBlock() ||
          !llvm::all_of(groups.users(operand),
                        [&](Operation *user) { return isMember(user); }) ||
          !whyNoCompute(source).empty())
        continue;
      groups.merge(group, groups.groupOf(source));
      pending.push_back(source);
    }
  }
}

/// Whether the group yields no more values without `leaf`, whose users could
/// compute it in their own kernels. An unstack at the end is a view.
bool EpilogueFuser::isWasted(Operation *leaf) const {
  if (isa<UnstackOp>(leaf))
    return llvm::none_of(leaf->getUsers(),
                         [&](Operation *user) { return isMember(user); });
  for (Value result : leaf->getResults())
    for (Operation *user : groups.users(result))
      if (isMember(user) || !(isElementwise(user) || isReduction(user)))
        return false;
  for (Value operand : leaf->getOperands())
    if (isMember(operand) && !groups.escapes(operand, leaf))
      return false;
  return true;
}

/// Leaves go that would only be one more array to write and to read.
void EpilogueFuser::prune() {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<Operation *> members(groups.members(group));
    for (Operation *op : llvm::reverse(members)) {
      if (op == anchor || prologue.contains(op) || !isWasted(op))
        continue;
      if (isElementwise(op))
        remarkLeft(op, "its users can compute it from what is stored anyway");
      groups.release(op);
      changed = true;
    }
  }
}

/// Whether all that the group yields has the shape of the unstacked parts.
bool EpilogueFuser::hasWholeOutputs() const {
  return llvm::all_of(groups.results(group), [&](Value value) {
    return getShapeKey(value.getType()) == parts;
  });
}

/// The elementwise ops that work for a reduction alone join it, if that does
/// not make it read more arrays than before. Values that ops still to be fused
/// compute count: those could do this work as well.
void EpilogueFuser::growPrologue() {
  llvm::SetVector<Operation *> found;
  llvm::SetVector<Value> inputs;
  bool isOpen = false;
  SmallVector<Operation *> pending{anchor};
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val();
    for (Value operand : op->getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (source && isRepeatable(source))
        continue;
      bool joins = source && source->getBlock() == anchor->getBlock() &&
                   isElementwise(source) && isAlone(source) &&
                   found.size() < kMaxElementwise &&
                   isPrepared(source) == isPrepared(anchor) &&
                   getShapeKey(operand.getType()) ==
                       getShapeKey(anchor->getOperand(0).getType()) &&
                   llvm::all_of(
                       groups.users(operand),
                       [&](Operation *user) {
                         return user == anchor || found.contains(user);
                       });
      if (joins) {
        if (found.insert(source))
          pending.push_back(source);
        continue;
      }
      inputs.insert(operand);
      isOpen |= source && source->getBlock() == anchor->getBlock() &&
                isAlone(source) &&
                (isElementwise(source) || isRowReduction(source));
    }
  }
  if (isOpen && inputs.size() > 1)
    return;
  for (Operation *op : found)
    groups.merge(group, groups.groupOf(op));
  prologue = std::move(found);
}

void EpilogueFuser::run() {
  if (isReduction(anchor))
    growPrologue();
  addConsumers(/*mayUnstack=*/true);
  prune();
  addProducers();
  if (unstackAxis >= 0 && !hasWholeOutputs()) {
    // Back to the anchor, then without the unstack.
    SmallVector<Operation *> members(groups.members(group));
    for (Operation *op : llvm::reverse(members))
      if (op != anchor && !prologue.contains(op))
        groups.release(op);
    unstackAxis = -1;
    parts = {};
    addConsumers(/*mayUnstack=*/false);
    prune();
    addProducers();
  }
}

namespace {

struct FuseEpilogues : impl::FuseEpiloguesBase<FuseEpilogues> {
  using FuseEpiloguesBase::FuseEpiloguesBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    eraseDeadOps(function);
    llvm::DenseSet<Value> updates = findUpdates(function), parameterValues;
    if (updates.empty())
      parameterValues = findParameterValues(function);
    for (Block *block : getHostBlocks(function))
      fuse(*block, parameterValues, updates);
  }

  /// In a loop a step's product and its epilogue are one launch.
  bool isLeftAlone(Operation *anchor) const {
    auto product = dyn_cast<EinsumOp>(anchor);
    if (!library || !product || !isa<func::FuncOp>(anchor->getParentOp()) ||
        !isLargeMatrixProduct(product))
      return false;
    remarkPassed(anchor, kPass)
        << "left the product to a library of matrix products, alone";
    return true;
  }

  void fuse(Block &block, const llvm::DenseSet<Value> &parameterValues,
            const llvm::DenseSet<Value> &updates) {
    KernelGroups groups(block);
    SmallVector<Operation *> anchors;
    for (Operation *op : groups.getOps())
      if (isa<EinsumOp>(op))
        anchors.push_back(op);
    for (Operation *op : groups.getOps())
      if (isReduction(op) && !isRowReduction(op))
        anchors.push_back(op);
    for (Operation *anchor : anchors)
      if (!isLeftAlone(anchor))
        EpilogueFuser(groups, anchor, parameterValues, updates).run();
    for (Operation *anchor : anchors) {
      KernelGroups::Group group = groups.groupOf(anchor);
      unsigned count = groups.members(group).size();
      Location loc = anchor->getLoc();
      StringRef name = anchor->getName().stripDialect();
      KernelOp kernel = groups.emit(group);
      ++numKernels;
      numFused += count - 1;
      if (count > 1)
        remarkPassed(kernel, loc, kPass)
            << (name + " takes " + Twine(count - 1) +
                " operations into its kernel, which yields " +
                Twine(kernel.getNumResults()) + " values")
                   .str();
    }
    groups.finish();
  }
};

} // namespace
} // namespace maek
