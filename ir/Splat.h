// Part of Maek, under the MIT licence; see LICENSE.
// Tensors whose elements are all one number that is known.
#ifndef MAEK_IR_SPLAT_H
#define MAEK_IR_SPLAT_H

#include "mlir/IR/Value.h"
#include "mlir/Support/LLVM.h"
#include <optional>

namespace mlir {
class PatternRewriter;
} // namespace mlir

namespace maek {

/// The number that every element of `value` is, if a constant says it, perhaps
/// by way of ops that only move elements.
std::optional<double> getSplat(mlir::Value value);

/// Whether `number` is finite as an element of the tensor type.
bool isFiniteIn(mlir::Type tensor, double number);

/// Replaces `op`, function(constant), by a constant, unless that is NaN, or an
/// infinity made of a finite number.
mlir::LogicalResult foldFunction(mlir::Operation *op,
                                 double (*function)(double),
                                 mlir::PatternRewriter &rewriter);

} // namespace maek

#endif // MAEK_IR_SPLAT_H
