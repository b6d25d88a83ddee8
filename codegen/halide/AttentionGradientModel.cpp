// Part of Maek, under the MIT licence; see LICENSE.
// The Halide algorithm of attention's gradient by all operands at once. See
// Note [Joint gradient].
#include "codegen/halide/AttentionBuilder.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/Models.h"
#include "ir/MaekOps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using Halide::Expr;
using Halide::Func;
using Halide::RDom;

// Note [Joint gradient]
// A tile of keys and a step of queries give the weights p and their adjoints d
// once, and three products of these: rows for the queries' gradient, which is
// summed over tiles, and for those by keys and by values, which are summed over
// steps. One function holds all three below one another, so that one update
// adds a tile's and a step's rows to their places. Which product a row has is
// decided for whole blocks of rows, by conditions of the three reductions:
// those of the other two are empty then, and no number is chosen among three.
// The steps of a round stay in the second cache while all tiles go by.

namespace maek::halide {
namespace {

class JointGradientAlgorithm : AttentionBuilder {
public:
  JointGradientAlgorithm(AttentionGradientOp gradient, KernelAlgorithm &kernel)
      : AttentionBuilder(Attention(gradient), kernel, /*isByKey=*/true),
        gradient(gradient), numTiles(ceilDiv(numRows, stages.lanes)),
        numSteps(ceilDiv(numColumns, stages.columns)) {}

  void express();

private:
  static Expr ceilDiv(const Expr &number, const Expr &size) {
    return (number + (size - 1)) / size;
  }
  Func padRows(const char *name, Value value, const Expr &row,
               const Halide::Var &which, const Halide::Var &part,
               std::vector<Func> &copies);
  void setProducts(const Func &pairs);
  void setGradients();
  void defineResult(Value result, const Expr &firstRow, double scale);

