// Part of Maek, under the MIT licence; see LICENSE.
// Folds: identities that hold for every value, NaN and infinity included
// unless a line says otherwise.
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace maek;

static bool isConstant(Value value, double number) {
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    value = broadcast.getOperand();
  auto constant = value.getDefiningOp<ConstantOp>();
  return constant && constant.getValue().convertToDouble() == number;
}

OpFoldResult NegOp::fold(FoldAdaptor) {
  if (auto inner = getOperand().getDefiningOp<NegOp>())
    return inner.getOperand();
  return {};
}

// x + 0 -> x (the sign of a zero may differ)
OpFoldResult AddOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 0))
    return getLhs();
  if (isConstant(getLhs(), 0))
    return getRhs();
  return {};
}

OpFoldResult SubOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 0))
    return getLhs();
  return {};
}

OpFoldResult MulOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 1))
    return getLhs();
  if (isConstant(getLhs(), 1))
    return getRhs();
  return {};
}

OpFoldResult DivOp::fold(FoldAdaptor) {
  if (isConstant(getRhs(), 1))
    return getLhs();
  return {};
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  return {};
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> permutation = getPermutation();
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return getOperand();
  auto inner = getOperand().getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  for (auto [i, axis] : llvm::enumerate(permutation))
    if (inner.getPermutation()[axis] != int64_t(i))
      return {};
  return inner.getOperand();
}

OpFoldResult ReshapeOp::fold(FoldAdaptor) {
  Value source = getOperand();
  while (auto inner = source.getDefiningOp<ReshapeOp>())
    source = inner.getOperand();
  if (source.getType() == getType())
    return source;
  return {};
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  if (getOperand().getType() == getType())
    return getOperand();
  return {};
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  if (getDims().empty())
    return getOperand();
  return {};
}
