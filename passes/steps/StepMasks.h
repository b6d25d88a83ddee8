// Part of Maek, under the MIT licence; see LICENSE.
// What is known of the values of a function of sequences behind the step that
// is computed.
#ifndef MAEK_PASSES_STEPS_STEPMASKS_H
#define MAEK_PASSES_STEPS_STEPMASKS_H

#include "passes/steps/StepAxes.h"

#include "llvm/ADT/DenseMap.h"

namespace maek {

/// What a tensor of queries and keys is behind the present step; see Note
/// [Steps].
enum class Behind { Unknown, Infinite, Zero };

class StepMasks {
public:
  explicit StepMasks(const StepAxes &axes) : axes(axes) {}

  /// Chains of ops are followed this deep.
  static constexpr unsigned maxDepth = 1000;

  /// Whether places and constants alone make the value.
  bool isPositional(mlir::Value value, unsigned level = 0);
  Behind getBehind(mlir::Value value, unsigned level = 0) const;

private:
  bool isCausalMask(mlir::Value value) const;
  bool isSameForKeys(mlir::Value value, unsigned level) const;

  const StepAxes &axes;
  llvm::DenseMap<mlir::Value, bool> positional;
};

} // namespace maek

#endif // MAEK_PASSES_STEPS_STEPMASKS_H
