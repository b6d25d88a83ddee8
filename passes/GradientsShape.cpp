// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of the ops that move elements about. All are linear, so the
// adjoint is the transposed map and needs no primal value. An output without
// an adjoint counts as zeros.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"
#include "passes/Rewriting.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

// x̄ = ȳ summed over the axes along which x was repeated
static void differentiateBroadcast(BroadcastOp op, AdjointBuilder &b) {
  SmallVector<int64_t> repeated;
  for (int64_t axis : llvm::seq(getRank(op.getType())))
    if (!llvm::is_contained(op.getDims(), axis))
      repeated.push_back(axis);
  Value dy = b.adjoint(op);
  if (!repeated.empty())
    dy = b.create<ReduceOp>(ReduceKind::Sum, dy, repeated);
  b.accumulate(op.getOperand(), dy);
}

// x̄ = ȳ with the permutation undone
static void differentiateTranspose(TransposeOp op, AdjointBuilder &b) {
  SmallVector<int64_t> inverse = invertPermutation(op.getPermutation());
  b.accumulate(op.getOperand(), b.create<TransposeOp>(b.adjoint(op), inverse));
}

// x̄ = ȳ in the shape of x
static void differentiateReshape(ReshapeOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<ReshapeOp>(op.getOperand().getType(), b.adjoint(op)));
}

// x̄ᵢ = the part of ȳ that xᵢ became
static void differentiateConcat(ConcatOp op, AdjointBuilder &b) {
  auto parts = b.create<SplitOp>(TypeRange(op.getOperands()), b.adjoint(op),
                                 op.getDim());
  for (auto [operand, part] : llvm::zip(op.getOperands(), parts.getResults()))
    b.accumulate(operand, part);
}

static SmallVector<Value> getAdjoints(ValueRange results, AdjointBuilder &b) {
  SmallVector<Value> adjoints;
  for (Value result : results)
    adjoints.push_back(b.adjointOrZero(result));
  return adjoints;
}

// x̄ = the ȳᵢ side by side
static void differentiateSplit(SplitOp op, AdjointBuilder &b) {
  b.accumulate(
      op.getOperand(),
      b.create<ConcatOp>(getAdjoints(op.getOutputs(), b), op.getDim()));
}

// x̄ᵢ = index i of ȳ
static void differentiateStack(StackOp op, AdjointBuilder &b) {
  auto parts = b.create<UnstackOp>(b.adjoint(op), op.getDim());
  for (auto [operand, part] : llvm::zip(op.getOperands(), parts.getResults()))
    b.accumulate(operand, part);
}

// x̄ = the ȳᵢ on a new axis
static void differentiateUnstack(UnstackOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<StackOp>(getAdjoints(op.getOutputs(), b), op.getDim()));
}

// x̄ = ȳ, zeros around it
static void differentiateSlice(SliceOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<PadOp>(op.getOperand().getType(), b.adjoint(op),
                               op.getDim(), op.getOffset()));
}

// x̄ = ȳ reversed
static void differentiateReverse(ReverseOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<ReverseOp>(b.adjoint(op), op.getDim()));
}

// x̄ = the range of ȳ where x lies
static void differentiatePad(PadOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<SliceOp>(op.getOperand().getType(), b.adjoint(op),
                                 op.getDim(), op.getOffset()));
}

// x̄ = ȳ unpacked; what pads the panels depends on nothing
static void differentiatePack(PackOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<UnpackOp>(op.getOperand().getType(), b.adjoint(op),
                                  op.getDim(), op.getWidth(), op.getOrder(),
                                  op.getWordsAttr()));
}

// x̄ = ȳ packed; the padding is not read, so its adjoint is 0
static void differentiateUnpack(UnpackOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<PackOp>(b.adjoint(op), op.getDim(), op.getWidth(),
                                op.getOrder(), op.getWordsAttr()));
}

void attachShapeGradients(MLIRContext &context) {
  attachGradient<BroadcastOp, differentiateBroadcast>(context);
  attachGradient<TransposeOp, differentiateTranspose>(context);
  attachGradient<ReshapeOp, differentiateReshape>(context);
  attachGradient<ConcatOp, differentiateConcat>(context);
  attachGradient<SplitOp, differentiateSplit>(context);
  attachGradient<StackOp, differentiateStack>(context);
  attachGradient<UnstackOp, differentiateUnstack>(context);
  attachGradient<SliceOp, differentiateSlice>(context);
  attachGradient<ReverseOp, differentiateReverse>(context);
  attachGradient<PadOp, differentiatePad>(context);
  attachGradient<PackOp, differentiatePack>(context);
  attachGradient<UnpackOp, differentiateUnpack>(context);
}

} // namespace maek
