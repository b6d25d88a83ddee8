// Part of Maek, under the MIT licence; see LICENSE.
// Which values have no element below 0, by what they are made of.
#ifndef MAEK_PASSES_NONNEGATIVE_H
#define MAEK_PASSES_NONNEGATIVE_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir {
class Operation;
} // namespace mlir

namespace maek {

/// Of one function, while it is not changed. Nothing is known of arguments;
/// NaN counts as no negative number.
class NonNegative {
public:
  bool contains(mlir::Value value);

private:
  bool find(mlir::Value value);
  bool isOfNonNegatives(mlir::Operation *op);

  /// What is being asked counts as true: a state is, if it begins so and its
  /// next one is so wherever it is.
  llvm::DenseSet<mlir::Value> assumed, refuted;
};

} // namespace maek

#endif // MAEK_PASSES_NONNEGATIVE_H
