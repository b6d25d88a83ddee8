// Part of Maek, under the MIT licence; see LICENSE.
// Gives every tensor of the entries its place in memory.
#include "ir/Entries.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/memory/BufferForm.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/FormatVariadic.h"

namespace maek {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace maek

using namespace mlir;

namespace maek {

namespace {

struct PlanMemory : impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (isEntry(function) && !function.isExternal() && isOnTensors(function))
        if (failed(plan(function)))
          return signalPassFailure();
  }

  static bool isOnTensors(func::FuncOp function) {
    return !function->hasAttr(kMemoryAttr);
  }

  LogicalResult plan(func::FuncOp entry) {
    Placement placement(entry);
    if (!placement.getConflicts().empty()) {
      const Conflict &conflict = placement.getConflicts().front();
      return conflict.op->emitError()
             << "needs the copies of maek-materialize-copies: "
             << (conflict.operands.empty() ? "the op " : "an operand ")
             << conflict.reason;
    }
    ArenaPlan arena(placement, share);
    numTensors += arena.lifetimes.size();
    numSlots += arena.slots.size();
    auto typical = [](StringRef) { return int64_t(64); };
    remarkPassed(entry, "plan-memory")
        << llvm::formatv("@{0}: {1} tensors in {2} slots, {3} bytes instead of "
                         "{4} where every extent is 64",
                         entry.getName(), arena.lifetimes.size(),
                         arena.slots.size(), arena.getSize(typical),
                         arena.getUnsharedSize(typical))
               .str();
    func::FuncOp planned = emitBufferForm(placement, arena);
    emitArenaSize(planned, placement, arena);
    return success();
  }
};

} // namespace
} // namespace maek
