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

/// Unsigned codes of 8 bits: how far those of 0 and 1 are apart, a scalar of
/// the function's own block, and which one is that of 0. Without a scale, bf16.
struct Code {
  mlir::Value scale = {};
  int64_t zero = 0;

  explicit operator bool() const { return bool(scale); }
  bool operator==(const Code &) const = default;
};

/// The conversions of one function. See Note [Conversions].
class Conversions {
public:
  Conversions(const llvm::DenseSet<mlir::Value> &parameterValues,
              mlir::MLIRContext *context)
      : parameterValues(parameterValues), rewriter(context) {}

  /// `value` in bf16 or its codes, where it is defined; one for all.
  mlir::Value convert(mlir::Value value, Code code = {});
  void move();

private:
  mlir::Value moveUp(mlir::Operation *conversion);
  WindowOp moveInside(WindowOp window);
  mlir::Value moveAbove(mlir::Operation *op, Code code);
  mlir::Value moveOutOf(ScanOp scan, mlir::BlockArgument argument, Code code);
  mlir::Value moveInto(ScanOp scan, mlir::OpResult output, Code code);

  mlir::Type getShort(mlir::Value value, Code code);
  mlir::Operation *make(mlir::Value value, Code code);

  const llvm::DenseSet<mlir::Value> &parameterValues;
  mlir::IRRewriter rewriter;
  llvm::SmallVector<mlir::Operation *> pending;
  /// What scans' bodies have as arguments converted already, by scale.
  llvm::DenseMap<std::pair<mlir::Value, mlir::Value>, mlir::Value> arguments;
};

} // namespace maek

#endif // MAEK_PASSES_CONVERSIONS_H
