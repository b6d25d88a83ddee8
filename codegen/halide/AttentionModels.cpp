// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithms of attention and its gradients. See Note [Online
// softmax].
#include "codegen/halide/Activations.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/KernelAlgorithm.h"
#include "codegen/halide/Models.h"
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

  void expressForward(Value value);
  void expressLogSum();
  void expressQueryGradient(AttentionQueryGradientOp gradient);
  void expressKeyGradient(AttentionKeyGradientOp gradient);

private:
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
  Func panel(const char *name, Value value);
  Func dot(const char *name, const Func &panel, Value value);
  Expr isSeen() const;
  Expr scaled(const Func &dot) const;
  Expr weight(const Func &dot, const Expr &logSum) const;
  void expressSoftmax();
  void setProduct(const Func &weights, Value value);
  void setTotal(const Tuple &init, const std::vector<Expr> &place,
                llvm::function_ref<Tuple(ArrayRef<Expr>, Expr)> combine);
  std::vector<Expr> getTotalPlace(IndexRef index, bool hasFeature) const;

  Attention op;
  KernelAlgorithm &kernel;
  bool isByKey;
  Halide::Type type;
  Expr zero, lowest, numColumns, numRows;
  /// Whether the last step has fewer columns.
  bool isPartial;
  AttentionStages stages;
};

AttentionBuilder::AttentionBuilder(const Attention &op, KernelAlgorithm &kernel,
                                   bool isByKey)
    : op(op), kernel(kernel), isByKey(isByKey),
      type(getHalideType(getElementType(op.query.getType()))),
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
  stages.columns = 128;
  Extent size = getExtent(columns.getType(), rank - 2);
  if (size.isStatic() && size.factor < stages.columns)
    stages.columns = (int(size.factor) + 7) / 8 * 8;
  isPartial = !size.isStatic() || size.factor % stages.columns != 0;
  numColumns = kernel.extent(size);
  numRows = kernel.extent(rows, rank - 2);
  stages.work = Halide::cast<float>(numRows) * Halide::cast<float>(numColumns) *
                float(2 * getNumFeatures(op.query));
  for (int64_t i = 0; i + 2 < rank; ++i) {
    stages.leading.emplace_back("lead" + std::to_string(i));
    stages.work *= Halide::cast<float>(kernel.extent(rows, i));
  }
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

/// The rows of the tile with the row innermost.
Func AttentionBuilder::panel(const char *name, Value value) {
  Func panel(name);
  panel(args({stages.lane, stages.feature, stages.tile})) =
      kernel.at(value, place({row(), stages.feature}));
  stages.panels.push_back(panel);
  return panel;
}

