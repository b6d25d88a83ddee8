// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/AddTrees.h"

#include "passes/Scans.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {
namespace {

/// A sum, its terms by dependence, and the ops that add them.
struct Sum {
  SmallVector<Value> stateful, others;
  SmallVector<AddOp> adds;
};

/// Whether `add` is a part of a larger sum in the same block.
bool isInner(AddOp add) {
  return add->hasOneUse() && isa<AddOp>(*add->user_begin()) &&
         (*add->user_begin())->getBlock() == add->getBlock();
}

/// The terms of `value`, from left to right, and the adds, each after those
/// that it adds. A sum may be longer than the stack is deep.
void collect(Value value, AddOp root, const ScanDependence &dependence,
             Sum &sum) {
  SmallVector<std::pair<Value, bool>> pending{{value, false}};
  while (!pending.empty()) {
    auto [next, isDone] = pending.pop_back_val();
    auto add = next.getDefiningOp<AddOp>();
    if (isDone) {
      sum.adds.push_back(add);
    } else if (!add || add->getBlock() != root->getBlock() ||
               (add != root && !isInner(add))) {
      (dependence.of(next) == Dependence::State ? sum.stateful : sum.others)
          .push_back(next);
    } else {
      pending.append(
          {{next, true}, {add.getRhs(), false}, {add.getLhs(), false}});
    }
  }
}

/// Whether each operand of the root has terms of one kind only already.
bool isGrouped(AddOp root, const ScanDependence &dependence) {
  for (Value operand : root->getOperands()) {
    Sum part;
    collect(operand, root, dependence, part);
    if (!part.stateful.empty() && !part.others.empty())
      return false;
  }
  return true;
}

void regroup(const Sum &sum, AddOp root, ScanDependence &dependence) {
  OpBuilder builder(root);
  const AddOp *nextOld = sum.adds.begin();
  auto add = [&](Value lhs, Value rhs) -> Value {
    Location loc = AddOp(*nextOld++).getLoc();
    auto op = AddOp::create(builder, loc, lhs, rhs);
    dependence.add(op);
    return op;
  };
  auto addAll = [&](ArrayRef<Value> terms) {
    Value total = terms.front();
    for (Value term : terms.drop_front())
      total = add(total, term);
    return total;
  };
  Value others = addAll(sum.others), stateful = addAll(sum.stateful);
  root.replaceAllUsesWith(add(stateful, others));
  for (AddOp old : llvm::reverse(sum.adds))
    old.erase();
}

} // namespace

bool regroupSums(ScanOp scan) {
  ScanDependence dependence(scan);
  bool changed = false;
  for (AddOp root : llvm::to_vector(scan.getBody().front().getOps<AddOp>())) {
    // Inner adds come before their root, so no later one was erased here.
    if (isInner(root))
      continue;
    if (isGrouped(root, dependence))
      continue;
    Sum sum;
    collect(root, root, dependence, sum);
    regroup(sum, root, dependence);
    changed = true;
  }
  return changed;
}

} // namespace maek
