// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Conversions.h"

#include "passes/Rewriting.h"
#include "passes/Scans.h"

using namespace mlir;

namespace maek {

static Code getCode(Operation *conversion) {
  auto quantize = dyn_cast<QuantizeOp>(conversion);
  if (!quantize)
    return {};
  return {quantize.getScale().getDefiningOp()->getOperand(0),
          quantize.getZero()};
}

Type Conversions::getShort(Value value, Code code) {
  Type element = code ? Type(IntegerType::get(rewriter.getContext(), 8,
                                              IntegerType::Unsigned))
                      : rewriter.getBF16Type();
  return withElementType(value.getType(), element);
}

/// Whether `op` is the conversion that `make` makes.
static bool isConversion(Operation *op, Type type, Code code) {
  if (!isa<ConvertOp, QuantizeOp>(op) || op->getResult(0).getType() != type)
    return false;
  auto quantize = dyn_cast<QuantizeOp>(op);
  if (!quantize)
    return !code;
  return quantize.getScale().getDefiningOp<BroadcastOp>() &&
         getCode(op) == code;
}

Operation *Conversions::make(Value value, Code code) {
  Location loc = value.getLoc();
  Type type = getShort(value, code);
  if (!code)
    return ConvertOp::create(rewriter, loc, type, value);
  Value scales = BroadcastOp::create(rewriter, loc, value.getType(), code.scale,
                                     ArrayRef<int64_t>{});
  return QuantizeOp::create(rewriter, loc, type, value, scales, code.zero);
}

Value Conversions::convert(Value value, Code code) {
  for (Operation *user : value.getUsers())
    if (isConversion(user, getShort(value, code), code) &&
        user->getOperand(0) == value &&
        user->getBlock() == value.getParentBlock())
      return user->getResult(0);
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfterValue(value);
  // An argument is there before the scale is.
  if (isa<BlockArgument>(value) && code &&
      code.scale.getParentBlock() == value.getParentBlock())
    rewriter.setInsertionPointAfterValue(code.scale);
  Operation *made = make(value, code);
  pending.push_back(made);
  return made->getResult(0);
}

/// A conversion of op(x, ...) -> op(a conversion of x, ...)
Value Conversions::moveAbove(Operation *op, Code code) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(convert(operand, code));
  rewriter.setInsertionPointAfter(op);
  return cloneWith(rewriter, op, getShort(op->getResult(0), code), operands)
      ->getResult(0);
}

/// How far windows reach beyond both ends of their operand; nothing if a size
/// is not fixed.
static std::optional<std::pair<int64_t, int64_t>> getOverhang(WindowOp window) {
  int64_t dim = window.getDim();
  Extent length = getExtent(window.getOperand().getType(), dim);
  Extent count = getExtent(window.getType(), dim);
  int64_t size = getExtent(window.getType(), dim + 1).factor;
  if (!length.isStatic() || !count.isStatic())
    return std::nullopt;
  int64_t reach = (size - 1) * window.getDilation();
  int64_t first = window.getOffset() + std::min<int64_t>(reach, 0);
  int64_t last = window.getOffset() + (count.factor - 1) * window.getStride() +
                 std::max<int64_t>(reach, 0);
  return std::pair(std::max<int64_t>(-first, 0),
                   std::max<int64_t>(last - (length.factor - 1), 0));
}

/// The same windows of an operand that zeros stand around, so that all are
/// inside: outside is 0, whose code is another number. Null if it is not known
/// how many zeros.
WindowOp Conversions::moveInside(WindowOp window) {
  auto overhang = getOverhang(window);
  if (!overhang)
    return {};
  auto [before, behind] = *overhang;
  if (!before && !behind)
    return window;
  Value operand = window.getOperand();
  SmallVector<Extent> extents = getExtents(operand.getType());
  int64_t dim = window.getDim();
  extents[dim] = Extent(extents[dim].factor + before + behind);
  rewriter.setInsertionPoint(window);
  Value padded =
      PadOp::create(rewriter, window.getLoc(),
                    getTensorType(extents, getElementType(operand.getType())),
                    operand, dim, before);
  return WindowOp::create(rewriter, window.getLoc(), window.getType(), padded,
                          dim, window.getStride(), window.getDilation(),
                          window.getOffset() + before);
}

/// A conversion of an element or a state of a step -> of another sequence, of
/// another state.
Value Conversions::moveOutOf(ScanOp scan, BlockArgument argument, Code code) {
  unsigned number = argument.getArgNumber(), first = scan.getNumSequences();
  // Of a sequence that is taken in segments there shall be no second one.
  if (scan.getSegmented() && number < first)
    return {};
  if (number < first) {
    Value sequence = convert(scan.getSequences()[number], code);
    scan = rebuildScan(rewriter, scan, ScanDrops(scan), sequence);
    return arguments[{argument, code.scale}] = scan.getElements().back();
  }
  unsigned state = number - first;
  scan = addState(rewriter, scan, convert(scan.getInits()[state], code));
  Value added = arguments[{argument, code.scale}] = scan.getStates().back();
  Value next = convert(scan.getYield().getValues()[state], code);
  scan.getYield().getValuesMutable()[scan.getNumStates() - 1].set(next);
  return added;
}

/// A conversion of an output of a scan -> another output.
Value Conversions::moveInto(ScanOp scan, OpResult output, Code code) {
  Value yielded = scan.getYield().getValues()[output.getResultNumber()];
  Value element = convert(yielded, code);
  scan = rebuildScan(rewriter, scan, ScanDrops(scan), {}, element);
  return scan.getOutputs().back();
}

/// What takes the conversion's place; null if it stays.
Value Conversions::moveUp(Operation *conversion) {
  Value source = conversion->getOperand(0);
  Code code = getCode(conversion);
  if (auto argument = dyn_cast<BlockArgument>(source)) {
    if (Value known = arguments.lookup({source, code.scale}))
      return known;
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    return scan ? moveOutOf(scan, argument, code) : Value();
  }
  Operation *op = source.getDefiningOp();
  // Unless it is an argument that is read in another order: once is enough.
  if (auto transpose = dyn_cast<TransposeOp>(op);
      transpose && keepsInnermost(transpose.getPermutation()) &&
      !isa<BlockArgument>(transpose.getOperand()))
    return moveAbove(op, code);
  if (auto window = dyn_cast<WindowOp>(op); window && code.zero != 0) {
    WindowOp inside = moveInside(window);
    return inside ? moveAbove(inside, code) : Value();
  }
  // A pack rounds weights, however they are joined.
  if (isa<WindowOp>(op) || (isa<StackOp, ConcatOp, ReshapeOp>(op) &&
                            !parameterValues.contains(source)))
    return moveAbove(op, code);
  auto result = cast<OpResult>(source);
  auto scan = dyn_cast<ScanOp>(op);
  return scan && !scan.getSegmented() &&
                 result.getResultNumber() >= scan.getNumStates()
             ? moveInto(scan, result, code)
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
