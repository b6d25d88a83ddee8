// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/KernelUses.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "runtime/core/EntryNames.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace maek {

std::optional<int64_t> evaluateExtent(const Extent &extent,
                                      const Sizes &sizes) {
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  int64_t size = extent.factor;
  for (const std::string &symbol : extent.symbols) {
    auto known = sizes.find(symbol);
    if (known == sizes.end() || llvm::MulOverflow(size, known->second, size))
      return std::nullopt;
  }
  return size > most ? std::nullopt : std::optional(size);
}

/// The first symbol of the types that has no size.
static std::optional<std::string> findUnknown(TypeRange types,
                                              const Sizes &sizes) {
  for (Type type : types)
    for (const Extent &extent : getExtents(type))
      for (const std::string &symbol : extent.symbols)
        if (!sizes.count(symbol))
          return symbol;
  return std::nullopt;
}

/// How often the call is made in one run of its entry.
static double countRuns(func::CallOp call, const Sizes &sizes) {
  double runs = 1;
  for (auto scan = call->getParentOfType<ScanOp>(); scan;
       scan = scan->getParentOfType<ScanOp>()) {
    Value sequence = scan.getNumSequences() ? scan.getSequences().front()
                                            : Value(scan.getOutputs().front());
    runs *= double(
        evaluateExtent(getExtent(sequence.getType(), 0), sizes).value_or(1));
  }
  return runs;
}

/// Fails if a size is of no symbol.
static LogicalResult checkNames(ModuleOp module, const Sizes &sizes) {
  Sizes unknown = sizes;
  unknown.erase(kBatchSymbol.str());
  for (auto function : module.getOps<func::FuncOp>())
    for (Type type : function.getArgumentTypes())
      for (const Extent &extent : getExtents(type))
        for (const std::string &symbol : extent.symbols)
          unknown.erase(symbol);
  if (unknown.empty())
    return success();
  return emitError(UnknownLoc::get(module.getContext()))
         << "the model has no dynamic size '" << unknown.begin()->first << "'";
}

FailureOr<llvm::MapVector<func::FuncOp, llvm::StringMap<double>>>
countKernelUses(ModuleOp module, const Sizes &sizes) {
  if (failed(checkNames(module, sizes)))
    return failure();
  llvm::MapVector<func::FuncOp, llvm::StringMap<double>> uses;
  for (StringRef name : {runtime::kForward, runtime::kTrainStep}) {
    auto entry = module.lookupSymbol<func::FuncOp>(name);
    if (!entry)
      continue;
    if (auto unknown = findUnknown(entry.getArgumentTypes(), sizes))
      return emitError(UnknownLoc::get(module.getContext()))
             << "tuning needs a size of " << *unknown << " for '" << name
             << "'; give --dim " << *unknown << "=N";
    entry.walk([&](func::CallOp call) {
      auto kernel = module.lookupSymbol<func::FuncOp>(call.getCallee());
      if (kernel && isKernel(kernel))
        uses[kernel][name] += countRuns(call, sizes);
    });
  }
  return uses;
}

} // namespace maek
