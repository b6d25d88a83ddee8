// Part of Maek, under the MIT licence; see LICENSE.
// maek-fuse-attention: a softmax between two products becomes one op.
#include "passes/Masks.h"
#include "passes/NestedGradients.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/Rewriting.h"

#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include <cmath>

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_FUSEATTENTION
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "fuse-attention";

/// One product whose left operand may be a softmax.
class AttentionMatch {
public:
  explicit AttentionMatch(EinsumOp product) : product(product) {}

  /// Whether the operand `weights` of the product is a softmax of a product at
  /// all: only then is there anything to say about it.
  bool matchSoftmax(unsigned operand);
  /// Why it cannot be one op; empty if it can.
  StringRef whyNot(const NestedGradients &nested, bool singleQueries);
  void rewrite();

private:
  StringRef matchScores();
  StringRef matchValues();
  bool matchMask(SelectOp select);
  bool isUsedBySoftmaxOnly(Value scores);

  EinsumOp product;
  unsigned operand = 0;
  DivOp softmax;
  ExpOp exp;
  Value scores;
  EinsumOp scoreProduct;
  double scale = 1;
  std::optional<int64_t> causal;
  SmallVector<MaskPart> masks;
  /// Orders in which [L..., rows, features] are in the operands.
  SmallVector<int64_t> queryOrder, keyOrder, valueOrder, resultOrder;
  Value query, key;
  /// Values of which isUsedBySoftmaxOnly was asked, by way of others too.
  DenseSet<Value> askedScores;
};

/// Below these the sum and the maximum of a softmax are not. std's softmax
/// keeps with such floors finite what rows of -infinity give.
constexpr double kSumFloor = 1e-30, kMaxFloor = -1e30;

/// The operand of a max with a number that is at most `floor`, or the value
/// itself. A larger number is one that counts.
Value skipFloor(Value value, double floor) {
  auto max = value.getDefiningOp<MaxOp>();
  if (!max)
    return value;
  for (unsigned i : {0, 1})
    if (std::optional<double> number = getSplat(max->getOperand(1 - i));
        number && *number <= floor)
      return max->getOperand(i);
  return value;
}

Value skipStop(Value value) {
  auto stop = value.getDefiningOp<StopGradientOp>();
  return stop ? stop.getOperand() : value;
}

/// `value`, repeated along its last axis, if it is the reduction of `of` along
/// it that a softmax has: any gradient of the maximum cancels out, that of the
/// sum counts.
bool isReductionOf(Value value, ReduceKind kind, Value of) {
  int64_t rank = getRank(of.getType());
  auto broadcast = value.getDefiningOp<BroadcastOp>();
  if (!broadcast ||
      !llvm::equal(broadcast.getDims(), llvm::seq<int64_t>(0, rank - 1)))
    return false;
  Value reduced = broadcast.getOperand();
  if (kind == ReduceKind::Max)
    reduced = skipStop(skipFloor(skipStop(reduced), kMaxFloor));
  else
    reduced = skipFloor(reduced, kSumFloor);
  auto reduce = reduced.getDefiningOp<ReduceOp>();
  return reduce && reduce.getKind() == kind && reduce.getOperand() == of &&
         reduce.getDims() == ArrayRef<int64_t>{rank - 1};
}

} // namespace

