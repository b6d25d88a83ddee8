// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of the ops that sum or choose over axes.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"

#include "ir/Extent.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// The adjoint of operand `side`, from ȳ and the other operand:
/// "own,other->result" becomes "result,other->own". A letter that is in `own`
/// alone was summed over, so its axis repeats.
static Value getEinsumAdjoint(EinsumOp op, unsigned side, AdjointBuilder &b) {
  EinsumAttr equation = op.getEquation();
  StringRef own = equation.getTerm(side), other = equation.getTerm(1 - side);
  std::string letters;
  SmallVector<int64_t> kept;
  for (auto [axis, letter] : llvm::enumerate(own))
    if (equation.inResult(letter) || other.contains(letter)) {
      letters += letter;
      kept.push_back(axis);
    }
  Value adjoint = b.create<EinsumOp>(
      EinsumAttr::get(op.getContext(), equation.getResult(), other, letters),
      b.adjoint(op), b.primal(op->getOperand(1 - side)));
  if (kept.size() == own.size())
    return adjoint;
  return b.create<BroadcastOp>(op->getOperand(side).getType(), adjoint, kept);
}

// y = "l,r->y" of a and c: ā = "y,r->l" of ȳ and c, c̄ = "y,l->r" of ȳ and a
static void differentiateEinsum(EinsumOp op, AdjointBuilder &b) {
  for (unsigned side : {0, 1})
    if (Value operand = op->getOperand(side); b.needs(operand))
      b.accumulate(operand, getEinsumAdjoint(op, side, b));
}

/// Repeats `value` over the axes of `type` that are in `dims`.
static Value repeatOver(ArrayRef<int64_t> dims, Type type, Value value,
                        AdjointBuilder &b) {
  SmallVector<int64_t> kept;
  for (int64_t axis : llvm::seq(getRank(type)))
    if (!llvm::is_contained(dims, axis))
      kept.push_back(axis);
  return b.create<BroadcastOp>(type, value, kept);
}

/// The adjoint of x, given that of its maximum or minimum over `dims`: all of
/// it goes to the first extreme element. An argmax finds that, alone: two
/// kernels that compute x may round it differently, so that where one compares
/// x with the extreme that the other one found, no element may be equal.
static Value spreadToExtreme(ReduceKind kind, Value x, ArrayRef<int64_t> dims,
                             Value adjoint, AdjointBuilder &b) {
  if (dims.empty())
    return adjoint;
  int64_t axis = dims.back();
  if (getExtent(x.getType(), axis).factor == 0)
    return b.constant(x.getType(), 0); // there are no elements
  if (dims.size() > 1) {
    Value inner = b.create<ReduceOp>(kind, x, axis);
    adjoint = spreadToExtreme(kind, inner, dims.drop_back(), adjoint, b);
  }
  Type type = x.getType();
  Value position =
      b.create<ArgmaxOp>(kind == ReduceKind::Max ? x : b.neg(x), axis);
  Type positions = withElementType(type, getElementType(position.getType()));
  Value isExtreme =
      b.compare(ComparePredicate::Eq, b.create<IotaOp>(positions, axis),
                repeatOver(axis, positions, position, b));
  return b.select(isExtreme, repeatOver(axis, type, adjoint, b),
                  b.constant(type, 0));
}

// sum: x̄ = ȳ repeated over the summed axes.
// max, min: x̄ = ȳ at the first element that is y, 0 elsewhere.
static void differentiateReduce(ReduceOp op, AdjointBuilder &b) {
  Value x = op.getOperand(), dy = b.adjoint(op);
  b.accumulate(
      x, op.getKind() == ReduceKind::Sum
             ? repeatOver(op.getDims(), x.getType(), dy, b)
             : spreadToExtreme(op.getKind(), b.primal(x), op.getDims(), dy, b));
}

void attachContractionGradients(MLIRContext &context) {
  attachGradient<EinsumOp, differentiateEinsum>(context);
  attachGradient<ReduceOp, differentiateReduce>(context);
  ArgmaxOp::attachInterface<NoGradient<ArgmaxOp>>(context);
}

} // namespace maek
