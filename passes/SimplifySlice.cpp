// Part of Maek, under the MIT licence; see LICENSE.
// Slices moved towards the values' sources, down to a scan's final state.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// `value`'s range along `dim` that has the size of `size`.
Value sliceLike(PatternRewriter &rewriter, SliceOp op, Value value, int64_t dim,
                const Extent &size) {
  SmallVector<Extent> extents = getExtents(value.getType());
  extents[dim] = size;
  Type type = getTensorType(extents, getElementType(value.getType()));
  return SliceOp::create(rewriter, op.getLoc(), type, value, dim,
                         op.getOffset());
}

Extent getSize(SliceOp op) { return getExtent(op.getType(), op.getDim()); }

/// slice(transpose(x)) -> transpose(slice(x))
struct SliceOfTranspose : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto transpose = op.getOperand().getDefiningOp<TransposeOp>();
    if (!transpose)
      return failure();
    Value part =
        sliceLike(rewriter, op, transpose.getOperand(),
                  transpose.getPermutation()[op.getDim()], getSize(op));
    rewriter.replaceOpWithNewOp<TransposeOp>(op, part,
                                             transpose.getPermutation());
    return success();
  }
};

/// slice(broadcast(x)) -> broadcast(slice(x)), or broadcast(x) along a
/// repeated axis
struct SliceOfBroadcast : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto broadcast = op.getOperand().getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return failure();
    Value value = broadcast.getOperand();
    const auto *place = llvm::find(broadcast.getDims(), op.getDim());
    if (place != broadcast.getDims().end())
      value = sliceLike(rewriter, op, value,
                        place - broadcast.getDims().begin(), getSize(op));
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), value,
                                             broadcast.getDims());
    return success();
  }
};

/// slice(reverse(x)) -> reverse(slice(x)): the range that counts from the
/// other end.
struct SliceOfReverse : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto reverse = op.getOperand().getDefiningOp<ReverseOp>();
    Extent size = getSize(op);
    if (!reverse || !size.isStatic())
      return failure();
    int64_t offset = op.getOffset();
    if (reverse.getDim() == op.getDim())
      offset = -(offset + size.factor);
    Value part = SliceOp::create(rewriter, op.getLoc(), op.getType(),
                                 reverse.getOperand(), op.getDim(), offset);
    rewriter.replaceOpWithNewOp<ReverseOp>(op, part, reverse.getDim());
    return success();
  }
};

/// slice(f(x, y)) -> f(slice(x), slice(y)), where nothing else reads f(x, y)
struct SliceOfElementwise : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    Operation *source = op.getOperand().getDefiningOp();
    if (!source || !source->hasTrait<OpTrait::Elementwise>() ||
        !source->hasOneUse())
      return failure();
    SmallVector<Value> operands;
    for (Value operand : source->getOperands())
      operands.push_back(
          sliceLike(rewriter, op, operand, op.getDim(), getSize(op)));
    Operation *small = cloneWith(rewriter, source, op.getType(), operands);
    rewriter.replaceOp(op, small->getResults());
    return success();
  }
};

/// slice(einsum(x, y)) -> einsum(slice(x), slice(y)), where nothing else reads
/// the product: a layer mapped over time of which the last step is used.
struct SliceOfEinsum : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto einsum = op.getOperand().getDefiningOp<EinsumOp>();
    if (!einsum || !einsum->hasOneUse())
      return failure();
    EinsumAttr equation = einsum.getEquation();
    char letter = equation.getResult()[op.getDim()];
    SmallVector<Value> operands(einsum->getOperands());
    for (auto [i, operand] : llvm::enumerate(operands))
      if (size_t axis = equation.getTerm(i).find(letter);
          axis != StringRef::npos)
        operand = sliceLike(rewriter, op, operand, axis, getSize(op));
    rewriter.replaceOpWithNewOp<EinsumOp>(op, equation, operands[0],
                                          operands[1]);
    return success();
  }
};

/// The last step of a scan's output -> the final state, if each step yields
/// the same value for both. The last step of a reversed scan is step 0.
struct SliceOfScan : OpRewritePattern<SliceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    auto scan = op.getOperand().getDefiningOp<ScanOp>();
    if (!scan || scan.getSegmented() || op.getDim() != 0 ||
        !getSize(op).isOne())
      return failure();
    unsigned result = cast<OpResult>(op.getOperand()).getResultNumber();
    if (result < scan.getNumStates())
      return failure();
    Extent steps = getExtent(op.getOperand().getType(), 0);
    bool isLast = scan.getReverse() ? op.getOffset() == 0
                                    : op.getOffset() == -1 ||
                                          (steps.isStatic() &&
                                           op.getOffset() == steps.factor - 1);
    if (!isLast)
      return failure();
    ValueRange yielded = scan.getYield().getValues();
    for (auto [i, final] : llvm::enumerate(scan.getFinals()))
      if (yielded[i] == yielded[result]) {
        rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), final);
        return success();
      }
    return failure();
  }
};

} // namespace

void populateSlicePatterns(RewritePatternSet &patterns) {
  patterns.add<SliceOfTranspose, SliceOfBroadcast, SliceOfReverse,
               SliceOfElementwise, SliceOfEinsum, SliceOfScan>(
      patterns.getContext());
}

} // namespace maek
