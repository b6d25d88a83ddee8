// Part of Maek, under the MIT licence; see LICENSE.
// maek-segment-scans: scans run segment by segment, so that no more than one
// segment's values need be known at a time.
#include "passes/BlockOrder.h"
#include "passes/EntryValues.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "ir/MaekOps.h"
#include "ir/Segments.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_SEGMENTSCANS
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "segment-scans";

/// Fewer steps are as many segments as steps in one, more or less.
constexpr int64_t leastSteps = 16;

/// Two segmented scans that become one: what the second reads of the first is
/// then known a segment at a time.
class Joiner {
public:
  Joiner(ScanOp first, ScanOp second) : first(first), second(second) {}

  bool canJoin();
  ScanOp join();

private:
  bool isPassedOn(Value sequence);
  void moveBody(ScanOp scan, ArrayRef<Value> elements, ValueRange states,
                Block *body);

  ScanOp first, second;
};

struct SegmentScans : impl::SegmentScansBase<SegmentScans> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (hasWholeSequences(function))
        segmentAll(function);
  }

private:
  void segmentAll(func::FuncOp entry);
  ScanOp visit(ScanOp scan);
};

} // namespace

void SegmentScans::segmentAll(func::FuncOp entry) {
  ScanOp last;
  for (ScanOp scan : llvm::to_vector(entry.front().getOps<ScanOp>())) {
    ScanOp made = scan.getSegmented() ? ScanOp() : visit(scan);
    if (made && last && Joiner(last, made).canJoin()) {
      remarkPassed(made, kPass)
          << "goes through segments together with the loop whose outputs it "
             "reads";
      ++numJoined;
      made = Joiner(last, made).join();
    }
    last = made;
  }
}

/// scan over [T, ...] -> segmented scan over [T, ...] of a scan over a segment
static ScanOp segment(ScanOp scan) {
  OpBuilder builder(scan);
  Location loc = scan.getLoc();
  auto outer =
      ScanOp::create(builder, loc, scan.getResultTypes(), scan.getSequences(),
                     scan.getInits(), scan.getReverse(), /*segmented=*/true);
  Block *body = builder.createBlock(&outer.getBody());
  for (Value sequence : scan.getSequences())
    body->addArgument(outer.getElementType(sequence.getType()), loc);
  for (Value init : scan.getInits())
    body->addArgument(init.getType(), loc);
  SmallVector<Type> types(scan.getFinals().getTypes());
  for (Value output : scan.getOutputs())
    types.push_back(outer.getElementType(output.getType()));
  auto inner =
      ScanOp::create(builder, loc, types, outer.getElements(),
                     outer.getStates(), scan.getReverse(), /*segmented=*/false);
  inner->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  inner.getBody().takeBody(scan.getBody());
  YieldOp::create(builder, loc, inner.getResults());
  scan.replaceAllUsesWith(outer.getResults());
  scan.erase();
  return outer;
}

/// Whether the second scan reads `sequence` as the first one makes it.
bool Joiner::isPassedOn(Value sequence) {
  return sequence.getDefiningOp() == first &&
         llvm::is_contained(first.getOutputs(), sequence);
}

/// Whether the second scan reads outputs of the first, in their order, and
/// needs nothing else that is made of the first one's results.
bool Joiner::canJoin() {
  if (first->getBlock() != second->getBlock() ||
      !first->isBeforeInBlock(second) ||
      first.getSteps() != second.getSteps() ||
      first.getReverse() != second.getReverse() ||
      llvm::none_of(second.getSequences(),
                    [&](Value sequence) { return isPassedOn(sequence); }))
    return false;
  llvm::SetVector<Value> needed(second->operand_begin(), second->operand_end());
  getUsedValuesDefinedAbove(second->getRegions(), needed);
  needed.remove_if([&](Value value) { return isPassedOn(value); });
  return llvm::none_of(needed, [&](Value value) {
    Operation *op = value.getDefiningOp();
    return op && op->getBlock() == first->getBlock() &&
           (op == first || needsAny(op, first.getOperation()));
  });
}

/// Moves the ops of a scan's body to the end of `body`.
void Joiner::moveBody(ScanOp scan, ArrayRef<Value> elements, ValueRange states,
                      Block *body) {
  for (auto [from, to] : llvm::zip(scan.getElements(), elements))
    from.replaceAllUsesWith(to);
  for (auto [from, to] : llvm::zip(scan.getStates(), states))
    from.replaceAllUsesWith(to);
  Block &source = scan.getBody().front();
  body->getOperations().splice(body->end(), source.getOperations(),
                               source.begin(), std::prev(source.end()));
}

ScanOp Joiner::join() {
  moveDependentsAfter(first.getOperation(), second);
  OpBuilder builder(second);
  Location loc = builder.getFusedLoc({first.getLoc(), second.getLoc()});
  SmallVector<Value> sequences(first.getSequences()), inits(first.getInits());
  for (Value sequence : second.getSequences())
    if (!isPassedOn(sequence))
      sequences.push_back(sequence);
  llvm::append_range(inits, second.getInits());
  // The finals of both, then the outputs of both; likewise what is yielded.
  SmallVector<Value> results, yielded;
  for (ScanOp scan : {first, second})
    llvm::append_range(results, scan.getFinals());
  for (ScanOp scan : {first, second})
    llvm::append_range(results, scan.getOutputs());
  auto joined = ScanOp::create(builder, loc, ValueRange(results).getTypes(),
                               sequences, inits, first.getReverse(),
                               /*segmented=*/true);
  Block *body = builder.createBlock(&joined.getBody());
  for (Value sequence : sequences)
    body->addArgument(joined.getElementType(sequence.getType()), loc);
  for (Value init : inits)
    body->addArgument(init.getType(), loc);

  ValueRange given = joined.getElements(), states = joined.getStates();
  unsigned numOwn = first.getNumSequences(), numStates = first.getNumStates();
  moveBody(first, SmallVector<Value>(given.take_front(numOwn)),
           states.take_front(numStates), body);
  given = given.drop_front(numOwn);
  SmallVector<Value> elements;
  for (Value sequence : second.getSequences()) {
    if (isPassedOn(sequence)) {
      unsigned number = cast<OpResult>(sequence).getResultNumber();
      elements.push_back(first.getYield().getValues()[number]);
      continue;
    }
    elements.push_back(given.front());
    given = given.drop_front();
  }
  moveBody(second, elements, states.drop_front(numStates), body);
  for (ScanOp scan : {first, second})
    llvm::append_range(
        yielded, scan.getYield().getValues().take_front(scan.getNumStates()));
  for (ScanOp scan : {first, second})
    llvm::append_range(
        yielded, scan.getYield().getValues().drop_front(scan.getNumStates()));
  builder.setInsertionPointToEnd(body);
  YieldOp::create(builder, loc, yielded);

  for (auto [from, to] : llvm::zip(results, joined.getResults()))
    from.replaceAllUsesWith(to);
  second.erase();
  first.erase();
  return joined;
}

ScanOp SegmentScans::visit(ScanOp scan) {
  Extent steps = scan.getSteps();
  if (!canSegment(steps)) {
    remarkMissed(scan, kPass)
        << ("left a loop of " + steps.str() + " steps whole: no single size");
    return {};
  }
  if (steps.isStatic() && steps.factor < leastSteps) {
    remarkMissed(scan, kPass)
        << ("left a loop of " + steps.str() + " steps whole: they are few");
    return {};
  }
  remarkPassed(scan, kPass)
      << ("takes " + steps.str() +
          " steps in segments, of which a gradient keeps the states between");
  ++numSegmented;
  return segment(scan);
}

} // namespace maek
