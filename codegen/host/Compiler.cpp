// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Compiler.h"

#include "codegen/host/EmitObject.h"
#include "codegen/host/Header.h"
#include "codegen/host/Link.h"
#include "codegen/host/LowerHost.h"
#include "codegen/host/ModuleDescription.h"
#include "codegen/host/OutputFile.h"
#include "ir/Entries.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/Registration.h"
#include "runtime/core/Defaults.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;

namespace maek {

std::optional<Emit> parseEmit(StringRef name) {
  return llvm::StringSwitch<std::optional<Emit>>(name)
      .Case("exe", Emit::Executable)
      .Case("shared", Emit::Shared)
      .Case("static", Emit::Static)
      .Case("object", Emit::Object)
      .Case("header", Emit::Header)
      .Case("llvm", Emit::LLVM)
      .Case("asm", Emit::Assembly)
      .Case("stmt", Emit::Stmt)
      .Case("kernel-llvm", Emit::KernelLLVM)
      .Case("kernel-asm", Emit::KernelAssembly)
      .Default(std::nullopt);
}

KernelText getKernelText(Emit emit) {
  return emit == Emit::Stmt             ? KernelText::Stmt
         : emit == Emit::KernelLLVM     ? KernelText::LLVM
         : emit == Emit::KernelAssembly ? KernelText::Assembly
                                        : KernelText::None;
}

std::string getLibraryName(StringRef output) {
  StringRef stem = llvm::sys::path::stem(output);
  stem.consume_front("lib");
  std::string name;
  for (char letter : stem)
    name += llvm::isAlnum(letter) ? letter : '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(name.begin(), '_');
  return name;
}

void registerCompilerDialects(DialectRegistry &registry) {
  registerPassDialects(registry);
  registerHalideModels(registry);
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
}

void buildHostPipeline(OpPassManager &manager) {
  manager.addPass(createPlanMemory());
  buildLowerHostPipeline(manager);
}

namespace {
/// Adds the time since the last call to a field of the report.
class Stopwatch {
public:
  void lap(double &milliseconds) {
    auto now = std::chrono::steady_clock::now();
    milliseconds +=
        std::chrono::duration<double, std::milli>(now - begin).count();
    begin = now;
  }

private:
  std::chrono::steady_clock::time_point begin =
      std::chrono::steady_clock::now();
};

/// One compilation: the steps in order, and what they hand on.
class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options,
              ScratchFolder scratch)
      : module(module), options(options), scratch(std::move(scratch)) {}

  LogicalResult run();
  CompileReport report;

private:
  LogicalResult run(PassManager &manager);
  LogicalResult runPasses();
  LogicalResult compileKernelFunctions();
  LogicalResult lowerHost();
  LogicalResult writeKernelTexts();
  LogicalResult writeOutput();
  LogicalResult linkOutput(LinkKind kind);
  int64_t getBatch() const;

  /// Faults of files and targets have no place in the model.
  Location getLoc() { return UnknownLoc::get(module.getContext()); }
  std::string getLibrary() {
    return options.library.empty() ? getLibraryName(options.output)
                                   : options.library;
  }

  ModuleOp module;
  const CompileOptions &options;
  ScratchFolder scratch;
  Stopwatch watch;
  /// Its full name.
  std::string target;
  llvm::json::Object description;
  std::vector<std::string> entries, objects;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> host;
};
} // namespace

LogicalResult Compilation::run() {
  if (failed(runPasses()))
    return failure();
  watch.lap(report.passes);
  if (options.emit == Emit::Header)
    return writeOutput();
  if (failed(compileKernelFunctions()))
    return failure();
  watch.lap(report.kernels);
  if (getKernelText(options.emit) != KernelText::None)
    return writeKernelTexts();
  if (failed(lowerHost()))
    return failure();
  watch.lap(report.host);
  LogicalResult written = writeOutput();
  watch.lap(report.link);
  return written;
}

PipelineOptions getPipelineOptions(const CompileOptions &options,
                                   StringRef target) {
  PipelineOptions pipeline;
  pipeline.disable = options.disabledPasses;
  pipeline.sumsInnermost = sumsGatesApart(target);
  pipeline.factors = options.factors;
  pipeline.recompute = options.recompute;
  return pipeline;
}

/// Verifies what all passes together made, not each: that took a quarter of a
/// compilation whose kernels are cached. maek-opt and `maek ir` verify each.
LogicalResult Compilation::run(PassManager &manager) {
  if (options.configure)
    options.configure(manager);
  manager.enableVerifier(false);
  return failure(failed(manager.run(module)) || failed(verify(module)));
}

LogicalResult Compilation::runPasses() {
  PassManager manager(module.getContext());
  FailureOr<std::string> resolved = resolveTarget(options.target, getLoc());
  if (failed(resolved))
    return failure();
  target = *resolved;
  buildPipeline(manager, getPipelineOptions(options, target));
  if (failed(run(manager)))
    return failure();
  description = describeModule(
      module, {options.source, target, getHalideVersion(), options.factors});
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function))
      entries.push_back(function.getSymName().str());
  return success();
}

