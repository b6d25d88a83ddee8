// Part of Maek, under the MIT licence; see LICENSE.
// Strided views of storage, as the host's view ops make them.
#ifndef MAEK_PASSES_MEMORY_VIEW_H
#define MAEK_PASSES_MEMORY_VIEW_H

#include "passes/memory/Polynomial.h"
#include "passes/memory/Strides.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace maek {

/// A contiguous piece of memory. Its kind says who provides it.
struct Storage {
  enum class Kind {
    Argument, ///< The caller, for argument `index` of the entry.
    Result,   ///< The caller, for result `index`.
    Arena,    ///< The arena.
    Carried,  ///< One of `aliases`: what a loop's variable refers to.
  };
  Kind kind = Kind::Arena;
  unsigned index = 0;
  llvm::SmallVector<Extent> extents;
  mlir::Type element;
  /// In the block that this belongs to; accesses deeper inside count for the
  /// whole op of this block. Arena only.
  mlir::Block *home = nullptr;
  llvm::SmallVector<Storage *> aliases;
  /// What it is for: the location of the tensor that it was made for.
  std::optional<mlir::Location> location;
  /// One more row than `extents` says, along axis 0.
  bool extraRow = false;

  Polynomial getNumElements() const;
  Polynomial getNumBytes() const;
};

/// Bytes of one element in memory; i1 takes one.
int64_t getElementBytes(mlir::Type element);

/// Element [i, j, ...] lies at offset + i*strides[0] + j*strides[1] + ...
struct View {
  Storage *storage = nullptr;
  Polynomial offset;
  llvm::SmallVector<Extent> extents;
  Strides strides;
  mlir::Type element;

  /// All of `storage`, row-major, shaped as the tensor type says.
  static View whole(Storage *storage, mlir::Type tensor);

  bool isContiguous() const;
  /// The same view if it is contiguous; axes of one element, whose strides mean
  /// nothing, get those of their place.
  View asRowMajor() const;
  /// Neighbours along the innermost axis are neighbours in memory, as every
  /// kernel needs it.
  bool isInnermostContiguous() const;
  bool isWhole() const { return offset.isZero() && isContiguous(); }

  /// Nothing where the elements do not lie at constant strides.
  std::optional<View> reshape(llvm::ArrayRef<Extent> to) const;
  View transpose(llvm::ArrayRef<int64_t> permutation) const;
  View slice(int64_t axis, const Polynomial &start, const Extent &size) const;
  /// Index `at` of the axis, which disappears.
  View take(int64_t axis, const Polynomial &at) const;
};

} // namespace maek

#endif // MAEK_PASSES_MEMORY_VIEW_H
