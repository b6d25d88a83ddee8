// Part of Maek, under the MIT licence; see LICENSE.
// The compiler's passes in order, from the model's equations to host code.
#ifndef MAEK_PASSES_PIPELINES_H
#define MAEK_PASSES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include <optional>
#include <string>
#include <vector>

namespace maek {

/// What products multiply.
enum class Factors {
  /// The tensors' own numbers.
  Full,
  /// Those in bf16, where that pays: see maek-lower-precision.
  BFloat16,
  /// Codes of 8 bits in inference, where that pays: see maek-quantize. Others
  /// as BFloat16.
  Int8,
  /// The tensors' own, of which a device's library may leave the last 13 bits
  /// out.
  TF32,
};

/// "bf16", "int8", "tf32"; nothing for the tensors' own.
llvm::StringRef getFactorsName(Factors factors);
/// Those of that name, unless it is none.
std::optional<Factors> findFactors(llvm::StringRef name);

struct PipelineOptions {
  /// Names of optimisations to leave out, without "maek-": "simplify".
  std::vector<std::string> disable;
  /// Finish each pass on the whole module before the next one begins, so that
  /// the module can be looked at in between.
  bool separate = false;
  /// The order of packed weights for a target with few registers: see
  /// maek-prepack-weights.
  bool sumsInnermost = false;
  /// Attention of one query is one kernel: see maek-fuse-attention.
  bool singleQueries = false;
  Factors factors = Factors::Full;
  /// Gradients compute the steps of loops again instead of keeping them: see
  /// maek-segment-scans.
  bool recompute = false;
  /// Large products of matrices are kernels of their own, for a library to
  /// make.
  bool library = false;
};

/// The passes that `PipelineOptions::disable` may name: those without which
/// the result is the same, only slower. Without fuse-elementwise each op is a
/// kernel of its own.
llvm::ArrayRef<llvm::StringLiteral> getOptionalPasses();

/// Adds every pass to `manager`, which runs on a module.
void buildPipeline(mlir::OpPassManager &manager,
                   const PipelineOptions &options);

/// Registers `--maek-pipeline`, with the options `disable=name,name`,
/// `precision=bf16`, `int8` or `tf32`, `recompute` and `library`.
void registerPipelines();

} // namespace maek

#endif // MAEK_PASSES_PIPELINES_H
