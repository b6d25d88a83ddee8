// Part of Maek, under the MIT licence; see LICENSE.
// maek-join-attention-gradients: one kernel for the gradients of attention,
// which computes the weights and their adjoints once: five products of queries
// and keys in place of seven.
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_JOINATTENTIONGRADIENTS
#include "passes/Passes.h.inc"

namespace {

constexpr llvm::StringLiteral kPass = "join-attention-gradients";

/// Fewer rows fill no tile of either kernel.
constexpr int64_t fewRows = 16;
/// Leading indices that keep the usual number of threads busy.
constexpr int64_t leastTasks = 4;

bool isFew(Value operand) {
  Extent rows = getExtent(operand.getType(), getRank(operand.getType()) - 2);
  return rows.isStatic() && rows.factor <= fewRows;
}

/// Why one kernel would be slower; empty if it pays. It adds to the gradient by
/// queries from each tile of keys, so that only leading indices are shared out
/// to threads. Its last three products have features in the lanes of vectors,
/// 64 bytes at a time, where the two kernels have rows.
StringRef whyNot(AttentionQueryGradientOp op) {
  Type type = op.getQuery().getType(), element = getElementType(type);
  if (element.isBF16())
    return "bf16 is multiplied in pairs of rows";
  if (isFew(op.getQuery()) || isFew(op.getKey()))
    return "there are few rows";
  int64_t numTasks = 1;
  bool isFixed = true;
  SmallVector<Extent> extents = getExtents(type);
  for (const Extent &extent : ArrayRef(extents).drop_back(2)) {
    isFixed &= extent.isStatic();
    numTasks *= extent.factor;
  }
  if (isFixed && numTasks < leastTasks)
    return "threads would have too few leading indices to share";
  int64_t keys = extents.back().factor;
  int64_t values = getExtents(op.getValue().getType()).back().factor;
  int64_t most = std::max(keys, values);
  int64_t line = 64 * 8 / element.getIntOrFloatBitWidth();
  int64_t joined = keys + values + 3 * int64_t(llvm::alignTo(most, line));
  if (joined >= 3 * keys + 2 * values + 2 * most)
    return "the features fill too little of vectors";
  return "";
}

/// The gradient by keys and values of which `op` is the one by queries.
AttentionKeyGradientOp findPartner(AttentionQueryGradientOp op) {
  for (Operation *user : op.getQuery().getUsers()) {
    auto other = dyn_cast<AttentionKeyGradientOp>(user);
    if (other && !other->use_empty() && other->getBlock() == op->getBlock() &&
        other->getOperands() == op->getOperands() &&
        other.getScaleAttr() == op.getScaleAttr() &&
        other.getCausalAttr() == op.getCausalAttr())
      return other;
  }
  return {};
}

struct JoinAttentionGradients
    : impl::JoinAttentionGradientsBase<JoinAttentionGradients> {
  void runOnOperation() override {
    SmallVector<AttentionQueryGradientOp> gradients;
    getOperation().walk(
        [&](AttentionQueryGradientOp op) { gradients.push_back(op); });
    for (AttentionQueryGradientOp op : gradients)
      if (!op->use_empty())
        join(op);
  }

private:
  void join(AttentionQueryGradientOp op) {
    AttentionKeyGradientOp other = findPartner(op);
    if (!other)
      return;
    if (StringRef reason = whyNot(op); !reason.empty()) {
      remarkMissed(op, kPass)
          << ("attention's gradients stay two kernels: " + reason).str();
      return;
    }
    // What both read is there before the first of them.
    OpBuilder builder(op->isBeforeInBlock(other) ? op.getOperation() : other);
    auto joined = AttentionGradientOp::create(
        builder, builder.getFusedLoc({op.getLoc(), other.getLoc()}),
        op.getQuery(), op.getKey(), op.getValue(), op.getAdjoint(),
        op.getLogSum(), op.getDelta(), op.getMasks(), op.getScaleAttr(),
        op.getCausalAttr());
    remarkPassed(joined, kPass)
        << "attention's gradients are one kernel: five products, not seven";
    op.getResult().replaceAllUsesWith(joined.getQueryGradient());
    other.getKeyGradient().replaceAllUsesWith(joined.getKeyGradient());
    other.getValueGradient().replaceAllUsesWith(joined.getValueGradient());
    op.erase();
    other.erase();
    ++numJoined;
  }
};

} // namespace
} // namespace maek
