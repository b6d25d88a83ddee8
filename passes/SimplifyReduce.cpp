// Part of Maek, under the MIT licence; see LICENSE.
// Reductions of what is repeated, permuted or reduced already.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// `value` times the number of elements `count`, a monomial in the symbols.
Value multiplyByCount(PatternRewriter &rewriter, Location loc, Value value,
                      const Extent &count) {
  auto type = cast<RankedTensorType>(value.getType());
  Type scalar = getTensorType({}, type.getElementType());
  Value factor = ConstantOp::create(rewriter, loc, scalar,
                                    rewriter.getF64FloatAttr(count.factor));
  for (const std::string &symbol : count.symbols)
    factor = MulOp::create(rewriter, loc, factor,
                           ExtentOp::create(rewriter, loc, scalar, symbol));
  factor =
      BroadcastOp::create(rewriter, loc, type, factor, ArrayRef<int64_t>());
  return MulOp::create(rewriter, loc, value, factor);
}

/// A reduction of no elements is no function of any: 0 for a sum. An infinity
/// is left to be computed.
LogicalResult reduceNone(ReduceOp op, PatternRewriter &rewriter) {
  if (op.getKind() != ReduceKind::Sum)
    return failure();
  rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(),
                                          rewriter.getF64FloatAttr(0));
  return success();
}

/// reduce(broadcast(x)) -> broadcast(reduce(x)), times the count for a sum.
struct ReduceOfBroadcast : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return failure();
    ArrayRef<int64_t> reduced = op.getDims(), mapped = broadcast.getDims();
    SmallVector<Extent> extents = getExtents(broadcast.getType());
    SmallVector<int64_t> inner, outer;
    Extent count;
    int64_t axis = 0, result = 0;
    for (; axis < int64_t(extents.size()); ++axis) {
      const auto *place = llvm::find(mapped, axis);
      bool isMapped = place != mapped.end();
      if (llvm::is_contained(reduced, axis)) {
        if (isMapped)
          inner.push_back(place - mapped.begin());
        else
          count = count * extents[axis];
        continue;
      }
      if (isMapped)
        outer.push_back(result);
      ++result;
    }
    if (count.factor == 0)
      return reduceNone(op, rewriter);
    Value value = broadcast.getOperand();
    if (!inner.empty())
      value =
          ReduceOp::create(rewriter, op.getLoc(), op.getKind(), value, inner);
    if (op.getKind() == ReduceKind::Sum && !count.isOne())
      value = multiplyByCount(rewriter, op.getLoc(), value, count);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), value, outer);
    return success();
  }
};

/// reduce(reduce(x)) of one kind -> reduce(x) over the axes of both
struct ComposeReduces : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getOperand().getDefiningOp<ReduceOp>();
    if (!inner || inner.getKind() != op.getKind() || !inner->hasOneUse())
      return failure();
    SmallVector<int64_t> dims(inner.getDims());
    int64_t axis = 0, rank = getRank(inner.getOperand().getType());
    for (int64_t i = 0; i < rank; ++i) {
      if (llvm::is_contained(inner.getDims(), i))
        continue;
      if (llvm::is_contained(op.getDims(), axis++))
        dims.push_back(i);
    }
    llvm::sort(dims);
    rewriter.replaceOpWithNewOp<ReduceOp>(op, op.getKind(), inner.getOperand(),
                                          dims);
    return success();
  }
};

/// reduce(transpose(x)) -> transpose(reduce(x))
struct ReduceOfTranspose : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = op.getOperand().getDefiningOp<TransposeOp>();
    if (!transpose)
      return failure();
    SmallVector<int64_t> dims, kept, left;
    for (auto [axis, source] : llvm::enumerate(transpose.getPermutation()))
      (llvm::is_contained(op.getDims(), int64_t(axis)) ? dims : kept)
          .push_back(source);
    llvm::sort(dims);
    left = kept;
    llvm::sort(left);
    SmallVector<int64_t> permutation;
    for (int64_t source : kept)
      permutation.push_back(llvm::find(left, source) - left.begin());
    Value reduced = ReduceOp::create(rewriter, op.getLoc(), op.getKind(),
                                     transpose.getOperand(), dims);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, reduced, permutation);
    return success();
  }
};

/// reduce of a constant -> constant: c times the count for a sum
struct ReduceOfConstant : OpRewritePattern<ReduceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ReduceOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getOperand().getDefiningOp<ConstantOp>();
    if (!constant)
      return failure();
    Extent count;
    for (int64_t dim : op.getDims())
      count = count * getExtent(constant.getType(), dim);
    if (count.factor == 0)
      return reduceNone(op, rewriter);
    Value value = ConstantOp::create(rewriter, op.getLoc(), op.getType(),
                                     constant.getValueAttr());
    if (op.getKind() == ReduceKind::Sum)
      value = multiplyByCount(rewriter, op.getLoc(), value, count);
    rewriter.replaceOp(op, value);
    return success();
  }
};

} // namespace

void populateReducePatterns(RewritePatternSet &patterns) {
  patterns.add<ReduceOfBroadcast, ComposeReduces, ReduceOfTranspose,
               ReduceOfConstant>(patterns.getContext());
}

} // namespace maek
