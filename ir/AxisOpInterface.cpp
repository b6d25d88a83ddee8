// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/AxisOpInterface.h"

#include "ir/Extent.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

void AxisRelations::sameAll(Operation *op) {
  for (Value operand : op->getOperands())
    for (Value result : op->getResults())
      for (int64_t i = 0; i < getRank(operand.getType()); ++i)
        same(operand, i, result, i);
}

void AxisRelations::fixAll(Operation *op) {
  auto fixOne = [&](Value value) {
    for (int64_t i = 0; i < getRank(value.getType()); ++i)
      fix(value, i);
  };
  llvm::for_each(op->getOperands(), fixOne);
  llvm::for_each(op->getResults(), fixOne);
}

void AxisRelations::parts(Value whole, ValueRange parts, int64_t dim) {
  int64_t rank = getRank(whole.getType());
  fix(whole, dim);
  for (Value part : parts) {
    bool isRange = getRank(part.getType()) == rank;
    if (isRange)
      fix(part, dim);
    for (int64_t i = 0; i < rank; ++i)
      if (i != dim)
        same(whole, i, part, i < dim || isRange ? i : i - 1);
  }
}

SmallVector<int64_t> renumber(AxisNumbering numbering, Value value,
                              ArrayRef<int64_t> axes) {
  SmallVector<int64_t> numbers;
  for (int64_t axis : axes)
    if (std::optional<int64_t> number = numbering(value, axis))
      numbers.push_back(*number);
  return numbers;
}

namespace {
/// Collects what is said of the axes that are asked for.
class AskedAxes : public AxisRelations {
public:
  AskedAxes(Operation *op, AxisPredicate isAsked) : op(op), isAsked(isAsked) {}

  void same(Value a, int64_t axis, Value b, int64_t otherAxis) override {
    if (isResult(b) && !isResult(a) && isAsked(b, otherAxis))
      kept.emplace_back(a, axis);
    if (isResult(a) && !isResult(b) && isAsked(a, axis))
      kept.emplace_back(b, otherAxis);
  }
  void fix(Value value, int64_t axis) override {
    fixes |= isAsked(value, axis);
  }

  bool isKept(Value operand, int64_t axis) const {
    return llvm::is_contained(kept, std::pair(operand, axis));
  }

  bool fixes = false;

private:
  bool isResult(Value value) const { return value.getDefiningOp() == op; }

  Operation *op;
  AxisPredicate isAsked;
  SmallVector<std::pair<Value, int64_t>> kept;
};
} // namespace

/// What the op says of the axes; nothing if it has no interface to say it by.
static std::optional<AskedAxes> ask(Operation *op, AxisPredicate isAsked) {
  auto related = dyn_cast<AxisOpInterface>(op);
  if (!related)
    return std::nullopt;
  AskedAxes axes(op, isAsked);
  related.relateAxes(axes);
  return axes;
}

bool keepsAxes(Operation *op, AxisPredicate isAsked) {
  std::optional<AskedAxes> axes = ask(op, isAsked);
  if (!axes || axes->fixes)
    return false;
  for (Value operand : op->getOperands())
    for (int64_t i = 0; i < getRank(operand.getType()); ++i)
      if (isAsked(operand, i) && !axes->isKept(operand, i))
        return false;
  return true;
}

} // namespace maek

#include "ir/AxisOpInterface.cpp.inc"
