// Part of Maek, under the MIT licence; see LICENSE.
// Verifiers of the ops with regions and of the module level.
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Segments.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace maek;

//===----------------------------------------------------------------------===//
// scan
//===----------------------------------------------------------------------===//

SmallVector<Region *> ScanOp::getLoopRegions() { return {&getBody()}; }

Block::BlockArgListType ScanOp::getRegionIterArgs() { return getStates(); }

std::optional<ResultRange> ScanOp::getLoopResults() { return getFinals(); }

// The loop interface's own verifier asks before verifyRegions has run.
std::optional<MutableArrayRef<OpOperand>> ScanOp::getYieldedValuesMutable() {
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || yield.getNumOperands() < getNumStates())
    return std::nullopt;
  return yield->getOpOperands().take_front(getNumStates());
}

YieldOp ScanOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

Extent ScanOp::getSteps() {
  Extent first = getExtent(getSequences().front().getType(), 0);
  if (!getSegmented() || first.symbols.size() != 1)
    return first;
  std::optional<SegmentSymbol> known =
      parseSegmentSymbol(first.symbols.front());
  return known ? known->steps : first;
}

Extent ScanOp::getRounds() {
  return getSegmented() ? getNumSegments(getSteps()) : getSteps();
}

bool ScanOp::isCut(Type sequence) {
  return getSegmented() && getExtent(sequence, 0) == getSteps();
}

RankedTensorType ScanOp::getElementType(Type sequence) {
  SmallVector<Extent> extents = getExtents(sequence);
  if (isCut(sequence))
    extents.front() = getSegmentSteps(getSteps());
  else
    extents.erase(extents.begin());
  return getTensorType(extents, maek::getElementType(sequence));
}

RankedTensorType ScanOp::getSequenceType(Type element) {
  SmallVector<Extent> extents = getExtents(element);
  if (getSegmented() && !extents.empty() &&
      extents.front() == getSegmentSteps(getSteps()))
    extents.front() = getSteps();
  else
    extents.insert(extents.begin(), getRounds());
  return getTensorType(extents, maek::getElementType(element));
}

/// The steps of an inner loop's segments would be those of an outer one's.
static LogicalResult verifySegmented(ScanOp scan) {
  Extent steps = scan.getSteps();
  if (!canSegment(steps))
    return scan.emitOpError("cannot cut ") << steps.str() << " steps";
  for (auto outer = scan->getParentOfType<ScanOp>(); outer;
       outer = outer->getParentOfType<ScanOp>())
    if (outer.getSegmented() && !outer.getSequences().empty() &&
        outer.getSteps() == steps)
      return scan.emitOpError("cuts the ")
             << steps.str() << " steps that a loop around it cuts";
  return success();
}

LogicalResult ScanOp::verify() {
  if (getSequences().empty())
    return emitOpError("needs a sequence to run over");
  for (Value sequence : getSequences())
    if (getRank(sequence.getType()) == 0)
      return emitOpError("runs over axis 0, which ")
             << sequence.getType() << " lacks";
  Extent steps = getSteps(), rounds = getRounds();
  for (Value sequence : getSequences())
    if (Extent own = getExtent(sequence.getType(), 0);
        own != steps && own != rounds)
      return emitOpError("runs over sequences of ")
             << steps.str() << " and " << own.str() << " steps";
  if (getSegmented() && failed(verifySegmented(*this)))
    return failure();
  if (getNumResults() < getNumStates())
    return emitOpError("needs one result per state, ")
           << getNumStates() << ", found " << getNumResults();
  Block &block = getBody().front();
  if (block.getNumArguments() != getNumSequences() + getNumStates())
    return emitOpError("body needs one argument per sequence and state, ")
           << getNumSequences() + getNumStates() << ", found "
           << block.getNumArguments();
  for (auto [sequence, element] : llvm::zip(getSequences(), getElements()))
    if (element.getType() != getElementType(sequence.getType()))
      return emitOpError("body takes ")
             << element.getType() << " where one "
             << (isCut(sequence.getType()) ? "segment" : "step") << " of "
             << sequence.getType() << " is needed";
  for (auto [i, init] : llvm::enumerate(getInits()))
    if (getStates()[i].getType() != init.getType() ||
        getFinals()[i].getType() != init.getType())
      return emitOpError("state ")
             << i << " is " << init.getType() << " before the loop, "
             << getStates()[i].getType() << " in it and "
             << getFinals()[i].getType() << " after it";
  return success();
}

