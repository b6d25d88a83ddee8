// Part of Maek, under the MIT licence; see LICENSE.
// maek-differentiate: expands maek.gradient by reverse mode on the IR.
#include "passes/Differentiable.h"
#include "passes/Passes.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_DIFFERENTIATE
#include "passes/Passes.h.inc"

namespace {

/// The adjoints of the block in which the gradient stands: all its primal
/// values are visible there.
struct BlockAdjoint : AdjointBuilder {
  using AdjointBuilder::AdjointBuilder;
  Value primal(Value value) override { return value; }
};

struct Differentiate : impl::DifferentiateBase<Differentiate> {
  LogicalResult expand(GradientOp gradient);
  void runOnOperation() override;
};

} // namespace

LogicalResult Differentiate::expand(GradientOp gradient) {
  Block *block = gradient->getBlock();
  if (gradient.getValue().getParentBlock() != block)
    return gradient.emitOpError("needs a value that is computed in its block");
  Activity activity;
  for (Value parameter : gradient.getParameters())
    activity.insert(parameter);
  activity.propagate(*block, gradient);

  SmallVector<Operation *> ops;
  for (Operation &op : *block) {
    if (&op == gradient)
      break;
    ops.push_back(&op);
  }
  BlockAdjoint adjoints(OpBuilder(gradient), gradient.getLoc(), activity);
  Value value = gradient.getValue();
  adjoints.accumulate(value, adjoints.constant(value.getType(), 1));
  if (failed(adjoints.build(ops)))
    return failure();
  for (auto [parameter, result] :
       llvm::zip(gradient.getParameters(), gradient.getGradients()))
    result.replaceAllUsesWith(adjoints.adjointOrZero(parameter));
  gradient.erase();
  ++numGradients;
  return success();
}

void Differentiate::runOnOperation() {
  // Inner gradients first and then in program order: a gradient of a gradient
  // finds the first one expanded.
  SmallVector<GradientOp> gradients;
  getOperation().walk([&](GradientOp op) { gradients.push_back(op); });
  for (GradientOp gradient : gradients)
    if (failed(expand(gradient)))
      return signalPassFailure();
}

} // namespace maek