/// That of the train block, or the one that the program's commands take without
/// one.
int64_t Compilation::getBatch() const {
  const llvm::json::Object *settings = description.getObject("settings");
  return settings
             ? settings->getInteger("batch").value_or(runtime::kDefaultBatch)
             : runtime::kDefaultBatch;
}

LogicalResult Compilation::compileKernelFunctions() {
  KernelOptions kernels;
  kernels.target = target;
  kernels.asserts = options.asserts;
  kernels.outputDir = scratch.getPath();
  kernels.useCache = options.useCache;
  kernels.threads = options.threads;
  kernels.text = getKernelText(options.emit);
  TuneSettings tune = options.tune;
  tune.search.sizes.try_emplace(kBatchSymbol.str(), getBatch());
  FailureOr<CompiledKernels> compiled =
      compileTunedKernels(module, kernels, options.progress, tune);
  if (failed(compiled))
    return failure();
  objects = compiled->objects;
  report.cachedKernels = compiled->fromCache;
  report.compiledKernels = objects.size() - compiled->fromCache;
  return success();
}

LogicalResult Compilation::lowerHost() {
  PassManager manager(module.getContext());
  buildHostPipeline(manager);
  if (failed(run(manager)))
    return failure();
  addMemory(description, module);
  host = translateToLLVM(module, context);
  if (!host)
    return failure();
  std::string json;
  llvm::raw_string_ostream(json)
      << llvm::json::Value(llvm::json::Object(description));
  addDescription(*host, json, entries, getLibrary());
  return success();
}

LogicalResult Compilation::writeKernelTexts() {
  if (failed(makeFolder(options.output, getLoc())))
    return failure();
  StringRef suffix = getSuffix(getKernelText(options.emit));
  llvm::StringSet<> written;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!isKernel(function))
      continue;
    std::string file = (function.getSymName() + suffix).str();
    SmallString<128> output(options.output);
    llvm::sys::path::append(output, file);
    if (failed(moveIntoPlace(scratch.getFile(file), output, getLoc())))
      return failure();
    written.insert(file);
  }
  return removeStale(options.output, suffix, written, getLoc());
}

LogicalResult Compilation::linkOutput(LinkKind kind) {
  FailureOr<RuntimeFiles> files = findRuntimeFiles(getLoc());
  if (failed(files))
    return failure();
  std::string object = scratch.getFile("host.o");
  if (failed(emitHost(*host, HostOutput::Object, object, getLoc())))
    return failure();
  watch.lap(report.host);
  LinkJob job;
  job.kind = kind;
  job.objects.assign({object});
  job.objects.insert(job.objects.end(), objects.begin(), objects.end());
  job.exports = {getLibrary() + "_module"};
  job.output = options.output;
  job.soname = llvm::sys::path::filename(options.output);
  job.scratch = scratch.getPath();
  return link(job, *files, getLoc());
}

LogicalResult Compilation::writeOutput() {
  switch (options.emit) {
  case Emit::Executable:
    return linkOutput(LinkKind::Executable);
  case Emit::Shared:
    return linkOutput(LinkKind::SharedLibrary);
  case Emit::Static:
    return linkOutput(LinkKind::StaticLibrary);
  case Emit::Object:
    return linkOutput(LinkKind::Object);
  case Emit::Header: {
    FailureOr<RuntimeFiles> files = findRuntimeFiles(getLoc());
    if (failed(files))
      return failure();
    return writeTextFile(options.output,
                         makeHeader(description, getLibrary(), *files),
                         getLoc());
  }
  case Emit::LLVM:
  case Emit::Assembly: {
    std::string made = scratch.getFile("host.txt");
    if (failed(emitHost(*host,
                        options.emit == Emit::LLVM ? HostOutput::LLVM
                                                   : HostOutput::Assembly,
                        made, getLoc())))
      return failure();
    return moveIntoPlace(made, options.output, getLoc());
  }
  case Emit::Stmt:
  case Emit::KernelLLVM:
  case Emit::KernelAssembly:
    break;
  }
  return success();
}

FailureOr<CompileReport> compileModule(ModuleOp module,
                                       const CompileOptions &options) {
  Location location = UnknownLoc::get(module.getContext());
  // A folder that cannot be written is told before the work, not after it.
  if (getKernelText(options.emit) == KernelText::None &&
      failed(checkWritable(options.output, location)))
    return failure();
  FailureOr<ScratchFolder> scratch = ScratchFolder::create(location);
  if (failed(scratch))
    return failure();
  Compilation compilation(module, options, std::move(*scratch));
  if (failed(compilation.run()))
    return failure();
  return compilation.report;
}

} // namespace maek
