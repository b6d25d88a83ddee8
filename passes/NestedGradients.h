// Part of Maek, under the MIT licence; see LICENSE.
// Gradients of gradients, which ask more of an op than a gradient of its own.
#ifndef MAEK_PASSES_NESTEDGRADIENTS_H
#define MAEK_PASSES_NESTEDGRADIENTS_H

#include "ir/MaekOps.h"

#include "llvm/ADT/SmallPtrSet.h"

namespace maek {

/// The maek.gradient ops in `root` whose results another one's value depends
/// on.
class NestedGradients {
public:
  explicit NestedGradients(mlir::Operation *root);

  /// Whether the value of one of them may depend on `value`: the gradient rules
  /// of the ops between are then differentiated themselves.
  bool areOf(mlir::Value value) const;

private:
  llvm::SmallPtrSet<mlir::Operation *, 4> inner;
};

} // namespace maek

#endif // MAEK_PASSES_NESTEDGRADIENTS_H
