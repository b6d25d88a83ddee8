// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelAxes.h"

#include "ir/EinsumEquation.h"
#include "passes/KernelOps.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace maek {

static EinsumEquation getEquation(EinsumOp op) {
  return llvm::cantFail(EinsumEquation::parse(op.getEquation()));
}

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

void KernelAxes::unite(Value a, int64_t axis, Value b, int64_t otherAxis) {
  united.unionSets(firstAxis.lookup(a) + axis, firstAxis.lookup(b) + otherAxis);
}

/// Axis by axis, where the ranks and sizes allow; `except` is left out.
void KernelAxes::uniteAll(Value a, Value b, int64_t except) {
  for (int64_t i = 0; i < getRank(a.getType()); ++i)
    if (i != except)
      unite(a, i, b, i);
}

void KernelAxes::fix(Value value, int64_t axis) {
  fixedAxes.push_back(firstAxis.lookup(value) + axis);
}

void KernelAxes::visitEinsum(EinsumOp op) {
  EinsumEquation equation = getEquation(op);
  std::pair<StringRef, Value> terms[] = {{equation.lhs, op.getLhs()},
                                         {equation.rhs, op.getRhs()},
                                         {equation.result, op.getResult()}};
  for (auto &[term, value] : terms)
    for (auto &[other, otherValue] : terms)
      for (auto [i, letter] : llvm::enumerate(term))
        if (size_t j = other.find(letter); j != StringRef::npos)
          unite(value, i, otherValue, j);
}

void KernelAxes::visitPanels(Value packed, Value plain, int64_t dim,
                             ArrayRef<int64_t> order) {
  fix(plain, dim);
  fix(packed, 0);
  fix(packed, order.size() + 1);
  for (auto [i, axis] : llvm::enumerate(order))
    unite(packed, i + 1, plain, axis);
}

/// Axis `dim` of `plain` is two axes of `windows`.
void KernelAxes::visitWindow(Value plain, Value windows, int64_t dim) {
  for (int64_t i = 0; i < getRank(plain.getType()); ++i)
    if (i == dim) {
      fix(plain, i);
      fix(windows, i);
      fix(windows, i + 1);
    } else {
      unite(plain, i, windows, i < dim ? i : i + 1);
    }
}

/// `rows` are those of `table` at `indices`.
void KernelAxes::visitRows(Value table, Value indices, Value rows,
                           int64_t batch) {
  int64_t rank = getRank(indices.getType());
  fix(table, batch);
  for (int64_t i = 0; i < batch; ++i)
    unite(table, i, indices, i);
  for (int64_t i = 0; i < rank; ++i)
    unite(indices, i, rows, i);
  for (int64_t i = batch + 1; i < getRank(table.getType()); ++i)
    unite(table, i, rows, rank + i - batch - 1);
}

void KernelAxes::visit(Operation *op) {
  Value result = op->getResult(0);
  /// `op` takes or gives parts of `whole` along `dim`.
  auto visitParts = [&](Value whole, ValueRange parts, int64_t dim) {
    fix(whole, dim);
    for (Value part : parts) {
      bool keepsAxis = getRank(part.getType()) == getRank(whole.getType());
      for (int64_t i = 0, j = 0; i < getRank(whole.getType()); ++i) {
        if (i != dim)
          unite(whole, i, part, j);
        else if (keepsAxis)
          fix(part, j);
        j += i != dim || keepsAxis;
      }
    }
  };
  llvm::TypeSwitch<Operation *>(op)
      .Case([&](BroadcastOp broadcast) {
        for (auto [i, dim] : llvm::enumerate(broadcast.getDims()))
          unite(broadcast.getOperand(), i, result, dim);
      })
      .Case([&](TransposeOp transpose) {
        for (auto [i, axis] : llvm::enumerate(transpose.getPermutation()))
          unite(result, i, transpose.getOperand(), axis);
      })
      .Case([&](ReduceOp reduce) {
        for (int64_t i = 0, j = 0; i < getRank(reduce.getOperand().getType());
             ++i)
          if (!llvm::is_contained(reduce.getDims(), i))
            unite(reduce.getOperand(), i, result, j++);
      })
      .Case([&](ArgmaxOp argmax) {
        visitParts(argmax.getOperand(), result, argmax.getDim());
      })
      .Case([&](EinsumOp einsum) { visitEinsum(einsum); })
      .Case<UnstackOp, SplitOp>([&](auto cut) {
        visitParts(cut.getOperand(), cut.getOutputs(), cut.getDim());
      })
      .Case<StackOp, ConcatOp>([&](auto join) {
        visitParts(result, join.getOperands(), join.getDim());
      })
      .Case<SliceOp, PadOp, ReverseOp>(
          [&](auto cut) { visitParts(cut.getOperand(), result, cut.getDim()); })
      .Case([&](PackOp pack) {
        visitPanels(result, pack.getOperand(), pack.getDim(), pack.getOrder());
      })
      .Case([&](UnpackOp unpack) {
        visitPanels(unpack.getOperand(), result, unpack.getDim(),
                    unpack.getOrder());
      })
      .Case<AttentionOp, AttentionLogSumOp, AttentionQueryGradientOp,
            AttentionKeyGradientOp>([&](auto attention) {
        // The leading axes are the same; kernels know rows and features.
        Value query = attention.getQuery();
        int64_t numLeading = getRank(query.getType()) - 2;
        auto visitOne = [&](Value value) {
          for (int64_t i = 0; i < getRank(value.getType()); ++i)
            if (i < numLeading)
              unite(query, i, value, i);
            else
              fix(value, i);
        };
        llvm::for_each(op->getOperands(), visitOne);
        llvm::for_each(op->getResults(), visitOne);
      })
      .Case([&](WindowOp window) {
        visitWindow(window.getOperand(), result, window.getDim());
      })
      .Case([&](FoldOp fold) {
        visitWindow(result, fold.getOperand(), fold.getDim());
      })
      .Case([&](GatherOp gather) {
        visitRows(gather.getTable(), gather.getIndices(), result,
                  gather.getBatch());
      })
      .Case([&](ScatterAddOp scatter) {
        visitRows(result, scatter.getIndices(), scatter.getUpdates(),
                  scatter.getBatch());
      })
      .Case([&](IotaOp iota) { fix(result, iota.getDim()); })
      .Case<ConstantOp, ExtentOp>([](auto) {})
      .Default([&](Operation *) {
        for (Value operand : op->getOperands()) {
          if (isElementwise(op)) {
            uniteAll(operand, result);
            continue;
          }
          // A reshape, or an op that this analysis does not know.
          for (int64_t i = 0; i < getRank(operand.getType()); ++i)
            fix(operand, i);
          for (int64_t i = 0; i < getRank(result.getType()); ++i)
            fix(result, i);
        }
      });
}

void KernelAxes::nameEinsumRoles(EinsumOp op) {
  EinsumEquation equation = getEquation(op);
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
  name(equation.lhs, op.getLhs());
  name(equation.rhs, op.getRhs());
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
    visit(&op);

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
