// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/EntryValues.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "runtime/core/RoleTable.h"

#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

/// Whether the value is the same in every call: it decides nothing.
static bool dependsOnNothing(Value value) {
  return isa_and_present<ConstantOp, IotaOp>(value.getDefiningOp());
}

/// Whether no size that differs from call to call takes part in `op`, or in
/// the kernel that it calls.
static bool isStatic(Operation *op, SymbolTableCollection &symbols) {
  if (auto call = dyn_cast<func::CallOp>(op)) {
    op = symbols.lookupNearestSymbolFrom(call, call.getCalleeAttr());
    if (!op)
      return false;
  }
  return !op->walk([](Operation *inner) {
              bool isDynamic =
                  isa<ExtentOp>(inner) ||
                  llvm::any_of(inner->getResultTypes(), [](Type type) {
                    auto tensor = dyn_cast<RankedTensorType>(type);
                    return !tensor || !tensor.hasStaticShape();
                  });
              return isDynamic ? WalkResult::interrupt()
                               : WalkResult::advance();
            }).wasInterrupted();
}

llvm::DenseSet<Value> findParameterValues(func::FuncOp entry) {
  llvm::DenseSet<Value> found;
  if (entry.isDeclaration())
    return found;
  for (BlockArgument argument : entry.getArguments()) {
    StringRef role = getArgRole(entry, argument.getArgNumber());
    if (role == "parameter" || role == "prepared")
      found.insert(argument);
  }
  SymbolTableCollection symbols;
  for (Operation &op : entry.front()) {
    if (isa<ScanOp, GradientOp>(op))
      continue;
    llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), used);
    used.remove_if(dependsOnNothing);
    if (!used.empty() && isStatic(&op, symbols) &&
        llvm::all_of(used, [&](Value value) { return found.contains(value); }))
      found.insert(op.result_begin(), op.result_end());
  }
  return found;
}

bool isWeight(Value value, Operation *product,
              const llvm::DenseSet<Value> &parameterValues) {
  if (parameterValues.contains(value))
    return true;
  return isa<ScanOp>(product->getParentOp()) &&
         value.getParentBlock() != product->getBlock();
}

bool changesParameters(func::FuncOp entry) {
  return llvm::any_of(llvm::seq(entry.getNumResults()), [&](unsigned i) {
    const runtime::RoleRow *role = runtime::findRole(getResultRole(entry, i));
    return role && role->isStored;
  });
}

bool hasWholeSequences(func::FuncOp function) {
  return isEntry(function) && !function.isDeclaration() &&
         llvm::none_of(llvm::seq(function.getNumResults()), [&](unsigned i) {
           return getResultRole(function, i) == "carried";
         });
}

llvm::DenseSet<Value> findUpdates(func::FuncOp entry) {
  llvm::DenseSet<Value> found;
  if (entry.isDeclaration())
    return found;
  for (OpOperand &operand : entry.front().getTerminator()->getOpOperands())
    if (isUpdate(entry, operand.getOperandNumber()))
      found.insert(operand.get());
  return found;
}

llvm::DenseSet<Value> findUpdated(func::FuncOp entry) {
  llvm::DenseSet<Value> found;
  for (int argument : getUpdatedArguments(entry))
    if (argument >= 0)
      found.insert(entry.getArgument(argument));
  return found;
}

} // namespace maek
