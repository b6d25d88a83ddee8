// Part of Maek, under the MIT licence; see LICENSE.
// A contraction as a matrix product: which of its letters are columns, rows,
// gates, and where they are in the kernel's results.
#ifndef MAEK_CODEGEN_HALIDE_SCHEDULES_PRODUCTSHAPE_H
#define MAEK_CODEGEN_HALIDE_SCHEDULES_PRODUCTSHAPE_H

#include "codegen/halide/KernelAlgorithm.h"
#include "ir/MaekDialect.h"

#include <optional>

namespace maek::halide {

/// One contraction "bk,gnk->bgn": the result's innermost letter n is the
/// column; it stands in the weights only. Rows stand in the activations only,
/// gates in the weights only, batches in both.
struct ProductShape {
  Reduction *reduction;
  EinsumAttr equation;
  char column;
  /// 0 if it is not static.
  int64_t numColumns = 0;
  std::string rows, gates, batches;
  /// Product of the gates' sizes.
  int64_t numGates = 1;
  /// The functions through which the operands are read.
  Halide::Func weights, activations;
  /// Columns of a panel of the weights; 0 if they do not come in panels.
  int64_t panelWidth;
  /// Whether the weights do not, and have the column innermost.
  bool isColumnInnermost;

  /// Nothing if the reduction is no contraction of that form.
  static std::optional<ProductShape> match(Reduction &reduction);

  bool isPacked() const { return panelWidth > 0; }
  /// Whether it multiplies words that are pairs of neighbours of bf16.
  bool isOfPairs() const;
  /// The product's variable for a letter of the result.
  Halide::Var var(char letter) const;
  /// The variable of a letter in `weights` or `activations`.
  Halide::Var operandVar(const Halide::Func &operand, char letter) const;
  Extent extent(char letter) const;
  bool isStatic(llvm::StringRef letters) const;
  /// As a float, since 32 bits may not hold it.
  Halide::Expr countMultiplyAdds(KernelAlgorithm &kernel) const;
};

/// Whether the kernel has a function such as exp.
bool hasCostlyOp(KernelAlgorithm &kernel);

inline bool contains(llvm::StringRef letters, char letter) {
  return letters.contains(letter);
}

/// The letters of the axes of the kernel's results, outermost first, if the
/// results come from the products' element by element, with gates taken apart
/// at most. Nothing otherwise.
std::optional<std::string> matchEpilogue(KernelAlgorithm &kernel,
                                         llvm::ArrayRef<ProductShape> products);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_SCHEDULES_PRODUCTSHAPE_H
