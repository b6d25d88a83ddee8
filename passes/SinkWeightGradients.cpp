// Part of Maek, under the MIT licence; see LICENSE.
// maek-sink-weight-gradients: a state that only adds up a term of each step
// leaves the scan; what the term is made of becomes output sequences, and one
// large einsum or reduce over time follows the scan.
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Scans.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_SINKWEIGHTGRADIENTS
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "sink-weight-gradients";

/// Rewrites one scan.
class Sinker {
public:
  explicit Sinker(ScanOp scan)
      : scan(scan), body(&scan.getBody().front()), builder(scan.getContext()) {
    region.push_back(block = new Block);
    builder.setInsertionPointToEnd(block);
  }
  /// The number of states that left the scan.
  unsigned run();

private:
  SmallVector<Value> findTerms(unsigned state);
  SmallVector<Value> getLinearOperands(Value value) const;
  Value sumOverSteps(Value value);
  void sum(Value value);
  Value sumReduced(Operation *op);
  Value sumProduct(EinsumOp op);
  Value getSequence(Value value);
  void rebuild(const llvm::BitVector &sunk, ArrayRef<Value> sums);

  bool isInside(Value value) const { return value.getParentBlock() == body; }

  ScanOp scan;
  Block *body;
  OpBuilder builder;
  /// What will follow the scan; its arguments stand for output sequences.
  Region region;
  Block *block;
  /// The values of `body` whose sequences are the arguments of `block`.
  SmallVector<Value> sequenced;
  llvm::DenseMap<Value, Value> sums;
};

} // namespace

/// The terms that `state` adds up, if that is all that is done with it.
SmallVector<Value> Sinker::findTerms(unsigned state) {
  SmallVector<Value> terms;
  Value sum = scan.getStates()[state];
  Operation *last = scan;
  while (sum.hasOneUse()) {
    OpOperand &use = *sum.use_begin();
    if (use.getOwner() == scan.getYield()) {
      if (use.getOperandNumber() != state || terms.empty())
        return {};
      return terms;
    }
    auto add = dyn_cast<AddOp>(use.getOwner());
    if (!add || !isInside(add))
      return {};
    last = add;
    terms.push_back(add->getOperand(1 - use.getOperandNumber()));
    if (!isInside(terms.back())) {
      remarkMissed(last, kPass) << "left a sum in the scan: it adds the same "
                                   "value at each step";
      return {};
    }
    sum = add;
  }
  if (!terms.empty())
    remarkMissed(last, kPass)
        << "left a sum in the scan: a step uses the sum so far";
  return {};
}

/// [steps, ...value] where `block` stands.
Value Sinker::getSequence(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  if (argument && argument.getArgNumber() < scan.getNumSequences())
    return scan.getSequences()[argument.getArgNumber()];
  auto known = llvm::find(sequenced, value);
  if (known != sequenced.end())
    return block->getArgument(known - sequenced.begin());
  sequenced.push_back(value);
  return block->addArgument(scan.getSequenceType(value.getType()),
                            value.getLoc());
}

/// The operands of the op that makes `value` of whose sums over the steps that
/// of `value` is made, by linearity; none if the op is not linear in what
/// changes from step to step, or is needed in the scan.
SmallVector<Value> Sinker::getLinearOperands(Value value) const {
  Operation *op = value.getDefiningOp();
  if (!op || (!op->hasOneUse() && !isa<UnstackOp, SplitOp>(op)))
    return {};
  SmallVector<Value> inside;
  llvm::copy_if(op->getOperands(), std::back_inserter(inside),
                [&](Value operand) { return isInside(operand); });
  bool isLinearInAll =
      op->hasTrait<Linear>() && inside.size() == op->getNumOperands();
  bool isLinearInOne = isa<EinsumOp, MulOp>(op) && inside.size() == 1;
  return isLinearInAll || isLinearInOne ? inside : SmallVector<Value>();
}

/// The sum over the steps of `value`, which the body computes.
Value Sinker::sumOverSteps(Value value) {
  // Operands first. A sum may have more terms than the stack is deep.
  SmallVector<Value> pending{value};
  while (!pending.empty()) {
    Value next = pending.back();
    size_t count = pending.size();
    for (Value operand : llvm::reverse(getLinearOperands(next)))
      if (!sums.contains(operand))
        pending.push_back(operand);
    if (pending.size() > count)
      continue;
    pending.pop_back();
    if (!sums.contains(next))
      sum(next);
  }
  return sums.lookup(value);
}

