// Part of Maek, under the MIT licence; see LICENSE.
// maek-hoist-input-projection: what a scan's steps compute from the sequences
// alone, by way of a product, is computed for all steps at once before it.
#include "passes/AddTrees.h"
#include "passes/KernelOps.h"
#include "passes/Mappable.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"
#include "passes/Scans.h"

#include "ir/DeadOps.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_HOISTINPUTPROJECTION
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "hoist-input-projection";

/// What leaves one scan, and the scan rebuilt around what enters instead.
class Hoister {
public:
  explicit Hoister(ScanOp scan)
      : scan(scan), body(scan.getBody().front()), dependence(scan) {}

  /// Picks the ops; false if there is nothing to hoist.
  bool choose();
  /// Returns the new scan.
  ScanOp hoist();

  ArrayRef<EinsumOp> getProducts() const { return products; }

private:
  bool canMap(Operation *op) const;
  bool wants(Operation *op);
  bool isBiasOfPart(Operation *op);
  void require();
  void build(Operation *op, OpBuilder &builder);

  ScanOp scan;
  Block &body;
  ScanDependence dependence;
  SmallVector<EinsumOp> products;
  /// What can be computed for all steps at once, of the ops looked at so far.
  llvm::DenseSet<Operation *> mappable;
  /// What a product's value goes into, element by element or as a view.
  llvm::DenseSet<Operation *> derived;
  /// Parts of products with biases, which stay.
  llvm::DenseSet<Operation *> biased;
  /// What is computed outside, for its own sake and for the others' sake.
  llvm::SetVector<Operation *> wanted, required;
  /// The values outside, for all steps where they depend on the step.
  IRMapping mapping;
};

/// Whether `op`, and all that it needs from the body, can be computed for all
/// steps. The ops before it were looked at.
bool Hoister::canMap(Operation *op) const {
  Dependence kind = dependence.of(op);
  auto known = dyn_cast<Mappable>(op);
  if (kind == Dependence::State ||
      (kind == Dependence::Sequence && !(known && known.hasRoom())) ||
      op->getNumRegions() != 0 || !isMemoryEffectFree(op))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *source = operand.getDefiningOp();
    return !source || source->getBlock() != &body || mappable.contains(source);
  });
}

/// Products, and what is as large as they are: then as many values enter the
/// scan and more work leaves it.
bool Hoister::wants(Operation *op) {
  if (dependence.of(op) != Dependence::Sequence || !mappable.contains(op))
    return false;
  if (isa<EinsumOp>(op))
    return true;
  bool follows = llvm::any_of(op->getOperands(), [&](Value operand) {
    Operation *source = operand.getDefiningOp();
    return source && derived.contains(source);
  });
  if (follows && (isElementwise(op) || isView(op) || isReduction(op)))
    derived.insert(op);
  return follows && (isElementwise(op) || isReduction(op)) && !isBiasOfPart(op);
}

/// Whether `op` adds what no step changes to a part of a product, as a bias to
/// one gate of several, or one more. In the loop it is free, in the kernel that
/// reads the part; outside it would be a kernel between the product and the
/// scan.
bool Hoister::isBiasOfPart(Operation *op) {
  if (!isa<AddOp>(op))
    return false;
  Value part = op->getOperand(0), bias = op->getOperand(1);
  if (dependence.of(part) == Dependence::Invariant)
    std::swap(part, bias);
  Operation *source = part.getDefiningOp();
  if (dependence.of(bias) != Dependence::Invariant ||
      !(isa_and_nonnull<UnstackOp>(source) || biased.contains(source)))
    return false;
  biased.insert(op);
  return true;
}

/// Finds what the wanted ops are made of, and keeps the body's order.
void Hoister::require() {
  llvm::DenseSet<Operation *> needed(wanted.begin(), wanted.end());
  SmallVector<Operation *> found;
  for (Operation &op : llvm::reverse(body)) {
    if (!needed.contains(&op))
      continue;
    found.push_back(&op);
    for (Value operand : op.getOperands())
      if (Operation *source = operand.getDefiningOp();
          source && source->getBlock() == &body)
        needed.insert(source);
  }
  required.insert(found.rbegin(), found.rend());
}

bool Hoister::choose() {
  for (Operation &op : body.without_terminator()) {
    if (canMap(&op))
      mappable.insert(&op);
    if (!wants(&op))
      continue;
    derived.insert(&op);
    wanted.insert(&op);
    if (auto product = dyn_cast<EinsumOp>(op))
      products.push_back(product);
  }
  require();
  return !wanted.empty();
}

void Hoister::build(Operation *op, OpBuilder &builder) {
  if (dependence.of(op) == Dependence::Invariant) {
    builder.clone(*op, mapping);
    return;
  }
  SmallVector<Value> operands;
  llvm::SmallBitVector mapped(op->getNumOperands());
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    operands.push_back(mapping.lookupOrDefault(operand));
    mapped[i] = dependence.of(operand) == Dependence::Sequence;
  }
  Extent steps = scan.getSteps();
  mapping.map(op->getResults(),
              cast<Mappable>(op).mapOverAxis(builder, operands, mapped, steps));
}

ScanOp Hoister::hoist() {
  OpBuilder builder(scan);
  for (auto [element, sequence] :
       llvm::zip(scan.getElements(), scan.getSequences()))
    mapping.map(element, sequence);
  for (Operation *op : required)
    build(op, builder);

  // The values that the rest of the body reads enter as sequences.
  SmallVector<Value> entering, sequences;
  for (Operation *op : wanted)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !required.contains(user) ||
                   (isView(user) && !wanted.contains(user));
          })) {
        entering.push_back(result);
        sequences.push_back(mapping.lookup(result));
      }
  IRRewriter rewriter(scan.getContext());
  scan = rebuildScan(rewriter, scan, ScanDrops(scan), sequences);
  for (auto [value, element] :
       llvm::zip(entering, scan.getElements().take_back(entering.size())))
    value.replaceAllUsesWith(element);
  for (Operation *op : llvm::reverse(required.getArrayRef()))
    if (op->use_empty())
      op->erase();

  ScanDrops unused(scan);
  for (auto [i, element] : llvm::enumerate(scan.getElements()))
    if (element.use_empty())
      unused.sequences.set(i);
  if (unused.sequences.all())
    unused.sequences.reset(0);
  return unused.any() ? rebuildScan(rewriter, scan, unused) : scan;
}

struct HoistInputProjection
    : impl::HoistInputProjectionBase<HoistInputProjection> {
  using HoistInputProjectionBase::HoistInputProjectionBase;

  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      // What is computed segment by segment is to stay so.
      if (!scan.getSegmented())
        scans.push_back(scan);
    });
    for (ScanOp scan : scans)
      visit(scan);
    eraseDeadOps(getOperation());
  }

private:
  void visit(ScanOp scan) {
    regroupSums(scan);
    Hoister hoister(scan);
    if (hoister.choose()) {
      for (EinsumOp product : hoister.getProducts())
        remarkPassed(product, kPass)
            << "moved a product out of the loop, to compute it for all steps "
               "at once";
      numHoisted += hoister.getProducts().size();
      scan = hoister.hoist();
    }
    ScanDependence dependence(scan);
    for (auto product : scan.getBody().front().getOps<EinsumOp>()) {
      bool isBound = dependence.of(product.getResult()) == Dependence::State;
      remarkMissed(product, kPass)
          << (isBound ? "left a product in the loop: it depends on the loop's "
                        "state"
                      : "left a product in the loop");
    }
  }
};

} // namespace
} // namespace maek
