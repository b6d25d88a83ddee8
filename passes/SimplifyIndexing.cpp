// Part of Maek, under the MIT licence; see LICENSE.
// Products with what is 1 at one place and 0 elsewhere, as rows at that place.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
namespace {

/// The numbers at whose places along `axis` the tensor is 1; null if it is not
/// known to be made so.
Value getOneHot(Value value, int64_t &axis) {
  auto convert = value.getDefiningOp<ConvertOp>();
  auto compare =
      convert ? convert.getOperand().getDefiningOp<CompareOp>() : CompareOp();
  if (!compare || compare.getPredicate() != ComparePredicate::Eq)
    return {};
  for (auto [counted, given] :
       {std::pair(compare.getLhs(), compare.getRhs()),
        std::pair(compare.getRhs(), compare.getLhs())}) {
    auto iota = counted.getDefiningOp<IotaOp>();
    auto broadcast = given.getDefiningOp<BroadcastOp>();
    if (!iota || !broadcast || !getElementType(given.getType()).isInteger(32))
      continue;
    axis = iota.getDim();
    if (broadcast.getDims() ==
        ArrayRef(allAxesBut(getRank(given.getType()), axis)))
      return broadcast.getOperand();
  }
  return {};
}

/// Σ over k of onehot[i, k] · table[k, r] -> rows of the table at the numbers.
struct ProductToGather : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EinsumOp op,
                                PatternRewriter &rewriter) const override {
    return success(rewrite(op, 0, rewriter) || rewrite(op, 1, rewriter));
  }

private:
  static bool rewrite(EinsumOp op, unsigned hot, PatternRewriter &rewriter) {
    EinsumAttr equation = op.getEquation();
    StringRef places = equation.getTerm(hot);
    StringRef letters = equation.getTerm(1 - hot);
    StringRef result = equation.getResult();
    Value table = op->getOperand(1 - hot);
    int64_t axis = 0;
    Value numbers = getOneHot(op->getOperand(hot), axis);
    if (!numbers || !letters.contains(places[axis]))
      return false;
    // The letters of the rows, in the order in which gather gives them.
    std::string found;
    SmallVector<int64_t> order{int64_t(letters.find(places[axis]))};
    for (auto [i, letter] : llvm::enumerate(places))
      if (int64_t(i) != axis)
        found += letter;
    for (auto [i, letter] : llvm::enumerate(letters))
      if (letter != places[axis]) {
        found += letter;
        order.push_back(i);
      }
    // Each letter once, and none but the place summed over.
    std::string sorted = found, wanted = result.str();
    llvm::sort(sorted);
    llvm::sort(wanted);
    if (sorted != wanted)
      return false;
    Location loc = op.getLoc();
    Value rows = GatherOp::create(
        rewriter, loc, rewriter.createOrFold<TransposeOp>(loc, table, order),
        numbers, 0);
    SmallVector<int64_t> permutation;
    for (char letter : result)
      permutation.push_back(found.find(letter));
    rewriter.replaceOp(
        op, rewriter.createOrFold<TransposeOp>(loc, rows, permutation));
    return true;
  }
};

} // namespace

void populateIndexingPatterns(RewritePatternSet &patterns) {
  patterns.add<ProductToGather>(patterns.getContext());
}

} // namespace maek
