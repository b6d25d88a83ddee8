// Part of Maek, under the MIT licence; see LICENSE.
// Types, errors and the alignment of operands.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"

using namespace llvm;
using mlir::RankedTensorType;

namespace maek::dsl {

//===----------------------------------------------------------------------===//
// Types and errors
//===----------------------------------------------------------------------===//

Diagnostic &TensorBuilder::error(const Twine &message) {
  return diagnostics.error(where, message).note(detail.first, detail.second);
}

void TensorBuilder::mismatch(const Twine &message, const Axis &a,
                             const Axis &b) {
  error(message)
      .note(a.origin, a.size.str() + " comes from here")
      .note(b.origin, b.size.str() + " comes from here");
}

void TensorBuilder::noteDifference(Diagnostic &error, ArrayRef<Axis> a,
                                   ArrayRef<Axis> b) {
  auto note = [&](const Axis &axis) {
    error.note(axis.origin, axis.size.str() + " comes from here");
  };
  size_t common = std::min(a.size(), b.size());
  for (size_t i = 1; i <= common; ++i) {
    const Axis &left = a[a.size() - i], &right = b[b.size() - i];
    if (left.size == right.size)
      continue;
    note(left);
    note(right);
    return;
  }
  for (const Axis &axis : (a.size() > b.size() ? a : b).drop_back(common))
    note(axis);
}

Diagnostic &
TensorBuilder::shapeError(const Twine &problem, ArrayRef<Axis> axes,
                          llvm::function_ref<bool(ArrayRef<Axis>)> fits) {
  std::string text = problem.str();
  for (size_t i = 0; i < axes.size(); ++i) {
    if (!axes[i].kept.isValid())
      continue;
    Axes rest(axes);
    rest.erase(rest.begin() + i);
    if (fits(rest))
      return diagnostics
          .error(axes[i].kept, "'*' is element by element; the product of "
                               "matrices and vectors is '·', or 'dot'")
          .note(where, text);
  }
  return error(text);
}

bool TensorBuilder::fits(ArrayRef<unsigned> mapped, ArrayRef<Axis> axes) {
  constexpr size_t maxRank = 16;
  if (mapped.size() + axes.size() > maxRank) {
    error("this needs a tensor of more than 16 axes");
    return false;
  }
  int64_t total = 1;
  auto count = [&](const Axis &axis) {
    return !llvm::MulOverflow(total, axis.size.factor, total) &&
           total <= maxElements;
  };
  for (unsigned number : mapped)
    if (!count(mappedAxes[number]))
      total = maxElements + 1;
  for (const Axis &axis : axes)
    if (!count(axis)) {
      error("a tensor of shape " + describeShape(axes) +
            " has more than 2^31 - 1 elements")
          .note(axis.origin, axis.size.str() + " comes from here");
      return false;
    }
  return true;
}

bool TensorBuilder::spend() {
  if (numOps < maxOps) {
    ++numOps;
    return true;
  }
  if (numOps++ == maxOps)
    error("this model expands to more than " + Twine(maxOps) + " operations");
  return false;
}

RankedTensorType TensorBuilder::getType(ArrayRef<unsigned> mapped,
                                        ArrayRef<Axis> axes, Element element) {
  SmallVector<Extent> extents;
  for (unsigned number : mapped)
    extents.push_back(mappedAxes[number].size);
  for (const Axis &axis : axes)
    extents.push_back(axis.size);
  mlir::Type type = element == Element::Float   ? floatType
                    : element == Element::Class ? ops.getI32Type()
                                                : ops.getI1Type();
  return getTensorType(extents, type);
}

Value TensorBuilder::wrap(mlir::Value tensor, ArrayRef<unsigned> mapped,
                          ArrayRef<Axis> axes, Element element) {
  Value value;
  if (!spend())
    return value;
  value.kind = ValueKind::Tensor;
  value.tensor = tensor;
  value.mapped.assign(mapped.begin(), mapped.end());
  value.axes.assign(axes.begin(), axes.end());
  value.element = element;
  return value;
}

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

Value TensorBuilder::constant(double number, ArrayRef<unsigned> mapped,
                              ArrayRef<Axis> axes, Element element) {
  if (!fits(mapped, axes))
    return {};
  return wrap(ConstantOp::create(ops, location, getType(mapped, axes, element),
                                 ops.getF64FloatAttr(number)),
              mapped, axes, element);
}

Value TensorBuilder::toFloat(const Value &value) {
  switch (value.kind) {
  case ValueKind::Poison:
    return value;
  case ValueKind::Instance:
    error("a layer is no value; apply it to one");
    return {};
  case ValueKind::Number:
    return constant(value.number, {}, {});
  case ValueKind::Size:
    return wrap(ExtentOp::create(ops, location, getType({}, {}, Element::Float),
                                 value.size.str()),
                {}, {});
  case ValueKind::Tensor:
    break;
  }
  if (value.element == Element::Float)
    return value;
  if (value.element == Element::Class) {
    error("a class is no number; compare it, or take its one_hot")
        .note(value.classes.origin, "it is a class from here");
    return {};
  }
  return wrap(
      ConvertOp::create(ops, location,
                        getType(value.mapped, value.axes, Element::Float),
                        value.tensor),
      value.mapped, value.axes);
}

Value TensorBuilder::broadcast(const Value &value, ArrayRef<unsigned> mapped,
                               ArrayRef<Axis> axes) {
  if (value.isPoison())
    return value;
  if (ArrayRef<unsigned>(value.mapped) == mapped &&
      value.axes.size() == axes.size())
    return value;
  if (!fits(mapped, axes))
    return {};
  SmallVector<int64_t> dims;
  for (unsigned number : value.mapped)
    dims.push_back(llvm::find(mapped, number) - mapped.begin());
  size_t rank = mapped.size() + axes.size();
  for (size_t i = 0; i < value.axes.size(); ++i)
    dims.push_back(rank - value.axes.size() + i);
  Value result = wrap(BroadcastOp::create(ops, location,
                                          getType(mapped, axes, value.element),
                                          value.tensor, dims),
                      mapped, axes, value.element);
  result.classes = value.classes;
  return result;
}

/// Whether a · b would be one: both axes that it sums over are as long.
static bool isProduct(ArrayRef<Axis> a, ArrayRef<Axis> b) {
  return !a.empty() && !b.empty() && a.size() + b.size() > 2 &&
         a.back().size == b[b.size() > 1 ? b.size() - 2 : 0].size;
}

void TensorBuilder::markKept(const Value &a, const Value &b,
                             Value &result) const {
  bool isUsers = !detail.first.isValid();
  if (!isUsers || result.isPoison() || !isProduct(a.axes, b.axes) ||
      (a.getRank() > 1 && b.getRank() > 1))
    return;
  // W * x, or x * W.
  size_t behind = b.getRank() > 1 ? 2 : 1;
  result.axes[result.axes.size() - behind].kept = where;
}

/// Can the leading axes that one lacks be repeated?
static bool isAligned(ArrayRef<Axis> a, ArrayRef<Axis> b) {
  size_t common = std::min(a.size(), b.size());
  return common > 0 && haveSameSizes(a.take_back(common), b.take_back(common));
}

bool TensorBuilder::unite(StringRef symbol, Shape &shape, const Value &value) {
  SmallVector<unsigned, 4> mapped;
  std::set_union(shape.mapped.begin(), shape.mapped.end(), value.mapped.begin(),
                 value.mapped.end(), std::back_inserter(mapped));
  shape.mapped = mapped;
  // Own axes align at the last one: a definition maps over leading axes.
  size_t common = std::min(shape.axes.size(), value.axes.size());
  for (size_t i = 1; i <= common; ++i) {
    Axis &left = shape.axes[shape.axes.size() - i];
    const Axis &right = value.axes[value.axes.size() - i];
    if (left.size == right.size) {
      if (right.kept.isValid())
        left.kept = right.kept;
      continue;
    }
    std::string problem = "'" + symbol.str() + "' of " +
                          describeShape(shape.axes) + " and " +
                          describeShape(value.axes) + ": " + left.size.str() +
                          " and " + right.size.str() + " differ";
    if (symbol == "*" && isProduct(shape.axes, value.axes))
      problem += "; the product of matrices and vectors is '·', or 'dot'";
    bool isLeft = llvm::any_of(
        shape.axes, [](const Axis &axis) { return axis.kept.isValid(); });
    ArrayRef<Axis> suspect = isLeft ? shape.axes : value.axes;
    ArrayRef<Axis> other = isLeft ? value.axes : shape.axes;
    shapeError(problem, suspect,
               [&](ArrayRef<Axis> rest) { return isAligned(rest, other); })
        .note(left.origin, left.size.str() + " comes from here")
        .note(right.origin, right.size.str() + " comes from here");
    return false;
  }
  if (value.axes.size() > common)
    shape.axes.insert(shape.axes.begin(), value.axes.begin(),
                      value.axes.end() - common);
  return true;
}

Value TensorBuilder::expand(const Value &value, const Shape &shape,
                            Element element) {
  if (value.is(ValueKind::Number))
    return constant(value.number, shape.mapped, shape.axes, element);
  Value converted = element == Element::Float ? toFloat(value) : value;
  return broadcast(converted, shape.mapped, shape.axes);
}

bool TensorBuilder::align(StringRef symbol, Value &a, Value &b) {
  Shape shape;
  if (a.isPoison() || b.isPoison() || !unite(symbol, shape, a) ||
      !unite(symbol, shape, b))
    return false;
  a = expand(a, shape);
  b = expand(b, shape);
  return !a.isPoison() && !b.isPoison();
}

} // namespace maek::dsl