/// Products of the tile's rows and the step's columns.
Func AttentionBuilder::dot(const char *name, const Func &panel, Value value) {
  Func dot(name);
  RDom r(0, int32_t(getNumFeatures(value)), "feature");
  dot(pair()) = zero;
  dot(pair()) += panel(args({stages.lane, r, stages.tile})) *
                 kernel.at(value, place({column(stages.column), r}));
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

Expr AttentionBuilder::scaled(const Func &dot) const {
  Expr product = dot(pair());
  return op.scale == 1 ? product
                       : product * Halide::Internal::make_const(type, op.scale);
}

/// The weight, from the logarithm of the sum of all weights.
Expr AttentionBuilder::weight(const Func &dot, const Expr &logSum) const {
  Expr p = exponential(scaled(dot) - logSum), seen = isSeen();
  return seen.defined() ? Halide::select(seen, p, zero) : p;
}

/// The scores, their largest, the weights relative to it, and their sum.
void AttentionBuilder::expressSoftmax() {
  Func dots = dot("dot", panel("rows", op.query), op.key);
  Func scores("score"), largest("largest"), weights("weight"), sum("sum");
  Expr seen = isSeen();
  scores(pair()) = seen.defined() ? Halide::select(seen, scaled(dots), lowest)
                                  : scaled(dots);
  auto lanes = args({stages.lane, stages.tile, stages.stepVar});
  RDom c = columnsOfStep(), d = columnsOfStep();
  largest(lanes) = lowest;
  largest(lanes) = Halide::max(largest(lanes), scores(pair(c)));
  Expr score = scores(pair()), p = exponential(score - largest(lanes));
  weights(pair()) =
      seen.defined() ? Halide::select(isSame(score, lowest), zero, p) : p;
  sum(lanes) = zero;
  sum(lanes) += weights(pair(d));
  stages.pairs = {scores, weights};
  stages.rows = {{largest, c}, {sum, d}};
}

/// The step's columns of `value`, summed up by `weights`.
void AttentionBuilder::setProduct(const Func &weights, Value value) {
  RDom columns = columnsOfStep();
  stages.product.func = Func("product");
  stages.product.reduced = columns;
  Halide::FuncRef product = stages.product.func(
      args({stages.lane, stages.feature, stages.tile, stages.stepVar}));
  product = zero;
  product += weights(pair(columns)) *
             kernel.at(value, place({column(columns), feature(value)}));
}

/// Defines what the steps add up to. `combine` gives the new numbers from the
/// old ones and the step. Steps of which the tile sees nothing are left out.
void AttentionBuilder::setTotal(
    const Tuple &init, const std::vector<Expr> &place,
    llvm::function_ref<Tuple(ArrayRef<Expr>, Expr)> combine) {
  RDom step(0, (numColumns + (stages.columns - 1)) / stages.columns, "step");
  if (op.causal) {
    auto offset = int32_t(*op.causal);
    Expr firstRow = stages.tile * stages.lanes;
    step.where(
        isByKey
            ? step * stages.columns + (stages.columns - 1 + offset) >= firstRow
            : step * stages.columns <= firstRow + (stages.lanes - 1 + offset));
  }
  stages.step = step;
  stages.total = Func("total");
  Halide::FuncRef total = stages.total(place);
  if (init.size() == 1) {
    total = init[0];
    total = combine({Expr(total)}, step)[0];
    return;
  }
  total = init;
  SmallVector<Expr> before;
  for (size_t i = 0; i < init.size(); ++i)
    before.push_back(total[i]);
  total = combine(before, step);
}

/// Where the total holds an element of the result.
std::vector<Expr> AttentionBuilder::getTotalPlace(IndexRef index,
                                                  bool hasFeature) const {
  size_t axis = stages.leading.size();
  std::vector<Expr> at{index[axis] % stages.lanes};
  if (hasFeature)
    at.push_back(index[axis + 1]);
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
    Expr factor = exponential(-Halide::abs(before - step));
    oldFactor = Halide::select(before >= step, one, factor);
    newFactor = Halide::select(before >= step, factor, one);
  }
  Expr operator()(const Expr &before, const Expr &step) const {
    return before * oldFactor + step * newFactor;
  }
};

void AttentionBuilder::expressForward(Value value) {
  expressSoftmax();
  setProduct(stages.pairs.back(), value);
  setTotal(Tuple(zero, zero, lowest),
           args({stages.lane, stages.feature, stages.tile}),
           [&](ArrayRef<Expr> before, const Expr &step) {
             auto lanes = args({stages.lane, stages.tile, step});
             Joined joined(before[2], stages.rows[0].func(lanes));
             return Tuple(
                 joined(before[0],
                        stages.product.func(args(
                            {stages.lane, stages.feature, stages.tile, step}))),
                 joined(before[1], stages.rows[1].func(lanes)), joined.largest);
           });
  kernel.define(op.op->getResult(0), [self = *this](IndexRef index) -> Expr {
    Halide::FuncRef total = self.stages.total(self.getTotalPlace(index, true));
    Expr sum = total[1];
    return Halide::select(isSame(sum, self.zero), self.zero,
                          Expr(total[0]) / sum);
  });
  kernel.addAttention(stages);
}

