// Part of Maek, under the MIT licence; see LICENSE.
// Small helpers that the rewrites of several topics share.
#ifndef MAEK_PASSES_REWRITING_H
#define MAEK_PASSES_REWRITING_H

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/PatternMatch.h"

namespace maek {

/// The op with other operands and result types; its attributes stay.
mlir::Operation *cloneWith(mlir::OpBuilder &builder, mlir::Operation *op,
                           mlir::TypeRange types, mlir::ValueRange operands);

/// The innermost axis stays the innermost one: codegen makes it a view.
bool keepsInnermost(llvm::ArrayRef<int64_t> permutation);

/// The permutation that undoes `permutation`.
llvm::SmallVector<int64_t>
invertPermutation(llvm::ArrayRef<int64_t> permutation);

/// Axes 0, 1, ... rank - 1 without `axis`.
llvm::SmallVector<int64_t> allAxesBut(int64_t rank, int64_t axis);

/// Whether the op leaves numbers of places what they are: no conversion to i1,
/// and none of a float, perhaps no whole number any more, to i32.
bool keepsPlaces(ConvertOp op);

} // namespace maek

#endif // MAEK_PASSES_REWRITING_H
