// Part of Maek, under the MIT licence; see LICENSE.
// Scans without what they carry in vain.
#include "passes/Rewriting.h"
#include "passes/Scans.h"
#include "passes/Simplify.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace maek {
namespace {

/// Finds what one scan carries in vain, redirects the uses, and rebuilds it.
class ScanCleaner {
public:
  ScanCleaner(ScanOp scan, PatternRewriter &rewriter)
      : scan(scan), rewriter(rewriter), drops(scan), yield(scan.getYield()) {}

  LogicalResult run() {
    cleanOutputs();
    stopDeadStates();
    cleanStates();
    cleanSequences();
    if (!drops.any() && !changed)
      return failure();
    if (drops.any())
      rebuildScan(rewriter, scan, drops);
    return success();
  }

private:
  void cleanOutputs();
  void stopDeadStates();
  void cleanStates();
  void cleanSequences();

  Value getYielded(unsigned result) { return yield.getValues()[result]; }
  /// What output `i` is without the scan, or nothing.
  Value getOutputElsewhere(unsigned i);
  void replace(Value value, Value other) {
    rewriter.replaceAllUsesWith(value, other);
    changed = true;
  }
  /// `value` with a leading axis along which it repeats, of type `type`.
  Value repeat(Value value, Type type) {
    rewriter.setInsertionPoint(scan);
    auto dims = llvm::to_vector(llvm::seq<int64_t>(1, getRank(type)));
    return BroadcastOp::create(rewriter, value.getLoc(), type, value, dims);
  }

  ScanOp scan;
  PatternRewriter &rewriter;
  ScanDrops drops;
  YieldOp yield;
  bool changed = false;
};

Value ScanCleaner::getOutputElsewhere(unsigned i) {
  unsigned states = scan.getNumStates();
  Value yielded = getYielded(states + i);
  Type type = scan.getOutputs()[i].getType();
  for (unsigned j = 0; j < i; ++j)
    if (!drops.outputs[j] && getYielded(states + j) == yielded)
      return scan.getOutputs()[j];
  if (auto argument = dyn_cast<BlockArgument>(yielded);
      argument && argument.getOwner() == &scan.getBody().front() &&
      argument.getArgNumber() < scan.getNumSequences())
    return scan.getSequences()[argument.getArgNumber()];
  if (isOutside(yielded, scan))
    return repeat(yielded, type);
  if (auto constant = yielded.getDefiningOp<ConstantOp>()) {
    rewriter.setInsertionPoint(scan);
    return ConstantOp::create(rewriter, constant.getLoc(), type,
                              constant.getValueAttr());
  }
  return {};
}

/// An output that nobody reads, that another one equals, that is a sequence
/// or the same in every step.
void ScanCleaner::cleanOutputs() {
  for (auto [i, output] : llvm::enumerate(scan.getOutputs())) {
    if (!output.use_empty())
      if (Value other = getOutputElsewhere(i))
        replace(output, other);
    if (output.use_empty())
      drops.outputs.set(i);
  }
}

/// States that reach no output and no final state that is read stay as they
/// are: then they count as unchanged.
void ScanCleaner::stopDeadStates() {
  Block *body = &scan.getBody().front();
  SmallVector<Value> worklist;
  SmallPtrSet<Operation *, 16> seen;
  llvm::SmallBitVector live(scan.getNumStates());
  auto markState = [&](unsigned i) {
    if (live.test(i))
      return;
    live.set(i);
    worklist.push_back(getYielded(i));
  };
  for (auto [i, final] : llvm::enumerate(scan.getFinals()))
    if (!final.use_empty())
      markState(i);
  for (unsigned i = 0; i < scan.getNumOutputs(); ++i)
    if (!drops.outputs[i])
      worklist.push_back(getYielded(scan.getNumStates() + i));
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      if (argument.getOwner() == body &&
          argument.getArgNumber() >= scan.getNumSequences())
        markState(argument.getArgNumber() - scan.getNumSequences());
      continue;
    }
    Operation *op = body->findAncestorOpInBlock(*value.getDefiningOp());
    if (!op || !seen.insert(op).second)
      continue;
    op->walk([&](Operation *nested) {
      llvm::append_range(worklist, nested->getOperands());
    });
  }
  for (auto [i, state] : llvm::enumerate(scan.getStates()))
    if (!live.test(i) && getYielded(i) != state) {
      rewriter.modifyOpInPlace(yield, [&] { yield->setOperand(i, state); });
      changed = true;
    }
}

