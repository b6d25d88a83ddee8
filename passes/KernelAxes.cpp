// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelAxes.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

void KernelAxes::addValue(Value value) {
  unsigned &first = firstAxis[value];
  if (values.empty()) {
    first = 0;
  } else {
    Value last = values.back();
    first = firstAxis[last] + getRank(last.getType());
  }
  values.push_back(value);
  for (int64_t i = 0; i < getRank(value.getType()); ++i)
    united.insert(first + i);
}

void KernelAxes::same(Value a, int64_t axis, Value b, int64_t otherAxis) {
  united.unionSets(firstAxis.lookup(a) + axis, firstAxis.lookup(b) + otherAxis);
}

void KernelAxes::fix(Value value, int64_t axis) {
  fixedAxes.push_back(firstAxis.lookup(value) + axis);
}

void KernelAxes::nameEinsumRoles(EinsumOp op) {
  EinsumAttr equation = op.getEquation();
  llvm::SmallDenseMap<Class, char> letters;
  auto name = [&](StringRef term, Value value) {
    for (auto [letter, axisClass] : llvm::zip(term, get(value))) {
      Role &role = roles[axisClass];
      bool lhs = equation.inLhs(letter), rhs = equation.inRhs(letter);
      bool kept = equation.inResult(letter);
      role.isRow |= lhs && !rhs && kept;
      role.isColumn |= !lhs && rhs && kept;
      role.isContracted |= !kept;
      role.isBatch |= lhs && rhs && kept;
      // Two loops over the axes of one value: "bk,bn->kn" of x and x.
      role.isFixed |=
          letters.try_emplace(axisClass, letter).first->second != letter;
    }
  };
  name(equation.getLhs(), op.getLhs());
  name(equation.getRhs(), op.getRhs());
}

void KernelAxes::nameRoles(Block &block) {
  for (Operation &op : block) {
    if (auto einsum = dyn_cast<EinsumOp>(op))
      nameEinsumRoles(einsum);
    if (auto reduce = dyn_cast<ReduceOp>(op))
      for (int64_t dim : reduce.getDims())
        roles[get(reduce.getOperand())[dim]].isReduced = true;
    if (auto argmax = dyn_cast<ArgmaxOp>(op))
      roles[get(argmax.getOperand())[argmax.getDim()]].isReduced = true;
  }
}

KernelAxes::KernelAxes(Block &block) {
  for (Value argument : block.getArguments())
    addValue(argument);
  for (Operation &op : block)
    for (Value operand : op.getOperands())
      if (!firstAxis.contains(operand) && operand.getParentBlock() != &block)
        addValue(operand);
  for (Operation &op : block)
    for (Value result : op.getResults())
      addValue(result);
  for (Operation &op : block.without_terminator())
    if (auto related = dyn_cast<AxisOpInterface>(op))
      related.relateAxes(*this);
    else
      fixAll(&op);

  // Numbers the classes in the order in which the values show them.
  llvm::DenseMap<unsigned, Class> numbers;
  for (Value value : values) {
    SmallVector<Class> &own = classes[value];
    for (auto [i, extent] : llvm::enumerate(getExtents(value.getType()))) {
      unsigned leader = united.getLeaderValue(firstAxis.lookup(value) + i);
      auto [entry, isNew] = numbers.try_emplace(leader, roles.size());
      if (isNew)
        roles.emplace_back().extent = extent;
      own.push_back(entry->second);
    }
  }
  for (unsigned axis : fixedAxes)
    roles[numbers.lookup(united.getLeaderValue(axis))].isFixed = true;
  nameRoles(block);
}

bool KernelAxes::areJoinable(Class first, Class second) const {
  if (first == second || roles[first].isFixed || roles[second].isFixed)
    return false;
  for (auto &[value, own] : classes)
    for (size_t i = 0; i < own.size(); ++i) {
      // Once each, and next to one another.
      if (own[i] == first &&
          (i + 1 == own.size() || own[i + 1] != second ||
           llvm::count(own, first) > 1 || llvm::count(own, second) > 1))
        return false;
      if (own[i] == second && (i == 0 || own[i - 1] != first))
        return false;
    }
  return true;
}

} // namespace maek
