// Part of Maek, under the MIT licence; see LICENSE.
// Products, reductions and the operations that move elements about.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"

using namespace llvm;

namespace maek::dsl {

static constexpr StringLiteral batchLetters = "btuvwxyzacdefghijlopqrs";

/// The axes of a product's operand before its last two, which are paired off
/// from the right like mapped axes.
static ArrayRef<Axis> getLeading(const Value &value) {
  return ArrayRef<Axis>(value.axes)
      .take_front(value.getRank() > 2 ? value.getRank() - 2 : 0);
}

Value TensorBuilder::dot(const Value &a, const Value &b) {
  if (a.isPoison() || b.isPoison())
    return {};
  if (a.isScalar() || b.isScalar())
    return multiply(a, b);
  Value lhs = toFloat(a), rhs = toFloat(b);
  if (lhs.isPoison() || rhs.isPoison())
    return {};
  const Axis &left = lhs.axes.back();
  const Axis &right = rhs.axes[rhs.getRank() == 1 ? 0 : rhs.getRank() - 2];
  std::string operands =
      "'·' of " + describeShape(lhs.axes) + " and " + describeShape(rhs.axes);
  if (left.size != right.size) {
    mismatch(operands + ": " + left.size.str() + " and " + right.size.str() +
                 " differ",
             left, right);
    return {};
  }
  // Own axes: shared leading ones, rows of the left, columns of the right.
  ArrayRef<Axis> leadA = getLeading(lhs), leadB = getLeading(rhs);
  Axes lead((leadA.size() > leadB.size() ? leadA : leadB));
  for (size_t i = 1; i <= std::min(leadA.size(), leadB.size()); ++i) {
    const Axis &x = leadA[leadA.size() - i], &y = leadB[leadB.size() - i];
    if (x.size != y.size) {
      mismatch(operands + ": " + x.size.str() + " and " + y.size.str() +
                   " differ",
               x, y);
      return {};
    }
  }
  Shape shape;
  std::set_union(lhs.mapped.begin(), lhs.mapped.end(), rhs.mapped.begin(),
                 rhs.mapped.end(), std::back_inserter(shape.mapped));
  shape.axes = lead;
  bool hasRows = lhs.getRank() > 1, hasColumns = rhs.getRank() > 1;
  if (hasRows)
    shape.axes.push_back(lhs.axes[lhs.getRank() - 2]);
  if (hasColumns)
    shape.axes.push_back(rhs.axes.back());
  if (!fits(shape.mapped, shape.axes))
    return {};

  // The operand with the example's axes stands first, weights second.
  bool swap = lhs.mapped.empty() && !rhs.mapped.empty();
  char row = swap ? 'n' : 'm', column = swap ? 'm' : 'n';
  size_t numMapped = shape.mapped.size();
  auto name = [&](const Value &value, ArrayRef<Axis> leading) {
    std::string letters;
    for (unsigned number : value.mapped)
      letters +=
          batchLetters[llvm::find(shape.mapped, number) - shape.mapped.begin()];
    for (size_t i = 0; i < leading.size(); ++i)
      letters += batchLetters[numMapped + lead.size() - leading.size() + i];
    return letters;
  };
  // A product of a matrix and a vector names the matrix's free axis n.
  if (!hasRows || !hasColumns)
    row = column = 'n';
  std::string leftTerm =
      name(lhs, leadA) + (hasRows ? std::string{row} : "") + "k";
  std::string rightTerm = name(rhs, leadB) + "k";
  if (hasColumns)
    rightTerm += column;
  std::string result = batchLetters.take_front(numMapped + lead.size()).str();
  if (hasRows)
    result += row;
  if (hasColumns)
    result += column;
  auto equation =
      EinsumAttr::get(ops.getContext(), leftTerm, rightTerm, result);
  mlir::Value first = lhs.tensor, second = rhs.tensor;
  if (swap) {
    equation = equation.getSwapped();
    std::swap(first, second);
  }
  return wrap(EinsumOp::create(ops, location, equation, first, second),
              shape.mapped, shape.axes);
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value TensorBuilder::reduce(ReduceKind kind, const Value &value) {
  return reduce(kind, value,
                llvm::to_vector(llvm::seq<unsigned>(0, value.getRank())));
}

Value TensorBuilder::reduce(ReduceKind kind, const Value &value,
                            ArrayRef<unsigned> axes) {
  if (value.is(ValueKind::Number))
    return value;
  Value operand = toFloat(value);
  if (operand.isPoison() || operand.axes.empty())
    return operand;
  SmallVector<int64_t> dims;
  Axes kept;
  for (unsigned i = 0; i < operand.getRank(); ++i) {
    if (llvm::is_contained(axes, i))
      dims.push_back(operand.mapped.size() + i);
    else
      kept.push_back(operand.axes[i]);
  }
  return wrap(ReduceOp::create(ops, location, kind, operand.tensor, dims),
              operand.mapped, kept);
}

Value TensorBuilder::mean(const Value &value, ArrayRef<unsigned> axes) {
  Extent count;
  for (unsigned axis : axes)
    count = count * value.axes[axis].size;
  Value sum = reduce(ReduceKind::Sum, value, axes);
  return count.isOne() ? sum : divide(sum, Value::makeSize(count, where));
}

Value TensorBuilder::batchCount(const Value &value) {
  Extent count;
  for (unsigned number : value.mapped)
    count = count * mappedAxes[number].size;
  return Value::makeSize(count, where);
}

Value TensorBuilder::batchMean(const Value &value) {
  Value operand = toFloat(value);
  if (operand.isPoison() || operand.mapped.empty())
    return operand;
  Value sum =
      wrap(ReduceOp::create(
               ops, location, ReduceKind::Sum, operand.tensor,
               llvm::to_vector(llvm::seq<int64_t>(0, operand.mapped.size()))),
           {}, operand.axes);
  return divide(sum, batchCount(operand));
}

Value TensorBuilder::exampleMean(const Value &value) {
  Value operand = toFloat(value);
  if (operand.isPoison())
    return {};
  operand = broadcast(operand, {0u}, {});
  Value sum = wrap(ReduceOp::create(ops, location, ReduceKind::Sum,
                                    operand.tensor, ArrayRef<int64_t>{0}),
                   {}, {});
  return divide(sum, Value::makeSize(mappedAxes[0].size, where));
}

Value TensorBuilder::argmax(const Value &value, unsigned axis) {
  Value operand = toFloat(value);
  if (operand.isPoison())
    return {};
  Axes kept = operand.axes;
  Axis classes = kept[axis];
  kept.erase(kept.begin() + axis);
  Value result = wrap(ArgmaxOp::create(ops, location, operand.tensor,
                                       operand.mapped.size() + axis),
                      operand.mapped, kept, Element::Class);
  result.classes = classes;
  return result;
}

//===----------------------------------------------------------------------===//
// Moving elements
//===----------------------------------------------------------------------===//

Value TensorBuilder::reshape(const Value &value, ArrayRef<Axis> axes) {
  if (value.isPoison() || !fits(value.mapped, axes))
    return {};
  Extent from, to;
  for (const Axis &axis : value.axes)
    from = from * axis.size;
  for (const Axis &axis : axes)
    to = to * axis.size;
  if (from != to) {
    error("cannot reshape " + describeShape(value.axes) + " to " +
          describeShape(axes) + ": " + from.str() + " and " + to.str() +
          " elements");
    return {};
  }
  Value result =
      wrap(ReshapeOp::create(ops, location,
                             getType(value.mapped, axes, value.element),
                             value.tensor),
           value.mapped, axes, value.element);
  result.classes = value.classes;
  return result;
}

Value TensorBuilder::permute(const Value &value, ArrayRef<int64_t> permutation,
                             ArrayRef<unsigned> mapped, ArrayRef<Axis> axes) {
  Value result =
      wrap(TransposeOp::create(ops, location, value.tensor,
                               ops.getDenseI64ArrayAttr(permutation)),
           mapped, axes, value.element);
  result.classes = value.classes;
  return result;
}

Value TensorBuilder::transpose(const Value &value) {
  if (value.isPoison())
    return {};
  if (!value.is(ValueKind::Tensor) || value.getRank() < 2) {
    error("a transpose needs two axes, found " + describe(value) +
          (value.getRank() == 1 ? "; 'a · b' takes a vector on either side"
                                : ""));
    return {};
  }
  Axes axes = value.axes;
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  auto permutation =
      llvm::to_vector(llvm::seq<int64_t>(0, value.mapped.size() + axes.size()));
  std::swap(permutation[permutation.size() - 1],
            permutation[permutation.size() - 2]);
  return permute(value, permutation, value.mapped, axes);
}

Value TensorBuilder::concat(ArrayRef<Value> values,
                            std::optional<unsigned> along) {
  SmallVector<Value, 0> parts;
  Shape shape;
  for (const Value &value : values) {
    Value part = toFloat(value);
    if (part.isPoison())
      return {};
    if (part.axes.empty())
      part = reshape(part, Axis{Extent(1), where});
    if (part.isPoison())
      return {};
    parts.push_back(part);
    SmallVector<unsigned, 4> mapped;
    std::set_union(shape.mapped.begin(), shape.mapped.end(),
                   part.mapped.begin(), part.mapped.end(),
                   std::back_inserter(mapped));
    shape.mapped = mapped;
  }
  Axes joined = parts.front().axes;
  size_t axis = along.value_or(joined.size() - 1);
  for (const Value &part : ArrayRef(parts).drop_front()) {
    std::string shapes =
        describeShape(parts.front().axes) + " and " + describeShape(part.axes);
    if (part.getRank() != joined.size()) {
      error("cannot join " + shapes + ": different numbers of axes");
      return {};
    }
    for (size_t i = 0; i < joined.size(); ++i)
      if (i != axis && part.axes[i].size != joined[i].size) {
        mismatch("cannot join " + shapes + ": " + joined[i].size.str() +
                     " and " + part.axes[i].size.str() + " differ",
                 joined[i], part.axes[i]);
        return {};
      }
  }
  int64_t total = 0;
  for (const Value &part : parts) {
    const Axis &last = part.axes[axis];
    if (!last.size.isStatic() && parts.size() > 1) {
      error("cannot join along an axis of size " + last.size.str() +
            ", which is only known when the model runs")
          .note(last.origin, last.size.str() + " comes from here");
      return {};
    }
    total = std::min(total + last.size.factor, maxElements + 1);
  }
  if (parts.size() == 1)
    return parts.front();
  joined[axis] = {Extent(total), where};
  if (!fits(shape.mapped, joined))
    return {};
  SmallVector<mlir::Value> operands;
  for (Value &part : parts) {
    part = broadcast(part, shape.mapped, part.axes);
    if (part.isPoison())
      return {};
    operands.push_back(part.tensor);
  }
  return wrap(
      ConcatOp::create(ops, location, operands, shape.mapped.size() + axis),
      shape.mapped, joined);
}

Value TensorBuilder::reverse(const Value &value, unsigned axis) {
  Value result = wrap(ReverseOp::create(ops, location, value.tensor,
                                        int64_t(value.mapped.size() + axis)),
                      value.mapped, value.axes, value.element);
  result.classes = value.classes;
  return result;
}

Value TensorBuilder::slice(const Value &value, unsigned axis, int64_t offset,
                           const Axis &size) {
  Axes axes = value.axes;
  axes[axis] = size;
  Value result = wrap(
      SliceOp::create(ops, location, getType(value.mapped, axes, value.element),
                      value.tensor, value.mapped.size() + axis, offset),
      value.mapped, axes, value.element);
  result.classes = value.classes;
  return result;
}

Value TensorBuilder::dropAxis(const Value &value, unsigned axis) {
  Axes axes = value.axes;
  axes.erase(axes.begin() + axis);
  return reshape(value, axes);
}

} // namespace maek::dsl