/// A state that no step changes, or that starts and goes on as another one.
void ScanCleaner::cleanStates() {
  for (auto [i, state] : llvm::enumerate(scan.getStates())) {
    Value init = scan.getInits()[i], final = scan.getFinals()[i];
    if (getYielded(i) == state || getYielded(i) == init) {
      drops.states.set(i);
      replace(final, init);
      replace(state, init);
      continue;
    }
    for (unsigned j = 0; j < i; ++j)
      if (!drops.states[j] && scan.getInits()[j] == init &&
          getYielded(j) == getYielded(i)) {
        drops.states.set(i);
        replace(final, scan.getFinals()[j]);
        replace(state, scan.getStates()[j]);
        break;
      }
  }
}

/// A sequence that another one equals, that is the same in every step or that
/// nobody reads. One stays, for the number of steps.
void ScanCleaner::cleanSequences() {
  rewriter.setInsertionPointToStart(&scan.getBody().front());
  for (auto [i, element] : llvm::enumerate(scan.getElements())) {
    if (element.use_empty())
      continue;
    Value sequence = scan.getSequences()[i];
    for (unsigned j = 0; j < i; ++j)
      if (scan.getSequences()[j] == sequence) {
        replace(element, scan.getElements()[j]);
        break;
      }
    if (element.use_empty())
      continue;
    if (auto constant = sequence.getDefiningOp<ConstantOp>()) {
      replace(element,
              ConstantOp::create(rewriter, constant.getLoc(), element.getType(),
                                 constant.getValueAttr()));
    } else if (auto broadcast = sequence.getDefiningOp<BroadcastOp>();
               broadcast && !llvm::is_contained(broadcast.getDims(), 0)) {
      SmallVector<int64_t> dims;
      int64_t before = getRank(sequence.getType()) - getRank(element.getType());
      for (int64_t dim : broadcast.getDims())
        dims.push_back(dim - before);
      replace(element, BroadcastOp::create(rewriter, broadcast.getLoc(),
                                           element.getType(),
                                           broadcast.getOperand(), dims));
    }
  }
  for (auto [i, element] : llvm::enumerate(scan.getElements()))
    if (element.use_empty())
      drops.sequences.set(i);
  if (drops.sequences.all())
    drops.sequences.reset(0);
}

struct CleanScan : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override {
    return ScanCleaner(op, rewriter).run();
  }
};

/// What `value` is from its end to its start along axis 0, if that is known
/// without moving an element; null if not.
Value getReversed(Value value) {
  if (auto reverse = value.getDefiningOp<ReverseOp>())
    return reverse.getDim() == 0 ? reverse.getOperand() : Value();
  if (value.getDefiningOp<ConstantOp>())
    return value;
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  return broadcast && !llvm::is_contained(broadcast.getDims(), 0) ? value
                                                                  : Value();
}

/// scan(reverse(x)) -> the scan of x that runs the other way, whose outputs
/// then stand the other way round.
struct ScanOfReverse : OpRewritePattern<ScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ScanOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getSegmented())
      return failure();
    SmallVector<Value> sequences;
    bool isReversed = false;
    for (Value sequence : op.getSequences()) {
      sequences.push_back(getReversed(sequence));
      if (!sequences.back())
        return failure();
      isReversed |= sequences.back() != sequence;
    }
    if (!isReversed)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.getSequencesMutable().assign(sequences);
      op.setReverse(!op.getReverse());
    });
    rewriter.setInsertionPointAfter(op);
    for (Value output : op.getOutputs()) {
      if (output.use_empty())
        continue;
      auto reverse = ReverseOp::create(rewriter, op.getLoc(), output, 0);
      rewriter.replaceAllUsesExcept(output, reverse, reverse);
    }
    return success();
  }
};

} // namespace

void populateScanPatterns(RewritePatternSet &patterns) {
  patterns.add<CleanScan, ScanOfReverse>(patterns.getContext());
}

} // namespace maek
