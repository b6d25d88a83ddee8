// Part of Maek, under the MIT licence; see LICENSE.
// Products with what is 1 at one place and 0 elsewhere, as rows at that place.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

#include "ir/Entries.h"

#include "llvm/ADT/STLExtras.h"
#include <optional>

using namespace mlir;

namespace maek {
namespace {

/// The tensor whose elements those of `value` are, each perhaps several times
/// or at another place.
Value getElements(Value value) {
  // A module's own region may hold a cycle; the chain is short otherwise.
  constexpr int longest = 100;
  for (int i = 0; i < longest; ++i) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
      if (!scan || argument.getArgNumber() >= scan.getNumSequences())
        break;
      value = scan.getSequences()[argument.getArgNumber()];
    } else if (isa<BroadcastOp, ReshapeOp, ReverseOp, SliceOp, SplitOp,
                   TransposeOp, UnstackOp>(value.getDefiningOp())) {
      value = value.getDefiningOp()->getOperand(0);
    } else {
      break;
    }
  }
  return value;
}

/// A size that all numbers of an i32 tensor, none of them negative, are below;
/// nothing if none is known.
std::optional<Extent> getLimit(Value numbers) {
  Value value = getElements(numbers);
  Operation *op = value.getDefiningOp();
  if (auto argmax = dyn_cast_or_null<ArgmaxOp>(op))
    return getExtent(argmax.getOperand().getType(), argmax.getDim());
  if (auto iota = dyn_cast_or_null<IotaOp>(op))
    return getExtent(iota.getType(), iota.getDim());
  if (auto constant = dyn_cast_or_null<ConstantOp>(op)) {
    auto number = int64_t(constant.getValue().convertToDouble());
    return number < 0 ? std::nullopt : std::optional<Extent>(number + 1);
  }
  // Of an entry's classes the runtime refuses other numbers.
  auto argument = dyn_cast<BlockArgument>(value);
  auto entry = argument
                   ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
                   : func::FuncOp();
  if (!entry || !argument.getOwner()->isEntryBlock())
    return std::nullopt;
  auto classes = entry.getArgAttrOfType<IntegerAttr>(argument.getArgNumber(),
                                                     kClassesAttr);
  return classes ? std::optional<Extent>(classes.getInt()) : std::nullopt;
}

/// Whether all numbers of an i32 tensor are places on an axis of `size`.
bool areWithin(Value numbers, const Extent &size) {
  std::optional<Extent> limit = getLimit(numbers);
  return limit && (*limit == size || (limit->isStatic() && size.isStatic() &&
                                      limit->factor <= size.factor));
}

/// The numbers at whose places along `axis` the tensor is 1; null if it is not
/// known to be made so, or if there may be a row without such a place: it has
/// zeros alone, where a gather of that number is an error.
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
            ArrayRef(allAxesBut(getRank(given.getType()), axis)) &&
        areWithin(broadcast.getOperand(), getExtent(given.getType(), axis)))
      return broadcast.getOperand();
  }
  return {};
}

/// Σ over k of onehot[i, k] · table[k, r] -> rows of the table at the numbers.
/// An infinity in another row, which 0 times it made NaN, does not count.
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
