// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Scans.h"

#include "ir/Extent.h"
#include "ir/Segments.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;

namespace maek {

ScanDependence::ScanDependence(ScanOp scan) {
  if (scan.getSegmented())
    steps = getSegmentSteps(scan.getSteps()).symbols.front();
  for (Value element : scan.getElements())
    kinds[element] = Dependence::Sequence;
  for (Value state : scan.getStates())
    kinds[state] = Dependence::State;
  for (Operation &op : scan.getBody().front())
    add(&op);
}

void ScanDependence::add(Operation *op) {
  Dependence kind = of(op);
  for (Value result : op->getResults())
    kinds[result] = kind;
}

Dependence ScanDependence::of(Operation *op) const {
  Dependence kind = Dependence::Invariant;
  op->walk([&](Operation *nested) {
    for (Value operand : nested->getOperands())
      kind = std::max(kind, of(operand));
    if (kind == Dependence::Invariant && hasSegmentSteps(nested))
      kind = Dependence::Sequence;
  });
  return kind;
}

/// Whether the number of steps of the present segment is a size of `op`.
bool ScanDependence::hasSegmentSteps(Operation *op) const {
  if (steps.empty())
    return false;
  auto isIn = [&](const Extent &extent) {
    return llvm::is_contained(extent.symbols, steps);
  };
  if (auto extent = dyn_cast<ExtentOp>(op))
    return isIn(extent.getSize());
  return llvm::any_of(op->getResultTypes(), [&](Type type) {
    return llvm::any_of(getExtents(type), isIn);
  });
}

bool isOutside(Value value, ScanOp scan) {
  return !scan.getBody().isAncestor(value.getParentRegion());
}

Operation *getHoistPoint(Operation *op, ValueRange values) {
  while (auto scan = dyn_cast<ScanOp>(op->getParentOp())) {
    if (!llvm::all_of(values, [&](Value v) { return isOutside(v, scan); }))
      break;
    op = scan;
  }
  return op;
}

/// The members of `range` whose bit is clear.
template <typename Range>
static SmallVector<Value> keep(Range range, const llvm::BitVector &drops) {
  SmallVector<Value> kept;
  for (auto [i, value] : llvm::enumerate(range))
    if (!drops[i])
      kept.push_back(value);
  return kept;
}

ScanOp rebuildScan(RewriterBase &rewriter, ScanOp scan, const ScanDrops &drops,
                   ValueRange moreSequences, ValueRange moreOutputs) {
  OpBuilder::InsertionGuard guard(rewriter);
  SmallVector<Value> sequences = keep(scan.getSequences(), drops.sequences);
  SmallVector<Value> inits = keep(scan.getInits(), drops.states);
  SmallVector<Value> results = keep(scan.getFinals(), drops.states);
  llvm::append_range(sequences, moreSequences);
  llvm::append_range(results, keep(scan.getOutputs(), drops.outputs));
  SmallVector<Type> types(ValueRange(results).getTypes());
  for (Value value : moreOutputs)
    types.push_back(scan.getSequenceType(value.getType()));

  rewriter.setInsertionPoint(scan);
  auto rebuilt = ScanOp::create(rewriter, scan.getLoc(), types, sequences,
                                inits, scan.getReverse(), scan.getSegmented());
  rebuilt->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  rewriter.inlineRegionBefore(scan.getBody(), rebuilt.getBody(),
                              rebuilt.getBody().end());

  Block &body = rebuilt.getBody().front();
  auto yield = cast<YieldOp>(body.getTerminator());
  unsigned numStates = drops.states.size();
  SmallVector<Value> yielded =
      keep(yield.getValues().take_front(numStates), drops.states);
  llvm::append_range(
      yielded, keep(yield.getValues().drop_front(numStates), drops.outputs));
  llvm::append_range(yielded, moreOutputs);
  rewriter.modifyOpInPlace(yield,
                           [&] { yield.getValuesMutable().assign(yielded); });
  rewriter.modifyOpInPlace(rebuilt, [&] {
    unsigned numSequences = drops.sequences.size();
    for (auto [i, sequence] : llvm::enumerate(moreSequences))
      body.insertArgument(numSequences + i,
                          rebuilt.getElementType(sequence.getType()),
                          sequence.getLoc());
    for (unsigned i = numStates; i-- > 0;)
      if (drops.states[i])
        body.eraseArgument(numSequences + moreSequences.size() + i);
    for (unsigned i = numSequences; i-- > 0;)
      if (drops.sequences[i])
        body.eraseArgument(i);
  });
  for (auto [old, now] : llvm::zip(results, rebuilt.getResults()))
    rewriter.replaceAllUsesWith(old, now);
  rewriter.eraseOp(scan);
  return rebuilt;
}

ScanOp addState(RewriterBase &rewriter, ScanOp scan, Value init) {
  OpBuilder::InsertionGuard guard(rewriter);
  unsigned numStates = scan.getNumStates();
  SmallVector<Value> inits(scan.getInits());
  inits.push_back(init);
  SmallVector<Type> types(scan.getResultTypes());
  types.insert(types.begin() + numStates, init.getType());
  rewriter.setInsertionPoint(scan);
  auto rebuilt =
      ScanOp::create(rewriter, scan.getLoc(), types, scan.getSequences(), inits,
                     scan.getReverse(), scan.getSegmented());
  rebuilt->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  rewriter.inlineRegionBefore(scan.getBody(), rebuilt.getBody(),
                              rebuilt.getBody().end());
  Block &body = rebuilt.getBody().front();
  Value state = body.addArgument(init.getType(), init.getLoc());
  auto yield = cast<YieldOp>(body.getTerminator());
  SmallVector<Value> yielded(yield.getValues());
  yielded.insert(yielded.begin() + numStates, state);
  rewriter.modifyOpInPlace(yield,
                           [&] { yield.getValuesMutable().assign(yielded); });
  for (auto [i, old] : llvm::enumerate(scan.getResults()))
    rewriter.replaceAllUsesWith(old,
                                rebuilt.getResult(i < numStates ? i : i + 1));
  rewriter.eraseOp(scan);
  return rebuilt;
}

SmallVector<Value> collectOverSteps(RewriterBase &rewriter, ScanOp &scan,
                                    ValueRange values) {
  SmallVector<Value> collected(
      scan.getYield().getValues().drop_front(scan.getNumStates()));
  SmallVector<unsigned> numbers;
  for (Value value : values) {
    auto same = llvm::find(collected, value);
    numbers.push_back(same - collected.begin());
    if (same == collected.end())
      collected.push_back(value);
  }
  ValueRange more = ArrayRef(collected).drop_front(scan.getNumOutputs());
  if (!more.empty())
    scan = rebuildScan(rewriter, scan, ScanDrops(scan), {}, more);
  return llvm::map_to_vector(numbers, [&](unsigned number) -> Value {
    return scan.getOutputs()[number];
  });
}

} // namespace maek
