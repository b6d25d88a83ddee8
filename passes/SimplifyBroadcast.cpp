// Part of Maek, under the MIT licence; see LICENSE.
// Work done before a broadcast rather than after it.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

#include <set>

using namespace mlir;

namespace maek {
namespace {

/// f(broadcast(x), broadcast(y), c) -> broadcast(f(x', y', c')), on the axes
/// that x or y have, if the result repeats along another one.
struct PullBroadcast : RewritePattern {
  PullBroadcast(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context) {}
  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1)
      return failure();
    std::set<int64_t> united;
    bool any = false;
    for (Value operand : op->getOperands()) {
      if (auto broadcast = operand.getDefiningOp<BroadcastOp>()) {
        united.insert(broadcast.getDims().begin(), broadcast.getDims().end());
        any = true;
      } else if (!operand.getDefiningOp<ConstantOp>()) {
        return failure();
      }
    }
    Type type = op->getResult(0).getType();
    SmallVector<Extent> extents = getExtents(type), kept;
    SmallVector<int64_t> axes(united.begin(), united.end());
    for (int64_t axis : axes)
      kept.push_back(extents[axis]);
    if (!any || getNumElements(kept) == getNumElements(extents))
      return failure();

    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(shrink(rewriter, operand, axes, kept));
    Operation *small = cloneWith(
        rewriter, op, getTensorType(kept, getElementType(type)), operands);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, type, small->getResult(0),
                                             axes);
    return success();
  }

private:
  /// The operand on the axes `axes` of its shape only, whose extents are
  /// `kept`.
  static Value shrink(PatternRewriter &rewriter, Value operand,
                      ArrayRef<int64_t> axes, ArrayRef<Extent> kept) {
    Type type = getTensorType(kept, getElementType(operand.getType()));
    if (auto constant = operand.getDefiningOp<ConstantOp>())
      return ConstantOp::create(rewriter, constant.getLoc(), type,
                                constant.getValueAttr());
    auto broadcast = operand.getDefiningOp<BroadcastOp>();
    if (broadcast.getOperand().getType() == type)
      return broadcast.getOperand();
    SmallVector<int64_t> dims;
    for (int64_t dim : broadcast.getDims())
      dims.push_back(llvm::find(axes, dim) - axes.begin());
    return BroadcastOp::create(rewriter, broadcast.getLoc(), type,
                               broadcast.getOperand(), dims);
  }
};

/// einsum(broadcast(x), y) -> broadcast(einsum(x, y)), where the repeated axes
/// are in the result and not in y.
struct PullBroadcastThroughEinsum : OpRewritePattern<EinsumOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(EinsumOp op,
                                PatternRewriter &rewriter) const override {
    return success(succeeded(pull(op, 0, rewriter)) ||
                   succeeded(pull(op, 1, rewriter)));
  }

private:
  static LogicalResult pull(EinsumOp op, unsigned side,
                            PatternRewriter &rewriter) {
    auto broadcast = op->getOperand(side).getDefiningOp<BroadcastOp>();
    if (!broadcast)
      return failure();
    EinsumAttr equation = op.getEquation();
    StringRef term = equation.getTerm(side);
    StringRef other = equation.getTerm(1 - side);
    std::string kept;
    for (int64_t dim : broadcast.getDims())
      kept += term[dim];
    for (char letter : term)
      if (!StringRef(kept).contains(letter) &&
          (other.contains(letter) || !equation.inResult(letter)))
        return failure();
    std::string result;
    SmallVector<int64_t> dims;
    for (auto [axis, letter] : llvm::enumerate(equation.getResult()))
      if (StringRef(kept).contains(letter) || other.contains(letter)) {
        result += letter;
        dims.push_back(axis);
      }
    if (result == equation.getResult())
      return failure();
    EinsumAttr smaller = EinsumAttr::get(op.getContext(), kept, other, result);
    SmallVector<Value> operands(op->getOperands());
    operands[side] = broadcast.getOperand();
    Value small = EinsumOp::create(rewriter, op.getLoc(),
                                   side == 0 ? smaller : smaller.getSwapped(),
                                   operands[0], operands[1]);
    rewriter.replaceOpWithNewOp<BroadcastOp>(op, op.getType(), small, dims);
    return success();
  }
};

} // namespace

void populateBroadcastPatterns(RewritePatternSet &patterns) {
  patterns.add<PullBroadcast, PullBroadcastThroughEinsum>(
      patterns.getContext());
}

} // namespace maek
