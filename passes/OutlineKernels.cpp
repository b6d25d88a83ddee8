// Part of Maek, under the MIT licence; see LICENSE.
// maek-outline-kernels: regions become private functions, equal ones the same.
#include "passes/KernelFunctions.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_OUTLINEKERNELS
#include "passes/Passes.h.inc"

/// The name that says what the kernel is: the class of its main work.
static StringRef getKernelClass(func::FuncOp kernel) {
  StringRef name = "layout";
  for (Operation &op : kernel.getOps()) {
    if (isa<EinsumOp>(op))
      return "product";
    if (isReduction(&op))
      name = isRowReduction(&op) && name != "reduction" ? "rows" : "reduction";
    else if (op.hasTrait<OpTrait::Elementwise>() && name == "layout")
      name = "elementwise";
  }
  return name;
}

/// Copies the ops that make `result` in the order of a walk from the results,
/// so that equal kernels have equal bodies; what comes from outside becomes an
/// argument at its first use.
static void copyBody(Value result, Region &region, Block &entry,
                     IRMapping &copies, OpBuilder &builder,
                     llvm::SetVector<Value> &arguments) {
  SmallVector<std::pair<Value, bool>> pending{{result, false}};
  while (!pending.empty()) {
    auto [value, hasOperands] = pending.pop_back_val();
    if (copies.contains(value))
      continue;
    Operation *op = value.getDefiningOp();
    if (!op || !region.isAncestor(op->getParentRegion())) {
      arguments.insert(value);
      copies.map(value, entry.addArgument(value.getType(), value.getLoc()));
    } else if (hasOperands) {
      builder.clone(*op, copies);
    } else {
      pending.push_back({value, true});
      for (Value operand : llvm::reverse(op->getOperands()))
        pending.push_back({operand, false});
    }
  }
}

namespace {

/// The kernels of one module.
struct KnownKernels {
  explicit KnownKernels(ModuleOp module) : table(module) {}

  /// The equal kernel that is known already, if there is one.
  func::FuncOp remember(func::FuncOp kernel) {
    auto [entry, isNew] = texts.try_emplace(getKernelText(kernel), kernel);
    return isNew ? func::FuncOp() : entry->second;
  }

  SymbolTable table;
  llvm::StringMap<func::FuncOp> texts;
  KernelLocations locations;
  /// Of the next kernel of each class.
  llvm::StringMap<unsigned> numbers;
};

struct OutlineKernels : impl::OutlineKernelsBase<OutlineKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    KnownKernels known(module);
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      if (isKernel(function))
        known.remember(function);
    SmallVector<KernelOp> kernels;
    module.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    for (KernelOp kernel : kernels)
      outline(kernel, known);
    known.locations.fuse();
  }

  void outline(KernelOp kernel, KnownKernels &known) {
    llvm::SetVector<Value> arguments;
    func::FuncOp function = build(kernel, arguments);
    if (func::FuncOp equal = known.remember(function)) {
      known.locations.add(equal, function);
      function.erase();
      function = equal;
      ++numShared;
    } else {
      StringRef name = getKernelClass(function);
      function.setSymName((name + "_" + Twine(known.numbers[name]++)).str());
      known.table.insert(function);
      ++numKernels;
    }
    OpBuilder builder(kernel);
    auto call = func::CallOp::create(builder, kernel.getLoc(), function,
                                     arguments.getArrayRef());
    kernel.replaceAllUsesWith(call.getResults());
    kernel.erase();
  }

  /// The kernel's region as a function that is in no module yet.
  static func::FuncOp build(KernelOp kernel,
                            llvm::SetVector<Value> &arguments) {
    Region &region = kernel.getBody();
    auto yield = cast<YieldOp>(region.front().getTerminator());
    OpBuilder builder(kernel.getContext());
    auto function = func::FuncOp::create(
        kernel.getLoc(), "kernel",
        builder.getFunctionType({}, kernel.getResultTypes()));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    builder.setInsertionPointToStart(entry);
    IRMapping copies;
    SmallVector<Value> results;
    for (Value value : yield.getValues()) {
      copyBody(value, region, *entry, copies, builder, arguments);
      results.push_back(copies.lookup(value));
    }
    func::ReturnOp::create(builder, yield.getLoc(), results);
    function.setFunctionType(builder.getFunctionType(entry->getArgumentTypes(),
                                                     kernel.getResultTypes()));
    function->setAttr(kKernelAttr, builder.getUnitAttr());
    listKernelSymbols(function);
    return function;
  }
};

} // namespace
} // namespace maek
