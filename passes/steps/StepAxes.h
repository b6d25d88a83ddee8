// Part of Maek, under the MIT licence; see LICENSE.
// Which axes of a function of sequences are its steps, and which ops do on
// some steps what they do on all.
#ifndef MAEK_PASSES_STEPS_STEPAXES_H
#define MAEK_PASSES_STEPS_STEPAXES_H

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>

namespace maek {

/// The axes of size `time`, a symbol.
class StepAxes {
public:
  explicit StepAxes(llvm::StringRef time) : time(Extent::symbol(time)) {}

  const Extent &getTime() const { return time; }
  llvm::SmallVector<int64_t> get(mlir::Type type) const;
  /// Whether the steps stand on axes of their own, on `most` of them at most.
  bool arePlain(mlir::Type type, size_t most) const;
  /// Whether an op for which axes alone do not tell does on some steps what it
  /// does on all; nothing for other ops.
  std::optional<bool> keepsSteps(mlir::Operation *op) const;

private:
  bool contains(const Extent &extent) const;
  bool keepsSteps(ReshapeOp op) const;
  bool keepsSteps(ScanOp op) const;

  Extent time;
};

/// Whether each step needs nothing of other steps but the states that scans
/// carry forward, and nothing counts the steps: then the function of a whole
/// sequence is that of its pieces, one behind the other. False for what it does
/// not know.
bool isCausal(mlir::func::FuncOp function, const StepAxes &axes);

} // namespace maek

#endif // MAEK_PASSES_STEPS_STEPAXES_H
