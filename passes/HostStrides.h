// Part of Maek, under the MIT licence; see LICENSE.
// Where the elements of a host value lie: which ops are free views, and which
// axes of a kernel's operand can be walked as one.
#ifndef MAEK_PASSES_HOSTSTRIDES_H
#define MAEK_PASSES_HOSTSTRIDES_H

#include "passes/memory/Strides.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

namespace maek {

/// Strides of the values that the host handles. A kernel's result is dense, or
/// lies in the stack, concat or updated argument that it is an operand of.
/// Arguments, states and the results of scans are dense.
class HostStrides {
public:
  /// Ops in `copies` are kernels, whatever their kind.
  explicit HostStrides(const llvm::DenseSet<mlir::Operation *> &copies)
      : copies(copies) {}

  /// Nothing if the value's op cannot be a view of its operand.
  std::optional<Strides> get(mlir::Value value);

  /// Whether the op is a view whose results keep elements of the innermost
  /// axis side by side.
  bool isView(mlir::Operation *op);

  /// Whether the stack or concat is the host's: some operand can be computed
  /// in place, and the joined axis is not the innermost. What cannot be
  /// computed in place is copied there (`maek-materialize-copies`).
  bool isInPlace(mlir::Operation *join);

  /// After `copies` or the ops have changed.
  void forget();

private:
  mlir::Value getWhole(mlir::Value value) const;
  std::optional<Strides> compute(mlir::Value value);
  llvm::SmallVector<mlir::Operation *> getPlacers(mlir::Value value) const;
  std::optional<Strides> getPlaced(mlir::Value value);
  std::optional<Strides> computePlaced(mlir::Value value) const;
  mlir::Value skipReshapes(mlir::Value value) const;
  bool isPlaceable(mlir::Value value, mlir::Operation *join) const;

  const llvm::DenseSet<mlir::Operation *> &copies;
  llvm::DenseMap<mlir::Value, std::optional<Strides>> known, placed;
  llvm::DenseMap<mlir::Operation *, bool> inPlace;
};

} // namespace maek

#endif // MAEK_PASSES_HOSTSTRIDES_H
