// Part of Maek, under the MIT licence; see LICENSE.
// Which contractions a library of matrix products makes faster than kernels do.
#ifndef MAEK_IR_MATRIXPRODUCTS_H
#define MAEK_IR_MATRIXPRODUCTS_H

#include "ir/MaekOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek {

/// Whether the contraction is a product of two matrices of f32 or bf16, perhaps
/// for each batch, that is large in rows, columns and what is summed over:
/// tensor cores take tiles of 64 and more. A size that only a run knows counts
/// as large.
bool isLargeMatrixProduct(EinsumOp product);

/// The contraction of a kernel that does nothing else than such a product;
/// null for others.
EinsumOp findLargeMatrixProduct(mlir::func::FuncOp kernel);

} // namespace maek

#endif // MAEK_IR_MATRIXPRODUCTS_H
