// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of attention and its gradients. See Note [Online
// softmax].
#include "codegen/halide/Activations.h"
#include "codegen/halide/AttentionBuilder.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/Models.h"
#include "ir/MaekOps.h"

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Tuple;

// Note [Online softmax]
// A tile of rows holds the largest score m, the sum l of e^(s - m), and the sum
// o of e^(s - m) v over the columns so far. A step of columns gives its own m',
// l', o', and both become
//
//   M = max(m, m'), L = l e^(m - M) + l' e^(m' - M), O = o e^(m - M) + o'
//   e^(...)
//
// of which one exponential is e^0. A step's numbers come from its own columns
// alone, so that Halide sees an ordinary reduction. The rows lie in the lanes
// of vectors: maxima and sums over columns are then elementwise, and rows of
// the other operands are read one number at a time, as they lie in memory.

namespace maek::halide {
namespace {

/// The functions of each op.
class AttentionAlgorithm : AttentionBuilder {
public:
  using AttentionBuilder::AttentionBuilder;

  /// The attention; with `logSum` the logarithms of its sums, too.
  void expressForward(Value value, Value logSum = {});
  void expressLogSum();
  void expressQueryGradient(AttentionQueryGradientOp gradient);
  void expressKeyGradient(AttentionKeyGradientOp gradient);

private:
  void expressSoftmax();
  Expr getLogSum(const Expr &sum, const Expr &largest) const;
};

/// The scores, their largest, the weights relative to it, and their sum.
void AttentionAlgorithm::expressSoftmax() {
  Func dots = scoreDot();
  Func scores("score"), largest("largest"), weights("weight"), sum("sum");
  Expr seen = isSeen();
  Expr score = getScore(dots);
  scores(pair()) = seen.defined() ? Halide::select(seen, score, lowest) : score;
  auto lanes = args({stages.lane, stages.tile, stages.stepVar});
  RDom c = columnsOfStep(), d = columnsOfStep();
  largest(lanes) = lowest;
  largest(lanes) = Halide::max(largest(lanes), scores(pair(c)));
  score = scores(pair());
  Expr p = exponentialOfDifference(score - largest(lanes));
  weights(pair()) =
      seen.defined() ? Halide::select(isSame(score, lowest), zero, p) : p;
  sum(lanes) = zero;
  sum(lanes) += weights(pair(d));
  stages.pairs = {scores, weights};
  stages.rows = {{largest, c}, {sum, d}};
}

/// The numbers of Note [Online softmax] after one more step.
struct Joined {
  Expr largest, oldFactor, newFactor;
  Joined(const Expr &before, const Expr &step)
      : largest(Halide::max(before, step)) {
    Expr one = Halide::cast(before.type(), 1);
    Expr factor = exponentialOfDifference(-Halide::abs(before - step));
    oldFactor = Halide::select(before >= step, one, factor);
    newFactor = Halide::select(before >= step, factor, one);
  }
  Expr operator()(const Expr &before, const Expr &step) const {
    return before * oldFactor + step * newFactor;
  }
};

/// ln Σ e^s from the sum relative to the largest score; 0 without any weight.
Expr AttentionAlgorithm::getLogSum(const Expr &sum, const Expr &largest) const {
  return Halide::select(isSame(sum, zero), zero, largest + logarithm(sum));
}

void AttentionAlgorithm::expressForward(Value value, Value logSum) {
  expressSoftmax();
  setProduct(stages.pairs.back(), value);
  auto numFeatures = int32_t(getNumFeatures(value));
  int blockFeatures = stages.blockFeatures;
  bool isPadded = kernel.runsOnDevice();
  setTotal(Tuple(zero, zero, lowest), numFeatures,
           [&](const Expr &feature) -> Tuple {
             auto lanes = args({stages.lane, stages.tile, stages.step});
             // All features of a lane have the same maximum. The last one of a
             // block still has the old one while the block is computed: the
             // exponential is one for all of the block.
             Expr last =
                 feature / blockFeatures * blockFeatures + (blockFeatures - 1);
             if (numFeatures % blockFeatures != 0 && !isPadded)
               last = Halide::min(last, numFeatures - 1);
             Halide::FuncRef before = stages.total(totalPlace(feature));
             Joined joined(stages.total(totalPlace(last))[2],
                           stages.rows[0].func(lanes));
             return Tuple(
                 joined(before[0],
                        stages.product.func(args(
                            {stages.lane, feature, stages.tile, stages.step}))),
                 joined(before[1], stages.rows[1].func(lanes)), joined.largest);
           });
  auto at = args({stages.lane, stages.feature, stages.tile});
  Expr sum = stages.total(at)[1];
  stages.quotient = Func("quotient");
  stages.quotient(at) =
      Expr(stages.total(at)[0]) *
      Halide::select(isSame(sum, zero), zero, Halide::cast(type, 1) / sum);
  kernel.define(op.op->getResult(0), [self = *this](IndexRef index) -> Expr {
    return self.stages.quotient(self.getTotalPlace(index, index.back()));
  });
  // All features of a lane have the same sum.
  if (logSum)
    kernel.define(logSum, [self = *this](IndexRef index) -> Expr {
      Halide::FuncRef total = self.stages.total(self.getTotalPlace(index, 0));
      return self.getLogSum(total[1], total[2]);
    });
  kernel.addAttention(stages);
}

void AttentionAlgorithm::expressLogSum() {
  expressSoftmax();
  setTotal(Tuple(zero, lowest), 0, [&](const Expr &) -> Tuple {
    auto lanes = args({stages.lane, stages.tile, stages.step});
    Halide::FuncRef before = stages.total(totalPlace({}));
    Joined joined(before[1], stages.rows[0].func(lanes));
    return Tuple(joined(before[0], stages.rows[1].func(lanes)), joined.largest);
  });
  kernel.define(op.op->getResult(0), [self = *this](IndexRef index) -> Expr {
    Halide::FuncRef total = self.stages.total(self.getTotalPlace(index, {}));
    return self.getLogSum(total[0], total[1]);
  });
  kernel.addAttention(stages);
}

void AttentionAlgorithm::expressQueryGradient(
    AttentionQueryGradientOp gradient) {
  Func scores = scoreDot();
  Func adjoints = dot("adjointDot", panel("adjointRows", gradient.getAdjoint()),
                      gradient.getValue());
  Func d("scoreAdjoint");
  d(pair()) = weight(scores, rowNumber(gradient.getLogSum())) *
              (adjoints(pair()) - rowNumber(gradient.getDelta()));
  stages.pairs = {d};
  setProduct(d, op.key);
  setTotal(
      Tuple(zero), getNumFeatures(op.key), [&](const Expr &feature) -> Tuple {
        return Tuple(stages.total(totalPlace(feature)) +
                     stages.product.func(args(
                         {stages.lane, feature, stages.tile, stages.step})));
      });
  kernel.define(gradient.getResult(), [self = *this](IndexRef index) -> Expr {
    Expr sum = self.stages.total(self.getTotalPlace(index, index.back()));
    return sum * Halide::Internal::make_const(self.type, self.op.scale);
  });
  kernel.addAttention(stages);
}

void AttentionAlgorithm::expressKeyGradient(AttentionKeyGradientOp gradient) {
  Value adjoint = gradient.getAdjoint();
  Func pairs = setKeyPairs(gradient);
  // Both gradients in one loop; the narrower one is not read past its end.
  RDom columns = factorsOfStep();
  stages.product.func = Func("product");
  stages.product.reduced = columns;
  auto part = [&](int which) {
    return [&pairs, which](const std::vector<Expr> &at) -> Expr {
      return pairs(at)[which];
    };
  };
  Func keyFactors = pairFactor("keyFactor", part(0));
  Func valueFactors = pairFactor("valueFactor", part(1));
  Func queryRows = rowFactor("queryRow", op.query);
  Func adjointRows = rowFactor("adjointRow", adjoint);
  auto at = args({stages.lane, stages.feature, stages.tile, stages.stepVar});
  auto row = args({stages.feature, columns, stages.stepVar});
  stages.product.func(at) = Tuple(zero, zero);
  Halide::FuncRef product = stages.product.func(at);
  product = Tuple(Expr(product[0]) +
                      multiply(keyFactors(pair(columns)), queryRows(row)),
                  Expr(product[1]) +
                      multiply(valueFactors(pair(columns)), adjointRows(row)));
  setTotal(Tuple(zero, zero),
           std::max(getNumFeatures(op.query), getNumFeatures(adjoint)),
           [&](const Expr &feature) -> Tuple {
             Halide::FuncRef before = stages.total(totalPlace(feature));
             Halide::FuncRef part = stages.product.func(
                 args({stages.lane, feature, stages.tile, stages.step}));
             return Tuple(before[0] + part[0], before[1] + part[1]);
           });
  kernel.define(
      gradient.getKeyGradient(), [self = *this](IndexRef index) -> Expr {
        Expr sum =
            self.stages.total(self.getTotalPlace(index, index.back()))[0];
        return sum * Halide::Internal::make_const(self.type, self.op.scale);
      });
  kernel.define(
      gradient.getValueGradient(), [self = *this](IndexRef index) -> Expr {
        return self.stages.total(self.getTotalPlace(index, index.back()))[1];
      });
  kernel.addAttention(stages);
}

struct AttentionModel
    : HalideExpressible::ExternalModel<AttentionModel, AttentionOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto attention = cast<AttentionOp>(op);
    AttentionAlgorithm(Attention(attention), kernel, /*isByKey=*/false)
        .expressForward(attention.getValue());
  }
};

