// Part of Maek, under the MIT licence; see LICENSE.
// Random models: the equations of a random program with a training step.
#ifndef MAEK_TESTS_UNIT_COMPILED_RANDOMMODEL_H
#define MAEK_TESTS_UNIT_COMPILED_RANDOMMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace maek::test {

/// @forward is makeRandomProgram(seed) with its static arguments as parameters;
/// @train_step takes a momentum for each of them, and gives Σ tanh(result / 8),
/// the new momenta m' = m/2 + ∂loss and the new parameters p - m'/10. Null
/// after diagnostics.
mlir::OwningOpRef<mlir::ModuleOp> makeRandomModel(mlir::MLIRContext &context,
                                                  uint64_t seed, bool single);

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_COMPILED_RANDOMMODEL_H
