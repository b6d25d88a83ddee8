// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/ScheduleRemarks.h"

#include "ir/Entries.h"
#include "passes/Remarks.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace maek {

static constexpr StringLiteral kName = "schedule";

/// The entries that call each kernel.
static llvm::StringMap<llvm::SetVector<StringRef>> getCallers(ModuleOp module) {
  llvm::StringMap<llvm::SetVector<StringRef>> callers;
  for (auto function : module.getOps<func::FuncOp>())
    if (!isKernel(function))
      function.walk([&](func::CallOp call) {
        callers[call.getCallee()].insert(function.getName());
      });
  return callers;
}

/// That of the op, or else of the first one that has a place in a file.
static Location getPlace(func::FuncOp kernel, unsigned position) {
  Block &body = kernel.getBody().front();
  auto hasPlace = [](Operation &op) {
    return op.getLoc()->findInstanceOf<FileLineColLoc>() != nullptr;
  };
  auto op = std::next(body.begin(), position);
  if (!hasPlace(*op))
    op = llvm::find_if(body, hasPlace);
  return op == body.end() ? kernel.getLoc() : op->getLoc();
}

void remarkSchedules(ModuleOp module, const CompiledKernels &compiled,
                     const std::map<std::string, std::string> &choices,
                     StringRef device) {
  if (!module.getContext()->getRemarkEngine())
    return;
  llvm::StringMap<llvm::SetVector<StringRef>> callers = getCallers(module);
  size_t next = 0;
  std::string how =
      device.empty() ? "scheduled" : ("scheduled for " + device).str();
  for (auto kernel : module.getOps<func::FuncOp>()) {
    if (!isKernel(kernel))
      continue;
    const KernelSchedule &schedule = compiled.schedules[next++];
    auto wanted = choices.find(getKernelKey(kernel));
    bool isTuned = wanted != choices.end() && !schedule.isRefused;
    for (StringRef caller : callers[kernel.getName()]) {
      Location loc = getPlace(kernel, schedule.op);
      auto options =
          remark::RemarkOpts::name(kName).category(kName).function(caller);
      if (schedule.choice.empty())
        remark::passed(loc, options) << how << ": " << schedule.reason;
      else
        remark::passed(loc, options)
            << how << (isTuned ? " as tuned, " : " as ") << schedule.choice
            << ": " << schedule.reason;
      if (schedule.isRefused)
        remark::missed(loc, options)
            << "left the tuned '" << wanted->second << "': it does not fit";
    }
  }
}

} // namespace maek
