// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of the ops that look through windows: each is the other's
// adjoint.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"

using namespace mlir;

namespace maek {

// x̄ = the sum of ȳ over all windows that show the element
static void differentiateWindow(WindowOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<FoldOp>(op.getOperand().getType(), b.adjoint(op),
                                op.getDim(), op.getStride(), op.getDilation(),
                                op.getOffset()));
}

// x̄ = windows of ȳ
static void differentiateFold(FoldOp op, AdjointBuilder &b) {
  b.accumulate(op.getOperand(),
               b.create<WindowOp>(op.getOperand().getType(), b.adjoint(op),
                                  op.getDim(), op.getStride(), op.getDilation(),
                                  op.getOffset()));
}

void attachWindowGradients(MLIRContext &context) {
  attachGradient<WindowOp, differentiateWindow>(context);
  attachGradient<FoldOp, differentiateFold>(context);
}

} // namespace maek
