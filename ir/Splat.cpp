// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Splat.h"

#include "ir/BFloat16.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include <cmath>

using namespace mlir;

namespace maek {

std::optional<double> getSplat(Value value) {
  // A module's own region may hold a cycle; the chain is short otherwise.
  constexpr int longest = 8;
  for (int i = 0; i < longest; ++i) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return std::nullopt;
    if (auto constant = dyn_cast<ConstantOp>(op))
      return constant.getValue().convertToDouble();
    if (!isa<BroadcastOp, ReshapeOp, SliceOp, TransposeOp>(op))
      return std::nullopt;
    value = op->getOperand(0);
  }
  return std::nullopt;
}

bool isFiniteIn(Type tensor, double number) {
  Type element = getElementType(tensor);
  if (element.isBF16())
    return std::isfinite(roundToBFloat16(number));
  return std::isfinite(element.isF32() ? float(number) : number);
}

} // namespace maek
