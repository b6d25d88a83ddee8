// Part of Maek, under the MIT licence; see LICENSE.
// Semantics of attention and its gradients, by the whole matrix of weights.
#include "ir/BFloat16.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "ir/interpreter/Interpretable.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace maek;

/// `index` with `last` in place of its last two numbers.
static Shape place(Index index, std::initializer_list<int64_t> last) {
  Shape result(index.drop_back(2));
  result.append(last);
  return result;
}

/// s[l, i, j], or -infinity where query i may not see key j.
template <typename OpT>
static Tensor computeScores(OpT op, Frame &frame) {
  const Tensor &query = frame[op.getQuery()], &key = frame[op.getKey()];
  double scale = op.getScale().convertToDouble();
  int64_t depth = query.shape.back();
  Shape shape(query.shape);
  shape.back() = key.shape[key.rank() - 2];
  return Tensor::generate(shape, [&](Index at) {
    int64_t i = at[at.size() - 2], j = at.back();
    bool isSeen = !op.getCausal() || j <= i + *op.getCausal();
    for (Value mask : op.getMasks())
      isSeen &= frame[mask][at] != 0;
    if (!isSeen)
      return -std::numeric_limits<double>::infinity();
    double sum = 0;
    for (int64_t r = 0; r < depth; ++r)
      sum += query[place(at, {i, r})] * key[place(at, {j, r})];
    return scale * sum;
  });
}

/// ln Σ_j e^s[l, i, j]; 0 without any key.
static Tensor computeLogSums(const Tensor &scores) {
  Shape rows(scores.shape);
  int64_t numKeys = rows.pop_back_val();
  return Tensor::generate(rows, [&](Index row) {
    Shape at(row);
    at.push_back(0);
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t &j = at.back(); j < numKeys; ++j)
      largest =
          std::isnan(scores[at]) ? scores[at] : std::max(largest, scores[at]);
    if (std::isinf(largest) && largest < 0)
      return 0.0;
    for (int64_t &j = at.back() = 0; j < numKeys; ++j)
      sum += std::exp(scores[at] - largest);
    return largest + std::log(sum);
  });
}

/// As the op multiplies them: rounded to bf16 beside factors of bf16.
template <typename OpT>
static Tensor roundFactors(OpT op, Tensor factors) {
  if (getElementType(op.getQuery().getType()).isBF16())
    for (double &factor : factors.elements)
      factor = roundToBFloat16(factor);
  return factors;
}

/// p[l, i, j]
static Tensor computeWeights(const Tensor &scores, const Tensor &logSums) {
  return Tensor::generate(scores.shape, [&](Index at) {
    return std::exp(scores[at] - logSums[at.drop_back()]);
  });
}

/// result[l, i, x] = scale Σ_j weights[l, i, j] values[l, j, x]; with
/// `byKey`, i and j change places in `weights`.
static Tensor sumUp(const Tensor &weights, const Tensor &values, bool byKey,
                    double scale = 1) {
  Shape shape(values.shape);
  size_t rank = shape.size();
  shape[rank - 2] = weights.shape[byKey ? rank - 1 : rank - 2];
  int64_t count = values.shape[rank - 2];
  return Tensor::generate(shape, [&](Index at) {
    int64_t i = at[rank - 2], x = at.back();
    double sum = 0;
    for (int64_t j = 0; j < count; ++j)
      sum += weights[byKey ? place(at, {j, i}) : place(at, {i, j})] *
             values[place(at, {j, x})];
    return scale * sum;
  });
}

/// The values, summed up by the weights.
template <typename OpT>
static Tensor attend(OpT op, const Tensor &scores, const Tensor &logSums,
                     Frame &frame) {
  return sumUp(roundFactors(op, computeWeights(scores, logSums)),
               frame[op.getValue()], /*byKey=*/false);
}

static FailureOr<Tensor> evaluate(AttentionOp op, Index, Frame &frame) {
  Tensor scores = computeScores(op, frame);
  return attend(op, scores, computeLogSums(scores), frame);
}

