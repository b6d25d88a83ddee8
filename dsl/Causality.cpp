// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Causality.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

using namespace llvm;

namespace maek::dsl {

namespace {
class CausalityCheck {
public:
  explicit CausalityCheck(StringRef time) : time(time) {}
  bool isCausal(mlir::Operation &op) const;

private:
  /// The axis of the steps; -1 if there is none.
  int64_t getAxis(mlir::Type type) const;
  /// Whether the steps stand on one axis of their own, or on none.
  bool isPlain(mlir::Type type) const;
  bool keepsSteps(ReshapeOp op) const;
  bool keepsSteps(ScanOp op) const;
  bool keepsSteps(mlir::Operation &op) const;

  StringRef time;
};
} // namespace

int64_t CausalityCheck::getAxis(mlir::Type type) const {
  for (auto [axis, extent] : llvm::enumerate(getExtents(type)))
    if (extent == Extent::symbol(time))
      return axis;
  return -1;
}

bool CausalityCheck::isPlain(mlir::Type type) const {
  if (!isa<mlir::RankedTensorType>(type))
    return false;
  int count = 0;
  for (const Extent &extent : getExtents(type)) {
    if (extent == Extent::symbol(time))
      ++count;
    else if (llvm::is_contained(extent.symbols, time))
      return false;
  }
  return count < 2;
}

/// As many elements in front of the steps on both sides.
bool CausalityCheck::keepsSteps(ReshapeOp op) const {
  auto from = getExtents(op.getOperand().getType());
  auto to = getExtents(op.getType());
  int64_t a = getAxis(op.getOperand().getType()), b = getAxis(op.getType());
  return a >= 0 && b >= 0 &&
         getNumElements(ArrayRef(from).take_front(a)) ==
             getNumElements(ArrayRef(to).take_front(b));
}

/// A scan over other steps, or forward over these.
bool CausalityCheck::keepsSteps(ScanOp op) const {
  for (mlir::Value sequence : op.getSequences())
    if (int64_t axis = getAxis(sequence.getType());
        axis > 0 || (axis == 0 && op.getReverse()))
      return false;
  for (mlir::Value init : op.getInits())
    if (getAxis(init.getType()) >= 0)
      return false;
  // A step that sees other steps would see all of them.
  auto result = op.getBody().front().walk([&](mlir::Operation *inner) {
    for (mlir::Value operand : inner->getOperands())
      if (!isPlain(operand.getType()) || getAxis(operand.getType()) >= 0)
        return mlir::WalkResult::interrupt();
    return mlir::WalkResult::advance();
  });
  return !result.wasInterrupted();
}

bool CausalityCheck::keepsSteps(mlir::Operation &op) const {
  if (isa<mlir::func::ReturnOp>(op))
    return true;
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    return keepsSteps(reshape);
  if (auto scan = dyn_cast<ScanOp>(op))
    return keepsSteps(scan);
  // A random number depends on its place among all.
  if (isa<RandomOp>(op))
    return false;
  return keepsAxes(&op, [&](mlir::Value value, int64_t axis) {
    return getAxis(value.getType()) == axis;
  });
}

bool CausalityCheck::isCausal(mlir::Operation &op) const {
  if (auto extent = dyn_cast<ExtentOp>(op)) {
    std::optional<Extent> size = Extent::parse(extent.getSymbol());
    return size && !llvm::is_contained(size->symbols, time);
  }
  bool hasSteps = false;
  for (mlir::Value value : op.getOperands()) {
    if (!isPlain(value.getType()))
      return false;
    hasSteps |= getAxis(value.getType()) >= 0;
  }
  for (mlir::Type type : op.getResultTypes()) {
    if (!isPlain(type))
      return false;
    hasSteps |= getAxis(type) >= 0;
  }
  return !hasSteps || keepsSteps(op);
}

bool isCausal(mlir::func::FuncOp function, StringRef time) {
  CausalityCheck check(time);
  return llvm::all_of(function.getBody().front(),
                      [&](mlir::Operation &op) { return check.isCausal(op); });
}

} // namespace maek::dsl
