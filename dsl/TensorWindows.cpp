// Part of Maek, under the MIT licence; see LICENSE.
// Windows, padding and products by an equation.
#include "dsl/TensorBuilder.h"

#include "dsl/Diagnostics.h"

#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace maek::dsl {

Value TensorBuilder::window(const Value &value, const Windows &windows) {
  Value operand = toFloat(value);
  if (operand.isPoison())
    return {};
  const Axis &whole = operand.axes[windows.axis];
  if (!whole.size.isStatic()) {
    error("'window' needs a size that is known when compiling, found " +
          whole.size.str())
        .note(whole.origin, whole.size.str() + " comes from here");
    return {};
  }
  int64_t reach = (windows.size - 1) * windows.dilation + 1;
  if (reach > whole.size.factor) {
    error("a window of " + Twine(reach) + " does not fit in " +
          whole.size.str() + " of " + describeShape(operand.axes))
        .note(whole.origin, whole.size.str() + " comes from here");
    return {};
  }
  Axes axes = operand.axes;
  axes[windows.axis] = {
      Extent((whole.size.factor - reach) / windows.stride + 1), where};
  axes.insert(axes.begin() + windows.axis + 1,
              Axis{Extent(windows.size), where});
  if (!fits(operand.mapped, axes))
    return {};
  return wrap(WindowOp::create(
                  ops, location, getType(operand.mapped, axes, Element::Float),
                  operand.tensor, operand.mapped.size() + windows.axis,
                  windows.stride, windows.dilation, 0),
              operand.mapped, axes);
}

Value TensorBuilder::pad(const Value &value, unsigned axis, int64_t before,
                         int64_t behind, double number) {
  Value operand = toFloat(value);
  if (operand.isPoison() || before + behind == 0)
    return operand;
  const Axis &whole = operand.axes[axis];
  if (!whole.size.isStatic()) {
    error("'pad' needs a size that is known when compiling, found " +
          whole.size.str())
        .note(whole.origin, whole.size.str() + " comes from here");
    return {};
  }
  Axes axes = operand.axes;
  axes[axis] = {Extent(whole.size.factor + before + behind), where};
  if (!fits(operand.mapped, axes))
    return {};
  size_t dim = operand.mapped.size() + axis;
  auto type = getType(operand.mapped, axes, Element::Float);
  Value padded =
      wrap(PadOp::create(ops, location, type, operand.tensor, dim, before),
           operand.mapped, axes);
  if (number == 0 || padded.isPoison())
    return padded;
  // maek.pad knows zeros only; the positions say which of them to replace.
  Value positions =
      wrap(IotaOp::create(ops, location,
                          getType(operand.mapped, axes, Element::Class), dim),
           operand.mapped, axes, Element::Class);
  positions.classes = axes[axis];
  auto replace = [&](ComparePredicate predicate, int64_t bound) {
    padded = select(
        compare(predicate, positions, Value::makeNumber(double(bound), where)),
        Value::makeNumber(number, where), padded);
  };
  if (before)
    replace(ComparePredicate::Lt, before);
  if (behind)
    replace(ComparePredicate::Ge, before + whole.size.factor);
  return padded;
}

Value TensorBuilder::einsum(EinsumAttr equation, const Value &a,
                            const Value &b) {
  Value operands[] = {toFloat(a), toFloat(b)};
  StringRef terms[] = {equation.getLhs(), equation.getRhs()};
  StringMap<Axis> sizes;
  Shape shape;
  for (auto [operand, term] : llvm::zip(operands, terms)) {
    if (operand.isPoison())
      return {};
    if (operand.getRank() != term.size()) {
      error("'einsum': '" + term + "' names " + Twine(term.size()) +
            " axes of " + describe(operand));
      return {};
    }
    for (auto [i, axis] : llvm::enumerate(operand.axes)) {
      StringRef letter = term.substr(i, 1);
      auto [entry, isNew] = sizes.try_emplace(letter, axis);
      if (isNew || entry->second.size == axis.size)
        continue;
      mismatch("'einsum': '" + letter + "' is " + entry->second.size.str() +
                   " and " + axis.size.str(),
               entry->second, axis);
      return {};
    }
    SmallVector<unsigned, 4> mapped;
    std::set_union(shape.mapped.begin(), shape.mapped.end(),
                   operand.mapped.begin(), operand.mapped.end(),
                   std::back_inserter(mapped));
    shape.mapped = mapped;
  }
  for (size_t i = 0; i < equation.getResult().size(); ++i)
    shape.axes.push_back(sizes.lookup(equation.getResult().substr(i, 1)));
  if (!fits(shape.mapped, shape.axes))
    return {};
  for (unsigned number : llvm::reverse(shape.mapped)) {
    std::string letter(1, *equation.getFreshLetter());
    auto map = [&](const Value &operand, StringRef term) {
      bool isMapped = llvm::is_contained(operand.mapped, number);
      return isMapped ? letter + term.str() : term.str();
    };
    equation = EinsumAttr::get(equation.getContext(),
                               map(operands[0], equation.getLhs()),
                               map(operands[1], equation.getRhs()),
                               letter + equation.getResult().str());
  }
  // The operand with the example's axes stands first, weights second.
  if (operands[0].mapped.empty() && !operands[1].mapped.empty()) {
    std::swap(operands[0], operands[1]);
    equation = equation.getSwapped();
  }
  return wrap(EinsumOp::create(ops, location, equation, operands[0].tensor,
                               operands[1].tensor),
              shape.mapped, shape.axes);
}

} // namespace maek::dsl
