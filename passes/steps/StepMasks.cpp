// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/steps/StepMasks.h"
#include "passes/Masks.h"
#include "passes/Rewriting.h"

#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace mlir;

namespace maek {

bool StepMasks::isPositional(Value value, unsigned level) {
  Operation *op = value.getDefiningOp();
  if (axes.get(value.getType()).empty())
    return true;
  if (!op || level == maxDepth || !isPointwise(op))
    return false;
  if (auto known = positional.find(value); known != positional.end())
    return known->second;
  bool found = llvm::all_of(op->getOperands(), [&](Value operand) {
    return isPositional(operand, level + 1);
  });
  return positional[value] = found;
}

/// Whether the value of queries and keys holds for no key behind the query.
bool StepMasks::isCausalMask(Value value) const {
  SmallVector<int64_t> own = axes.get(value.getType());
  return llvm::any_of(getMaskParts(value), [&](const MaskPart &part) {
    return getCausalOffset(part, own[0], own[1]).value_or(1) <= 0;
  });
}

/// Whether the value of queries and keys does not change with the key, so that
/// behind the step it is what the whole has there. Caches hold zeros there, of
/// which a quotient or a logarithm may be no number.
bool StepMasks::isSameForKeys(Value value, unsigned level) const {
  Operation *op = value.getDefiningOp();
  SmallVector<int64_t> own = axes.get(value.getType());
  if (!op || level == maxDepth || own.size() != 2)
    return false;
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value operand = broadcast.getOperand();
    SmallVector<int64_t> inner = axes.get(operand.getType());
    return inner.empty() ||
           (inner.size() == 1 ? broadcast.getDims()[inner[0]] == own[0]
                              : isSameForKeys(operand, level + 1));
  }
  return isa<ConstantOp>(op) || (isa<StopGradientOp, ConvertOp>(op) &&
                                 isSameForKeys(op->getOperand(0), level + 1));
}

Behind StepMasks::getBehind(Value value, unsigned level) const {
  Operation *op = value.getDefiningOp();
  if (!op || level == maxDepth || axes.get(value.getType()).size() != 2)
    return Behind::Unknown;
  auto of = [&](Value operand) { return getBehind(operand, level + 1); };
  return llvm::TypeSwitch<Operation *, Behind>(op)
      .Case([&](SelectOp select) {
        double other = getSplat(select.getOnFalse()).value_or(1);
        Behind hidden = other == 0                       ? Behind::Zero
                        : std::isinf(other) && other < 0 ? Behind::Infinite
                                                         : Behind::Unknown;
        return isCausalMask(select.getCondition()) ||
                       of(select.getOnTrue()) == hidden
                   ? hidden
                   : Behind::Unknown;
      })
      .Case<SubOp, DivOp>([&](auto pair) {
        Behind kept = isa<SubOp>(op) ? Behind::Infinite : Behind::Zero;
        return of(pair.getLhs()) == kept && isSameForKeys(pair.getRhs(), 0)
                   ? kept
                   : Behind::Unknown;
      })
      .Case([&](ExpOp exp) {
        return of(exp.getOperand()) == Behind::Infinite ? Behind::Zero
                                                        : Behind::Unknown;
      })
      .Case([&](StopGradientOp stop) { return of(stop.getOperand()); })
      .Default([](Operation *) { return Behind::Unknown; });
}

} // namespace maek
