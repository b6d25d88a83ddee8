// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/IndexMath.h"

#include "ir/Segments.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace maek {

static bool isStep(StringRef symbol) {
  std::optional<SegmentSymbol> known = parseSegmentSymbol(symbol);
  return symbol.starts_with("%") ||
         (known && known->kind == SegmentSymbol::Kind::Steps);
}

/// See chooseSegmentLength: one more than the root of steps - 1, of which each
/// bit is found, the highest first.
Value IndexMath::emitSegmentLength(Value steps) {
  Location location = top.getUnknownLoc();
  Value root = getConstant(0);
  // The square of a larger number than 2^16 is no size of an axis.
  for (int bit = 15; bit >= 0; --bit) {
    Value larger = arith::AddIOp::create(top, location, root,
                                         getConstant(int64_t(1) << bit));
    Value square = arith::MulIOp::create(top, location, larger, larger);
    Value isRoot = arith::CmpIOp::create(
        top, location, arith::CmpIPredicate::slt, square, steps);
    root = arith::SelectOp::create(top, location, isRoot, larger, root);
  }
  return arith::AddIOp::create(top, location, root, getConstant(1));
}

Value IndexMath::getSymbol(StringRef name) {
  Value &value = symbols[name];
  std::optional<SegmentSymbol> segment = parseSegmentSymbol(name);
  if (value || !segment)
    return value;
  Location location = top.getUnknownLoc();
  Value steps = get(Polynomial(segment->steps), top);
  if (segment->kind != SegmentSymbol::Kind::Number)
    return value = emitSegmentLength(steps);
  Value length = getSymbol(getSegmentLength(segment->steps).str());
  Value more = arith::SubIOp::create(
      top, location, arith::AddIOp::create(top, location, steps, length),
      getConstant(1));
  return symbols[name] = arith::DivSIOp::create(top, location, more, length);
}

bool IndexMath::dependsOnStep(const Polynomial &value) {
  for (const auto &[monomial, coefficient] : value.getTerms())
    if (llvm::any_of(monomial, isStep))
      return true;
  return false;
}

/// The terms with or without a loop's step in them.
static Polynomial filter(const Polynomial &value, bool steps) {
  Polynomial part;
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    if (llvm::any_of(monomial, isStep) != steps)
      continue;
    Polynomial term(coefficient);
    for (const std::string &name : monomial)
      term = term * Polynomial::symbol(name);
    part = part + term;
  }
  return part;
}

Value IndexMath::getConstant(int64_t value) {
  Value &constant = known[std::to_string(value)];
  if (!constant)
    constant = arith::ConstantIndexOp::create(top, top.getUnknownLoc(), value);
  return constant;
}

Value IndexMath::emit(const Polynomial &value, OpBuilder &builder) {
  Location location = builder.getUnknownLoc();
  Value sum;
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    // What does not change from step to step is one factor, made at the top.
    Polynomial invariant(coefficient);
    Value term;
    for (const std::string &name : monomial) {
      if (&builder == &top || isStep(name))
        term = term ? arith::MulIOp::create(builder, location, term,
                                            getSymbol(name))
                          .getResult()
                    : getSymbol(name);
      else
        invariant = invariant * Polynomial::symbol(name);
    }
    if (!term)
      term = get(invariant, builder);
    else if (invariant != Polynomial(1))
      term = arith::MulIOp::create(builder, location, term,
                                   get(invariant, builder));
    sum = sum ? arith::AddIOp::create(builder, location, sum, term).getResult()
              : term;
  }
  return sum;
}

Value IndexMath::get(const Polynomial &value, OpBuilder &here) {
  if (std::optional<int64_t> constant = value.getConstant())
    return getConstant(*constant);
  if (!dependsOnStep(value)) {
    if (Value found = known.lookup(value.str()))
      return found;
    return known[value.str()] = emit(value, top);
  }
  Value steps = emit(filter(value, true), here);
  Polynomial rest = filter(value, false);
  if (rest.isZero())
    return steps;
  return arith::AddIOp::create(here, here.getUnknownLoc(), get(rest, here),
                               steps);
}

OpFoldResult IndexMath::fold(const Polynomial &value, OpBuilder &here) {
  if (std::optional<int64_t> constant = value.getConstant())
    return here.getIndexAttr(*constant);
  return get(value, here);
}

Value IndexMath::align(Value value, int64_t alignment) {
  Location location = top.getUnknownLoc();
  Value raised =
      arith::AddIOp::create(top, location, value, getConstant(alignment - 1));
  return arith::AndIOp::create(top, location, raised, getConstant(-alignment));
}

} // namespace maek
