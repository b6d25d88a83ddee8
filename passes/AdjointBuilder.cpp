// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/AdjointBuilder.h"

#include "ir/Extent.h"
#include "passes/Differentiable.h"

#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

#include "passes/Differentiable.cpp.inc"

//===----------------------------------------------------------------------===//
// Activity
//===----------------------------------------------------------------------===//

bool Activity::isUsedBy(Operation *op) const {
  auto isActive = [&](Value value) { return contains(value); };
  if (llvm::any_of(op->getOperands(), isActive))
    return true;
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  return llvm::any_of(captured, isActive);
}

void Activity::insert(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  if (tensor && isa<FloatType>(tensor.getElementType()))
    active.insert(value);
}

void Activity::replace(Value from, Value to) {
  if (active.erase(from))
    active.insert(to);
}

void Activity::propagate(Block &block, Operation *end) {
  for (Operation &op : block) {
    if (&op == end)
      return;
    if (auto differentiable = dyn_cast<Differentiable>(op))
      differentiable.propagateActivity(*this);
    else
      propagateToResults(&op);
  }
}

void Activity::propagateToResults(Operation *op) {
  if (op->getNumResults() == 0 || !isUsedBy(op))
    return;
  for (Value result : op->getResults())
    insert(result);
}

//===----------------------------------------------------------------------===//
// AdjointBuilder
//===----------------------------------------------------------------------===//

Value AdjointBuilder::adjoint(Value value) const {
  return adjoints.lookup(value);
}

Value AdjointBuilder::adjointOrZero(Value value) {
  Value known = adjoint(value);
  return known ? known : constant(value.getType(), 0);
}

void AdjointBuilder::accumulate(Value value, Value term) {
  if (!needs(value))
    return;
  assert(value.getType() == term.getType() && "adjoint of another type");
  Value &known = adjoints[value];
  known = known ? add(known, term) : term;
}

/// Numbers are given up to bf16 where their gradient is known already.
static bool hasBFloat16(Operation *op) {
  auto isShort = [](Type type) { return getElementTypeOrSelf(type).isBF16(); };
  return llvm::any_of(op->getOperandTypes(), isShort) ||
         llvm::any_of(op->getResultTypes(), isShort);
}

LogicalResult AdjointBuilder::build(ArrayRef<Operation *> ops) {
  for (Operation *op : llvm::reverse(ops)) {
    if (llvm::none_of(op->getResults(),
                      [&](Value result) { return adjoint(result); }) ||
        !activity.isUsedBy(op))
      continue;
    loc = op->getLoc();
    auto differentiable = dyn_cast<Differentiable>(op);
    if (!differentiable || hasBFloat16(op)) {
      InFlightDiagnostic error = op->emitOpError("has no gradient");
      error.attachNote(gradient) << "which is needed here";
      return error;
    }
    if (failed(differentiable.buildAdjoint(*this)))
      return failure();
  }
  return success();
}

void AdjointBuilder::replace(Value from, Value to) {
  // The old value's address may come back as another value: forget it.
  activity.replace(from, to);
  if (Value known = adjoint(from)) {
    adjoints.erase(from);
    adjoints[to] = known;
  }
}

Value AdjointBuilder::constant(Type type, double number) {
  return create<ConstantOp>(type, builder.getF64FloatAttr(number));
}

Value AdjointBuilder::compare(ComparePredicate predicate, Value a, Value b) {
  Type type = withElementType(a.getType(), builder.getI1Type());
  return create<CompareOp>(type, predicate, a, b);
}

Value AdjointBuilder::select(Value condition, Value a, Value b) {
  return create<SelectOp>(a.getType(), condition, a, b);
}

} // namespace maek
