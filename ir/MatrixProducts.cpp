// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/MatrixProducts.h"

#include "ir/LetterExtents.h"

using namespace mlir;

namespace maek {

/// The product of the sizes of letters that stand in exactly these terms; at
/// least `most` as soon as one of them is not static.
static int64_t getSize(EinsumOp product, bool inLhs, bool inRhs, bool inResult,
                       int64_t most) {
  EinsumAttr equation = product.getEquation();
  int64_t size = 1;
  StringRef term = inLhs ? equation.getLhs() : equation.getRhs();
  for (char letter : term) {
    if (equation.inLhs(letter) != inLhs || equation.inRhs(letter) != inRhs ||
        equation.inResult(letter) != inResult)
      continue;
    Extent extent = getLetterExtent(product, letter);
    size = std::max(size, extent.isStatic() ? size * extent.factor : most);
  }
  return size;
}

bool isLargeMatrixProduct(EinsumOp product) {
  constexpr int64_t least = 64;
  Type lhs = getElementType(product.getLhs().getType());
  Type rhs = getElementType(product.getRhs().getType());
  if (lhs != rhs || !(lhs.isF32() || lhs.isBF16()) ||
      !getElementType(product.getType()).isF32())
    return false;
  // A kernel takes a tensor that it reads twice once.
  if (product.getLhs() == product.getRhs())
    return false;
  // Windows and panels are read where they lie, by kernels alone.
  for (Value operand : product->getOperands())
    if (isa_and_present<WindowOp, UnpackOp>(operand.getDefiningOp()))
      return false;
  EinsumAttr equation = product.getEquation();
  for (unsigned side : {0, 1})
    for (char letter : equation.getTerm(side))
      if (!equation.inResult(letter) &&
          !(equation.inLhs(letter) && equation.inRhs(letter)))
        return false;
  return getSize(product, true, false, true, least) >= least &&
         getSize(product, false, true, true, least) >= least &&
         getSize(product, true, true, false, least) >= least;
}

EinsumOp findLargeMatrixProduct(func::FuncOp kernel) {
  Block &body = kernel.getBody().front();
  auto product = dyn_cast<EinsumOp>(body.front());
  if (!product || product->getNextNode() != body.getTerminator() ||
      !isLargeMatrixProduct(product) || body.getNumArguments() != 2 ||
      product.getLhs() != body.getArgument(0) ||
      product.getRhs() != body.getArgument(1))
    return {};
  return product;
}

} // namespace maek
