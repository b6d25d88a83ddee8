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

// sum: x̄ = ȳ repeated over the summed axes.
// max, min: x̄ = ȳ / n where x = y, of which there are n, and 0 elsewhere: equal
// extreme elements share the adjoint.
static void differentiateReduce(ReduceOp op, AdjointBuilder &b) {
  Type type = op.getOperand().getType();
  SmallVector<int64_t> kept;
  for (int64_t axis : llvm::seq(getRank(type)))
    if (!llvm::is_contained(op.getDims(), axis))
      kept.push_back(axis);
  auto repeat = [&](Value value) -> Value {
    return b.create<BroadcastOp>(type, value, kept);
  };
  Value dy = b.adjoint(op);
  if (op.getKind() == ReduceKind::Sum)
    return b.accumulate(op.getOperand(), repeat(dy));
  Value isExtreme = b.compare(ComparePredicate::Eq, b.primal(op.getOperand()),
                              repeat(b.primal(op)));
  Value count = b.create<ReduceOp>(
      ReduceKind::Sum, b.create<ConvertOp>(type, isExtreme), op.getDims());
  b.accumulate(op.getOperand(), b.select(isExtreme, repeat(b.div(dy, count)),
                                         b.constant(type, 0)));
}

void attachContractionGradients(MLIRContext &context) {
  attachGradient<EinsumOp, differentiateEinsum>(context);
  attachGradient<ReduceOp, differentiateReduce>(context);
  ArgmaxOp::attachInterface<NoGradient<ArgmaxOp>>(context);
}

} // namespace maek
