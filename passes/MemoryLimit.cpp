// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/MemoryLimit.h"

#include "ir/MaekOps.h"
#include "ir/Segments.h"
#include "passes/EntryValues.h"
#include "passes/memory/ArenaPlan.h"
#include "passes/memory/BufferForm.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

/// Whether maek-segment-scans might do something about the entry's memory.
static bool hasLoops(func::FuncOp entry) {
  return hasWholeSequences(entry) && !entry.front().getOps<ScanOp>().empty();
}

FailureOr<std::optional<MemoryExcess>>
findMemoryExcess(ModuleOp module, const PipelineOptions &options,
                 const MemoryLimit &limit) {
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!hasLoops(function))
      continue;
    for (const std::string &symbol : getSymbols(function))
      if (!limit.sizes.contains(symbol))
        return std::optional(MemoryExcess{
            function.getLoc(), function.getName().str(), std::nullopt});
    entries.push_back(function);
  }
  if (entries.empty())
    return std::optional<MemoryExcess>();
  OwningOpRef<ModuleOp> trial = module.clone();
  PassManager manager(module.getContext());
  buildPipeline(manager, options);
  if (failed(manager.run(*trial)))
    return failure();
  auto getSize = [&](StringRef symbol) {
    return evaluateSymbol(symbol, [&](StringRef own) {
      return limit.sizes.find(own.str())->second;
    });
  };
  for (func::FuncOp function : entries) {
    auto entry = trial->lookupSymbol<func::FuncOp>(function.getName());
    if (!entry)
      continue;
    Placement placement(entry);
    int64_t bytes = ArenaPlan(placement).getSize(getSize);
    if (uint64_t(bytes) > limit.bytes)
      return std::optional(
          MemoryExcess{function.getLoc(), function.getName().str(), bytes});
  }
  return std::optional<MemoryExcess>();
}

} // namespace maek
