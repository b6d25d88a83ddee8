// Part of Maek, under the MIT licence; see LICENSE.
// Shape functions of attention and its gradients.
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace maek;

namespace {

/// The extents of [L..., queries, features] and the like.
struct AttentionShape {
  SmallVector<Extent> query, key, value;
  /// Of what is multiplied, and of results.
  Type element, result;

  /// A row of features of the values for each query.
  SmallVector<Extent> getOutput() const {
    SmallVector<Extent> output(query);
    output.back() = value.back();
    return output;
  }
  /// One number for each query.
  SmallVector<Extent> getRows() const {
    return SmallVector<Extent>(ArrayRef(query).drop_back());
  }
};

} // namespace

/// Whether `type` is `extents` of `element`; an error if not.
static LogicalResult check(std::optional<Location> location, StringRef name,
                           Type type, ArrayRef<Extent> extents, Type element) {
  Type expected = getTensorType(extents, element);
  if (getExtents(type) == extents && getElementType(type) == element)
    return success();
  return emitOptionalError(location, "attention needs ", name, " of ", expected,
                           ", found ", type);
}

/// Reads and checks the operands that all attention ops have.
template <typename Adaptor>
static FailureOr<AttentionShape> readShape(std::optional<Location> location,
                                           Adaptor adaptor) {
  if (failed(verifyNamedExtents(location, adaptor.getOperands())))
    return failure();
  Type query = adaptor.getQuery().getType();
  AttentionShape shape{getExtents(query),
                       getExtents(adaptor.getKey().getType()),
                       {},
                       getElementType(query),
                       getElementType(query)};
  if (shape.element.isBF16())
    shape.result = Float32Type::get(query.getContext());
  if (shape.query.size() < 2) {
    (void)emitOptionalError(location,
                            "attention needs queries of two axes or "
                            "more, found ",
                            query);
    return failure();
  }
  SmallVector<Extent> key(shape.query);
  size_t rank = key.size();
  if (!shape.query.back().isStatic()) {
    (void)emitOptionalError(location,
                            "attention needs a fixed number of "
                            "features, found ",
                            query);
    return failure();
  }
  if (shape.key.size() == rank)
    key[rank - 2] = shape.key[rank - 2];
  if (failed(check(location, "keys", adaptor.getKey().getType(), key,
                   shape.element)))
    return failure();
  SmallVector<Extent> pairs(shape.query);
  pairs[rank - 1] = key[rank - 2];
  if (std::optional<int64_t> causal = adaptor.getCausal();
      causal && !llvm::isInt<32>(*causal))
    return emitOptionalError(location,
                             "attention needs a causal offset of 32 bits, "
                             "found ",
                             *causal);
  Type boolean = IntegerType::get(query.getContext(), 1);
  for (Value mask : adaptor.getMasks())
    if (failed(check(location, "masks", mask.getType(), pairs, boolean)))
      return failure();
  return shape;
}

/// The same with the values.
template <typename Adaptor>
static FailureOr<AttentionShape>
readShapeWithValue(std::optional<Location> location, Adaptor adaptor) {
  FailureOr<AttentionShape> shape = readShape(location, adaptor);
  if (failed(shape))
    return failure();
  Type value = adaptor.getValue().getType();
  shape->value = getExtents(value);
  SmallVector<Extent> expected(shape->key);
  if (!shape->value.empty() && shape->value.back().isStatic())
    expected.back() = shape->value.back();
  if (failed(check(location, "values", value, expected, shape->element)))
    return failure();
  return shape;
}

LogicalResult AttentionOp::inferReturnTypes(MLIRContext *,
                                            std::optional<Location> location,
                                            Adaptor adaptor,
                                            SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readShapeWithValue(location, adaptor);
  if (failed(shape))
    return failure();
  types.push_back(getTensorType(shape->getOutput(), shape->result));
  return success();
}

LogicalResult AttentionLogSumOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readShape(location, adaptor);
  if (failed(shape))
    return failure();
  types.push_back(getTensorType(shape->getRows(), shape->result));
  return success();
}

LogicalResult AttentionWithLogSumOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readShapeWithValue(location, adaptor);
  if (failed(shape))
    return failure();
  types.push_back(getTensorType(shape->getOutput(), shape->result));
  types.push_back(getTensorType(shape->getRows(), shape->result));
  return success();
}

template <typename Adaptor>
static FailureOr<AttentionShape>
readGradientShape(std::optional<Location> location, Adaptor adaptor) {
  FailureOr<AttentionShape> shape = readShapeWithValue(location, adaptor);
  if (failed(shape))
    return failure();
  SmallVector<Extent> rows = shape->getRows();
  if (failed(check(location, "an adjoint", adaptor.getAdjoint().getType(),
                   shape->getOutput(), shape->element)) ||
      failed(check(location, "sums", adaptor.getLogSum().getType(), rows,
                   shape->result)) ||
      failed(check(location, "deltas", adaptor.getDelta().getType(), rows,
                   shape->result)))
    return failure();
  return shape;
}

LogicalResult AttentionQueryGradientOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readGradientShape(location, adaptor);
  if (failed(shape))
    return failure();
  types.push_back(getTensorType(shape->query, shape->result));
  return success();
}

LogicalResult AttentionKeyGradientOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readGradientShape(location, adaptor);
  if (failed(shape))
    return failure();
  types.push_back(getTensorType(shape->key, shape->result));
  types.push_back(getTensorType(shape->value, shape->result));
  return success();
}

LogicalResult AttentionGradientOp::inferReturnTypes(
    MLIRContext *, std::optional<Location> location, Adaptor adaptor,
    SmallVectorImpl<Type> &types) {
  FailureOr<AttentionShape> shape = readGradientShape(location, adaptor);
  if (failed(shape))
    return failure();
  for (const SmallVector<Extent> &extents :
       {shape->query, shape->key, shape->value})
    types.push_back(getTensorType(extents, shape->result));
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// The leading axes are the same; kernels know rows and features.
static void relateAttention(Operation *op, Value query, AxisRelations &axes) {
  int64_t numLeading = getRank(query.getType()) - 2;
  auto relate = [&](Value value) {
    for (int64_t i = 0; i < getRank(value.getType()); ++i)
      if (i < numLeading)
        axes.same(query, i, value, i);
      else
        axes.fix(value, i);
  };
  llvm::for_each(op->getOperands(), relate);
  llvm::for_each(op->getResults(), relate);
}

void AttentionOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}

void AttentionLogSumOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}

void AttentionWithLogSumOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}

void AttentionQueryGradientOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}

void AttentionKeyGradientOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}

void AttentionGradientOp::relateAxes(AxisRelations &axes) {
  relateAttention(*this, getQuery(), axes);
}