// What the body yields as states is compared by the loop interface.

LogicalResult ScanOp::verifyRegions() {
  auto yield = dyn_cast<YieldOp>(getBody().front().back());
  if (!yield || yield.getNumOperands() != getNumResults())
    return emitOpError("body must yield ") << getNumResults() << " values";
  for (auto [value, output] : llvm::zip(
           yield.getOperands().drop_front(getNumStates()), getOutputs())) {
    Type type = output.getType();
    if (type != getSequenceType(value.getType()))
      return emitOpError("collects ")
             << value.getType() << " over " << getSteps().str() << " steps as "
             << type;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// kernel, gradient
//===----------------------------------------------------------------------===//

LogicalResult KernelOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != 0)
    return emitOpError("body takes no arguments");
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield || yield.getOperandTypes() != getResultTypes())
    return emitOpError("body must yield the result types");
  return success();
}

LogicalResult GradientOp::inferReturnTypes(MLIRContext *,
                                           std::optional<Location>,
                                           Adaptor adaptor,
                                           SmallVectorImpl<Type> &types) {
  llvm::append_range(types, adaptor.getParameters().getTypes());
  return success();
}

LogicalResult GradientOp::verify() {
  if (getParameters().empty())
    return emitOpError("needs a value to differentiate by");
  if (getRank(getValue().getType()) != 0)
    return emitOpError("needs a scalar, found ") << getValue().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Module level
//===----------------------------------------------------------------------===//

/// What the runtime keeps in a checkpoint.
static LogicalResult verifyStored(Operation *op, StringRef name, Type type) {
  if (name.empty())
    return op->emitOpError("needs a name");
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || tensor.getEncoding())
    return op->emitOpError("needs a static tensor type, found ") << type;
  return success();
}

LogicalResult ParameterOp::verify() {
  if (failed(verifyStored(*this, getSymName(), getType())))
    return failure();
  Type element = getElementType(getType());
  if (!element.isF32() && !element.isF64())
    return emitOpError("needs elements of f32 or f64, found ") << element;
  return success();
}

LogicalResult StateOp::verify() {
  if (failed(verifyStored(*this, getSymName(), getType())))
    return failure();
  Type element = getElementType(getType());
  if (!element.isF32() && !element.isF64() && !element.isInteger(32))
    return emitOpError("needs elements of f32, f64 or i32, found ") << element;
  return success();
}

LogicalResult StateOp::verifySymbolUses(SymbolTableCollection &symbols) {
  FlatSymbolRefAttr name = getAverageOfAttr();
  if (!name)
    return success();
  auto parameter = symbols.lookupNearestSymbolFrom<ParameterOp>(*this, name);
  if (!parameter || parameter.getType() != getType())
    return emitOpError("is the average of ")
           << name << ", which is no parameter of type " << getType();
  return success();
}

LogicalResult ModelOp::verify() {
  for (StringRef name : {"batch", "epochs", "accumulate"})
    if (Attribute setting = getSettings().get(name)) {
      auto number = dyn_cast<IntegerAttr>(setting);
      if (!number || !number.getType().isInteger(64) || number.getInt() < 1)
        return emitOpError("needs a positive i64 as ")
               << name << ", found " << setting;
    }
  if (Attribute setting = getSettings().get("data");
      setting && !isa<StringAttr>(setting))
    return emitOpError("needs a string as data, found ") << setting;
  if (Attribute setting = getSettings().get("lr");
      setting && !isa<FloatAttr>(setting))
    return emitOpError("needs a float as lr, found ") << setting;
  return success();
}
