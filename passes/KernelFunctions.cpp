// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/KernelFunctions.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/AsmState.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace maek {

std::string getKernelText(func::FuncOp kernel) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel.getFunctionType().print(stream);
  // Whatever the command line says of printing: locations do not count.
  AsmState state(kernel,
                 OpPrintingFlags().useLocalScope().enableDebugInfo(false));
  for (Operation &op : kernel.getOps())
    op.print(stream << '\n', state);
  return text;
}

llvm::SetVector<Attribute> findKernelSymbols(func::FuncOp kernel) {
  llvm::StringSet<> known;
  for (Type type : kernel.getArgumentTypes())
    for (const Extent &extent : getExtents(type))
      known.insert(extent.str());
  llvm::SetVector<Attribute> symbols;
  for (Operation &op : kernel.front().without_terminator()) {
    if (auto extent = dyn_cast<ExtentOp>(op)) {
      Extent size = extent.getSize();
      for (const std::string &symbol : size.symbols)
        symbols.insert(StringAttr::get(kernel.getContext(), symbol));
    }
    for (Type type : op.getResultTypes())
      for (const Extent &extent : getExtents(type)) {
        if (known.contains(extent.str()))
          continue;
        for (const std::string &symbol : extent.symbols)
          if (!known.contains(symbol))
            symbols.insert(StringAttr::get(kernel.getContext(), symbol));
      }
  }
  return symbols;
}

void listKernelSymbols(func::FuncOp kernel) {
  kernel->setAttr(kSymbolsAttr,
                  ArrayAttr::get(kernel.getContext(),
                                 findKernelSymbols(kernel).getArrayRef()));
}

void KernelLocations::add(func::FuncOp kernel, func::FuncOp other) {
  found[kernel].push_back(other.getLoc());
  for (auto [op, equal] : llvm::zip(kernel.getOps(), other.getOps()))
    found[&op].push_back(equal.getLoc());
}

void KernelLocations::fuse() {
  for (auto &[op, locations] : found) {
    locations.insert(locations.begin(), op->getLoc());
    op->setLoc(FusedLoc::get(op->getContext(), locations));
  }
}

llvm::DenseMap<Operation *, SmallVector<func::CallOp>>
findKernelCalls(ModuleOp module) {
  SymbolTable table(module);
  llvm::DenseMap<Operation *, SmallVector<func::CallOp>> calls;
  module.walk([&](func::CallOp call) {
    if (auto kernel = table.lookup<func::FuncOp>(call.getCallee()))
      calls[kernel].push_back(call);
  });
  return calls;
}

unsigned shareEqualKernels(ModuleOp module) {
  llvm::StringMap<func::FuncOp> known;
  KernelLocations locations;
  auto calls = findKernelCalls(module);
  unsigned count = 0;
  for (auto kernel :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (!isKernel(kernel))
      continue;
    auto [entry, isNew] = known.try_emplace(getKernelText(kernel), kernel);
    if (isNew)
      continue;
    locations.add(entry->second, kernel);
    for (func::CallOp call : calls[kernel])
      call.setCallee(entry->second.getSymName());
    kernel.erase();
    ++count;
  }
  locations.fuse();
  return count;
}

} // namespace maek
