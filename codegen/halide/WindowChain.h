// Part of Maek, under the MIT licence; see LICENSE.
// Windows of windows, each along an axis of its own: one look at the tensor
// beneath them all.
#ifndef MAEK_CODEGEN_HALIDE_WINDOWCHAIN_H
#define MAEK_CODEGEN_HALIDE_WINDOWCHAIN_H

#include "codegen/halide/KernelAlgorithm.h"
#include "ir/MaekOps.h"

namespace maek::halide {

class WindowChain {
public:
  explicit WindowChain(WindowOp outermost);

  /// Outermost first.
  llvm::ArrayRef<WindowOp> getWindows() const { return windows; }
  mlir::Value getSource() const { return source; }
  /// The axes of the source that the windows are along, outermost window first.
  llvm::SmallVector<int64_t> getSourceAxes() const;
  /// The axes of the result that are a window or a place within one.
  llvm::SmallVector<int64_t> getResultAxes() const;
  /// The place in the source of an element; it may be outside.
  Index getPlace(IndexRef index) const;

private:
  llvm::SmallVector<WindowOp> windows;
  mlir::Value source;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_WINDOWCHAIN_H
