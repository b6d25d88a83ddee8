// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of attention and its gradients. See Note [Online
// softmax].
#include "codegen/halide/Activations.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/PairProducts.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

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

/// Score of a column that a row may not see. Infinities are no safe constants,
/// see Activations.cpp; half of the range leaves room for differences. Such a
/// score, and a sum of no weights, is told by its bits: an inequality may take
/// NaN for one, and a NaN must not end as 0.
Expr getLowest(Halide::Type type) {
  double largest = type.bits() == 64 ? std::numeric_limits<double>::max()
                                     : std::numeric_limits<float>::max();
  return Halide::Internal::make_const(type, -largest / 2);
}

/// Features whose sums are in registers together, at most.
constexpr int blockFeatures = AttentionStages::blockFeatures;

int64_t getNumFeatures(Value value) {
  return getExtent(value.getType(), getRank(value.getType()) - 1).factor;
}

/// What all attention ops have.
struct Attention {
  template <typename OpT>
  explicit Attention(OpT op)
      : op(op), query(op.getQuery()), key(op.getKey()), masks(op.getMasks()),
        scale(op.getScale().convertToDouble()), causal(op.getCausal()) {}
  Operation *op;
  Value query, key;
  ValueRange masks;
  double scale;
  std::optional<int64_t> causal;
};

/// Builds the functions of one op.
class AttentionBuilder {
public:
  /// The rows are the keys if `isByKey`, else the queries.
  AttentionBuilder(const Attention &op, KernelAlgorithm &kernel, bool isByKey);

  /// The attention; with `logSum` the logarithms of its sums, too.
  void expressForward(Value value, Value logSum = {});
  void expressLogSum();
  void expressQueryGradient(AttentionQueryGradientOp gradient);
  void expressKeyGradient(AttentionKeyGradientOp gradient);

private:
  void setColumns();
  std::vector<Expr> args(std::initializer_list<Expr> first) const;
  std::vector<Expr> pair(const Expr &column) const;
  std::vector<Expr> pair() const { return pair(stages.column); }
  Index place(std::initializer_list<Expr> last) const;
  Expr row() const;
  Expr column(const Expr &within) const;
  /// The feature, within the operand: a block of sums may overrun it.
  Expr feature(Value value) const {
    return Halide::min(stages.feature, int32_t(getNumFeatures(value)) - 1);
  }
  Expr rowNumber(Value value) const { return kernel.at(value, place({row()})); }
  Expr columnNumber(Value value) const {
    return kernel.at(value, place({column(stages.column)}));
  }
  RDom columnsOfStep() const;
  RDom factorsOfStep() const;
  Expr factor(Value value, IndexRef index) const;
  Expr multiply(const Expr &a, const Expr &b) const;
  Func pairFactor(const char *name,
                  llvm::function_ref<Expr(const std::vector<Expr> &)> number);
  Func rowFactor(const char *name, Value value);
  Func panel(const char *name, Value value, double scale = 1);
  Func dot(const char *name, const Func &panel, Value value);
  Expr isSeen() const;
  Func scoreDot();
  Expr getScore(const Func &dot) const;
  Expr weight(const Func &dot, const Expr &logSum) const;
  void expressSoftmax();
  void setProduct(const Func &weights, Value value);
  std::vector<Expr> totalPlace(const Expr &feature) const;
  void setTotal(const Tuple &init, int64_t numFeatures,
                llvm::function_ref<Tuple(const Expr &)> combine);
  std::vector<Expr> getTotalPlace(IndexRef index, const Expr &feature) const;
  Expr getLogSum(const Expr &sum, const Expr &largest) const;

  Attention op;
  KernelAlgorithm &kernel;
  bool isByKey;
  /// Whether products are of bf16, in pairs.
  bool isShort;
  /// Of sums and results.
  Halide::Type type;
  Expr zero, lowest, numColumns, numRows;
  /// Whether the last step has fewer columns.
  bool isPartial;
  AttentionStages stages;
};

