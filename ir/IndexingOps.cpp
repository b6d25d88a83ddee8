// Part of Maek, under the MIT licence; see LICENSE.
// Shape functions of the ops whose places come from a tensor.
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace maek;

/// The type of the rows of `table` at `indices`.
static FailureOr<RankedTensorType>
inferGathered(std::optional<Location> location, Type table, Type indices,
              int64_t batch) {
  SmallVector<Extent> from = getExtents(table), to = getExtents(indices);
  if (batch < 0 || batch >= int64_t(from.size()) || batch > int64_t(to.size()))
    return emitOptionalError(location, "cannot share ", batch, " axes of ",
                             table, " and ", indices);
  for (int64_t axis = 0; axis < batch; ++axis)
    if (from[axis] != to[axis])
      return emitOptionalError(location, "shares axes of size ",
                               from[axis].str(), " and ", to[axis].str());
  llvm::append_range(to, ArrayRef(from).drop_front(batch + 1));
  return getTensorType(to, getElementType(table));
}

LogicalResult GatherOp::inferReturnTypes(MLIRContext *,
                                         std::optional<Location> location,
                                         Adaptor adaptor,
                                         SmallVectorImpl<Type> &types) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  // The default is set later than this is asked.
  IntegerAttr batch = adaptor.getBatchAttr();
  FailureOr<RankedTensorType> type =
      inferGathered(location, adaptor.getTable().getType(),
                    adaptor.getIndices().getType(), batch ? batch.getInt() : 0);
  if (failed(type))
    return failure();
  types.push_back(*type);
  return success();
}

LogicalResult ScatterAddOp::verify() {
  FailureOr<RankedTensorType> type =
      inferGathered(getLoc(), getType(), getIndices().getType(), getBatch());
  if (failed(type))
    return failure();
  if (*type != getUpdates().getType())
    return emitOpError("adds ")
           << *type << ", found " << getUpdates().getType();
  return success();
}

LogicalResult UpdateSliceOp::verify() {
  int64_t dim = getDim();
  SmallVector<Extent> extents = getExtents(getType());
  if (dim < 0 || dim >= int64_t(extents.size()))
    return emitOpError("has no axis ") << dim << " in " << getType();
  extents[dim] = Extent(1);
  Type slice = getTensorType(extents, getElementType(getType()));
  if (slice != getSlice().getType())
    return emitOpError("gives ")
           << slice << " anew, found " << getSlice().getType();
  if (getRank(getPosition().getType()) != 0)
    return emitOpError("needs one position, found ") << getPosition().getType();
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// `rows` are those of `table` at `indices`.
static void relateRows(Value table, Value indices, Value rows, int64_t batch,
                       AxisRelations &axes) {
  int64_t rank = getRank(indices.getType());
  axes.fix(table, batch);
  for (int64_t i = 0; i < batch; ++i) {
    axes.same(table, i, indices, i);
    axes.same(table, i, rows, i);
  }
  for (int64_t i = 0; i < rank; ++i)
    axes.same(indices, i, rows, i);
  for (int64_t i = batch + 1; i < getRank(table.getType()); ++i)
    axes.same(table, i, rows, rank + i - batch - 1);
}

void GatherOp::relateAxes(AxisRelations &axes) {
  relateRows(getTable(), getIndices(), getResult(), getBatch(), axes);
}

void GatherOp::renumberAxes(AxisNumbering numbering) {
  setBatch(*numbering(getTable(), getBatch()));
}

void ScatterAddOp::relateAxes(AxisRelations &axes) {
  relateRows(getResult(), getIndices(), getUpdates(), getBatch(), axes);
}

void ScatterAddOp::renumberAxes(AxisNumbering numbering) {
  setBatch(*numbering(getResult(), getBatch()));
}

void UpdateSliceOp::relateAxes(AxisRelations &axes) {
  axes.parts(getResult(), {getOperand(), getSlice()}, getDim());
}

void UpdateSliceOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}
