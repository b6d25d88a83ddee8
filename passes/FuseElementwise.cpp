// Part of Maek, under the MIT licence; see LICENSE.
// maek-fuse-elementwise: all that computes and is not in a kernel yet becomes
// kernels over one shape each, as few as the data flow allows.
#include "passes/EntryValues.h"
#include "passes/HostCopies.h"
#include "passes/KernelGroups.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "ir/DeadOps.h"
#include "ir/Extent.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include <list>

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "fuse-elementwise";

/// What a group runs over.
struct Domain {
  /// The shape of most values; with reductions along rows also the rows' own.
  /// No shape for a product or another reduction, which stays alone.
  Type wide, narrow;
  /// The parameters alone determine its values.
  bool isPrepared = false;
  /// It yields new values of parameters or states, in place.
  bool isUpdate = false;
  /// It reads elements of an argument that is updated, at other places.
  bool readsAround = false;
};

/// What the passes know of the whole function.
struct FunctionFacts {
  llvm::DenseSet<Operation *> copies;
  llvm::DenseSet<Value> parameterValues, updates, updated;
};

class ElementwiseFuser {
public:
  ElementwiseFuser(Block &block, const FunctionFacts &facts)
      : block(block), groups(block), facts(facts) {}

  void decide(bool merge);
  /// Makes the kernels; returns how many, and adds the ops that joined another.
  unsigned emit(unsigned &numFused);
  /// Constants, broadcasts and the like that the host itself uses: each use
  /// gets its own kernel, since a state's first value must not be shared.
  /// Returns how many kernels it made.
  unsigned computeHostValues();
  /// Erases what the kernels hold now, and orders the block.
  void finish();

private:
  bool isFusable(Operation *op) const;
  Domain getDomain(Operation *op) const;
  StringRef whyNot(KernelGroups::Group a, KernelGroups::Group b) const;
  bool tryMerge(Operation *producer, Operation *consumer);
  bool isEdge(Operation *producer, Operation *consumer) const;
  bool mergeAlongEdges();
  void remarkEdges() const;
  void join(KernelGroups::Group into, KernelGroups::Group from);
  void mergeScalars();
  void mergeReadersOfOneValue();

  Block &block;
  KernelGroups groups;
  SmallVector<KernelOp> hostValues;
  const FunctionFacts &facts;
  llvm::DenseMap<KernelGroups::Group, Domain> domains;
};

} // namespace

bool ElementwiseFuser::isFusable(Operation *op) const {
  return isElementwise(op) || isReduction(op) || isa<EinsumOp>(op) ||
         isWhole(op) || facts.copies.contains(op);
}