static FailureOr<Tensor> evaluate(AttentionLogSumOp op, Index, Frame &frame) {
  return computeLogSums(computeScores(op, frame));
}

/// The weights and d[l, i, j].
template <typename OpT>
static std::pair<Tensor, Tensor> computeAdjoints(OpT op, Frame &frame) {
  const Tensor &value = frame[op.getValue()], &adjoint = frame[op.getAdjoint()],
               &delta = frame[op.getDelta()];
  Tensor weights =
      computeWeights(computeScores(op, frame), frame[op.getLogSum()]);
  int64_t depth = value.shape.back();
  Tensor d = Tensor::generate(weights.shape, [&](Index at) {
    int64_t i = at[at.size() - 2], j = at.back();
    double sum = -delta[at.drop_back()];
    for (int64_t x = 0; x < depth; ++x)
      sum += adjoint[place(at, {i, x})] * value[place(at, {j, x})];
    return weights[at] * sum;
  });
  return {weights, d};
}

static FailureOr<Tensor> evaluate(AttentionQueryGradientOp op, Index,
                                  Frame &frame) {
  return sumUp(roundFactors(op, computeAdjoints(op, frame).second),
               frame[op.getKey()],
               /*byKey=*/false, op.getScale().convertToDouble());
}

namespace {
struct WithLogSumModel
    : Interpretable::ExternalModel<WithLogSumModel, AttentionWithLogSumOp> {
  LogicalResult interpret(Operation *operation, Frame &frame) const {
    auto op = cast<AttentionWithLogSumOp>(operation);
    Tensor scores = computeScores(op, frame), logSums = computeLogSums(scores);
    if (failed(frame.set(op.getResult(), attend(op, scores, logSums, frame))))
      return failure();
    return frame.set(op.getLogSum(), std::move(logSums));
  }
};

/// Sets the gradients by key and value.
template <typename OpT>
LogicalResult setKeyGradients(OpT op, const Tensor &weights, const Tensor &d,
                              Frame &frame) {
  if (failed(frame.set(op.getKeyGradient(),
                       sumUp(d, frame[op.getQuery()], /*byKey=*/true,
                             op.getScale().convertToDouble()))))
    return failure();
  return frame.set(op.getValueGradient(),
                   sumUp(weights, frame[op.getAdjoint()], /*byKey=*/true));
}

struct KeyGradientModel
    : Interpretable::ExternalModel<KeyGradientModel, AttentionKeyGradientOp> {
  LogicalResult interpret(Operation *operation, Frame &frame) const {
    auto op = cast<AttentionKeyGradientOp>(operation);
    auto [weights, d] = computeAdjoints(op, frame);
    return setKeyGradients(op, roundFactors(op, weights), roundFactors(op, d),
                           frame);
  }
};

struct GradientModel
    : Interpretable::ExternalModel<GradientModel, AttentionGradientOp> {
  LogicalResult interpret(Operation *operation, Frame &frame) const {
    auto op = cast<AttentionGradientOp>(operation);
    auto [weights, d] = computeAdjoints(op, frame);
    if (failed(frame.set(op.getQueryGradient(),
                         sumUp(d, frame[op.getKey()], /*byKey=*/false,
                               op.getScale().convertToDouble()))))
      return failure();
    return setKeyGradients(op, weights, d, frame);
  }
};
} // namespace

template <typename... Ops>
static void attach(MLIRContext &context) {
  (Ops::template attachInterface<Evaluated<Ops, evaluate>>(context), ...);
}

void maek::attachAttentionModels(MLIRContext &context) {
  attach<AttentionOp, AttentionLogSumOp, AttentionQueryGradientOp>(context);
  AttentionWithLogSumOp::attachInterface<WithLogSumModel>(context);
  AttentionKeyGradientOp::attachInterface<KeyGradientModel>(context);
  AttentionGradientOp::attachInterface<GradientModel>(context);
}
