// Part of Maek, under the MIT licence; see LICENSE.
// The second half of a placement: from the claims to a view for each value.
#include "passes/memory/Placement.h"
#include "ir/Entries.h"
#include "ir/Segments.h"

#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;

namespace maek {

Placement::Placement(func::FuncOp function)
    : entry(function), updated(getUpdatedArguments(function)) {
  for (BlockArgument argument : entry.getArguments()) {
    Storage *made = makeStorage(Storage::Kind::Argument, argument.getType(),
                                argument.getLoc());
    made->index = argument.getArgNumber();
    arguments.push_back(made);
    views[argument] = View::whole(made, argument.getType());
  }
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes())) {
    if (updated[i] >= 0) {
      results.push_back(arguments[updated[i]]);
      continue;
    }
    results.push_back(makeStorage(Storage::Kind::Result, type, entry.getLoc()));
    results.back()->index = i;
  }
  claimAll(entry.getBody().front());
  place(entry.getBody().front());
}

Storage *Placement::makeStorage(Storage::Kind kind, Type tensor,
                                Location location, Block *home) {
  Storage &made = storage.emplace_back();
  made.kind = kind;
  made.extents = llvm::map_to_vector(getExtents(tensor), getLongestSegment);
  made.element = getElementType(tensor);
  made.location = location;
  made.home = home;
  return &made;
}

/// The slot as `source` sees it, of which `value` is a view by reshapes and
/// transposes.
static std::optional<View> viewSource(View slot, Value value, Value source) {
  for (; value != source; value = value.getDefiningOp()->getOperand(0)) {
    if (auto transpose = value.getDefiningOp<TransposeOp>()) {
      ArrayRef<int64_t> permutation = transpose.getPermutation();
      SmallVector<int64_t> inverse(permutation.size());
      for (auto [to, from] : llvm::enumerate(permutation))
        inverse[from] = to;
      slot = slot.transpose(inverse);
      continue;
    }
    Value operand = value.getDefiningOp<ReshapeOp>().getOperand();
    std::optional<View> reshaped = slot.reshape(getExtents(operand.getType()));
    if (!reshaped)
      return std::nullopt;
    slot = *reshaped;
  }
  return slot;
}

/// Joins first: their operands lie in them. Not by recursion, since a join may
/// be an operand of a join, and so on.
View Placement::placeNew(Value value) {
  SmallVector<Value> chain;
  for (Value next = value; !views.contains(next);) {
    chain.push_back(next);
    OpOperand *operand = claims.lookup(next);
    if (!operand || !isInPlaceJoin(*operand->getOwner()))
      break;
    next = operand->getOwner()->getResult(0);
  }
  for (Value next : llvm::reverse(chain))
    views[next] = chooseView(next);
  return views.lookup(value);
}

View Placement::chooseView(Value value) {
  if (OpOperand *operand = claims.lookup(value)) {
    std::optional<View> slot =
        viewSource(getSlot(*operand), operand->get(), value);
    bool carriesState = false;
    if (auto scan = value.getDefiningOp<ScanOp>())
      for (const ScanState &state : scans[scan].states)
        carriesState |=
            state.newOutput >= 0 && scan.getOutputs()[state.newOutput] == value;
    if (slot && slot->isInnermostContiguous() &&
        (!carriesState || slot->isContiguous()))
      return *slot;
    conflict(operand->getOwner(), "has gaps between its elements", {operand});
  }
  Operation *op = value.getDefiningOp();
  return View::whole(makeStorage(Storage::Kind::Arena, value.getType(),
                                 value.getLoc(), op->getBlock()),
                     value.getType());
}

View Placement::getSlot(OpOperand &operand) {
  Operation *op = operand.getOwner();
  unsigned number = operand.getOperandNumber();
  if (isa<func::ReturnOp>(op))
    return View::whole(results[number], operand.get().getType());
  if (auto stack = dyn_cast<StackOp>(op))
    return placeNew(stack.getResult()).take(stack.getDim(), number);
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    Polynomial start;
    for (Value before : concat.getOperands().take_front(number))
      start = start + Polynomial(getExtent(before.getType(), concat.getDim()));
    return placeNew(concat.getResult())
        .slice(concat.getDim(), start,
               getExtent(operand.get().getType(), concat.getDim()));
  }
  if (auto update = dyn_cast<UpdateSliceOp>(op))
    return getUpdatedSlot(update);
  if (isa<YieldOp>(op))
    return getYieldSlot(cast<ScanOp>(op->getParentOp()), number);
  auto scan = cast<ScanOp>(op);
  ScanState &state = scans[scan].states[number - scan.getNumSequences()];
  return getRows(scan, state)
      .take(0, scan.getReverse() ? Polynomial(scan.getRounds()) : Polynomial());
}

