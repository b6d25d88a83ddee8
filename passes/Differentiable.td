// Part of Maek, under the MIT licence; see LICENSE.
// The interface by which an op says how a gradient goes through it.
#ifndef MAEK_PASSES_DIFFERENTIABLE_TD
#define MAEK_PASSES_DIFFERENTIABLE_TD

include "mlir/IR/OpBase.td"

def Maek_Differentiable : OpInterface<"Differentiable"> {
  let description = [{
    Reverse-mode differentiation of one op. `maek-differentiate` asks first
    which values depend on the parameters (`propagateActivity`, in program
    order), then builds the adjoints (`buildAdjoint`, in reverse order).
  }];
  let cppNamespace = "::maek";
  let methods = [
    InterfaceMethod<[{
      Marks the results that depend on an active value. By default, each
      floating-point result does if the op uses any active value.
    }], "void", "propagateActivity", (ins "::maek::Activity &":$activity),
    "", [{ activity.propagateToResults($_op); }]>,
    InterfaceMethod<[{
      Adds to the adjoints of the operands (and, for an op with regions, of the
      values its regions use) what the adjoints of the results imply. Called
      when a result has an adjoint and the op uses an active value. Fails only
      after a diagnostic.
    }], "::llvm::LogicalResult", "buildAdjoint",
    (ins "::maek::AdjointBuilder &":$adjoints)>,
  ];
}

#endif // MAEK_PASSES_DIFFERENTIABLE_TD
