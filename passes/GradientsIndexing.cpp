// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of the ops whose places come from a tensor. All are linear.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"

#include "ir/Extent.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// x̄[b, n, r] = ȳ[b, r] where n is the row's number, else 0.
static Value spreadOneRow(GatherOp op, AdjointBuilder &b) {
  Type table = op.getTable().getType();
  Type numbers =
      withElementType(table, getElementType(op.getIndices().getType()));
  int64_t batch = op.getBatch();
  auto shared = llvm::to_vector(llvm::seq<int64_t>(0, batch));
  auto rest = shared;
  llvm::append_range(rest, llvm::seq<int64_t>(batch + 1, getRank(table)));
  Value row = b.create<BroadcastOp>(numbers, b.primal(op.getIndices()), shared);
  Value isRow =
      b.compare(ComparePredicate::Eq, b.create<IotaOp>(numbers, batch), row);
  return b.select(isRow, b.create<BroadcastOp>(table, b.adjoint(op), rest),
                  b.constant(table, 0));
}

// x̄ = the rows of ȳ summed at their places
static void differentiateGather(GatherOp op, AdjointBuilder &b) {
  if (getRank(op.getIndices().getType()) == int64_t(op.getBatch()))
    return b.accumulate(op.getTable(), spreadOneRow(op, b));
  b.accumulate(op.getTable(), b.create<ScatterAddOp>(
                                  op.getTable().getType(), b.adjoint(op),
                                  b.primal(op.getIndices()), op.getBatch()));
}

// x̄ = the rows of ȳ from the places where those of x went
static void differentiateScatterAdd(ScatterAddOp op, AdjointBuilder &b) {
  b.accumulate(op.getUpdates(),
               b.create<GatherOp>(b.adjoint(op), b.primal(op.getIndices()),
                                  op.getBatch()));
}

// x̄ = ȳ with zeros for the slice, whose own adjoint is what ȳ has there
static void differentiateUpdateSlice(UpdateSliceOp op, AdjointBuilder &b) {
  Type type = op.getType(), slice = op.getSlice().getType();
  int64_t dim = op.getDim();
  Value position = b.primal(op.getPosition());
  b.accumulate(op.getOperand(),
               b.create<UpdateSliceOp>(type, b.adjoint(op),
                                       b.constant(slice, 0), position, dim));
  Type numbers =
      withElementType(type, getElementType(op.getPosition().getType()));
  Value isSlice =
      b.compare(ComparePredicate::Eq, b.create<IotaOp>(numbers, dim),
                b.create<BroadcastOp>(numbers, position, ArrayRef<int64_t>{}));
  Value own = b.select(isSlice, b.adjoint(op), b.constant(type, 0));
  own = b.create<ReduceOp>(ReduceKind::Sum, own, ArrayRef<int64_t>{dim});
  b.accumulate(op.getSlice(), b.create<ReshapeOp>(slice, own));
}

void attachIndexingGradients(MLIRContext &context) {
  attachGradient<GatherOp, differentiateGather>(context);
  attachGradient<ScatterAddOp, differentiateScatterAdd>(context);
  attachGradient<UpdateSliceOp, differentiateUpdateSlice>(context);
}

} // namespace maek
