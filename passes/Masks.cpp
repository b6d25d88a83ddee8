// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Masks.h"
#include "passes/Rewriting.h"

#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVectorExtras.h"
#include <cmath>

using namespace mlir;

namespace maek {
namespace {

/// The axes of the mask that the axes of the operand are, from the result's.
SmallVector<int64_t> getOperandAxes(BroadcastOp op, ArrayRef<int64_t> axes) {
  return llvm::map_to_vector(op.getDims(),
                             [&](int64_t dim) { return axes[dim]; });
}

bool isBoolean(Value value) {
  return getElementType(value.getType()).isInteger(1);
}

/// The value that is repeated.
MaskPart skipBroadcasts(MaskPart part) {
  while (auto broadcast = part.value.getDefiningOp<BroadcastOp>()) {
    part.axes = getOperandAxes(broadcast, part.axes);
    part.value = broadcast.getOperand();
  }
  return part;
}

/// The numbers that are compared if the value is `numbers > 0`.
Value getPositive(Value value) {
  auto compare = value.getDefiningOp<CompareOp>();
  if (!compare)
    return {};
  if (compare.getPredicate() == ComparePredicate::Gt &&
      getSplat(compare.getRhs()) == 0.0)
    return compare.getLhs();
  if (compare.getPredicate() == ComparePredicate::Lt &&
      getSplat(compare.getLhs()) == 0.0)
    return compare.getRhs();
  return {};
}

/// What the numbers were that 0 and 1 are of.
Value getFlags(Value numbers) {
  auto convert = numbers.getDefiningOp<ConvertOp>();
  return convert && isBoolean(convert.getOperand()) ? convert.getOperand()
                                                    : Value();
}

/// Whether the numbers are 0 and 1 alone. A product of them and of others is
/// above 0 where both are; of two negative numbers it is, too.
bool areFlags(Value numbers) {
  SmallVector<Value> pending{numbers};
  for (unsigned steps = 0; !pending.empty(); ++steps) {
    Value value = pending.pop_back_val();
    if (steps == 100)
      return false;
    if (getFlags(value) || getSplat(value) == 1.0)
      continue;
    if (auto broadcast = value.getDefiningOp<BroadcastOp>()) {
      pending.push_back(broadcast.getOperand());
    } else if (auto product = value.getDefiningOp<MulOp>()) {
      pending.push_back(product.getLhs());
      pending.push_back(product.getRhs());
    } else {
      return false;
    }
  }
  return true;
}

/// A value that is its index along one axis of the mask, and a number.
struct IndexPlus {
  int64_t axis;
  double offset;
};

std::optional<IndexPlus> getIndexPlus(Value value, SmallVector<int64_t> axes) {
  SmallVector<double> added;
  while (Operation *op = value.getDefiningOp()) {
    if (auto iota = dyn_cast<IotaOp>(op)) {
      // As the ops do, from the index on.
      double offset = 0;
      for (double number : llvm::reverse(added))
        offset += number;
      return IndexPlus{axes[iota.getDim()], offset};
    }
    unsigned operand = 0;
    if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
      axes = getOperandAxes(broadcast, axes);
    } else if (isa<AddOp, SubOp>(op)) {
      std::optional<double> number = getSplat(op->getOperand(1));
      if (!number && isa<AddOp>(op)) {
        number = getSplat(op->getOperand(0));
        operand = 1;
      }
      if (!number)
        break;
      added.push_back(isa<SubOp>(op) ? -*number : *number);
    } else if (auto convert = dyn_cast<ConvertOp>(op);
               !convert || !keepsPlaces(convert)) {
      break;
    }
    value = op->getOperand(operand);
  }
  return std::nullopt;
}

} // namespace

SmallVector<MaskPart> getMaskParts(Value mask) {
  // More factors than these are one part.
  constexpr size_t most = 64;
  SmallVector<MaskPart> parts, pending;
  pending.push_back(
      {mask, llvm::to_vector(llvm::seq<int64_t>(0, getRank(mask.getType())))});
  while (!pending.empty()) {
    MaskPart part = pending.pop_back_val(), inner = skipBroadcasts(part);
    if (isBoolean(inner.value))
      if (Value numbers = getPositive(inner.value))
        inner = skipBroadcasts({numbers, inner.axes});
    if (Value flags = getFlags(inner.value)) {
      pending.push_back({flags, inner.axes});
      continue;
    }
    if (getSplat(inner.value).value_or(0) > 0)
      continue;
    auto product = inner.value.getDefiningOp<MulOp>();
    if (!product || parts.size() + pending.size() >= most ||
        !(areFlags(product.getLhs()) || areFlags(product.getRhs()))) {
      parts.push_back(part);
      continue;
    }
    // The first one comes first.
    pending.push_back({product.getRhs(), inner.axes});
    pending.push_back({product.getLhs(), inner.axes});
  }
  return parts;
}

std::optional<int64_t> getCausalOffset(MaskPart part, int64_t query,
                                       int64_t key) {
  part = skipBroadcasts(part);
  auto compare = part.value.getDefiningOp<CompareOp>();
  if (!compare)
    return std::nullopt;
  auto lhs = getIndexPlus(compare.getLhs(), part.axes);
  auto rhs = getIndexPlus(compare.getRhs(), part.axes);
  using enum ComparePredicate;
  ComparePredicate predicate = compare.getPredicate();
  if (predicate == Ge || predicate == Gt)
    std::swap(lhs, rhs);
  if (!lhs || !rhs || lhs->axis != key || rhs->axis != query ||
      predicate == Eq || predicate == Ne)
    return std::nullopt;
  double offset = rhs->offset - lhs->offset;
  // Of others a kernel's numbers may lose what makes the difference.
  if (2 * offset != std::floor(2 * offset))
    return std::nullopt;
  bool isStrict = predicate == Lt || predicate == Gt;
  offset = isStrict ? std::ceil(offset) - 1 : std::floor(offset);
  if (!(std::abs(offset) <= 1e9)) // NaN, too
    return std::nullopt;
  return int64_t(offset);
}

Value makeMask(OpBuilder &builder, Location location, const MaskPart &part,
               Type type) {
  Value value = part.value;
  if (!isBoolean(value)) {
    Value zero = ConstantOp::create(builder, location, value.getType(),
                                    builder.getF64FloatAttr(0));
    Type flags =
        getTensorType(getExtents(value.getType()), builder.getI1Type());
    value = CompareOp::create(builder, location, flags, ComparePredicate::Gt,
                              value, zero);
  }
  if (value.getType() == type)
    return value;
  return BroadcastOp::create(builder, location, type, value, part.axes);
}

} // namespace maek
