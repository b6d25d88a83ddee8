// Part of Maek, under the MIT licence; see LICENSE.
// Conversions to shorter numbers, moved to where the numbers are made.
//
// Note [Conversions]
// A conversion stands first where its product reads it. It then moves to where
// the number is made, so that the kernel that makes it stores it as the short
// one as well: through stacks, concats, transposes, reshapes and windows, out
// of a scan with the sequence that it reads, into a scan whose output it is. Of
// a state that a step converts, the scan carries a second one, converted. Where
// nothing else reads the number in f32, it is never stored in f32.
#ifndef MAEK_PASSES_CONVERSIONS_H
#define MAEK_PASSES_CONVERSIONS_H

#include "ir/MaekOps.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace maek {

/// The code of 0 in unsigned codes of numbers that may be negative.
inline constexpr int64_t kMiddleCode = 128;

/// The conversions of one function. See Note [Conversions].
class Conversions {
public:
  Conversions(const llvm::DenseSet<mlir::Value> &parameterValues,
              mlir::MLIRContext *context)
      : parameterValues(parameterValues), rewriter(context) {}

  /// `value` in bf16, where it is defined; with a `scale`, a scalar of the
  /// function's own block, its codes of ui8 with kMiddleCode for 0. One for
  /// all.
  mlir::Value convert(mlir::Value value, mlir::Value scale = {});
  void move();

private:
  mlir::Value moveUp(mlir::Operation *conversion);
  mlir::Value moveAbove(mlir::Operation *op, mlir::Value scale);
  mlir::Value moveOutOf(ScanOp scan, mlir::BlockArgument argument,
                        mlir::Value scale);
  mlir::Value moveInto(ScanOp scan, mlir::OpResult output, mlir::Value scale);

  mlir::Type getShort(mlir::Value value, mlir::Value scale);
  mlir::Operation *make(mlir::Value value, mlir::Value scale);

  const llvm::DenseSet<mlir::Value> &parameterValues;
  mlir::IRRewriter rewriter;
  llvm::SmallVector<mlir::Operation *> pending;
  /// What scans' bodies have as arguments converted already, by scale.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> arguments;
};

} // namespace maek

#endif // MAEK_PASSES_CONVERSIONS_H
