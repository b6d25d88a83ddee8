// Part of Maek, under the MIT licence; see LICENSE.
// x[0], x[-1], x[1:3], x[:T]; x[i], where i is known when the model runs.
#include "dsl/Evaluator.h"

#include "dsl/Diagnostics.h"

using namespace llvm;

namespace maek::dsl {

/// Applies one item to own axis `axis`, and moves to the next one.
bool Evaluator::select(const IndexItem &item, Value &value, unsigned &axis,
                       Frame &frame) {
  auto evaluateBound = [&](const ExprPtr &expr) {
    return evaluateInteger(*expr, frame, "an index");
  };
  if (item.isRange && !item.low && item.high && axis == 0) {
    Value end = evaluate(*item.high, frame);
    if (end.is(ValueKind::Size)) {
      moveTo(item.loc, frame);
      value = tensors.takeFirst(value, {end.size, item.high->begin});
      ++axis;
      return !value.isPoison();
    }
  }
  std::optional<int64_t> low, high;
  if (item.low && !(low = evaluateBound(item.low)))
    return false;
  if (item.high && !(high = evaluateBound(item.high)))
    return false;
  moveTo(item.loc, frame);
  const Axis whole = value.axes[axis];
  int64_t size = whole.size.factor;
  std::string shown = whole.size.str();
  auto fail = [&](const Twine &message) {
    tensors.error(message).note(whole.origin, shown + " comes from here");
    return false;
  };
  if (!whole.size.isStatic()) {
    if (item.isRange && !low && !high) {
      ++axis;
      return true;
    }
    if (item.isRange || (*low != 0 && *low != -1))
      return fail("an axis of size " + shown +
                  ", which is only known when the model runs, can be indexed "
                  "with 0 and -1 only");
  } else if (!item.isRange) {
    if (*low < -size || *low >= size)
      return fail("index " + Twine(*low) + " is outside of an axis of size " +
                  shown);
  } else {
    int64_t begin = low.value_or(0), end = high.value_or(size);
    begin += begin < 0 ? size : 0;
    end += end < 0 ? size : 0;
    if (begin < 0 || end > size || begin >= end)
      return fail("the range " + Twine(begin) + ":" + Twine(end) +
                  " is empty or outside of an axis of size " + shown);
    if (end - begin != size)
      value =
          tensors.slice(value, axis, begin, {Extent(end - begin), item.loc});
    ++axis;
    return !value.isPoison();
  }
  value = tensors.slice(value, axis, *low, {Extent(1), item.loc});
  if (!value.isPoison())
    value = tensors.dropAxis(value, axis);
  return !value.isPoison();
}

Value Evaluator::evaluateIndex(const IndexExpr &index, Frame &frame) {
  Value value = evaluate(*index.base, frame);
  if (value.isPoison())
    return {};
  moveTo(index.loc, frame);
  if (!value.is(ValueKind::Tensor) || value.getRank() < index.items.size()) {
    tensors.error(describe(value) + " has no " +
                  (index.items.size() == 1
                       ? std::string("axis")
                       : std::to_string(index.items.size()) + " axes") +
                  " to index");
    return {};
  }
  unsigned axis = 0;
  for (const IndexItem &item : index.items) {
    if (&item == &index.items.front() && !item.isRange) {
      Value row = evaluate(*item.low, frame);
      moveTo(item.loc, frame);
      if (row.is(ValueKind::Tensor)) {
        value = tensors.gather(value, row);
        axis = row.getRank();
        if (value.isPoison())
          return {};
        continue;
      }
    }
    if (!select(item, value, axis, frame))
      return {};
  }
  return value;
}

} // namespace maek::dsl
