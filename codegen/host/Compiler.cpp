// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Compiler.h"

#include "codegen/host/EmitObject.h"
#include "codegen/host/Header.h"
#include "codegen/host/Link.h"
#include "codegen/host/LowerHost.h"
#include "codegen/host/OutputFile.h"
#include "codegen/host/Variant.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/Registration.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Linker/Linker.h"
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
      .Case("device", Emit::Device)
      .Default(std::nullopt);
}

KernelText getKernelText(Emit emit) {
  return emit == Emit::Stmt             ? KernelText::Stmt
         : emit == Emit::KernelLLVM     ? KernelText::LLVM
         : emit == Emit::KernelAssembly ? KernelText::Assembly
         : emit == Emit::Device         ? KernelText::Device
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

void buildHostPipeline(OpPassManager &manager, const PipelineOptions &options,
                       const BuildTarget &target) {
  manager.addPass(createPlanMemory());
  LowerHostOptions lowering;
  lowering.device = target.isDevice();
  lowering.library = options.library;
  lowering.tf32 = options.factors == Factors::TF32;
  buildLowerHostPipeline(manager, lowering);
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
  LogicalResult runPasses();
  LogicalResult compileKernels();
  LogicalResult lowerHost();
  LogicalResult writeKernelTexts();
  LogicalResult writeOutput();
  LogicalResult linkOutput(LinkKind kind);

  /// Faults of files and targets have no place in the model.
  Location getLoc() { return UnknownLoc::get(module.getContext()); }
  std::string getLibrary() {
    return options.library.empty() ? getLibraryName(options.output)
                                   : options.library;
  }
  /// The one for the processor; the program's own.
  Variant &getMain() { return variants.front(); }

  ModuleOp module;
  const CompileOptions &options;
  ScratchFolder scratch;
  Stopwatch watch;
  /// Copies of the module, for devices.
  std::vector<OwningOpRef<ModuleOp>> copies;
  std::vector<Variant> variants;
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
  if (failed(compileKernels()))
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
                                   const BuildTarget &target) {
  PipelineOptions pipeline;
  pipeline.disable = options.disabledPasses;
  pipeline.factors = options.factors;
  pipeline.recompute = options.recompute;
  setTarget(pipeline, target);
  return pipeline;
}

LogicalResult Compilation::runPasses() {
  FailureOr<SmallVector<BuildTarget>> targets =
      parseTargets(options.target, getLoc());
  if (failed(targets))
    return failure();
  for (const BuildTarget &target : *targets) {
    ModuleOp own = module;
    if (target.isDevice())
      own = *copies.emplace_back(cast<ModuleOp>(module->clone()));
    // Of a processor there is no such code.
    if (target.isDevice() || options.emit != Emit::Device)
      variants.emplace_back(own, target, options, scratch.getPath());
  }
  if (variants.empty())
    return emitError(getLoc())
           << "target '" << options.target << "' names no device";
  for (Variant &variant : variants)
    if (failed(variant.runPasses()))
      return failure();
  return success();
}

LogicalResult Compilation::compileKernels() {
  size_t total = 0, before = 0;
  for (const Variant &variant : variants)
    total += variant.getKernels().size();
  for (Variant &variant : variants) {
    KernelProgress progress;
    if (options.progress)
      progress = [&](size_t done, size_t, StringRef name) {
        options.progress(before + done, total, name);
      };
    if (failed(variant.compileKernels(progress, report)))
      return failure();
    before += variant.getKernels().size();
  }
  return success();
}

LogicalResult Compilation::lowerHost() {
  std::vector<std::string> symbols;
  for (const Variant &variant : llvm::drop_begin(variants))
    symbols.push_back(variant.getSymbol());
  host = getMain().lowerHost(context, symbols);
  if (!host)
    return failure();
  for (Variant &variant : llvm::drop_begin(variants)) {
    std::unique_ptr<llvm::Module> other = variant.lowerHost(context);
    if (!other || llvm::Linker::linkModules(*host, std::move(other)))
      return failure();
  }
  addGetter(*host, getLibrary());
  return success();
}

LogicalResult Compilation::writeKernelTexts() {
  if (failed(makeFolder(options.output, getLoc())))
    return failure();
  llvm::StringMap<llvm::StringSet<>> written;
  for (const Variant &variant : variants) {
    StringRef suffix =
        getSuffix(getKernelText(options.emit), variant.getTarget().full);
    for (const std::string &kernel : variant.getKernels()) {
      std::string file = kernel + suffix.str();
      SmallString<128> output(options.output);
      llvm::sys::path::append(output, file);
      if (failed(moveIntoPlace(scratch.getFile(file), output, getLoc())))
        return failure();
      written[suffix].insert(file);
    }
  }
  for (auto &[suffix, files] : written)
    if (failed(removeStale(options.output, suffix, files, getLoc())))
      return failure();
  return success();
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
  for (const Variant &variant : variants)
    llvm::append_range(job.objects, variant.getObjects());
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
    return writeTextFile(
        options.output,
        makeHeader(getMain().getDescription(), getLibrary(), *files), getLoc());
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
  case Emit::Device:
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
