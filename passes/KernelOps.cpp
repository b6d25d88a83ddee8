// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelOps.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// A number that extents alone determine, such as 1/B, in few steps: what takes
/// more is not free, and long chains of scalars are not walked again and again.
static bool isExtentArithmetic(Operation *op, unsigned steps = 3) {
  return steps > 0 && isa_and_present<MaekDialect>(op->getDialect()) &&
         op->hasTrait<OpTrait::Elementwise>() &&
         getRank(op->getResult(0).getType()) == 0 &&
         llvm::all_of(op->getOperands(), [&](Value operand) {
           Operation *source = operand.getDefiningOp();
           return source && (isa<ConstantOp, ExtentOp>(source) ||
                             isExtentArithmetic(source, steps - 1));
         });
}

bool isAttention(Operation *op) {
  return isa<AttentionOp, AttentionLogSumOp, AttentionWithLogSumOp,
             AttentionQueryGradientOp, AttentionKeyGradientOp,
             AttentionGradientOp>(op);
}

/// A truth value that masks attention, perhaps by way of other ones.
static bool isMask(Operation *op, unsigned steps = 4) {
  return steps > 0 && op->getNumResults() == 1 &&
         (isa<BroadcastOp>(op) || op->hasTrait<OpTrait::Elementwise>()) &&
         isa<RankedTensorType>(op->getResult(0).getType()) &&
         getElementType(op->getResult(0).getType()).isInteger(1) &&
         llvm::any_of(op->getUsers(), [&](Operation *user) {
           return isAttention(user) || isMask(user, steps - 1);
         });
}

bool isRepeatable(Operation *op) {
  return isTriviallyRematerializable(op) || isa<UnpackOp, WindowOp>(op) ||
         isExtentArithmetic(op) ||
         (isa_and_present<MaekDialect>(op->getDialect()) && isMask(op));
}

Value copyRepeatable(Value value, IRMapping &copies, OpBuilder &builder) {
  SmallVector<std::pair<Value, bool>> pending{{value, false}};
  while (!pending.empty()) {
    auto [next, hasOperands] = pending.pop_back_val();
    Operation *op = next.getDefiningOp();
    if (copies.contains(next) || !op || !isRepeatable(op))
      continue;
    if (hasOperands) {
      builder.clone(*op, copies);
      continue;
    }
    pending.push_back({next, true});
    for (Value operand : llvm::reverse(op->getOperands()))
      pending.push_back({operand, false});
  }
  return copies.lookupOrDefault(value);
}

bool isElementwise(Operation *op) {
  return isa_and_present<MaekDialect>(op->getDialect()) &&
         (op->hasTrait<OpTrait::Elementwise>() || isa<RandomOp>(op)) &&
         !isRepeatable(op);
}

bool isRowReduction(Operation *op) {
  if (auto argmax = dyn_cast<ArgmaxOp>(op))
    return argmax.getDim() > 0 &&
           argmax.getDim() == getRank(argmax.getOperand().getType()) - 1;
  auto reduce = dyn_cast<ReduceOp>(op);
  if (!reduce || reduce.getDims().empty())
    return false;
  int64_t rank = getRank(reduce.getOperand().getType());
  int64_t first = reduce.getDims().front();
  return first > 0 && first + int64_t(reduce.getDims().size()) == rank;
}

bool isReduction(Operation *op) { return isa<ReduceOp, ArgmaxOp, FoldOp>(op); }

bool isView(Operation *op) {
  return isa<ReshapeOp, SliceOp, SplitOp, UnstackOp, TransposeOp, StackOp,
             ConcatOp, UpdateSliceOp>(op);
}

bool isCopy(Operation *op) {
  return isa<PackOp, PadOp, ReverseOp, GatherOp>(op);
}

bool isLayout(Operation *op) { return isCopy(op) || isView(op); }

bool isWhole(Operation *op) { return isAttention(op) || isa<ScatterAddOp>(op); }

bool isCounted(Operation *op) {
  return isElementwise(op) && getRank(op->getResult(0).getType()) > 0;
}

Type getShapeKey(Type tensor) {
  return withElementType(tensor, Float32Type::get(tensor.getContext()));
}

} // namespace maek
