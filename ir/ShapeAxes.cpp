// Part of Maek, under the MIT licence; see LICENSE.
// How the axes of the ops of ShapeOps.td correspond.
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace maek;

void BroadcastOp::relateAxes(AxisRelations &axes) {
  for (auto [i, dim] : llvm::enumerate(getDims()))
    axes.same(getOperand(), i, getResult(), dim);
}

void BroadcastOp::renumberAxes(AxisNumbering numbering) {
  setDims(renumber(numbering, getResult(), getDims()));
}

void TransposeOp::relateAxes(AxisRelations &axes) {
  for (auto [i, axis] : llvm::enumerate(getPermutation()))
    axes.same(getOperand(), axis, getResult(), i);
}

void TransposeOp::renumberAxes(AxisNumbering numbering) {
  setPermutation(renumber(numbering, getOperand(), getPermutation()));
}

void ReshapeOp::relateAxes(AxisRelations &axes) { axes.fixAll(*this); }

void ConcatOp::relateAxes(AxisRelations &axes) {
  axes.parts(getResult(), getOperands(), getDim());
}

void ConcatOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}

void SplitOp::relateAxes(AxisRelations &axes) {
  axes.parts(getOperand(), getOutputs(), getDim());
}

void SplitOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}

void StackOp::relateAxes(AxisRelations &axes) {
  axes.parts(getResult(), getOperands(), getDim());
}

void StackOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}

void UnstackOp::relateAxes(AxisRelations &axes) {
  axes.parts(getOperand(), getOutputs(), getDim());
}

void UnstackOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}

void SliceOp::relateAxes(AxisRelations &axes) {
  axes.parts(getOperand(), getResult(), getDim());
}

void SliceOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}

void ReverseOp::relateAxes(AxisRelations &axes) {
  axes.parts(getOperand(), getResult(), getDim());
}

void ReverseOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}

void PadOp::relateAxes(AxisRelations &axes) {
  axes.parts(getResult(), getOperand(), getDim());
}

void PadOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}

/// `packed` has the panels of axis `dim`, the other axes in `order`, the places
/// within a panel.
static void relatePanels(Value packed, Value plain, int64_t dim,
                         ArrayRef<int64_t> order, std::optional<int64_t> words,
                         AxisRelations &axes) {
  axes.fix(plain, dim);
  axes.fix(packed, 0);
  axes.fix(packed, order.size() + 1);
  for (auto [i, axis] : llvm::enumerate(order)) {
    if (axis != words) {
      axes.same(plain, axis, packed, i + 1);
      continue;
    }
    axes.fix(plain, axis);
    axes.fix(packed, i + 1);
  }
}

void PackOp::relateAxes(AxisRelations &axes) {
  relatePanels(getResult(), getOperand(), getDim(), getOrder(), getWords(),
               axes);
}

void PackOp::renumberAxes(AxisNumbering numbering) {
  setOrder(renumber(numbering, getOperand(), getOrder()));
  if (std::optional<int64_t> axis = getWords())
    setWords(numbering(getOperand(), *axis));
  setDim(*numbering(getOperand(), getDim()));
}

void UnpackOp::relateAxes(AxisRelations &axes) {
  relatePanels(getOperand(), getResult(), getDim(), getOrder(), getWords(),
               axes);
}

void UnpackOp::renumberAxes(AxisNumbering numbering) {
  setOrder(renumber(numbering, getResult(), getOrder()));
  if (std::optional<int64_t> axis = getWords())
    setWords(numbering(getResult(), *axis));
  setDim(*numbering(getResult(), getDim()));
}
