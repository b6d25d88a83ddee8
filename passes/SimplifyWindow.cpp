// Part of Maek, under the MIT licence; see LICENSE.
// Sums over windows as products of windows: the gradient of a convolution by
// its input is a convolution.
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// fold(einsum(y, w)) -> einsum(window(y), w), where the windows' axis comes
/// from y and the places' from w: Σ_{i + j·d + o = n} Σ_c y[i, c] · w[j, c] =
/// Σ_{j, c} y[n - j·d - o, c] · w[j, c]. With a stride most of the terms would
/// be zeros, so the fold stays. At the edges zeros are multiplied, which makes
/// NaN of a weight that is not finite.
struct FoldOfProduct : OpRewritePattern<FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FoldOp op,
                                PatternRewriter &rewriter) const override {
    auto product = op.getOperand().getDefiningOp<EinsumOp>();
    if (!product || op.getStride() != 1 || !product->hasOneUse())
      return failure();
    EinsumAttr equation = product.getEquation();
    StringRef result = equation.getResult();
    char window = result[op.getDim()], place = result[op.getDim() + 1];
    SmallVector<Value> operands(product.getOperands());
    for (unsigned i : {0, 1}) {
      StringRef own = equation.getTerm(i), other = equation.getTerm(1 - i);
      size_t axis = own.find(window);
      if (axis == StringRef::npos || own.contains(place) ||
          other.contains(window) || !other.contains(place))
        continue;
      SmallVector<Extent> extents = getExtents(operands[i].getType());
      extents[axis] = getExtent(op.getType(), op.getDim());
      extents.insert(extents.begin() + axis + 1,
                     getExtent(op.getOperand().getType(), op.getDim() + 1));
      operands[i] = WindowOp::create(
          rewriter, op.getLoc(),
          getTensorType(extents, getElementType(op.getType())), operands[i],
          int64_t(axis), 1, -op.getDilation(), -op.getOffset());
      std::string windows = own.str(), sums = result.str();
      windows.insert(axis + 1, 1, place);
      sums.erase(op.getDim() + 1, 1);
      equation = EinsumAttr::get(op.getContext(), windows, other, sums);
      rewriter.replaceOpWithNewOp<EinsumOp>(
          op, i == 0 ? equation : equation.getSwapped(), operands[0],
          operands[1]);
      return success();
    }
    return failure();
  }
};

} // namespace

void populateWindowPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldOfProduct>(patterns.getContext());
}

} // namespace maek