struct LogSumModel
    : HalideExpressible::ExternalModel<LogSumModel, AttentionLogSumOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    AttentionAlgorithm(Attention(cast<AttentionLogSumOp>(op)), kernel,
                       /*isByKey=*/false)
        .expressLogSum();
  }
};

struct WithLogSumModel
    : HalideExpressible::ExternalModel<WithLogSumModel, AttentionWithLogSumOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto attention = cast<AttentionWithLogSumOp>(op);
    AttentionAlgorithm(Attention(attention), kernel, /*isByKey=*/false)
        .expressForward(attention.getValue(), attention.getLogSum());
  }
};

struct QueryGradientModel
    : HalideExpressible::ExternalModel<QueryGradientModel,
                                       AttentionQueryGradientOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto gradient = cast<AttentionQueryGradientOp>(op);
    AttentionAlgorithm(Attention(gradient), kernel, /*isByKey=*/false)
        .expressQueryGradient(gradient);
  }
};

struct KeyGradientModel
    : HalideExpressible::ExternalModel<KeyGradientModel,
                                       AttentionKeyGradientOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto gradient = cast<AttentionKeyGradientOp>(op);
    AttentionAlgorithm(Attention(gradient), kernel, /*isByKey=*/true)
        .expressKeyGradient(gradient);
  }
};

} // namespace

void attachAttentionModels(MLIRContext &context) {
  AttentionOp::attachInterface<AttentionModel>(context);
  AttentionLogSumOp::attachInterface<LogSumModel>(context);
  AttentionWithLogSumOp::attachInterface<WithLogSumModel>(context);
  AttentionQueryGradientOp::attachInterface<QueryGradientModel>(context);
  AttentionKeyGradientOp::attachInterface<KeyGradientModel>(context);
}

} // namespace maek::halide
