// Part of Maek, under the MIT licence; see LICENSE.
// Verifiers and rewrites of the ops that look through windows.
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace maek;

/// Whether positions of up to `windows` times the stride, and what is added to
/// them, are indices: 32 bits wide.
static bool staysInRange(int64_t windows, int64_t size, int64_t stride,
                         int64_t dilation, int64_t offset) {
  constexpr int64_t limit = (int64_t(1) << 31) - 1;
  for (int64_t number : {windows, size, stride, dilation, offset})
    if (number > limit || number < -limit)
      return false;
  int64_t start = 0, within = 0, reach = 0;
  return !llvm::MulOverflow(windows, stride, start) &&
         !llvm::MulOverflow(size, std::abs(dilation), within) &&
         !llvm::AddOverflow(start, within, reach) &&
         !llvm::AddOverflow(reach, std::abs(offset), reach) && reach <= limit;
}

/// `windows` is `plain` with axis `dim` in two, the window and the place in it.
template <typename OpT>
static LogicalResult verifyWindow(OpT op, Type plain, Type windows) {
  SmallVector<Extent> one = getExtents(plain), two = getExtents(windows);
  int64_t dim = op.getDim();
  if (dim < 0 || dim >= int64_t(one.size()))
    return op.emitOpError("has no axis ") << dim << " in " << plain;
  if (getElementType(plain) != getElementType(windows))
    return op.emitOpError("keeps the element type, found ")
           << op.getOperand().getType() << " and " << op.getType();
  if (two.size() != one.size() + 1)
    return op.emitOpError("needs one axis more for windows, found ")
           << plain << " and " << windows;
  for (auto [axis, extent] : llvm::enumerate(one))
    if (int64_t(axis) != dim &&
        extent != two[axis + (int64_t(axis) > dim ? 1 : 0)])
      return op.emitOpError("changes axis ")
             << dim << " only, found " << plain << " and " << windows;
  if (!two[dim + 1].isStatic() || two[dim + 1].factor < 1)
    return op.emitOpError("needs windows of a static size, found ")
           << two[dim + 1].str();
  if (op.getStride() < 1 || op.getDilation() == 0)
    return op.emitOpError("needs a positive stride and a dilation other than "
                          "0, found ")
           << op.getStride() << " and " << op.getDilation();
  // A dynamic number of windows is bounded by what memory holds.
  int64_t count = two[dim].isStatic() ? two[dim].factor : 1;
  if (!staysInRange(count, two[dim + 1].factor, op.getStride(),
                    op.getDilation(), op.getOffset()))
    return op.emitOpError("reaches further than an index");
  return success();
}

LogicalResult WindowOp::verify() {
  return verifyWindow(*this, getOperand().getType(), getType());
}

LogicalResult FoldOp::verify() {
  return verifyWindow(*this, getType(), getOperand().getType());
}

/// Whether the windows lie side by side and are all of the axis: an axis cut in
/// two.
template <typename OpT>
static bool isReshape(OpT op, Type plain, Type windows) {
  Extent count = getExtent(windows, op.getDim());
  Extent size = getExtent(windows, op.getDim() + 1);
  return op.getOffset() == 0 && op.getDilation() == 1 && size.isStatic() &&
         op.getStride() == size.factor &&
         count * size == getExtent(plain, op.getDim());
}

// window(constant 0) -> constant 0
// windows side by side -> reshape
// window(pad(x)) -> window(x), along one axis: both put zeros around it
LogicalResult WindowOp::canonicalize(WindowOp op, PatternRewriter &rewriter) {
  auto constant = op.getOperand().getDefiningOp<ConstantOp>();
  if (constant && constant.getValue().isZero()) {
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(),
                                            constant.getValueAttr());
    return success();
  }
  if (isReshape(op, op.getOperand().getType(), op.getType())) {
    rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
    return success();
  }
  auto pad = op.getOperand().getDefiningOp<PadOp>();
  if (!pad || pad.getDim() != op.getDim())
    return failure();
  Extent whole = getExtent(pad.getType(), pad.getDim());
  int64_t start = pad.getOffset();
  if (start < 0 && !whole.isStatic())
    return failure();
  if (start < 0)
    start += whole.factor;
  int64_t offset = op.getOffset() - start;
  // The sum of two offsets may reach further than each.
  int64_t count = getExtent(op.getType(), op.getDim()).factor;
  int64_t size = getExtent(op.getType(), op.getDim() + 1).factor;
  if (!staysInRange(count, size, op.getStride(), op.getDilation(), offset))
    return failure();
  rewriter.replaceOpWithNewOp<WindowOp>(op, op.getType(), pad.getOperand(),
                                        op.getDim(), op.getStride(),
                                        op.getDilation(), offset);
  return success();
}

// fold(constant 0) -> constant 0
// windows side by side -> reshape
LogicalResult FoldOp::canonicalize(FoldOp op, PatternRewriter &rewriter) {
  auto constant = op.getOperand().getDefiningOp<ConstantOp>();
  if (constant && constant.getValue().isZero()) {
    rewriter.replaceOpWithNewOp<ConstantOp>(op, op.getType(),
                                            constant.getValueAttr());
    return success();
  }
  if (!isReshape(op, op.getType(), op.getOperand().getType()))
    return failure();
  rewriter.replaceOpWithNewOp<ReshapeOp>(op, op.getType(), op.getOperand());
  return success();
}

//===----------------------------------------------------------------------===//
// Axes
//===----------------------------------------------------------------------===//

/// Axis `dim` of `plain` is two axes of `windows`.
static void relateWindows(Value plain, Value windows, int64_t dim,
                          AxisRelations &axes) {
  axes.fix(plain, dim);
  axes.fix(windows, dim);
  axes.fix(windows, dim + 1);
  for (int64_t i = 0; i < getRank(plain.getType()); ++i)
    if (i != dim)
      axes.same(plain, i, windows, i < dim ? i : i + 1);
}

void WindowOp::relateAxes(AxisRelations &axes) {
  relateWindows(getOperand(), getResult(), getDim(), axes);
}

void WindowOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getOperand(), getDim()));
}

void FoldOp::relateAxes(AxisRelations &axes) {
  relateWindows(getResult(), getOperand(), getDim(), axes);
}

void FoldOp::renumberAxes(AxisNumbering numbering) {
  setDim(*numbering(getResult(), getDim()));
}