void AttentionBuilder::expressLogSum() {
  expressSoftmax();
  setTotal(Tuple(zero, lowest), args({stages.lane, stages.tile}),
           [&](ArrayRef<Expr> before, const Expr &step) {
             auto lanes = args({stages.lane, stages.tile, step});
             Joined joined(before[1], stages.rows[0].func(lanes));
             return Tuple(joined(before[0], stages.rows[1].func(lanes)),
                          joined.largest);
           });
  kernel.define(op.op->getResult(0), [self = *this](IndexRef index) -> Expr {
    Halide::FuncRef total = self.stages.total(self.getTotalPlace(index, false));
    Expr sum = total[0];
    return Halide::select(isSame(sum, self.zero), self.zero,
                          Expr(total[1]) + logarithm(sum));
  });
  kernel.addAttention(stages);
}

void AttentionBuilder::expressQueryGradient(AttentionQueryGradientOp gradient) {
  Func scores = dot("dot", panel("rows", op.query), op.key);
  Func adjoints = dot("adjointDot", panel("adjointRows", gradient.getAdjoint()),
                      gradient.getValue());
  Func d("scoreAdjoint");
  d(pair()) = weight(scores, rowNumber(gradient.getLogSum())) *
              (adjoints(pair()) - rowNumber(gradient.getDelta()));
  stages.pairs = {d};
  setProduct(d, op.key);
  setTotal(Tuple(zero), args({stages.lane, stages.feature, stages.tile}),
           [&](ArrayRef<Expr> before, const Expr &step) {
             return Tuple(before[0] +
                          stages.product.func(args({stages.lane, stages.feature,
                                                    stages.tile, step})));
           });
  kernel.define(gradient.getResult(), [self = *this](IndexRef index) -> Expr {
    Expr sum = self.stages.total(self.getTotalPlace(index, true));
    return sum * Halide::Internal::make_const(self.type, self.op.scale);
  });
  kernel.addAttention(stages);
}

void AttentionBuilder::expressKeyGradient(AttentionKeyGradientOp gradient) {
  Value adjoint = gradient.getAdjoint();
  Func scores = dot("dot", panel("rows", op.key), op.query);
  Func adjoints =
      dot("adjointDot", panel("valueRows", gradient.getValue()), adjoint);
  Func pairs("weights");
  Expr p = weight(scores, columnNumber(gradient.getLogSum()));
  pairs(pair()) =
      Tuple(p * (adjoints(pair()) - columnNumber(gradient.getDelta())), p);
  stages.pairs = {pairs};
  // Both gradients in one loop; the narrower one is not read past its end.
  RDom columns = columnsOfStep();
  stages.product.func = Func("product");
  stages.product.reduced = columns;
  auto at = args({stages.lane, stages.feature, stages.tile, stages.stepVar});
  stages.product.func(at) = Tuple(zero, zero);
  Halide::FuncRef product = stages.product.func(at);
  product = Tuple(
      Expr(product[0]) +
          Expr(pairs(pair(columns))[0]) *
              kernel.at(op.query, place({column(columns), feature(op.query)})),
      Expr(product[1]) +
          Expr(pairs(pair(columns))[1]) *
              kernel.at(adjoint, place({column(columns), feature(adjoint)})));
  setTotal(Tuple(zero, zero), args({stages.lane, stages.feature, stages.tile}),
           [&](ArrayRef<Expr> before, const Expr &step) {
             Halide::FuncRef part = stages.product.func(
                 args({stages.lane, stages.feature, stages.tile, step}));
             return Tuple(before[0] + part[0], before[1] + part[1]);
           });
  kernel.define(
      gradient.getKeyGradient(), [self = *this](IndexRef index) -> Expr {
        Expr sum = self.stages.total(self.getTotalPlace(index, true))[0];
        return sum * Halide::Internal::make_const(self.type, self.op.scale);
      });
  kernel.define(gradient.getValueGradient(),
                [self = *this](IndexRef index) -> Expr {
                  return self.stages.total(self.getTotalPlace(index, true))[1];
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
  AttentionQueryGradientOp::attachInterface<QueryGradientModel>(context);
  AttentionKeyGradientOp::attachInterface<KeyGradientModel>(context);
}

} // namespace maek::halide
