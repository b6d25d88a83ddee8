// Part of Maek, under the MIT licence; see LICENSE.
// Concat, split, stack and unstack, beside what their folds undo.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// Equal constants, joined: their number.
FloatAttr getCommonConstant(ValueRange parts) {
  FloatAttr common;
  for (Value part : parts) {
    auto constant = part.getDefiningOp<ConstantOp>();
    if (!constant || (common && common != constant.getValueAttr()))
      return {};
    common = constant.getValueAttr();
  }
  return common;
}

/// concat of equal constants -> constant; concat(concat(x, y), z) ->
/// concat(x, y, z), where nothing else reads the inner one: else y = [y, y],
/// twenty times, would join a million parts.
struct SimplifyConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (FloatAttr common = getCommonConstant(op.getOperands())) {
      rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), common);
      return success();
    }
    SmallVector<Value> flat;
    for (Value operand : op.getOperands()) {
      auto inner = operand.getDefiningOp<ConcatOp>();
      if (inner && inner.getDim() == op.getDim() && inner->hasOneUse())
        llvm::append_range(flat, inner.getOperands());
      else
        flat.push_back(operand);
    }
    if (flat.size() == op.getOperands().size())
      return failure();
    rewriter.replaceOpWithNewOp<ConcatOp>(op, flat, op.getDim());
    return success();
  }
};

/// split of a constant -> constants
struct SimplifySplit : OpRewritePattern<SplitOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SplitOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getOperand().getDefiningOp<ConstantOp>();
    if (!constant)
      return failure();
    SmallVector<Value> parts;
    for (Type type : op.getOutputs().getTypes())
      parts.push_back(ConstantOp::create(rewriter, op.getLoc(), type,
                                         constant.getValueAttr()));
    rewriter.replaceOp(op, parts);
    return success();
  }
};

/// stack(x) -> reshape(x); stack of equal constants -> constant; stack of alike
/// broadcasts -> broadcast of the stack
struct SimplifyStack : OpRewritePattern<StackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(StackOp op,
                                PatternRewriter &rewriter) const override {
    ValueRange operands = op.getOperands();
    if (operands.size() == 1)
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(),
                                             operands.front());
    else if (FloatAttr common = getCommonConstant(operands))
      rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(), common);
    else
      return pullBroadcast(op, rewriter);
    return success();
  }

private:
  static LogicalResult pullBroadcast(StackOp op, PatternRewriter &rewriter) {
    SmallVector<Value> sources;
    BroadcastOp first;
    for (Value operand : op.getOperands()) {
      auto broadcast = operand.getDefiningOp<BroadcastOp>();
      if (!broadcast || (first && (first.getDims() != broadcast.getDims() ||
                                   first.getOperand().getType() !=
                                       broadcast.getOperand().getType())))
        return failure();
      first = first ? first : broadcast;
      sources.push_back(broadcast.getOperand());
    }
    // The new axis comes right after the axes that lie before it.
    SmallVector<int64_t> dims;
    int64_t place = 0;
    for (int64_t dim : first.getDims()) {
      place += dim < op.getDim();
      dims.push_back(dim < op.getDim() ? dim : dim + 1);
    }
    dims.insert(dims.begin() + place, op.getDim());
    Value stacked = StackOp::create(rewriter, op.getLoc(), sources, place);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), stacked, dims);
    return success();
  }
};

/// unstack into one part -> reshape; unstack of a constant -> constants
struct SimplifyUnstack : OpRewritePattern<UnstackOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(UnstackOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getOutputs().size() == 1) {
      Type type = op.getOutputs().front().getType();
      rewriter.replaceOpWithNewOp<ReshapeOp>(op, type, op.getOperand());
      return success();
    }
    auto constant = op.getOperand().getDefiningOp<ConstantOp>();
    if (!constant)
      return failure();
    Value part = ConstantOp::create(rewriter, op.getLoc(),
                                    op.getOutputs().front().getType(),
                                    constant.getValueAttr());
    rewriter.replaceOp(op, SmallVector<Value>(op.getNumResults(), part));
    return success();
  }
};

} // namespace

void populateJoinPatterns(RewritePatternSet &patterns) {
  patterns.add<SimplifyConcat, SimplifySplit, SimplifyStack, SimplifyUnstack>(
      patterns.getContext());
}

} // namespace maek