AttentionBuilder::AttentionBuilder(const Attention &op, KernelAlgorithm &kernel,
                                   bool isByKey)
    : op(op), kernel(kernel), isByKey(isByKey),
      isShort(getElementType(op.query.getType()).isBF16()),
      type(getHalideType(getElementType(op.op->getResult(0).getType()))),
      zero(Halide::Internal::make_zero(type)), lowest(getLowest(type)) {
  Value rows = isByKey ? op.key : op.query;
  Value columns = isByKey ? op.query : op.key;
  int64_t rank = getRank(rows.getType());
  stages.op = op.op;
  // Two vectors of 64 bytes; half of one for few rows, as the one query of a
  // text's next step is: the lanes beyond them are computed in vain.
  Extent count = getExtent(rows.getType(), rank - 2);
  stages.lanes = 128 / type.bytes();
  if (count.isStatic() && count.factor <= stages.lanes / 4)
    stages.lanes /= 4;
  numColumns = kernel.extent(columns, rank - 2);
  setColumns();
  numRows = kernel.extent(rows, rank - 2);
  stages.work = Halide::cast<float>(numRows) * Halide::cast<float>(numColumns) *
                float(2 * getNumFeatures(op.query));
  for (int64_t i = 0; i + 2 < rank; ++i) {
    stages.leading.emplace_back("lead" + std::to_string(i));
    stages.work *= Halide::cast<float>(kernel.extent(rows, i));
  }
}

/// Steps of about the same size: as long ones as the cache holds, for what is
/// done once per step. A causal tile leaves out whole steps, and does half of
/// one in vain, so there a step is a part of the columns.
void AttentionBuilder::setColumns() {
  constexpr int group = AttentionStages::columnGroup;
  stages.mostColumns = op.causal ? 256 : 512;
  Expr count = Halide::max(numColumns, 1), most = stages.mostColumns;
  if (op.causal)
    most = Halide::clamp(count / 16, 64, most);
  Expr steps = (count + most - 1) / most;
  Expr columns = (count + steps - 1) / steps;
  columns = (columns + group - 1) / group * group;
  stages.columns = Halide::Internal::simplify(columns);
  std::optional<int64_t> rest = Halide::Internal::as_const_int(
      Halide::Internal::simplify(numColumns % columns));
  isPartial = rest != 0;
}

std::vector<Expr>
AttentionBuilder::args(std::initializer_list<Expr> first) const {
  std::vector<Expr> all(first);
  all.insert(all.end(), stages.leading.rbegin(), stages.leading.rend());
  return all;
}

std::vector<Expr> AttentionBuilder::pair(const Expr &column) const {
  return args({stages.lane, column, stages.tile, stages.stepVar});
}

Index AttentionBuilder::place(std::initializer_list<Expr> last) const {
  Index index(stages.leading.begin(), stages.leading.end());
  index.append(last);
  return index;
}

/// The row of the lane, within the operand.
Expr AttentionBuilder::row() const {
  return Halide::min(stages.tile * stages.lanes + stages.lane, numRows - 1);
}

/// The column at `within` of the step, within the operand.
Expr AttentionBuilder::column(const Expr &within) const {
  Expr whole = stages.stepVar * stages.columns + within;
  return isPartial ? Halide::min(whole, numColumns - 1) : whole;
}

/// The columns of the step, to reduce over.
RDom AttentionBuilder::columnsOfStep() const {
  RDom columns(0, stages.columns, "column");
  if (isPartial)
    columns.where(stages.stepVar * stages.columns + columns < numColumns);
  return columns;
}

/// The same for `product`: of bf16, pairs of columns.
RDom AttentionBuilder::factorsOfStep() const {
  if (!isShort)
    return columnsOfStep();
  RDom pairs(0, stages.columns / 2, "pair");
  if (isPartial)
    pairs.where(stages.stepVar * stages.columns + pairs * 2 < numColumns);
  return pairs;
}

/// A number of an operand, or two of bf16; `index` counts pairs of features
/// then.
Expr AttentionBuilder::factor(Value value, IndexRef index) const {
  return isShort ? kernel.getPair(value, index, index.size() - 1)
                 : kernel.at(value, index);
}

Expr AttentionBuilder::multiply(const Expr &a, const Expr &b) const {
  return isShort ? multiplyPairs(a, b) : a * b;
}

/// Numbers per lane and column as a factor of `product`.
Func AttentionBuilder::pairFactor(
    const char *name,
    llvm::function_ref<Expr(const std::vector<Expr> &)> number) {
  Func factors(name);
  if (!isShort) {
    factors(pair()) = number(pair());
    return factors;
  }
  Expr odd = stages.column * 2 + 1;
  Expr last = number(pair(odd));
  if (isPartial)
    last = Halide::select(stages.stepVar * stages.columns + odd < numColumns,
                          last, zero);
  factors(pair()) =
      makePair(toBFloat16(number(pair(stages.column * 2))), toBFloat16(last));
  stages.words.push_back(factors);
  return factors;
}

