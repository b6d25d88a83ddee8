// Part of Maek, under the MIT licence; see LICENSE.
// Modules with native kernels and native host code, beside the interpreter.
#ifndef MAEK_TESTS_UNIT_COMPILED_COMPILEDHARNESS_H
#define MAEK_TESTS_UNIT_COMPILED_COMPILEDHARNESS_H

#include "passes/Pipelines.h"
#include "tests/support/TestModule.h"

#include <limits>

namespace maek::test {

/// A context that can run the passes and compile the kernels.
std::unique_ptr<mlir::MLIRContext> makeCompilerContext();

class EntryPlace;

struct CompiledCheck {
  std::vector<Dims> sizes;
  /// What it is compiled for, see parseTargets, and where the entries run then;
  /// null is the host.
  std::string target = "host";
  EntryPlace *place = nullptr;
  /// Of the largest element of each result.
  double tolerance = 1e-5;
  /// Changing each value that is rounded by up to half of this share of itself
  /// changes the results; by as much they may differ on top, since sums may
  /// cancel. A
  /// result that changes by more than `largestNoise` is not compared: there
  /// anything would pass.
  double perturbation = 0;
  double largestNoise = 1e-2;
  /// Passes that are left out, by their names in --disable-pass.
  std::vector<std::string> disabled;
  /// With short ones the interpreter runs what the passes made of the
  /// equations: they decide what is rounded.
  Factors factors = Factors::Full;
  /// Gradients compute loops' steps again.
  bool recompute = false;
  /// Halide's checks of every buffer.
  bool asserts = true;
  /// No result is compared for sizes for which the interpreter meets a larger
  /// number, or none, among the results: f32 has none or rounds it away.
  double largest = std::numeric_limits<double>::infinity();
  /// The share of each entry's results, of all sizes, to compare at least.
  double leastCompared = 1;
};

/// Compiles `module` (which may have gradients) and runs every entry natively,
/// with one, two and three threads: the results must be the same bits, and
/// those of the interpreter on the equations within the tolerance. Memory
/// outside of results and arena must keep its value; all of it holds NaNs
/// before. Failures are GoogleTest's.
void checkCompiled(mlir::ModuleOp module, const CompiledCheck &check);

/// The text with every f64 an f32.
std::string toSinglePrecision(std::string text);

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_COMPILED_COMPILEDHARNESS_H
