// Part of Maek, under the MIT licence; see LICENSE.
// maek-verify-host-form: what plan-memory and the kernels' code generation take
// for granted, checked.
#include "passes/HostStrides.h"
#include "passes/KernelFunctions.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/memory/BufferForm.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_VERIFYHOSTFORM
#include "passes/Passes.h.inc"

/// Each value once, no argument, one shape unless something is reduced or is
/// attention's.
static LogicalResult verifyResults(func::FuncOp kernel) {
  Operation *end = kernel.front().getTerminator();
  llvm::DenseSet<Value> seen;
  for (Value value : end->getOperands()) {
    if (isa<BlockArgument>(value))
      return kernel.emitOpError("yields its argument ")
             << cast<BlockArgument>(value).getArgNumber();
    if (!seen.insert(value).second)
      return kernel.emitOpError("yields a value twice");
  }
  bool reduces = llvm::any_of(kernel.getOps(), [](Operation &op) {
    return isReduction(&op) || isAttention(&op);
  });
  for (Value value : end->getOperands())
    if (!reduces && getShapeKey(value.getType()) !=
                        getShapeKey(end->getOperand(0).getType()))
      return kernel.emitOpError("yields ")
             << end->getOperand(0).getType() << " and " << value.getType();
  return success();
}

static LogicalResult verifyKernel(func::FuncOp kernel) {
  if (kernel.isDeclaration())
    return kernel.emitOpError("is a kernel without a body");
  for (Operation &op : kernel.front().without_terminator())
    if (!isa<MaekDialect>(op.getDialect()) || op.getNumRegions() > 0 ||
        isa<GradientOp>(op))
      return op.emitOpError("is no value op, but in a kernel");
  llvm::SetVector<Attribute> symbols = findKernelSymbols(kernel);
  auto listed = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  if (!listed || listed.size() != symbols.size() ||
      !llvm::all_of(listed,
                    [&](Attribute symbol) { return symbols.contains(symbol); }))
    return kernel.emitOpError("lists other symbols than it needs");
  return verifyResults(kernel);
}

/// The host passes the kernel sizes that the function's tensors have.
static LogicalResult verifySizes(func::CallOp call, func::FuncOp kernel,
                                 ArrayRef<std::string> sizes) {
  if (auto needed = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    for (auto symbol : needed.getAsRange<StringAttr>())
      if (!llvm::is_contained(sizes, symbol.getValue()))
        return call.emitOpError("passes the size ")
               << symbol.getValue() << ", which no tensor of the function has";
  return success();
}

static LogicalResult verifyHost(func::FuncOp function) {
  SmallVector<std::string> sizes = getAllSymbols(function);
  llvm::DenseSet<Operation *> copies;
  HostStrides strides(copies);
  SymbolTableCollection symbols;
  WalkResult result = function.walk([&](Operation *op) {
    if (isa<func::FuncOp, func::ReturnOp, YieldOp, ScanOp>(op))
      return WalkResult::advance();
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto kernel = symbols.lookupNearestSymbolFrom<func::FuncOp>(
          op, call.getCalleeAttr());
      if (kernel && isKernel(kernel))
        return WalkResult(verifySizes(call, kernel, sizes));
      op->emitOpError("calls '") << call.getCallee() << "', which is no kernel";
      return WalkResult::interrupt();
    }
    // Operands of a join that cannot be computed in place are copied there.
    bool isJoin = isa<StackOp, ConcatOp>(op);
    if (isJoin ? isInPlaceJoin(*op) : strides.isView(op))
      return WalkResult::advance();
    op->emitOpError("computes outside of a kernel");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

namespace {

struct VerifyHostForm : impl::VerifyHostFormBase<VerifyHostForm> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(isKernel(function) ? verifyKernel(function)
                                    : verifyHost(function)))
        signalPassFailure();
  }
};

} // namespace
} // namespace maek
