// Part of Maek, under the MIT licence; see LICENSE.
// Gradient rules of attention. Weights are computed again from the logarithm of
// their sums, so nothing of one number per query and key is kept.
#include "passes/Differentiable.h"
#include "passes/Gradients.h"

#include "ir/Extent.h"

using namespace mlir;

namespace maek {

static void differentiateAttention(AttentionOp op, AdjointBuilder &b) {
  Value query = b.primal(op.getQuery()), key = b.primal(op.getKey());
  Value value = b.primal(op.getValue()), adjoint = b.adjoint(op);
  SmallVector<Value> masks;
  for (Value mask : op.getMasks())
    masks.push_back(b.primal(mask));
  FloatAttr scale = op.getScaleAttr();
  IntegerAttr causal = op.getCausalAttr();
  Value sums = b.create<AttentionLogSumOp>(query, key, masks, scale, causal);
  Value delta =
      b.create<ReduceOp>(ReduceKind::Sum, b.mul(adjoint, b.primal(op)),
                         ArrayRef<int64_t>{getRank(op.getType()) - 1});
  if (b.needs(op.getQuery()))
    b.accumulate(op.getQuery(), b.create<AttentionQueryGradientOp>(
                                    query, key, value, adjoint, sums, delta,
                                    masks, scale, causal));
  if (!b.needs(op.getKey()) && !b.needs(op.getValue()))
    return;
  auto gradient = b.create<AttentionKeyGradientOp>(
      query, key, value, adjoint, sums, delta, masks, scale, causal);
  b.accumulate(op.getKey(), gradient.getKeyGradient());
  b.accumulate(op.getValue(), gradient.getValueGradient());
}

void attachAttentionGradients(MLIRContext &context) {
  attachGradient<AttentionOp, differentiateAttention>(context);
}

} // namespace maek
