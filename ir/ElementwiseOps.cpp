// Part of Maek, under the MIT licence; see LICENSE.
// Verifiers and assembly of the elementwise ops and the sources.
#include "ir/BFloat16.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace maek;

static LogicalResult verifySameExtents(Operation *op, Type a, Type b) {
  if (getExtents(a) == getExtents(b))
    return success();
  return op->emitOpError("needs equal shapes, found ") << a << " and " << b;
}

LogicalResult CompareOp::verify() {
  return verifySameExtents(*this, getLhs().getType(), getType());
}

bool CompareOp::evaluate(ComparePredicate predicate, double a, double b) {
  switch (predicate) {
  case ComparePredicate::Eq:
    return a == b;
  case ComparePredicate::Ne:
    return a != b;
  case ComparePredicate::Lt:
    return a < b;
  case ComparePredicate::Le:
    return a <= b;
  case ComparePredicate::Gt:
    return a > b;
  case ComparePredicate::Ge:
    return a >= b;
  }
  llvm_unreachable("unknown predicate");
}

LogicalResult SelectOp::verify() {
  return verifySameExtents(*this, getCondition().getType(), getType());
}

LogicalResult ConvertOp::verify() {
  Type from = getElementType(getOperand().getType());
  Type to = getElementType(getType());
  auto isPartner = [](Type type) { return type.isF32() || type.isBF16(); };
  if ((from.isBF16() || to.isBF16()) && !(isPartner(from) && isPartner(to)))
    return emitOpError("makes bf16 of f32 and f32 of bf16, found ")
           << getOperand().getType() << " and " << getType();
  if (isByte(to) || (isByte(from) && !to.isF32()))
    return emitOpError("makes f32 of codes and no codes, found ")
           << getOperand().getType() << " and " << getType();
  return verifySameExtents(*this, getOperand().getType(), getType());
}

double ConvertOp::evaluate(double x) {
  Type element = getElementType(getType());
  if (element.isInteger(1))
    return x != 0;
  if (element.isBF16())
    return roundToBFloat16(x);
  return element.isInteger(32) ? std::trunc(x) : x;
}

LogicalResult QuantizeOp::verify() {
  auto [low, high] = getRange();
  if (getZero() < low || getZero() > high)
    return emitOpError("has no code ") << getZero() << " in " << getType();
  return verifySameExtents(*this, getOperand().getType(), getType());
}

std::pair<int64_t, int64_t> QuantizeOp::getRange() {
  if (getElementType(getType()).isUnsignedInteger())
    return {0, UINT8_MAX};
  return {INT8_MIN, INT8_MAX};
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

ParseResult ConstantOp::parse(OpAsmParser &parser, OperationState &result) {
  double value;
  Type type;
  if (parser.parseFloat(value) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute("value", parser.getBuilder().getF64FloatAttr(value));
  result.addTypes(type);
  return success();
}

void ConstantOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  printer.printFloat(getValue());
  printer.printOptionalAttrDict((*this)->getAttrs(), {"value"});
  printer << " : " << getType();
}

ParseResult IotaOp::parse(OpAsmParser &parser, OperationState &result) {
  int64_t dim;
  Type type;
  if (parser.parseInteger(dim) ||
      parser.parseOptionalAttrDict(result.attributes) ||
      parser.parseColonType(type))
    return failure();
  result.addAttribute("dim", parser.getBuilder().getI64IntegerAttr(dim));
  result.addTypes(type);
  return success();
}

void IotaOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getDim();
  printer.printOptionalAttrDict((*this)->getAttrs(), {"dim"});
  printer << " : " << getType();
}

/// Whether an element of type `type` holds `value` exactly, as far as integers
/// go.
static bool holds(Type type, double value) {
  auto integer = dyn_cast<IntegerType>(type);
  if (!integer)
    return true;
  bool isBool = integer.getWidth() == 1;
  bool startsAtZero = isBool || integer.isUnsigned();
  double high =
      isBool ? 1 : std::ldexp(1, integer.getWidth() - !startsAtZero) - 1;
  double low = startsAtZero ? 0 : -high - 1;
  return value >= low && value <= high && std::trunc(value) == value;
}

LogicalResult ConstantOp::verify() {
  if (!holds(getElementType(getType()), getValue().convertToDouble()))
    return emitOpError("has no value ")
           << getValueAttr() << " in " << getType();
  return success();
}

LogicalResult IotaOp::verify() {
  int64_t rank = getRank(getType());
  if (getDim() < 0 || getDim() >= rank)
    return emitOpError("has no axis ") << getDim() << " in " << getType();
  if (getElementType(getType()).isInteger(1))
    return emitOpError("counts in numbers, not in ") << getType();
  return success();
}

LogicalResult ExtentOp::verify() {
  if (getRank(getType()) != 0)
    return emitOpError("gives a scalar, not ") << getType();
  if (std::optional<Extent> extent = Extent::parse(getSymbol());
      !extent || extent->isStatic() || extent->str() != getSymbol())
    return emitOpError("needs a sorted product of symbols, found '")
           << getSymbol() << "'";
  return success();
}

Extent ExtentOp::getSize() { return *Extent::parse(getSymbol()); }

void IotaOp::relateAxes(AxisRelations &axes) {
  axes.fix(getResult(), getDim());
}

void IotaOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}