/// The step's rows of `value`, by feature and column, as factors of `product`.
Func AttentionBuilder::rowFactor(const char *name, Value value) {
  Func factors(name);
  auto number = [&](const Expr &within) {
    return kernel.at(value, place({column(within), feature(value)}));
  };
  auto at = args({stages.feature, stages.column, stages.stepVar});
  if (!isShort) {
    factors(at) = number(stages.column);
    return factors;
  }
  factors(at) =
      makePair(number(stages.column * 2), number(stages.column * 2 + 1));
  stages.rowWords.push_back(factors);
  return factors;
}

/// The tile's rows times a factor, with the row innermost; of bf16 as they are.
Func AttentionBuilder::panel(const char *name, Value value, double scale) {
  Func copy(std::string(name) + "Copy"), panel(name);
  copy(args({stages.feature, stages.lane, stages.tile})) =
      factor(value, place({row(), stages.feature}));
  Expr element = copy(args({stages.feature, stages.lane, stages.tile}));
  if (scale != 1 && !isShort)
    element *= Halide::Internal::make_const(type, scale);
  panel(args({stages.lane, stages.feature, stages.tile})) = element;
  stages.copies.push_back(copy);
  stages.panels.push_back(panel);
  return panel;
}

/// Products of the tile's rows and the step's columns.
Func AttentionBuilder::dot(const char *name, const Func &panel, Value value) {
  Func dot(name);
  int64_t count = getNumFeatures(value);
  RDom r(0, int32_t(isShort ? (count + 1) / 2 : count), "feature");
  dot(pair()) = zero;
  dot(pair()) += multiply(panel(args({stages.lane, r, stages.tile})),
                          factor(value, place({column(stages.column), r})));
  stages.dots.push_back({dot, r});
  return dot;
}

/// Whether row and column may see one another; undefined if all may.
Expr AttentionBuilder::isSeen() const {
  Expr query = row(), key = column(stages.column), seen;
  if (isByKey)
    std::swap(query, key);
  auto add = [&](const Expr &condition) {
    seen = seen.defined() ? seen && condition : condition;
  };
  if (op.causal)
    add(key <= query + int32_t(*op.causal));
  for (Value mask : op.masks)
    add(kernel.at(mask, place({query, key})));
  return seen;
}

/// The scores without their masks.
Func AttentionBuilder::scoreDot() {
  return dot("dot", panel("rows", isByKey ? op.key : op.query, op.scale),
             isByKey ? op.query : op.key);
}

/// The score that a scoreDot has, if the row of bf16 did not take the factor.
Expr AttentionBuilder::getScore(const Func &dot) const {
  Expr score = dot(pair());
  return isShort && op.scale != 1
             ? score * Halide::Internal::make_const(type, op.scale)
             : score;
}

/// The weight, from the logarithm of the sum of all weights.
Expr AttentionBuilder::weight(const Func &dot, const Expr &logSum) const {
  Expr p = exponentialOfDifference(getScore(dot) - logSum), seen = isSeen();
  return seen.defined() ? Halide::select(seen, p, zero) : p;
}

