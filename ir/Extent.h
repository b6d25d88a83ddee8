// Part of Maek, under the MIT licence; see LICENSE.
// A tensor axis' size as a monomial in the model's symbols, and the tensor
// types that carry such sizes.
#ifndef MAEK_IR_EXTENT_H
#define MAEK_IR_EXTENT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ValueRange.h"
#include "mlir/Support/LLVM.h"
#include <limits>
#include <optional>
#include <string>

namespace maek {

/// `factor` times the product of `symbols`: 28, B, B*T, 2*T. Symbols are kept
/// sorted and a factor of 0 has none, so equal extents compare equal. A factor
/// that int64_t cannot hold is kept as `kTooLarge`.
struct Extent {
  static constexpr int64_t kTooLarge = std::numeric_limits<int64_t>::max();

  int64_t factor = 1;
  llvm::SmallVector<std::string, 2> symbols;

  Extent() = default;
  Extent(int64_t size) : factor(size) {}
  static Extent symbol(llvm::StringRef name);
  /// Reads what `str` prints; nothing if the text is no extent.
  static std::optional<Extent> parse(llvm::StringRef text);

  /// Whether `name` may stand in `#maek.dims`: letters, digits, `_ . $ '` and
  /// what is not ASCII, with no digit in front.
  static bool isValidSymbol(llvm::StringRef name);

  bool isStatic() const { return symbols.empty(); }
  bool isOne() const { return isStatic() && factor == 1; }
  Extent operator*(const Extent &other) const;
  bool operator==(const Extent &other) const {
    return factor == other.factor && symbols == other.symbols;
  }
  bool operator!=(const Extent &other) const { return !(*this == other); }
  std::string str() const;
};

/// Whether `type` is a ranked tensor whose dynamic sizes all have names. The
/// ops take and give such tensors only.
bool hasNamedExtents(mlir::Type type);

/// Fails, with an error at `location`, unless all values hasNamedExtents:
/// shape functions run before the operands are verified.
mlir::LogicalResult verifyNamedExtents(std::optional<mlir::Location> location,
                                       mlir::ValueRange values);

/// The extents of a tensor type, outermost first. A dynamic size without a
/// name (which the dialect's verifiers refuse) reads as the symbol `?`.
llvm::SmallVector<Extent> getExtents(mlir::Type tensor);
Extent getExtent(mlir::Type tensor, int64_t axis);

/// tensor<extents x element>, with the encoding that names the symbols; without
/// one if an extent is the symbol `?`.
mlir::RankedTensorType getTensorType(llvm::ArrayRef<Extent> extents,
                                     mlir::Type element);

/// The product of all extents.
Extent getNumElements(llvm::ArrayRef<Extent> extents);

/// The type of one index of axis 0, a step of a sequence.
mlir::RankedTensorType getStepType(mlir::Type sequence);

/// The same shape with another element type.
mlir::RankedTensorType withElementType(mlir::Type tensor, mlir::Type element);
inline int64_t getRank(mlir::Type tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor).getRank();
}
inline mlir::Type getElementType(mlir::Type tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor).getElementType();
}

} // namespace maek

#endif // MAEK_IR_EXTENT_H
