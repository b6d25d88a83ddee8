// Part of Maek, under the MIT licence; see LICENSE.
// Sums over windows as products of windows: the gradient of a convolution by
// its input is a convolution.
#include "ir/EinsumEquation.h"
#include "passes/Rewriting.h"
#include "passes/Simplify.h"

using namespace mlir;

namespace maek {
namespace {

/// fold(einsum(y, w)) -> einsum(window(y), w), where the windows' axis comes
/// from y and the places' from w: Σ_{i + j·d + o = n} Σ_c y[i, c] · w[j, c] =
/// Σ_{j, c} y[n - j·d - o, c] · w[j, c]. With a stride most of the terms would
/// be zeros, so the fold stays.
struct FoldOfProduct : OpRewritePattern<FoldOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FoldOp op,
                                PatternRewriter &rewriter) const override {
    auto product = op.getOperand().getDefiningOp<EinsumOp>();
    if (!product || op.getStride() != 1 || !product->hasOneUse())
      return failure();
    EinsumEquation equation =
        cantFail(EinsumEquation::parse(product.getEquation()));
    char window = equation.result[op.getDim()];
    char place = equation.result[op.getDim() + 1];
    SmallVector<Value> operands(product.getOperands());
    std::string *terms[] = {&equation.lhs, &equation.rhs};
    for (unsigned i : {0, 1}) {
      std::string &own = *terms[i], &other = *terms[1 - i];
      size_t axis = own.find(window);
      if (axis == std::string::npos || own.find(place) != std::string::npos ||
          other.find(window) != std::string::npos ||
          other.find(place) == std::string::npos)
        continue;
      SmallVector<Extent> extents = getExtents(operands[i].getType());
      extents[axis] = getExtent(op.getType(), op.getDim());
      extents.insert(extents.begin() + axis + 1,
                     getExtent(op.getOperand().getType(), op.getDim() + 1));
      operands[i] = WindowOp::create(
          rewriter, op.getLoc(),
          getTensorType(extents, getElementType(op.getType())), operands[i],
          int64_t(axis), 1, -op.getDilation(), -op.getOffset());
      own.insert(axis + 1, 1, place);
      equation.result.erase(op.getDim() + 1, 1);
      rewriter.replaceOpWithNewOp<EinsumOp>(op, equation.str(), operands[0],
                                            operands[1]);
      return success();
    }
    return failure();
  }
};

} // namespace

void populateWindowPatterns(RewritePatternSet &patterns) {
  // Padding becomes the windows' own, windows side by side become reshapes.
  WindowOp::getCanonicalizationPatterns(patterns, patterns.getContext());
  FoldOp::getCanonicalizationPatterns(patterns, patterns.getContext());
  patterns.add<FoldOfProduct>(patterns.getContext());
}

} // namespace maek