View Placement::getUpdatedSlot(UpdateSliceOp op) {
  unsigned argument = cast<BlockArgument>(op.getPosition()).getArgNumber();
  Extent size = getExtent(op.getType(), op.getDim());
  // Kept within the axis, so that each size has a place of its own.
  std::string name = ("@" + Twine(argument) + "<" + size.str()).str();
  places[name] = {argument, size};
  return views.lookup(op.getOperand())
      .slice(op.getDim(), Polynomial::symbol(name), Extent());
}

View Placement::getYieldSlot(ScanOp scan, unsigned number) {
  const ScanPlacement &placement = scans[scan];
  if (number >= scan.getNumStates())
    return getElement(scan, scan.getResult(number));
  const ScanState &state = placement.states[number];
  if (state.rows)
    return View::whole(state.rows, getRowsType(scan, state))
        .take(0, placement.row + (scan.getReverse() ? 0 : 1));
  return View::whole(state.next, scan.getFinals()[number].getType());
}

/// What a round of `scan` has of a sequence or an output.
View Placement::getElement(ScanOp scan, Value sequence) {
  View whole = views.lookup(sequence);
  const Polynomial &row = scans[scan].row;
  if (!scan.isCut(sequence.getType()))
    return whole.take(0, row);
  Extent steps = scan.getSteps();
  return whole.slice(0, row * Polynomial(getSegmentLength(steps)),
                     getSegmentSteps(steps));
}

Type Placement::getRowsType(ScanOp scan, const ScanState &state) const {
  return scan.getOutputs()[state.oldOutput].getType();
}

View Placement::getRows(ScanOp scan, ScanState &state) {
  Type type = getRowsType(scan, state);
  if (!state.rows) {
    state.rows = makeStorage(Storage::Kind::Arena, type,
                             scan.getOutputs()[state.oldOutput].getLoc(),
                             scan->getBlock());
    state.rows->extraRow = true;
  }
  return View::whole(state.rows, type);
}

void Placement::place(Block &block) {
  for (Operation &op : block)
    placeOp(op);
}

void Placement::placeOp(Operation &op) {
  if (auto scan = dyn_cast<ScanOp>(op))
    return placeScan(scan);
  if (isa<func::ReturnOp, YieldOp>(op))
    return;
  if (isa<func::CallOp>(op) || isInPlaceJoin(op)) {
    for (Value result : op.getResults())
      placeNew(result);
    return;
  }
  if (!placeView(op)) {
    for (Value result : op.getResults())
      placeNew(result);
    return;
  }
  for (Value result : op.getResults())
    if (!views.lookup(result).isInnermostContiguous())
      return conflict(&op, "moves the innermost axis");
}

/// Sets the views of an op that computes nothing; false, with a conflict, if
/// it is none.
bool Placement::placeView(Operation &op) {
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    std::optional<View> view = views.lookup(reshape.getOperand())
                                   .reshape(getExtents(reshape.getType()));
    if (!view)
      return conflict(&op, "joins axes that lie apart"), false;
    views[reshape.getResult()] = *view;
  } else if (auto transpose = dyn_cast<TransposeOp>(op)) {
    views[transpose.getResult()] = views.lookup(transpose.getOperand())
                                       .transpose(transpose.getPermutation());
  } else if (auto slice = dyn_cast<SliceOp>(op)) {
    View from = views.lookup(slice.getOperand());
    Polynomial start(slice.getOffset());
    if (slice.getOffset() < 0)
      start = start + Polynomial(from.extents[slice.getDim()]);
    views[slice.getResult()] = from.slice(
        slice.getDim(), start, getExtent(slice.getType(), slice.getDim()));
  } else if (auto split = dyn_cast<SplitOp>(op)) {
    Polynomial start;
    for (Value output : split.getOutputs()) {
      Extent size = getExtent(output.getType(), split.getDim());
      views[output] =
          views.lookup(split.getOperand()).slice(split.getDim(), start, size);
      start = start + Polynomial(size);
    }
  } else if (auto unstack = dyn_cast<UnstackOp>(op)) {
    for (auto [i, output] : llvm::enumerate(unstack.getOutputs()))
      views[output] =
          views.lookup(unstack.getOperand()).take(unstack.getDim(), i);
  } else if (auto update = dyn_cast<UpdateSliceOp>(op)) {
    views[update.getResult()] = views.lookup(update.getOperand());
  } else {
    return conflict(&op, isa<StackOp>(op) ? "alternates between its operands"
                                          : "computes something"),
           false;
  }
  return true;
}

