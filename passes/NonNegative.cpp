// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/NonNegative.h"

#include "passes/KernelOps.h"

#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

bool NonNegative::contains(Value value) {
  if (refuted.contains(value))
    return false;
  if (!assumed.insert(value).second || find(value))
    return true;
  // What was found on the way was found under a wrong assumption.
  assumed.clear();
  refuted.insert(value);
  return false;
}

bool NonNegative::isOfNonNegatives(Operation *op) {
  return llvm::all_of(op->getOperands(),
                      [&](Value operand) { return contains(operand); });
}

bool NonNegative::find(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto scan = dyn_cast<ScanOp>(argument.getOwner()->getParentOp());
    if (!scan)
      return false;
    unsigned number = argument.getArgNumber(), first = scan.getNumSequences();
    return number < first
               ? contains(scan.getSequences()[number])
               : contains(scan.getInits()[number - first]) &&
                     contains(scan.getYield().getValues()[number - first]);
  }
  auto result = cast<OpResult>(value);
  Operation *op = result.getOwner();
  if (auto scan = dyn_cast<ScanOp>(op)) {
    unsigned number = result.getResultNumber();
    bool isNext = contains(scan.getYield().getValues()[number]);
    // Of no steps the last state is the first.
    return isNext &&
           (number >= scan.getNumStates() || contains(scan.getInits()[number]));
  }
  if (auto constant = dyn_cast<ConstantOp>(op))
    return constant.getValue().convertToDouble() >= 0;
  if (isa<SigmoidOp, ExpOp, SqrtOp>(op))
    return true;
  if (isa<MaxOp>(op))
    return llvm::any_of(op->getOperands(),
                        [&](Value operand) { return contains(operand); });
  if (auto product = dyn_cast<MulOp>(op);
      product && product.getLhs() == product.getRhs())
    return true;
  if (auto select = dyn_cast<SelectOp>(op))
    return contains(select.getOnTrue()) && contains(select.getOnFalse());
  bool keepsSign =
      isView(op) || isa<AddOp, MulOp, DivOp, MinOp, ReduceOp, BroadcastOp,
                        WindowOp, FoldOp, PadOp, ReverseOp>(op);
  return keepsSign && isOfNonNegatives(op);
}

} // namespace maek
