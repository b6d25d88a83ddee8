// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/ShortProducts.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// With fewer the conversions take longer than is saved.
static constexpr int64_t fewestSummands = 32;

bool isBelow(const Extent &extent, int64_t fewest) {
  return extent.isStatic() && extent.factor < fewest;
}

Extent countSummands(EinsumOp product) {
  Extent count(1);
  for (char letter : product.getEquation().getContracted())
    count = count * getLetterExtent(product, letter);
  return count;
}

StringRef whyNotShort(EinsumOp product, unsigned side) {
  EinsumAttr equation = product.getEquation();
  StringRef weights = equation.getTerm(side);
  StringRef others = equation.getTerm(1 - side), result = equation.getResult();
  if (result.empty() || !weights.contains(result.back()) ||
      others.contains(result.back()))
    return "the result's last axis is not one of the weights'";
  auto isBatch = [&](char letter) {
    return others.contains(letter) && result.contains(letter);
  };
  if (llvm::any_of(weights, isBatch))
    return "each example has its own weights";
  if (llvm::none_of(result, [&](char c) { return !weights.contains(c); }))
    return "it has no rows";
  Extent columns = getLetterExtent(product, result.back());
  if (!columns.isStatic() || isBelow(columns, fewestShortColumns))
    return "it has few columns";
  if (others.empty() || result.contains(others.back()) ||
      !weights.contains(others.back()))
    return "the innermost axis of what it multiplies is not summed over";
  Extent paired = getLetterExtent(product, others.back());
  if (!paired.isStatic() || isBelow(paired, shortestWordAxis))
    return "the innermost summed axis is short";
  if (isBelow(countSummands(product), fewestSummands))
    return "it sums few numbers";
  return "";
}

} // namespace maek
