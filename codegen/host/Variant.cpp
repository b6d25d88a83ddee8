// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Variant.h"

#include "codegen/host/EmitObject.h"
#include "ir/Entries.h"
#include "passes/Passes.h"
#include "runtime/core/Defaults.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace maek {

/// Verifies what all passes together made, not each: that took a quarter of a
/// compilation whose kernels are cached. maek-opt and `maek ir` verify each.
LogicalResult Variant::run(PassManager &manager) {
  if (options.configure)
    options.configure(manager);
  manager.enableVerifier(false);
  // What the passes do for a device they did for the processor.
  if (options.keepRemarks)
    options.keepRemarks(!target.isDevice());
  bool isGood = succeeded(manager.run(module)) && succeeded(verify(module));
  if (options.keepRemarks)
    options.keepRemarks(true);
  return success(isGood);
}

/// Kernels of several targets come into one library.
void Variant::renameKernels() {
  if (!target.isDevice())
    return;
  SymbolTableCollection tables;
  SymbolUserMap users(tables, module);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isKernel(function))
      continue;
    auto name = StringAttr::get(module.getContext(),
                                function.getSymName() + target.getSuffix());
    users.replaceAllUsesWith(function, name);
    function.setSymNameAttr(name);
  }
}

LogicalResult Variant::runPasses() {
  PassManager manager(module.getContext());
  buildPipeline(manager, getPipelineOptions(options, target));
  if (failed(run(manager)))
    return failure();
  renameKernels();
  description = describeModule(
      module, {options.source, target, getHalideVersion(), options.factors});
  return success();
}

std::vector<std::string> Variant::getKernels() const {
  std::vector<std::string> names;
  for (const llvm::json::Value &name : *description.getArray("kernels"))
    names.push_back(name.getAsString()->str());
  return names;
}

/// That of the train block, or the one that the program's commands take without
/// one.
int64_t Variant::getBatch() const {
  const llvm::json::Object *settings = description.getObject("settings");
  return settings
             ? settings->getInteger("batch").value_or(runtime::kDefaultBatch)
             : runtime::kDefaultBatch;
}

LogicalResult Variant::compileKernels(const KernelProgress &progress,
                                      CompileReport &report) {
  KernelOptions kernels;
  kernels.target = target.full;
  kernels.asserts = options.asserts;
  kernels.outputDir = folder;
  kernels.useCache = options.useCache;
  kernels.threads = options.threads;
  kernels.text = getKernelText(options.emit);
  // What was found on a processor says nothing of a device.
  TuneSettings tune = target.isDevice() ? TuneSettings() : options.tune;
  tune.search.sizes.try_emplace(kBatchSymbol.str(), getBatch());
  FailureOr<CompiledKernels> compiled = compileTunedKernels(
      module, kernels, progress, tune, target.getDeviceName());
  if (failed(compiled))
    return failure();
  objects = compiled->objects;
  report.cachedKernels += compiled->fromCache;
  report.compiledKernels += objects.size() - compiled->fromCache;
  return success();
}

std::unique_ptr<llvm::Module>
Variant::lowerHost(llvm::LLVMContext &context, ArrayRef<std::string> variants) {
  PassManager manager(module.getContext());
  buildHostPipeline(manager, getPipelineOptions(options, target), target);
  if (failed(run(manager)))
    return nullptr;
  addLowered(description, module);
  std::unique_ptr<llvm::Module> host = translateToLLVM(module, context);
  if (!host)
    return nullptr;
  std::string json;
  llvm::raw_string_ostream(json)
      << llvm::json::Value(llvm::json::Object(description));
  addDescription(*host, json, getEntryCode(description, module), variants);
  for (llvm::Function &function : *host)
    if (!function.isDeclaration())
      function.setName(function.getName() + target.getSuffix());
  for (llvm::GlobalVariable &global : host->globals())
    if (!global.hasPrivateLinkage() && !global.isDeclaration())
      global.setName(global.getName() + target.getSuffix());
  return host;
}

} // namespace maek