bool AttentionMatch::matchSoftmax(unsigned index) {
  operand = index;
  softmax = product->getOperand(index).getDefiningOp<DivOp>();
  if (!softmax || getRank(softmax.getType()) < 2)
    return false;
  exp = softmax.getLhs().getDefiningOp<ExpOp>();
  if (!exp || !isReductionOf(softmax.getRhs(), ReduceKind::Sum, exp))
    return false;
  auto difference = exp.getOperand().getDefiningOp<SubOp>();
  if (!difference)
    return false;
  scores = difference.getLhs();
  return isReductionOf(difference.getRhs(), ReduceKind::Max, scores);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

bool AttentionMatch::matchMask(SelectOp select) {
  std::optional<double> hidden = getSplat(select.getOnFalse());
  if (!hidden || !std::isinf(*hidden) || *hidden > 0)
    return false;
  Value mask = select.getCondition();
  int64_t key = getRank(mask.getType()) - 1;
  for (const MaskPart &part : getMaskParts(mask))
    if (std::optional<int64_t> offset = getCausalOffset(part, key - 1, key))
      causal = std::min(causal.value_or(*offset), *offset);
    else
      masks.push_back(part);
  return true;
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Where the letters of `wanted` are in `term`; false if they are not the same.
static bool getOrder(StringRef term, StringRef wanted,
                     SmallVector<int64_t> &order) {
  if (term.size() != wanted.size())
    return false;
  for (char letter : wanted) {
    size_t place = term.find(letter);
    if (place == StringRef::npos)
      return false;
    order.push_back(place);
  }
  return true;
}

/// A product of `value` and a number.
struct Scaled {
  Value value;
  double factor;
};

static std::optional<Scaled> getScaled(Operation *op) {
  if (isa_and_nonnull<NegOp>(op))
    return Scaled{op->getOperand(0), -1};
  if (!isa_and_nonnull<MulOp, DivOp>(op))
    return std::nullopt;
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  // Either factor of a product may be the number.
  if (isa<MulOp>(op) && !getSplat(rhs))
    std::swap(lhs, rhs);
  std::optional<double> factor = getSplat(rhs);
  if (!factor)
    return std::nullopt;
  return Scaled{lhs, isa<MulOp>(op) ? *factor : 1 / *factor};
}

/// Whether scaling, masking and softmaxes are all that `scores` is used for:
/// several softmaxes may share a product, which each then computes itself. One
/// no ends the match, so what was asked before need not be asked again.
bool AttentionMatch::isUsedBySoftmaxOnly(Value scores) {
  SmallVector<Value> pending{scores};
  while (!pending.empty()) {
    Value value = pending.pop_back_val();
    if (!askedScores.insert(value).second)
      continue;
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      auto select = dyn_cast<SelectOp>(user);
      std::optional<Scaled> scaled = getScaled(user);
      auto reduce = dyn_cast<ReduceOp>(user);
      if ((select && use.get() == select.getOnTrue()) ||
          (scaled && use.get() == scaled->value))
        pending.push_back(user->getResult(0));
      else if (!(reduce && reduce.getKind() == ReduceKind::Max) &&
               !(isa<SubOp>(user) && use.getOperandNumber() == 0))
        return false;
    }
  }
  return true;
}

/// Follows the scores to the product that they are, through scales and masks.
StringRef AttentionMatch::matchScores() {
  Value value = scores;
  if (!softmax->hasOneUse() || llvm::range_size(exp->getUses()) != 2)
    return "its weights are used elsewhere";
  while (true) {
    Operation *op = value.getDefiningOp();
    if (!isUsedBySoftmaxOnly(value))
      return "its scores are used elsewhere";
    if (auto select = dyn_cast_or_null<SelectOp>(op)) {
      if (!matchMask(select))
        return "what it masks is not -inf";
      // -inf times a negative number is the largest score; times 0, none.
      if (!(scale > 0))
        return "a number that is not positive scales what it masks";
      value = select.getOnTrue();
      continue;
    }
    std::optional<Scaled> scaled = getScaled(op);
    if (!scaled)
      break;
    scale *= scaled->factor;
    value = scaled->value;
  }
  scoreProduct = value.getDefiningOp<EinsumOp>();
  if (!scoreProduct)
    return "its scores are no product";
  EinsumAttr equation = scoreProduct.getEquation();
  std::string contracted = equation.getContracted();
  StringRef result = equation.getResult();
  char row = result[result.size() - 2], column = result.back();
  bool isSwapped = equation.inRhs(row);
  StringRef queryTerm = equation.getTerm(isSwapped);
  StringRef keyTerm = equation.getTerm(!isSwapped);
  query = scoreProduct->getOperand(isSwapped);
  key = scoreProduct->getOperand(!isSwapped);
  std::string leading = result.drop_back(2).str();
  if (contracted.size() != 1 ||
      !getOrder(queryTerm, leading + row + contracted, queryOrder) ||
      !getOrder(keyTerm, leading + column + contracted, keyOrder))
    return "query and key do not have the leading axes of the scores and one "
           "axis of features";
  if (!getExtent(query.getType(), queryOrder.back()).isStatic())
    return "the number of features is not fixed";
  return "";
}

/// The product with the values.
StringRef AttentionMatch::matchValues() {
  EinsumAttr equation = product.getEquation();
  StringRef weights = equation.getTerm(operand);
  StringRef values = equation.getTerm(1 - operand);
  std::string leading = weights.drop_back(2).str();
  char row = weights[weights.size() - 2], column = weights.back();
  char feature = 0;
  for (char letter : values)
    if (!weights.contains(letter))
      feature = letter;
  if (!feature || equation.getContracted() != std::string(1, column) ||
      !getOrder(values, leading + column + feature, valueOrder))
    return "weights and values do not have the same leading axes";
  // The op gives [L..., row, feature].
  std::string own = leading + row + feature;
  if (!getOrder(own, equation.getResult(), resultOrder))
    return "the result has other axes";
  if (!getExtent(product->getOperand(1 - operand).getType(), valueOrder.back())
           .isStatic())
    return "the number of features is not fixed";
  return "";
}

StringRef AttentionMatch::whyNot(const NestedGradients &nested,
                                 bool singleQueries) {
  if (StringRef reason = matchValues(); !reason.empty())
    return reason;
  if (StringRef reason = matchScores(); !reason.empty())
    return reason;
  int64_t rows = queryOrder[queryOrder.size() - 2];
  if (!singleQueries && getExtent(query.getType(), rows).isOne())
    return "there is one query";
  // Attention's gradient has none itself.
  if (nested.areOf(product))
    return "the gradient of its gradient is taken";
  return "";
}

static Value reorder(OpBuilder &builder, Location loc, Value value,
                     ArrayRef<int64_t> order) {
  if (llvm::equal(order, llvm::seq<int64_t>(0, order.size())))
    return value;
  return TransposeOp::create(builder, loc, value,
                             builder.getDenseI64ArrayAttr(order));
}

void AttentionMatch::rewrite() {
  OpBuilder builder(product);
  Location loc =
      FusedLoc::get(builder.getContext(), {scoreProduct.getLoc(),
                                           softmax.getLoc(), product.getLoc()});
  Type maskType =
      getTensorType(getExtents(scores.getType()), builder.getI1Type());
  SmallVector<Value> wholeMasks =
      llvm::map_to_vector(masks, [&](const MaskPart &part) {
        return makeMask(builder, loc, part, maskType);
      });
  IntegerAttr causalAttr =
      causal ? builder.getI64IntegerAttr(*causal) : IntegerAttr();
  Value attention = AttentionOp::create(
      builder, loc, reorder(builder, loc, query, queryOrder),
      reorder(builder, loc, key, keyOrder),
      reorder(builder, loc, product->getOperand(1 - operand), valueOrder),
      wholeMasks, builder.getF64FloatAttr(scale), causalAttr);
  remarkPassed(product, kPass)
      << ("attention is one operation" + Twine(causal ? ", causal" : "") +
          Twine(masks.empty() ? "" : ", masked"))
             .str();
  product.replaceAllUsesWith(reorder(builder, loc, attention, resultOrder));
  product.erase();
}

namespace {

struct FuseAttention : impl::FuseAttentionBase<FuseAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<EinsumOp> products;
    getOperation().walk([&](EinsumOp op) { products.push_back(op); });
    NestedGradients nested(getOperation());
    for (EinsumOp product : products)
      for (unsigned operand : {0, 1}) {
        AttentionMatch match(product);
        if (!match.matchSoftmax(operand))
          continue;
        StringRef reason = match.whyNot(nested, singleQueries);
        if (reason.empty()) {
          match.rewrite();
          ++numFused;
        } else {
          remarkMissed(product, kPass)
              << ("softmax stays between its products: " + reason).str();
        }
        break;
      }
  }
};

} // namespace
} // namespace maek
