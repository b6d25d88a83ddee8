// Part of Maek, under the MIT licence; see LICENSE.
// Gradients against central differences of the value, in f64.
#ifndef MAEK_TESTS_SUPPORT_GRADIENTS_H
#define MAEK_TESTS_SUPPORT_GRADIENTS_H

#include "ir/interpreter/Interpreter.h"

#include "mlir/IR/MLIRContext.h"
#include <string>
#include <vector>

namespace maek::test {

/// A piece of IR in f64: `body` computes %r0, %r1, ... of types `results` from
/// the arguments %a0, %a1, ...
struct GradientProblem {
  /// Attribute aliases in front of the module.
  std::string aliases;
  std::vector<std::string> arguments, results;
  std::string body;
  /// Arguments whose gradients are checked.
  std::vector<unsigned> differentiable;
  /// The passes that expand maek.gradient.
  std::string pipeline = "maek-differentiate";
};

/// Compares the gradients of a random weighted sum of the float results at
/// `inputs`, computed by the pipeline and the interpreter, with central
/// differences. Empty if they agree within 1e-5 of the largest element; else
/// what differs or went wrong.
std::string checkGradient(mlir::MLIRContext &context,
                          const GradientProblem &problem,
                          const std::vector<Tensor> &inputs);

/// The central differences of the scalar that `function` gives as its first
/// result, with respect to that argument.
mlir::FailureOr<Tensor> differentiateNumerically(mlir::func::FuncOp function,
                                                 std::vector<Tensor> inputs,
                                                 unsigned argument);

} // namespace maek::test

#endif // MAEK_TESTS_SUPPORT_GRADIENTS_H
