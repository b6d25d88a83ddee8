// Part of Maek, under the MIT licence; see LICENSE.
// Polynomials as index arithmetic in the IR.
#ifndef MAEK_PASSES_MEMORY_INDEXMATH_H
#define MAEK_PASSES_MEMORY_INDEXMATH_H

#include "passes/memory/Polynomial.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/StringMap.h"

namespace maek {

/// Emits each polynomial in the function's symbols once, at its top, and what
/// depends on a loop's step (a symbol whose name starts with `%`, or the steps
/// of a segment) in place.
class IndexMath {
public:
  /// `top` is where the function's own arithmetic goes; it stays there.
  explicit IndexMath(mlir::OpBuilder top) : top(top) {}

  void setSymbol(llvm::StringRef name, mlir::Value value) {
    symbols[name] = value;
  }
  /// The sizes of segments are computed when they are first asked for.
  mlir::Value getSymbol(llvm::StringRef name);
  mlir::OpBuilder &getTop() { return top; }

  mlir::Value get(const Polynomial &value, mlir::OpBuilder &here);
  /// A number where it is one.
  mlir::OpFoldResult fold(const Polynomial &value, mlir::OpBuilder &here);
  mlir::Value getConstant(int64_t value);
  /// `value` rounded up to a multiple of `alignment`, at the top.
  mlir::Value align(mlir::Value value, int64_t alignment);

  static bool dependsOnStep(const Polynomial &value);

private:
  mlir::Value emit(const Polynomial &value, mlir::OpBuilder &builder);
  mlir::Value emitSegmentLength(mlir::Value steps);

  mlir::OpBuilder top;
  llvm::StringMap<mlir::Value> symbols;
  llvm::StringMap<mlir::Value> known;
};

} // namespace maek

#endif // MAEK_PASSES_MEMORY_INDEXMATH_H