/// The scores, their largest, the weights relative to it, and their sum.
void AttentionBuilder::expressSoftmax() {
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

/// The step's columns of `value`, summed up by `weights`.
void AttentionBuilder::setProduct(const Func &weights, Value value) {
  RDom columns = factorsOfStep();
  stages.product.func = Func("product");
  stages.product.reduced = columns;
  Func factors = pairFactor("factor", [&](const std::vector<Expr> &at) -> Expr {
    return weights(at);
  });
  Func rows = rowFactor("row", value);
  Halide::FuncRef product = stages.product.func(
      args({stages.lane, stages.feature, stages.tile, stages.stepVar}));
  product = zero;
  product += multiply(factors(pair(columns)),
                      rows(args({stages.feature, columns, stages.stepVar})));
}

/// Where the total has a feature of the lane, or what is one per lane.
std::vector<Expr> AttentionBuilder::totalPlace(const Expr &feature) const {
  return feature.defined() ? args({stages.lane, feature, stages.tile})
                           : args({stages.lane, stages.tile});
}

/// Defines what the steps add up to, for each feature if there are any.
/// `combine` gives the new numbers from the old ones and the step. Steps of
/// which the tile sees nothing are left out.
void AttentionBuilder::setTotal(
    const Tuple &init, int64_t numFeatures,
    llvm::function_ref<Tuple(const Expr &)> combine) {
  Expr numSteps = (numColumns + (stages.columns - 1)) / stages.columns;
  RDom each = numFeatures
                  ? RDom({{0, int32_t(numFeatures)}, {0, numSteps}}, "step")
                  : RDom(0, numSteps, "step");
  stages.step = numFeatures ? each.y : each.x;
  Expr step = stages.step;
  if (op.causal) {
    auto offset = int32_t(*op.causal);
    Expr firstRow = stages.tile * stages.lanes;
    each.where(
        isByKey
            ? step * stages.columns + (stages.columns - 1 + offset) >= firstRow
            : step * stages.columns <= firstRow + (stages.lanes - 1 + offset));
  }
  Expr feature;
  if (numFeatures) {
    stages.summedFeature = each.x;
    feature = each.x;
  }
  stages.total = Func("total");
  stages.total(totalPlace(numFeatures ? Expr(stages.feature) : Expr())) = init;
  stages.total(totalPlace(feature)) = combine(feature);
}

/// Where the total holds an element of the result.
std::vector<Expr> AttentionBuilder::getTotalPlace(IndexRef index,
                                                  const Expr &feature) const {
  size_t axis = stages.leading.size();
  std::vector<Expr> at{index[axis] % stages.lanes};
  if (feature.defined())
    at.push_back(feature);
  at.push_back(index[axis] / stages.lanes);
  while (axis-- > 0)
    at.push_back(index[axis]);
  return at;
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
Expr AttentionBuilder::getLogSum(const Expr &sum, const Expr &largest) const {
  return Halide::select(isSame(sum, zero), zero, largest + logarithm(sum));
}

void AttentionBuilder::expressForward(Value value, Value logSum) {
  expressSoftmax();
  setProduct(stages.pairs.back(), value);
  auto numFeatures = int32_t(getNumFeatures(value));
  setTotal(Tuple(zero, zero, lowest), numFeatures,
           [&](const Expr &feature) -> Tuple {
             auto lanes = args({stages.lane, stages.tile, stages.step});
             // All features of a lane have the same maximum. The last one of a
             // block still has the old one while the block is computed: the
             // exponential is one for all of the block.
             Expr last =
                 feature / blockFeatures * blockFeatures + (blockFeatures - 1);
             if (numFeatures % blockFeatures != 0)
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

void AttentionBuilder::expressLogSum() {
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

void AttentionBuilder::expressQueryGradient(AttentionQueryGradientOp gradient) {
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

void AttentionBuilder::expressKeyGradient(AttentionKeyGradientOp gradient) {
  Value adjoint = gradient.getAdjoint();
  Func scores = scoreDot();
  Func adjoints =
      dot("adjointDot", panel("valueRows", gradient.getValue()), adjoint);
  Func pairs("weights");
  Expr p = weight(scores, columnNumber(gradient.getLogSum()));
  pairs(pair()) =
      Tuple(p * (adjoints(pair()) - columnNumber(gradient.getDelta())), p);
  stages.pairs = {pairs};
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
    AttentionBuilder(Attention(attention), kernel, /*isByKey=*/false)
        .expressForward(attention.getValue());
  }
};

struct LogSumModel
    : HalideExpressible::ExternalModel<LogSumModel, AttentionLogSumOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    AttentionBuilder(Attention(cast<AttentionLogSumOp>(op)), kernel,
                     /*isByKey=*/false)
        .expressLogSum();
  }
};

struct WithLogSumModel
    : HalideExpressible::ExternalModel<WithLogSumModel, AttentionWithLogSumOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto attention = cast<AttentionWithLogSumOp>(op);
    AttentionBuilder(Attention(attention), kernel, /*isByKey=*/false)
        .expressForward(attention.getValue(), attention.getLogSum());
  }
};

struct QueryGradientModel
    : HalideExpressible::ExternalModel<QueryGradientModel,
                                       AttentionQueryGradientOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto gradient = cast<AttentionQueryGradientOp>(op);
    AttentionBuilder(Attention(gradient), kernel, /*isByKey=*/false)
        .expressQueryGradient(gradient);
  }
};

struct KeyGradientModel
    : HalideExpressible::ExternalModel<KeyGradientModel,
                                       AttentionKeyGradientOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    auto gradient = cast<AttentionKeyGradientOp>(op);
    AttentionBuilder(Attention(gradient), kernel, /*isByKey=*/true)
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
