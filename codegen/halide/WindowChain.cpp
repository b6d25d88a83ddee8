// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/WindowChain.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek::halide {

WindowChain::WindowChain(WindowOp outermost)
    : windows{outermost}, source(outermost.getOperand()) {
  while (auto inner = source.getDefiningOp<WindowOp>()) {
    SmallVector<int64_t> axes = getSourceAxes();
    if (llvm::is_contained(axes, inner.getDim()) ||
        llvm::is_contained(axes, inner.getDim() + 1))
      return;
    windows.push_back(inner);
    source = inner.getOperand();
  }
}

SmallVector<int64_t> WindowChain::getSourceAxes() const {
  SmallVector<int64_t> axes;
  for (WindowOp window : windows) {
    for (int64_t &axis : axes)
      axis -= axis > window.getDim();
    axes.push_back(window.getDim());
  }
  return axes;
}

SmallVector<int64_t> WindowChain::getResultAxes() const {
  SmallVector<int64_t> axes;
  for (WindowOp window : llvm::reverse(windows)) {
    for (int64_t &axis : axes)
      axis += axis > window.getDim();
    axes.append({window.getDim(), window.getDim() + 1});
  }
  return axes;
}

Index WindowChain::getPlace(IndexRef index) const {
  Index place(index);
  for (WindowOp window : windows) {
    int64_t dim = window.getDim();
    place[dim] = Halide::Internal::simplify(
        place[dim] * int32_t(window.getStride()) +
        place[dim + 1] * int32_t(window.getDilation()) +
        int32_t(window.getOffset()));
    place.erase(place.begin() + dim + 1);
  }
  return place;
}

} // namespace maek::halide
