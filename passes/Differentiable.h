// Part of Maek, under the MIT licence; see LICENSE.
// The Differentiable interface, and the base classes of the models that
// attach a gradient rule to an op.
#ifndef MAEK_PASSES_DIFFERENTIABLE_H
#define MAEK_PASSES_DIFFERENTIABLE_H

#include "passes/AdjointBuilder.h"

#include "mlir/IR/OpDefinition.h"

#include "passes/Differentiable.h.inc"

namespace maek {

/// An op whose gradient is the function `rule`, which cannot fail.
template <typename OpTy, void (*rule)(OpTy, AdjointBuilder &)>
struct GradientRule
    : Differentiable::ExternalModel<GradientRule<OpTy, rule>, OpTy> {
  llvm::LogicalResult buildAdjoint(mlir::Operation *op,
                                   AdjointBuilder &adjoints) const {
    rule(llvm::cast<OpTy>(op), adjoints);
    return llvm::success();
  }
};

template <typename OpTy, void (*rule)(OpTy, AdjointBuilder &)>
void attachGradient(mlir::MLIRContext &context) {
  OpTy::template attachInterface<GradientRule<OpTy, rule>>(context);
}

/// An op through which no gradient goes: its results never depend on the
/// parameters.
template <typename OpTy>
struct NoGradient : Differentiable::ExternalModel<NoGradient<OpTy>, OpTy> {
  void propagateActivity(mlir::Operation *, Activity &) const {}
  llvm::LogicalResult buildAdjoint(mlir::Operation *, AdjointBuilder &) const {
    return llvm::success();
  }
};

} // namespace maek

#endif // MAEK_PASSES_DIFFERENTIABLE_H