/// Whether the initial value's own buffer may serve as one of a state's two:
/// it was made for this state alone.
static bool isOnlyFor(Value source, ScanOp scan, Value init) {
  for (Value value = init;; value = value.getDefiningOp()->getOperand(0)) {
    if (!value.hasOneUse())
      return false;
    if (value == source)
      return source.getDefiningOp<func::CallOp>() &&
             source.getDefiningOp()->getBlock() == scan->getBlock();
  }
}

void Placement::placeStates(ScanOp scan) {
  ScanPlacement &placement = scans[scan];
  bool reverse = scan.getReverse();
  Extent rounds = scan.getRounds();
  for (auto [i, state] : llvm::enumerate(placement.states)) {
    Type type = scan.getFinals()[i].getType();
    Location location = scan.getFinals()[i].getLoc();
    OpOperand &init = scan.getInitsMutable()[i];
    if (state.oldOutput >= 0) {
      View rows = getRows(scan, state);
      views[scan.getOutputs()[state.oldOutput]] =
          rows.slice(0, reverse ? 1 : 0, rounds);
      if (state.newOutput >= 0)
        views[scan.getOutputs()[state.newOutput]] =
            rows.slice(0, reverse ? 0 : 1, rounds);
      views[scan.getStates()[i]] =
          rows.take(0, placement.row + (reverse ? 1 : 0));
      continue;
    }
    View initial = views.lookup(init.get());
    if (!initial.isContiguous())
      conflict(scan, "has gaps between its elements", {&init});
    state.current = makeStorage(Storage::Kind::Carried, type, location);
    views[scan.getStates()[i]] = View::whole(state.current, type);
    if (state.newOutput >= 0) {
      placeNew(scan.getOutputs()[state.newOutput]);
      continue;
    }
    Block *home = scan->getBlock();
    Value source = getSource(init.get());
    state.first = makeStorage(Storage::Kind::Arena, type, location, home);
    state.initIsSecond = !claims.contains(source) &&
                         initial.storage->kind == Storage::Kind::Arena &&
                         initial.isWhole() &&
                         isOnlyFor(source, scan, init.get());
    state.second = state.initIsSecond ? initial.storage
                                      : makeStorage(Storage::Kind::Arena, type,
                                                    location, home);
    state.next = makeStorage(Storage::Kind::Carried, type, location);
    state.final = makeStorage(Storage::Kind::Carried, type, location);
    state.final->aliases = {state.first, state.second};
  }
}

void Placement::placeScan(ScanOp scan) {
  ScanPlacement &placement = scans[scan];
  bool reverse = scan.getReverse();
  Polynomial rounds(scan.getRounds());
  placement.counter = ("%" + Twine(numCounters++)).str();
  Polynomial counter = Polynomial::symbol(placement.counter);
  placement.row = reverse ? rounds - 1 - counter : counter;
  placeStates(scan);
  for (Value output : scan.getOutputs())
    placeNew(output);
  for (auto [sequence, element] :
       llvm::zip(scan.getSequences(), scan.getElements()))
    views[element] = getElement(scan, sequence);
  place(scan.getBody().front());
  for (auto [i, state] : llvm::enumerate(placement.states)) {
    View &final = views[scan.getFinals()[i]];
    if (state.rows)
      final = View::whole(state.rows, getRowsType(scan, state))
                  .take(0, reverse ? Polynomial() : rounds);
    else if (state.newOutput >= 0)
      final = views.lookup(scan.getOutputs()[state.newOutput])
                  .take(0, reverse ? Polynomial() : rounds - 1);
    else
      final = View::whole(state.final, scan.getFinals()[i].getType());
  }
}

} // namespace maek