/// The value that a chain of views starts from.
static Value getRoot(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isView(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

Domain ElementwiseFuser::getDomain(Operation *op) const {
  Domain domain;
  domain.wide = getShapeKey(op->getResult(0).getType());
  if (isRowReduction(op)) {
    domain.narrow = domain.wide;
    domain.wide = getShapeKey(op->getOperand(0).getType());
  } else if (isReduction(op) || isa<EinsumOp>(op) || isWhole(op)) {
    domain.wide = {};
  }
  domain.isPrepared = facts.parameterValues.contains(op->getResult(0));
  domain.isUpdate = llvm::any_of(op->getResults(), [&](Value result) {
    return facts.updates.contains(result);
  });
  if (facts.copies.contains(op))
    domain.readsAround = llvm::any_of(op->getOperands(), [&](Value operand) {
      return facts.updated.contains(getRoot(operand));
    });
  return domain;
}

/// Why two groups cannot be one kernel; empty if they can.
StringRef ElementwiseFuser::whyNot(KernelGroups::Group a,
                                   KernelGroups::Group b) const {
  const Domain &x = domains.find(a)->second, &y = domains.find(b)->second;
  bool fits = x.narrow && y.narrow ? x.wide == y.wide && x.narrow == y.narrow
              : x.narrow           ? y.wide == x.wide || y.wide == x.narrow
              : y.narrow           ? x.wide == y.wide || x.wide == y.narrow
                                   : x.wide == y.wide;
  if (!fits || !x.wide || !y.wide)
    return "their shapes differ";
  if (x.isPrepared != y.isPrepared)
    return "the parameters alone determine one of them";
  if ((x.isUpdate || y.isUpdate) &&
      (x.narrow || y.narrow || x.readsAround || y.readsAround))
    return "one is written over a parameter, state or carried tensor that the "
           "other reads "
           "elsewhere";
  if (groups.isTooLarge(a, b))
    return "one kernel would hold too many operations";
  if (groups.wouldCycle(a, b))
    return "a value would leave the kernel and come back";
  return "";
}

void ElementwiseFuser::join(KernelGroups::Group into,
                            KernelGroups::Group from) {
  Domain &kept = domains.find(into)->second;
  const Domain other = domains.find(from)->second;
  if (other.narrow) {
    kept.wide = other.wide;
    kept.narrow = other.narrow;
  }
  kept.isUpdate |= other.isUpdate;
  kept.readsAround |= other.readsAround;
  groups.merge(into, from);
}

/// Returns whether they were two groups and are one now.
bool ElementwiseFuser::tryMerge(Operation *producer, Operation *consumer) {
  KernelGroups::Group from = groups.groupOf(producer);
  KernelGroups::Group into = groups.groupOf(consumer);
  if (from == into || !whyNot(from, into).empty())
    return false;
  // The smaller joins, so that no op changes its group often.
  if (groups.members(from).size() > groups.members(into).size())
    std::swap(from, into);
  join(into, from);
  return true;
}

/// Whether the consumer could read the producer's elements as they are made.
/// A copy reads other elements than it writes.
bool ElementwiseFuser::isEdge(Operation *producer, Operation *consumer) const {
  return isFusable(producer) && isFusable(consumer) && !isa<PackOp>(producer) &&
         !facts.copies.contains(consumer);
}

bool ElementwiseFuser::mergeAlongEdges() {
  bool changed = false;
  for (Operation *consumer : groups.getOps())
    for (Operation *producer : groups.producers(consumer))
      if (isEdge(producer, consumer))
        changed |= tryMerge(producer, consumer);
  return changed;
}

void ElementwiseFuser::remarkEdges() const {
  for (Operation *consumer : groups.getOps())
    for (Operation *producer : groups.producers(consumer)) {
      KernelGroups::Group from = groups.groupOf(producer);
      KernelGroups::Group into = groups.groupOf(consumer);
      if (from != into && isEdge(producer, consumer))
        remarkMissed(consumer, kPass)
            << (consumer->getName().stripDialect() + " is not fused with " +
                producer->getName().stripDialect() + ": " + whyNot(from, into))
                   .str();
    }
}

/// Scalars cost a call each and little else.
void ElementwiseFuser::mergeScalars() {
  Operation *first[2] = {};
  for (Operation *op : groups.getOps()) {
    if (!isElementwise(op) || getRank(op->getResult(0).getType()) != 0)
      continue;
    Operation *&other =
        first[domains.find(groups.groupOf(op))->second.isPrepared];
    if (other)
      tryMerge(other, op);
    other = op;
  }
}

/// Groups that read the same array read it once.
void ElementwiseFuser::mergeReadersOfOneValue() {
  llvm::MapVector<Value, SmallVector<Operation *>> readers;
  for (Operation *op : groups.getOps())
    if (isElementwise(op) || isRowReduction(op))
      for (Value operand : op->getOperands())
        if (!(operand.getDefiningOp() &&
              isRepeatable(operand.getDefiningOp())) &&
            getRank(operand.getType()) > 0)
          readers[operand].push_back(op);
  for (auto &[value, ops] : readers)
    for (Operation *op : ArrayRef(ops).drop_front())
      tryMerge(ops.front(), op);
}

void ElementwiseFuser::decide(bool merge) {
  for (Operation *op : groups.getOps())
    if (isFusable(op))
      domains[groups.groupOf(op)] = getDomain(op);
  // A stack or concat is done by the pack that reads it.
  for (Operation *op : groups.getOps())
    if (isa<PackOp>(op))
      for (Operation *producer : groups.producers(op))
        if (isa<StackOp, ConcatOp>(producer) && producer->hasOneUse() &&
            facts.copies.contains(producer))
          groups.merge(groups.groupOf(op), groups.groupOf(producer));
  if (!merge)
    return;
  // One merge may remove the detour that another one had to avoid.
  while (mergeAlongEdges())
    ;
  mergeReadersOfOneValue();
  mergeScalars();
  remarkEdges();
}

unsigned ElementwiseFuser::emit(unsigned &numFused) {
  llvm::SetVector<KernelGroups::Group> found;
  for (Operation *op : groups.getOps())
    if (isFusable(op))
      found.insert(groups.groupOf(op));
  for (KernelGroups::Group group : found) {
    unsigned count = groups.members(group).size();
    Location loc = groups.members(group).back()->getLoc();
    KernelOp kernel = groups.emit(group);
    numFused += count - 1;
    if (count > 1)
      remarkPassed(kernel, loc, kPass)
          << (Twine(count) + " operations are one kernel, which yields " +
              Twine(kernel.getNumResults()) + " values")
                 .str();
  }
  return found.size();
}

unsigned ElementwiseFuser::computeHostValues() {
  for (Operation &user : llvm::make_early_inc_range(block)) {
    if (isRepeatable(&user) || isFusable(&user) || isa<KernelOp>(user))
      continue;
    for (OpOperand &operand : user.getOpOperands()) {
      Operation *op = operand.get().getDefiningOp();
      if (!op || !isRepeatable(op))
        continue;
      OpBuilder builder(&user);
      auto kernel = KernelOp::create(builder, op->getLoc(),
                                     TypeRange(operand.get().getType()));
      builder.createBlock(&kernel.getBody());
      IRMapping copies;
      Value value = copyRepeatable(operand.get(), copies, builder);
      YieldOp::create(builder, op->getLoc(), value);
      operand.set(kernel.getResult(0));
      hostValues.push_back(kernel);
    }
  }
  return hostValues.size();
}

void ElementwiseFuser::finish() {
  groups.finish();
  // What is computed of nothing lives as shortly as it can.
  for (KernelOp kernel : hostValues)
    kernel->moveBefore(*kernel->user_begin());
}

namespace {

struct FuseElementwise : impl::FuseElementwiseBase<FuseElementwise> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isDeclaration())
      return;
    FunctionFacts facts;
    facts.updates = findUpdates(function);
    facts.updated = findUpdated(function);
    if (!changesParameters(function))
      facts.parameterValues = findParameterValues(function);
    facts.copies = findCopies(function);
    std::list<ElementwiseFuser> fusers;
    for (Block *block : getHostBlocks(function)) {
      ElementwiseFuser &fuser = fusers.emplace_back(*block, facts);
      fuser.decide(merge);
      unsigned fused = 0;
      numKernels += fuser.emit(fused);
      numFused += fused;
    }
    // While attention stands where it was, what it reads is still a mask,
    // which all others repeat as well.
    for (ElementwiseFuser &fuser : fusers)
      numKernels += fuser.computeHostValues();
    for (ElementwiseFuser &fuser : fusers)
      fuser.finish();
    eraseDeadOps(function);
  }
};

} // namespace
} // namespace maek
