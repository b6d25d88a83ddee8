// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of the ops that look through windows.
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/WindowChain.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using Halide::Expr;

namespace maek::halide {
namespace {

/// The source is read through a function that is 0 outside, also by a tile of
/// registers that overruns the windows.
struct WindowModel : HalideExpressible::ExternalModel<WindowModel, WindowOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto window = cast<WindowOp>(op);
    WindowChain chain(window);
    SmallVector<int64_t> axes = chain.getSourceAxes();
    llvm::sort(axes);
    Halide::Func source = kernel.getPadded(chain.getSource(), axes);
    kernel.define(window.getResult(), [chain, source](IndexRef index) -> Expr {
      Index place = chain.getPlace(index);
      return source(std::vector<Expr>(place.rbegin(), place.rend()));
    });
  }
};

/// The sum over the places within a window: for each there is one window at
/// most that shows the element there.
struct FoldModel : HalideExpressible::ExternalModel<FoldModel, FoldOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto fold = cast<FoldOp>(op);
    Value windows = fold.getOperand();
    int64_t dim = fold.getDim();
    Halide::Type type = getHalideType(getElementType(fold.getType()));
    Expr zero = Halide::Internal::make_zero(type);
    kernel.reduce(fold.getResult(), getExtent(windows.getType(), dim + 1),
                  Halide::Tuple(zero),
                  [&](IndexRef index, IndexRef reduced, ArrayRef<Expr> sum) {
                    Expr count = kernel.extent(windows, dim);
                    Expr distance = index[dim] - int32_t(fold.getOffset()) -
                                    reduced[0] * int32_t(fold.getDilation());
                    int32_t stride = int32_t(fold.getStride());
                    Expr number = distance / stride;
                    Expr shows = number >= 0 && number < count;
                    if (stride > 1)
                      shows = shows && distance % stride == 0;
                    Index place(index);
                    place[dim] = Halide::clamp(number, 0, count - 1);
                    place.insert(place.begin() + dim + 1, reduced[0]);
                    return Halide::Tuple(
                        sum[0] +
                        Halide::select(shows, kernel.at(windows, place), zero));
                  });
  }
};

} // namespace

void attachWindowModels(MLIRContext &context) {
  WindowOp::attachInterface<WindowModel>(context);
  FoldOp::attachInterface<FoldModel>(context);
}

} // namespace maek::halide
