// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Conversions.h"

#include "passes/Rewriting.h"
#include "passes/Scans.h"

using namespace mlir;

namespace maek {

/// The scale of a conversion to codes; null of one to bf16.
static Value getScale(Operation *conversion) {
  auto quantize = dyn_cast<QuantizeOp>(conversion);
  return quantize ? quantize.getScale().getDefiningOp()->getOperand(0)
                  : Value();
}

Type Conversions::getShort(Value value, Value scale) {
  Type element = scale ? Type(IntegerType::get(rewriter.getContext(), 8,
                                               IntegerType::Unsigned))
                       : rewriter.getBF16Type();
  return withElementType(value.getType(), element);
}

/// Whether `op` is the conversion that `make` makes.
static bool isConversion(Operation *op, Type type, Value scale) {
  if (!isa<ConvertOp, QuantizeOp>(op) || op->getResult(0).getType() != type ||
      isa<QuantizeOp>(op) != bool(scale))
    return false;
  if (!scale)
    return true;
  auto quantize = cast<QuantizeOp>(op);
  auto broadcast = quantize.getScale().getDefiningOp<BroadcastOp>();
  return quantize.getZero() == kMiddleCode && broadcast &&
         broadcast.getOperand() == scale;
}

Operation *Conversions::make(Value value, Value scale) {
  Location loc = value.getLoc();
  Type type = getShort(value, scale);
  if (!scale)
    return ConvertOp::create(rewriter, loc, type, value);
  Value scales = BroadcastOp::create(rewriter, loc, value.getType(), scale,
                                     ArrayRef<int64_t>{});
  return QuantizeOp::create(rewriter, loc, type, value, scales, kMiddleCode);
}

Value Conversions::convert(Value value, Value scale) {
  for (Operation *user : value.getUsers())
    if (isConversion(user, getShort(value, scale), scale) &&
        user->getOperand(0) == value &&
        user->getBlock() == value.getParentBlock())
      return user->getResult(0);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfterValue(value);
  // An argument is there before the scale is.
  if (isa<BlockArgument>(value) && scale &&
      scale.getParentBlock() == value.getParentBlock())
    rewriter.setInsertionPointAfterValue(scale);
  Operation *made = make(value, scale);
  pending.push_back(made);
  return made->getResult(0);
}

/// A conversion of op(x, ...) -> op(a conversion of x, ...)
Value Conversions::moveAbove(Operation *op, Value scale) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(convert(operand, scale));
  rewriter.setInsertionPointAfter(op);
  return cloneWith(rewriter, op, getShort(op->getResult(0), scale), operands)
      ->getResult(0);
}

/// A conversion of an element or a state of a step -> of another sequence, of
/// another state.
Value Conversions::moveOutOf(ScanOp scan, BlockArgument argument, Value scale) {
  unsigned number = argument.getArgNumber(), first = scan.getNumSequences();
  // Of a sequence that is taken in segments there shall be no second one.
  if (scan.getSegmented() && number < first)
    return {};
  if (number < first) {
    Value sequence = convert(scan.getSequences()[number], scale);
    scan = rebuildScan(rewriter, scan, ScanDrops(scan), sequence);
    return arguments[{argument, scale}] = scan.getElements().back();
  }
  unsigned state = number - first;
  scan = addState(rewriter, scan, convert(scan.getInits()[state], scale));
  Value added = arguments[{argument, scale}] = scan.getStates().back();
  Value next = convert(scan.getYield().getValues()[state], scale);
  scan.getYield().getValuesMutable()[scan.getNumStates() - 1].set(next);
  return added;
}

/// A conversion of an output of a scan -> another output.
Value Conversions::moveInto(ScanOp scan, OpResult output, Value scale) {
  Value yielded = scan.getYield().getValues()[output.getResultNumber()];
  Value element = convert(yielded, scale);
  scan = rebuildScan(rewriter, scan, ScanDrops(scan), {}, element);
  return scan.getOutputs().back();
}

/// What takes the conversion's place; null if it stays.
Value Conversions::moveUp(Operation *conversion) {
  Value source = conversion->getOperand(0), scale = getScale(conversion);
  if (auto argument = dyn_cast<BlockArgument>(source)) {
    if (Value known = arguments.lookup({source, scale}))
      return known;
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    return scan ? moveOutOf(scan, argument, scale) : Value();
  }
  Operation *op = source.getDefiningOp();
  // Unless it is an argument that is read in another order: once is enough.
  if (auto transpose = dyn_cast<TransposeOp>(op);
      transpose && keepsInnermost(transpose.getPermutation()) &&
      !isa<BlockArgument>(transpose.getOperand()))
    return moveAbove(op, scale);
  // A pack rounds weights, however they are joined.
  if (isa<WindowOp>(op) || (isa<StackOp, ConcatOp, ReshapeOp>(op) &&
                            !parameterValues.contains(source)))
    return moveAbove(op, scale);
  auto result = cast<OpResult>(source);
  auto scan = dyn_cast<ScanOp>(op);
  return scan && !scan.getSegmented() &&
                 result.getResultNumber() >= scan.getNumStates()
             ? moveInto(scan, result, scale)
             : Value();
}

void Conversions::move() {
  while (!pending.empty()) {
    Operation *conversion = pending.pop_back_val();
    Value moved = moveUp(conversion);
    if (!moved)
      continue;
    rewriter.replaceOp(conversion, moved);
  }
}

} // namespace maek
