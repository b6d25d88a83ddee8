// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/MemoryLimit.h"

#include "ir/Entries.h"
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
  return isEntry(entry) && !entry.isDeclaration() && !goesOn(entry) &&
         !entry.front().getOps<ScanOp>().empty();
}

FailureOr<bool> mayExceed(ModuleOp module, const PipelineOptions &options,
                          const MemoryLimit &limit) {
  SmallVector<std::string> names;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!hasLoops(function))
      continue;
    for (const std::string &symbol : getSymbols(function))
      if (!limit.sizes.contains(symbol))
        return true;
    names.push_back(function.getName().str());
  }
  if (names.empty())
    return false;
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
  return llvm::any_of(names, [&](StringRef name) {
    auto entry = trial->lookupSymbol<func::FuncOp>(name);
    if (!entry)
      return false;
    Placement placement(entry);
    return uint64_t(ArenaPlan(placement).getSize(getSize)) > limit.bytes;
  });
}

} // namespace maek
