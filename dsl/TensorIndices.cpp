// Part of Maek, under the MIT licence; see LICENSE.
// Elements by their numbers: classes, rows of tables, aranges, random numbers.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"
#include "runtime/core/EntryNames.h"

using namespace llvm;

namespace maek::dsl {

Value TensorBuilder::oneHot(const Value &value) {
  if (value.isPoison())
    return {};
  if (!value.is(ValueKind::Tensor) || value.element != Element::Class) {
    error("'one_hot' needs a class, found " + describe(value));
    return {};
  }
  Axes axes = value.axes;
  axes.push_back(value.classes);
  if (!fits(value.mapped, axes))
    return {};
  auto type = getType(value.mapped, axes, Element::Class);
  int64_t last = type.getRank() - 1;
  auto iota = IotaOp::create(ops, location, type, last);
  mlir::Value spread =
      BroadcastOp::create(ops, location, type, value.tensor,
                          llvm::to_vector(llvm::seq<int64_t>(0, last)));
  mlir::Value equal = CompareOp::create(
      ops, location, getType(value.mapped, axes, Element::Bool),
      ComparePredicate::Eq, iota, spread);
  return wrap(ConvertOp::create(ops, location,
                                getType(value.mapped, axes, Element::Float),
                                equal),
              value.mapped, axes);
}

/// The numbers 0, 1, …, as the language's arange makes them.
static bool isArange(const Value &value) {
  auto convert = value.tensor.getDefiningOp<ConvertOp>();
  return value.getRank() == 1 && value.mapped.empty() && convert &&
         convert.getOperand().getDefiningOp<IotaOp>();
}

Value TensorBuilder::toPlaces(const Value &number, const Axis &axis) {
  Value last =
      subtract(Value::makeSize(axis.size, where), Value::makeNumber(1, where));
  Value inside =
      stopGradient(max(min(number, last), Value::makeNumber(0, where)));
  if (inside.isPoison())
    return {};
  inside = toFloat(inside);
  Value places = wrap(
      ConvertOp::create(ops, location,
                        getType(inside.mapped, inside.axes, Element::Class),
                        inside.tensor),
      inside.mapped, inside.axes, Element::Class);
  places.classes = axis;
  return places;
}

Value TensorBuilder::gather(const Value &table, const Value &index) {
  Value rows = toFloat(table);
  if (rows.isPoison())
    return {};
  const Axis &axis = rows.axes.front();
  if (index.element == Element::Float) {
    if (axis.size.isStatic() && isArange(index))
      return takeFirst(rows, index.axes.front());
    Value places = toPlaces(index, axis);
    return places.isPoison() ? Value() : gatherRows(rows, places);
  }
  if (index.element != Element::Class) {
    error("an index is a number or a class, found " + describe(index));
    return {};
  }
  if (axis.size != index.classes.size) {
    mismatch("an axis of size " + axis.size.str() +
                 " is indexed by a class of " + index.classes.size.str(),
             axis, index.classes);
    return {};
  }
  return gatherRows(rows, index);
}

Value TensorBuilder::takeFirst(const Value &table, const Axis &size) {
  if (table.isPoison())
    return {};
  const Axis axis = table.axes.front();
  if (size.size == axis.size)
    return table;
  if (!axis.size.isStatic() ||
      (size.size.isStatic() && size.size.factor > axis.size.factor)) {
    mismatch("the first " + size.size.str() + " of " +
                 (axis.size.isStatic()
                      ? axis.size.str() + ", which are too few"
                      : axis.size.str() + ", which only a run knows"),
             size, axis);
    return {};
  }
  if (size.size.isStatic())
    return slice(table, 0, 0, size);
  Value rows = toFloat(table);
  if (rows.isPoison() || !fits({}, size))
    return {};
  limits.push_back({size, axis.size.factor, rows.tensor});
  Value places =
      wrap(IotaOp::create(ops, location, getType({}, size, Element::Class), 0),
           {}, size, Element::Class);
  return gatherRows(rows, places);
}

Value TensorBuilder::gatherRows(Value rows, Value numbers) {
  Shape shape;
  std::set_union(rows.mapped.begin(), rows.mapped.end(), numbers.mapped.begin(),
                 numbers.mapped.end(), std::back_inserter(shape.mapped));
  shape.axes = numbers.axes;
  shape.axes.append(rows.axes.begin() + 1, rows.axes.end());
  if (!fits(shape.mapped, shape.axes))
    return {};
  // Mapped axes of the table are shared, and stand in front.
  if (!rows.mapped.empty()) {
    if (!std::equal(rows.mapped.begin(), rows.mapped.end(),
                    shape.mapped.begin()))
      rows = broadcast(rows, shape.mapped, rows.axes);
    numbers = broadcast(numbers, shape.mapped, numbers.axes);
    if (rows.isPoison() || numbers.isPoison())
      return {};
  }
  return wrap(GatherOp::create(ops, location, rows.tensor, numbers.tensor,
                               int64_t(rows.mapped.size())),
              numbers.mapped, shape.axes);
}

Value TensorBuilder::uniformLike(const Value &value) {
  Value shape = value.is(ValueKind::Tensor) ? value : toFloat(value);
  if (shape.isPoison())
    return {};
  constexpr size_t maxTimes = 2;
  if (times.size() > maxTimes) {
    error("random numbers reach two cells within one another, not three");
    return {};
  }
  auto type = getType({}, {}, Element::Class);
  auto number = [&](int64_t given) -> mlir::Value {
    return ConstantOp::create(ops, location, type,
                              ops.getF64FloatAttr(double(given)));
  };
  auto getTime = [&](size_t depth) {
    return depth < times.size() ? times[times.size() - 1 - depth] : number(0);
  };
  auto getKey = [&](StringRef name) {
    return getRandomKey ? getRandomKey(name) : number(0);
  };
  mlir::Value stream = number(int64_t(randomPlaces.size()));
  randomPlaces.emplace_back(where, detail);
  auto result = getType(shape.mapped, shape.axes, Element::Float);
  return wrap(RandomOp::create(ops, location, result,
                               getKey(runtime::kKeyLowName),
                               getKey(runtime::kKeyHighName), stream,
                               getTime(0), getTime(1)),
              shape.mapped, shape.axes);
}

Value TensorBuilder::arange(const Axis &axis) {
  if (!fits({}, axis))
    return {};
  auto iota =
      IotaOp::create(ops, location, getType({}, axis, Element::Class), 0);
  return wrap(
      ConvertOp::create(ops, location, getType({}, axis, Element::Float), iota),
      {}, axis);
}

} // namespace maek::dsl
