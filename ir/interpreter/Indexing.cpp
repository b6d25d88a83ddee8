// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of the ops whose places come from a tensor.
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

using namespace mlir;
using namespace maek;

/// Where in the table the element `i` of the gathered rows stands.
template <typename OpT>
static FailureOr<Shape> getPlace(OpT op, Index i, const Tensor &indices,
                                 int64_t size) {
  int64_t batch = op.getBatch(), rank = indices.rank();
  double row = indices[i.take_front(rank)];
  if (!(row >= 0 && row < double(size)))
    return op.emitOpError("index ")
           << int64_t(row) << " is outside of " << size;
  Shape place(i.take_front(batch));
  place.push_back(int64_t(row));
  llvm::append_range(place, i.drop_front(rank));
  return place;
}

static FailureOr<Tensor> evaluate(GatherOp op, Index shape, Frame &frame) {
  const Tensor &table = frame[op.getTable()], &indices = frame[op.getIndices()];
  bool isValid = true;
  Tensor result = Tensor::generate(shape, [&](Index i) {
    if (!isValid)
      return 0.0;
    FailureOr<Shape> place =
        getPlace(op, i, indices, table.shape[op.getBatch()]);
    isValid = succeeded(place);
    return isValid ? table[*place] : 0.0;
  });
  if (!isValid)
    return failure();
  return result;
}

static FailureOr<Tensor> evaluate(ScatterAddOp op, Index shape, Frame &frame) {
  const Tensor &updates = frame[op.getUpdates()];
  const Tensor &indices = frame[op.getIndices()];
  Tensor result(shape);
  bool isValid = true;
  forEachIndex(updates.shape, [&](Index i) {
    if (!isValid)
      return;
    FailureOr<Shape> place = getPlace(op, i, indices, shape[op.getBatch()]);
    isValid = succeeded(place);
    if (isValid)
      result[*place] += updates[i];
  });
  if (!isValid)
    return failure();
  return result;
}

static FailureOr<Tensor> evaluate(UpdateSliceOp op, Index shape, Frame &frame) {
  const Tensor &operand = frame[op.getOperand()], &slice = frame[op.getSlice()];
  int64_t dim = op.getDim();
  double position = frame[op.getPosition()][Index()];
  if (!(position >= 0 && position < double(shape[dim])))
    return op.emitOpError("position ")
           << int64_t(position) << " is outside of " << shape[dim];
  return Tensor::generate(shape, [&](Index i) {
    if (double(i[dim]) != position)
      return operand[i];
    Shape place(i);
    place[dim] = 0;
    return slice[place];
  });
}

void maek::attachIndexingModels(MLIRContext &context) {
  GatherOp::attachInterface<Evaluated<GatherOp, evaluate>>(context);
  ScatterAddOp::attachInterface<Evaluated<ScatterAddOp, evaluate>>(context);
  UpdateSliceOp::attachInterface<Evaluated<UpdateSliceOp, evaluate>>(context);
}
