// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Rewriting.h"

using namespace mlir;

namespace maek {

Operation *cloneWith(OpBuilder &builder, Operation *op, TypeRange types,
                     ValueRange operands) {
  OperationState state(op->getLoc(), op->getName());
  state.addTypes(types);
  state.addOperands(operands);
  state.addAttributes(op->getAttrs());
  return builder.create(state);
}

bool keepsInnermost(ArrayRef<int64_t> permutation) {
  return permutation.empty() ||
         permutation.back() == int64_t(permutation.size()) - 1;
}

SmallVector<int64_t> invertPermutation(ArrayRef<int64_t> permutation) {
  SmallVector<int64_t> inverse(permutation.size());
  for (auto [i, axis] : llvm::enumerate(permutation))
    inverse[axis] = i;
  return inverse;
}

SmallVector<int64_t> allAxesBut(int64_t rank, int64_t axis) {
  SmallVector<int64_t> axes;
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis)
      axes.push_back(i);
  return axes;
}

bool keepsPlaces(ConvertOp op) {
  Type from = getElementType(op.getOperand().getType());
  Type to = getElementType(op.getType());
  return isa<FloatType>(to) || (to.isInteger(32) && from.isInteger(32));
}

} // namespace maek