/// Makes the sum of `value`, for whose operands it has been made where needed.
void Sinker::sum(Value value) {
  Value made = sumReduced(value.getDefiningOp());
  if (made) {
    sums[value] = made;
    return;
  }
  SmallVector<Value> operands = getLinearOperands(value);
  if (operands.empty()) {
    sums[value] = ReduceOp::create(builder, value.getLoc(), ReduceKind::Sum,
                                   getSequence(value), ArrayRef<int64_t>{0});
    return;
  }
  IRMapping mapping;
  for (Value operand : operands)
    mapping.map(operand, sums.lookup(operand));
  Operation *op = value.getDefiningOp();
  for (auto [from, to] :
       llvm::zip(op->getResults(), builder.clone(*op, mapping)->getResults()))
    sums[from] = to;
}

// sum over t of "l,r->y" a_t c_t = "tl,tr->y" a c
Value Sinker::sumProduct(EinsumOp op) {
  EinsumAttr equation = op.getEquation();
  std::optional<char> step = equation.getFreshLetter();
  if (!isInside(op.getLhs()) || !isInside(op.getRhs()) || !step)
    return {};
  equation =
      EinsumAttr::get(op.getContext(), *step + equation.getLhs().str(),
                      *step + equation.getRhs().str(), equation.getResult());
  remarkPassed(op, kPass)
      << "one product after the scan instead of one per step: " +
             equation.str();
  return EinsumOp::create(builder, op.getLoc(), equation,
                          getSequence(op.getLhs()), getSequence(op.getRhs()));
}

/// The sum over the steps of what `op` makes, if that is a product or a sum
/// itself: then one of more terms. Null if not, or if it is needed in the scan.
Value Sinker::sumReduced(Operation *op) {
  if (!op || !op->hasOneUse())
    return {};
  if (auto product = dyn_cast<EinsumOp>(op))
    return sumProduct(product);
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || reduce.getKind() != ReduceKind::Sum ||
      !isInside(reduce.getOperand()))
    return {};
  SmallVector<int64_t> dims{0};
  for (int64_t dim : reduce.getDims())
    dims.push_back(dim + 1);
  return ReduceOp::create(builder, op->getLoc(), ReduceKind::Sum,
                          getSequence(reduce.getOperand()), dims);
}

/// Makes the scan with the output sequences and without the `sunk` states, and
/// puts `block` behind it; `totals` are the sunk states' final values.
void Sinker::rebuild(const llvm::BitVector &sunk, ArrayRef<Value> totals) {
  IRRewriter rewriter(scan.getContext());
  SmallVector<Value> results = collectOverSteps(rewriter, scan, sequenced);
  for (auto [argument, result] : llvm::zip(block->getArguments(), results))
    argument.replaceAllUsesWith(result);
  scan->getBlock()->getOperations().splice(std::next(scan->getIterator()),
                                           block->getOperations());
  for (auto [i, total] : llvm::zip(sunk.set_bits(), totals)) {
    scan.getFinals()[i].replaceAllUsesWith(total);
    scan.getYield()->setOperand(i, scan.getStates()[i]);
  }
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(*body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  ScanDrops drops(scan);
  drops.states = sunk;
  scan = rebuildScan(rewriter, scan, drops);
  if (isOpTriviallyDead(scan))
    scan.erase();
}

unsigned Sinker::run() {
  llvm::BitVector sunk(scan.getNumStates());
  SmallVector<Value> totals;
  for (unsigned i : llvm::seq(scan.getNumStates())) {
    SmallVector<Value> terms = findTerms(i);
    if (terms.empty())
      continue;
    sunk.set(i);
    Value total = scan.getInits()[i];
    for (Value term : terms)
      total =
          builder.createOrFold<AddOp>(term.getLoc(), total, sumOverSteps(term));
    totals.push_back(total);
  }
  if (!totals.empty())
    rebuild(sunk, totals);
  return totals.size();
}

namespace {

struct SinkWeightGradients
    : impl::SinkWeightGradientsBase<SinkWeightGradients> {
  void runOnOperation() override {
    // The walk gives inner scans first: their sums are terms of outer ones.
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      // The terms of all segments together are what segments are there to save.
      if (!scan.getSegmented())
        scans.push_back(scan);
    });
    for (ScanOp scan : scans)
      numSunk += Sinker(scan).run();
  }
};

} // namespace

} // namespace maek