  AttentionGradientOp gradient;
  /// Of keys, and of queries.
  Expr numTiles, numSteps;
  JointGradient joint;
};

/// Rows of `value`, of all features that the total has. A schedule computes
/// them where these are more.
Func JointGradientAlgorithm::padRows(const char *name, Value value,
                                     const Expr &row, const Halide::Var &which,
                                     const Halide::Var &part,
                                     std::vector<Func> &copies) {
  Func rows(name);
  bool isPadded = getNumFeatures(value) < joint.features;
  rows(args({stages.feature, which, part})) = kernel.at(
      value, place({row, isPadded ? feature(value) : Expr(stages.feature)}));
  if (isPadded)
    copies.push_back(rows);
  return rows;
}

/// Of a block of rows, one of the three.
void JointGradientAlgorithm::setProducts(const Func &pairs) {
  Func keys = padRows("keyRow", op.key, row(), stages.lane, stages.tile,
                      joint.tileRows);
  Func queries = padRows("queryRow", op.query, column(stages.column),
                         stages.column, stages.stepVar, joint.stepRows);
  Func adjoints =
      padRows("adjointRow", gradient.getAdjoint(), column(stages.column),
              stages.column, stages.stepVar, joint.stepRows);

  Halide::Var i = joint.rowVar;
  Expr lanes = stages.lanes, afterKeys = stages.columns + lanes;
  Expr block = i / AttentionStages::columnGroup * AttentionStages::columnGroup;
  RDom key(0, lanes, "key");
  key.where(block < stages.columns && stages.tile * lanes + key < numRows);
  RDom query = columnsOfStep(), adjoint = columnsOfStep();
  query.where(block >= stages.columns && block < afterKeys);
  adjoint.where(block >= afterKeys);
  joint.reduced = {key, query, adjoint};

  // Within the pairs where the conditions hold.
  auto within = [&](const Expr &first, const Expr &count) {
    return Halide::unsafe_promise_clamped(i - first, 0, count - 1);
  };
  auto at = [&](const Expr &lane, const Expr &column) {
    return pairs(args({lane, column, stages.tile, stages.stepVar}));
  };
  Func &product = stages.product.func = Func("product");
  Halide::FuncRef sum =
      product(args({stages.feature, i, stages.tile, stages.stepVar}));
  sum = zero;
  sum += Expr(at(key, within(0, stages.columns))[0]) *
         keys(args({stages.feature, key, stages.tile}));
  sum += Expr(at(within(stages.columns, lanes), query)[0]) *
         queries(args({stages.feature, query, stages.stepVar}));
  sum += Expr(at(within(afterKeys, lanes), adjoint)[1]) *
         adjoints(args({stages.feature, adjoint, stages.stepVar}));
}

/// Adds the products to their places.
void JointGradientAlgorithm::setGradients() {
  // Rows of 256 bytes of queries, adjoints and gradients are 384 KiB.
  constexpr int roundColumns = 512;
  Expr lanes = stages.lanes, columns = stages.columns;
  Expr stepsOfRound = Halide::max(roundColumns / columns, 1);
  constexpr int group = AttentionStages::columnGroup;
  RDom each({{0, group},
             {0, (columns + 2 * lanes) / group},
             {0, stepsOfRound},
             {0, numTiles},
             {0, ceilDiv(numSteps, stepsOfRound)}},
            "each");
  joint.row = each[0];
  joint.group = each[1];
  joint.step = each[2];
  joint.tile = each[3];
  joint.round = each[4];
  Expr i = each[1] * group + each[0], tile = each[3];
  Expr step = each[4] * stepsOfRound + each[2];
  each.where(step < numSteps);
  // Steps of which the tile sees nothing are left out.
  if (op.causal)
    each.where(step * columns + (columns - 1 + int32_t(*op.causal)) >=
               tile * lanes);
  Expr keys = numSteps * columns, values = keys + numTiles * lanes;
  Expr row =
      Halide::select(i < columns, step * columns + i, i < columns + lanes,
                     keys + tile * lanes + (i - columns),
                     values + tile * lanes + (i - columns - lanes));
  stages.total = Func("total");
  stages.total(args({stages.feature, joint.rowVar})) = zero;
  stages.total(args({stages.feature, row})) +=
      stages.product.func(args({stages.feature, i, tile, step}));
  defineResult(gradient.getQueryGradient(), 0, op.scale);
  defineResult(gradient.getKeyGradient(), keys, op.scale);
  defineResult(gradient.getValueGradient(), values, 1);
}

void JointGradientAlgorithm::defineResult(Value result, const Expr &firstRow,
                                          double scale) {
  kernel.define(result, [self = *this, firstRow, scale](IndexRef index) {
    size_t numLeading = self.stages.leading.size();
    std::vector<Expr> at{index.back(), firstRow + index[numLeading]};
    for (size_t axis = numLeading; axis-- > 0;)
      at.push_back(index[axis]);
    Expr sum = self.stages.total(at);
    return scale == 1 ? sum
                      : sum * Halide::Internal::make_const(self.type, scale);
  });
}

void JointGradientAlgorithm::express() {
  int64_t most =
      std::max(getNumFeatures(op.key), getNumFeatures(gradient.getValue()));
  joint.features = int64_t(llvm::alignTo(most, 64 / type.bytes()));
  setProducts(setKeyPairs(gradient));
  setGradients();
  stages.joint = joint;
  kernel.addAttention(stages);
}

struct GradientModel
    : HalideExpressible::ExternalModel<GradientModel, AttentionGradientOp> {
  void express(Operation *op, KernelAlgorithm &kernel) const {
    if (kernel.runsOnDevice())
      throw Halide::CompileError("devices have no joint gradient of attention");
    JointGradientAlgorithm(cast<AttentionGradientOp>(op), kernel).express();
  }
};

} // namespace

void attachAttentionGradientModel(MLIRContext &context) {
  AttentionGradientOp::attachInterface<GradientModel>(context);
}

} // namespace maek::halide
