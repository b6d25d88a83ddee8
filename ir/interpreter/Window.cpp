// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops that look through windows.
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

using namespace mlir;
using namespace maek;

/// The place of the plain tensor that element `i` of the windows shows; it may
/// be outside.
template <typename OpT>
static Shape getPlace(OpT op, Index i) {
  int64_t dim = op.getDim();
  Shape place(i);
  place[dim] =
      i[dim] * op.getStride() + i[dim + 1] * op.getDilation() + op.getOffset();
  place.erase(place.begin() + dim + 1);
  return place;
}

static bool isInside(Index place, const Tensor &tensor, int64_t dim) {
  return place[dim] >= 0 && place[dim] < tensor.shape[dim];
}

static FailureOr<Tensor> evaluate(WindowOp op, Index shape, Frame &frame) {
  const Tensor &x = frame[op.getOperand()];
  return Tensor::generate(shape, [&](Index i) {
    Shape place = getPlace(op, i);
    return isInside(place, x, op.getDim()) ? x[place] : 0;
  });
}

static FailureOr<Tensor> evaluate(FoldOp op, Index shape, Frame &frame) {
  const Tensor &windows = frame[op.getOperand()];
  Tensor result(shape);
  forEachIndex(windows.shape, [&](Index i) {
    Shape place = getPlace(op, i);
    if (isInside(place, result, op.getDim()))
      result[place] += windows[i];
  });
  return result;
}

void maek::attachWindowModels(MLIRContext &context) {
  WindowOp::attachInterface<Evaluated<WindowOp, evaluate>>(context);
  FoldOp::attachInterface<Evaluated<FoldOp, evaluate>>(context);
}
