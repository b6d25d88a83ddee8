// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/AttentionBuilder.h"

#include "codegen/halide/Activations.h"
#include "codegen/halide/ThreadRegisters.h"
#include "codegen/halide/WordProducts.h"
#include "codegen/halide/schedules/gpu/Gpu.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"
#include <limits>

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;
using Halide::Tuple;

namespace maek::halide {

/// Score of a column that a row may not see. Infinities are no safe constants,
/// see Activations.cpp; half of the range leaves room for differences. Such a
/// score, and a sum of no weights, is told by its bits: an inequality may take
/// NaN for one, and a NaN must not end as 0.
static Expr getLowest(Halide::Type type) {
  double largest = type.bits() == 64 ? std::numeric_limits<double>::max()
                                     : std::numeric_limits<float>::max();
  return Halide::Internal::make_const(type, -largest / 2);
}

/// Whether it is known to be.
static bool isMultipleOf(const Expr &number, const Expr &size) {
  std::optional<int64_t> rest =
      Halide::Internal::as_const_int(Halide::Internal::simplify(number % size));
  return rest == 0;
}

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
  numColumns = kernel.extent(columns, rank - 2);
  if (kernel.runsOnDevice()) {
    setDeviceTile(getExtent(rows.getType(), rank - 2));
  } else {
    setTile(rank, rows);
    setColumns();
  }
  numRows = kernel.extent(rows, rank - 2);
  stages.work = Halide::cast<float>(numRows) * Halide::cast<float>(numColumns) *
                float(2 * getNumFeatures(op.query));
  for (int64_t i = 0; i + 2 < rank; ++i) {
    stages.leading.emplace_back("lead" + std::to_string(i));
    stages.work *= Halide::cast<float>(kernel.extent(rows, i));
  }
}

/// Two vectors of 64 bytes; half of one for few rows: the lanes beyond them are
/// computed in vain. The joint gradient is not for these.
void AttentionBuilder::setTile(int64_t rank, Value rows) {
  Extent count = getExtent(rows.getType(), rank - 2);
  stages.lanes = 128 / type.bytes();
  if (count.isStatic() && count.factor <= stages.lanes / 4 &&
      !isa<AttentionGradientOp>(op.op))
    stages.lanes /= 4;
}

/// What a block has in shared memory: the tile's rows and two rows for each of
/// a step's columns, of gradients of both operands, and the pairs.
void AttentionBuilder::setDeviceTile(const Extent &numRows) {
  bool isForward =
      isa<AttentionOp, AttentionLogSumOp, AttentionWithLogSumOp>(op.op);
  int64_t features = 0;
  for (Value operand : op.op->getOperands())
    if (getRank(operand.getType()) == getRank(op.query.getType()))
      if (!llvm::is_contained(op.masks, operand))
        features = std::max(features, getNumFeatures(operand));
  int64_t most =
      numRows.isStatic() ? numRows.factor : std::numeric_limits<int64_t>::max();
  gpu::AttentionTile tile =
      gpu::pickAttentionTile(features, isForward, type.bytes(), most);
  if (tile.rows == 0)
    throw Halide::CompileError(
        "a device's shared memory does not hold rows of " +
        std::to_string(features) + " features");
  stages.lanes = tile.rows;
  stages.mostColumns = tile.columns;
  stages.columns = tile.columns;
  stages.blockFeatures = gpu::getAttentionFeatures(features);
  isPartial = !isMultipleOf(numColumns, stages.columns);
}

/// Steps of about the same size: as long ones as the cache holds, for what is
/// done once per step. A causal tile leaves out whole steps, and does half of
/// one in vain, so there a step is a part of the columns. The joint gradient
/// does next to nothing once per step: its pairs stay in the first cache.
void AttentionBuilder::setColumns() {
  constexpr int group = AttentionStages::columnGroup;
  bool isJoint = isa<AttentionGradientOp>(op.op);
  stages.mostColumns = (op.causal ? 256 : 512) / (isJoint ? 4 : 1);
  Expr count = Halide::max(numColumns, 1), most = stages.mostColumns;
  if (op.causal)
    most = Halide::clamp(count / 16, isJoint ? 32 : 64, most);
  Expr steps = (count + most - 1) / most;
  Expr columns = (count + steps - 1) / steps;
  columns = (columns + group - 1) / group * group;
  stages.columns = Halide::Internal::simplify(columns);
  isPartial = !isMultipleOf(numColumns, columns);
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
  return isShort ? kernel.getWord(value, index, index.size() - 1)
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
      makeWord({toBFloat16(number(pair(stages.column * 2))), toBFloat16(last)});
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
    stages.columnRows.push_back(factors);
    return factors;
  }
  factors(at) =
      makeWord({number(stages.column * 2), number(stages.column * 2 + 1)});
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
  Func columns(std::string(name) + "Columns");
  columns(args({stages.feature, stages.column, stages.stepVar})) =
      factor(value, place({column(stages.column), stages.feature}));
  stages.columnRows.push_back(columns);
  dot(pair()) = zero;
  dot(pair()) += multiply(panel(args({stages.lane, r, stages.tile})),
                          columns(args({r, stages.column, stages.stepVar})));
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
  if (seen.defined() && kernel.runsOnDevice())
    return hideCondition(seen);
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
  // Each thread of a device has as many.
  if (numFeatures && kernel.runsOnDevice())
    numFeatures = gpu::padAttentionFeatures(numFeatures, stages.blockFeatures);
  Expr numSteps = (numColumns + (stages.columns - 1)) / stages.columns;
  RDom each = numFeatures
                  ? RDom({{0, int32_t(numFeatures)}, {0, numSteps}}, "step")
                  : RDom(0, numSteps, "step");
  stages.step = numFeatures ? each.y : each.x;
  Expr step = stages.step;
  if (op.causal) {
    auto offset = int32_t(*op.causal);
    Expr firstRow = stages.tile * stages.lanes;
    Expr isNeeded =
        isByKey
            ? step * stages.columns + (stages.columns - 1 + offset) >= firstRow
            : step * stages.columns <= firstRow + (stages.lanes - 1 + offset);
    each.where(kernel.runsOnDevice() ? hideCondition(isNeeded) : isNeeded);
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

} // namespace maek::halide
