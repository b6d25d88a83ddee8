// Part of Maek, under the MIT licence; see LICENSE.
// Attention and the sums of its weights as one.
#include "passes/Remarks.h"
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// Whether the weights are those of which `op` has the sums, and can be
/// computed where these are: the values may depend on them.
template <typename AttentionT>
bool hasWeightsOf(AttentionT attention, AttentionLogSumOp op) {
  if (!attention || attention->getBlock() != op->getBlock())
    return false;
  Operation *value = attention.getValue().getDefiningOp();
  bool isInTime = attention->isBeforeInBlock(op) || !value ||
                  value->getBlock() != op->getBlock() ||
                  value->isBeforeInBlock(op);
  return isInTime && attention.getQuery() == op.getQuery() &&
         attention.getKey() == op.getKey() &&
         attention.getMasks() == op.getMasks() &&
         attention.getScaleAttr() == op.getScaleAttr() &&
         attention.getCausalAttr() == op.getCausalAttr();
}

/// attention(q, k, v), attention_log_sum(q, k) of one block, both of them used
/// -> attention_with_log_sum(q, k, v)
struct JoinLogSum : OpRewritePattern<AttentionLogSumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionLogSumOp op,
                                PatternRewriter &rewriter) const override {
    if (op->use_empty())
      return failure();
    for (Operation *user : op.getQuery().getUsers()) {
      auto attention = dyn_cast<AttentionOp>(user);
      if (!hasWeightsOf(attention, op) || attention->use_empty())
        continue;
      rewriter.setInsertionPoint(attention);
      auto both = AttentionWithLogSumOp::create(
          rewriter, attention.getLoc(), op.getQuery(), op.getKey(),
          attention.getValue(), op.getMasks(), op.getScaleAttr(),
          op.getCausalAttr());
      remarkPassed(both, "simplify")
          << "attention gives the sums of its weights, too";
      rewriter.replaceOp(attention, both.getResult());
      return useLogSum(both, op, rewriter);
    }
    // Equal ones may come before common subexpressions are merged.
    for (Operation *user : op.getQuery().getUsers())
      if (auto both = dyn_cast<AttentionWithLogSumOp>(user);
          hasWeightsOf(both, op))
        return useLogSum(both, op, rewriter);
    return failure();
  }

private:
  static LogicalResult useLogSum(AttentionWithLogSumOp both,
                                 AttentionLogSumOp op,
                                 PatternRewriter &rewriter) {
    if (op->isBeforeInBlock(both))
      rewriter.moveOpBefore(both, op);
    rewriter.replaceOp(op, both.getLogSum());
    return success();
  }
};

/// attention_with_log_sum(q, k, v) of which one result is used
/// -> attention(q, k, v) or attention_log_sum(q, k)
struct LeaveOutUnused : OpRewritePattern<AttentionWithLogSumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AttentionWithLogSumOp op,
                                PatternRewriter &rewriter) const override {
    bool isUsed = !op.getResult().use_empty();
    if (isUsed != op.getLogSum().use_empty())
      return failure();
    Location loc = op.getLoc();
    if (isUsed)
      rewriter.replaceAllUsesWith(
          op.getResult(),
          AttentionOp::create(rewriter, loc, op.getQuery(), op.getKey(),
                              op.getValue(), op.getMasks(), op.getScaleAttr(),
                              op.getCausalAttr()));
    else
      rewriter.replaceAllUsesWith(
          op.getLogSum(),
          AttentionLogSumOp::create(rewriter, loc, op.getQuery(), op.getKey(),
                                    op.getMasks(), op.getScaleAttr(),
                                    op.getCausalAttr()));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateAttentionPatterns(RewritePatternSet &patterns) {
  patterns.add<JoinLogSum, LeaveOutUnused>(patterns.getContext());
}

} // namespace maek
