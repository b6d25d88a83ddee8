// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/KernelUses.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "ir/Segments.h"
#include "passes/memory/BufferForm.h"
#include "runtime/core/EntryNames.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"
#include <set>

using namespace mlir;

namespace maek {

std::optional<int64_t> evaluateExtent(const Extent &extent,
                                      const Sizes &sizes) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  int64_t size = extent.factor;
  bool isKnown = true;
  auto getSize = [&](StringRef symbol) -> int64_t {
    auto known = sizes.find(symbol.str());
    isKnown &= known != sizes.end();
    return isKnown ? known->second : 1;
  };
  for (const std::string &symbol : extent.symbols)
    if (llvm::MulOverflow(size, evaluateSymbol(symbol, getSize), size) ||
        !isKnown)
      return std::nullopt;
  return size > most ? std::nullopt : std::optional(size);
}

/// How often the call is made in one run of its entry.
static double countRuns(func::CallOp call, const Sizes &sizes) {
  double runs = 1;
  for (auto scan = call->getParentOfType<ScanOp>(); scan;
       scan = scan->getParentOfType<ScanOp>())
    runs *= double(evaluateExtent(scan.getRounds(), sizes).value_or(1));
  return runs;
}

/// The entries whose kernels count.
static SmallVector<func::FuncOp> getEntries(ModuleOp module) {
  SmallVector<func::FuncOp> entries;
  for (StringRef name : {runtime::kForward, runtime::kTrainStep})
    if (auto entry = module.lookupSymbol<func::FuncOp>(name))
      entries.push_back(entry);
  return entries;
}

LogicalResult checkSizes(ModuleOp module, const Sizes &sizes) {
  Location location = UnknownLoc::get(module.getContext());
  std::set<std::string> known{kBatchSymbol.str()};
  for (auto function : module.getOps<func::FuncOp>())
    for (const std::string &symbol : getSymbols(function))
      known.insert(symbol);
  for (auto &[symbol, size] : sizes)
    if (!known.count(symbol))
      return emitError(location)
             << "the model has no dynamic size '" << symbol << "'";
  std::string missing;
  std::set<std::string> needed;
  for (func::FuncOp entry : getEntries(module))
    for (const std::string &symbol : getSymbols(entry))
      needed.insert(symbol);
  for (const std::string &symbol : needed)
    if (!sizes.count(symbol))
      missing += " --dim " + symbol + "=N";
  if (missing.empty())
    return success();
  return emitError(location)
         << "tuning needs sizes that only a run knows:" << missing;
}

llvm::MapVector<func::FuncOp, llvm::StringMap<double>>
countKernelUses(ModuleOp module, const Sizes &sizes) {
  llvm::MapVector<func::FuncOp, llvm::StringMap<double>> uses;
  for (func::FuncOp entry : getEntries(module))
    entry.walk([&](func::CallOp call) {
      auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
      if (kernel && isKernel(kernel))
        uses[kernel][entry.getName()] += countRuns(call, sizes);
    });
  return uses;
}

} // namespace maek
