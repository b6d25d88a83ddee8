// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/NestedGradients.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

/// The maek.gradient ops whose value may depend on one of `values`.
static SmallVector<Operation *> getGradientsOf(ValueRange values) {
  SmallVector<Operation *> gradients;
  llvm::SetVector<Operation *> users;
  auto addUsers = [&](ValueRange of) {
    for (Value value : of)
      for (OpOperand &use : value.getUses()) {
        Operation *user = use.getOwner();
        if (isa<GradientOp>(user) && use.getOperandNumber() == 0)
          gradients.push_back(user);
        users.insert(user);
      }
  };
  addUsers(values);
  for (size_t i = 0; i < users.size(); ++i) {
    Operation *user = users[i];
    addUsers(user->getResults());
    // Into a body, and from a body to its op.
    for (Region &region : user->getRegions())
      for (Block &block : region)
        addUsers(block.getArguments());
    if (Operation *op = user->getParentOp();
        user->hasTrait<OpTrait::IsTerminator>() && op->getNumResults() > 0)
      users.insert(op);
  }
  return gradients;
}

NestedGradients::NestedGradients(Operation *root) {
  root->walk([&](GradientOp gradient) {
    if (!getGradientsOf(gradient.getResults()).empty())
      inner.insert(gradient);
  });
}

bool NestedGradients::areOf(Value value) const {
  return !inner.empty() &&
         llvm::any_of(getGradientsOf(value), [&](Operation *gradient) {
           return inner.contains(gradient);
         });
}

} // namespace maek
