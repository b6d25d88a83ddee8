// Part of Maek, under the MIT licence; see LICENSE.
// Runs the kernel compiler over a module: cache, threads, progress.
#include "codegen/halide/Kernels.h"

#include "codegen/halide/KernelCache.h"
#include "codegen/halide/KernelCompiler.h"
#include "codegen/halide/Models.h"
#include "codegen/halide/ObjectSymbols.h"
#include "ir/Entries.h"
#include "ir/MaekDialect.h"

#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>

using namespace mlir;

namespace maek::halide {

namespace {

/// The symbol of every kernel in the cache; objects are renamed on the way out,
/// so that equal kernels of other names, in other models, are found too.
constexpr StringLiteral cachedSymbol = "maek_kernel";

class ModuleCompiler {
public:
  ModuleCompiler(const KernelOptions &options, const KernelProgress &progress)
      : options(options), progress(progress), cache(options.cacheDir) {}

  FailureOr<CompiledKernels> run(ModuleOp module);

private:
  void work();
  void compile(size_t kernel);
  FailureOr<CompiledKernel> getKernel(func::FuncOp kernel,
                                      std::string &message);
  LogicalResult writeKernel(StringRef name, StringRef object,
                            std::string &message);
  std::string getPath(StringRef name) const {
    return options.outputDir + "/" + name.str() + ".o";
  }

  const KernelOptions &options;
  const KernelProgress &progress;
  KernelCache cache;
  SmallVector<func::FuncOp> kernels;
  std::vector<std::string> messages;
  std::vector<KernelSchedule> schedules;
  std::vector<char> failed;
  std::atomic<size_t> next = 0, fromCache = 0;
  std::mutex reporting;
  size_t done = 0;
};

bool readsCache(const KernelOptions &options) {
  return options.useCache && options.text == KernelText::None;
}

/// An entry of the cache: the schedule in JSON, a line's end, the object.
std::string pack(const CompiledKernel &kernel) {
  const KernelSchedule &schedule = kernel.schedule;
  std::string text;
  llvm::raw_string_ostream(text)
      << llvm::json::Value(llvm::json::Array{int64_t(schedule.op),
                                             schedule.choice, schedule.reason,
                                             schedule.isRefused})
      << '\n'
      << kernel.object;
  return text;
}

std::optional<CompiledKernel> unpack(StringRef entry) {
  auto [line, object] = entry.split('\n');
  llvm::Expected<llvm::json::Value> value = llvm::json::parse(line);
  if (!value) {
    llvm::consumeError(value.takeError());
    return std::nullopt;
  }
  const llvm::json::Array *fields = value->getAsArray();
  if (!fields || fields->size() != 4)
    return std::nullopt;
  auto op = (*fields)[0].getAsInteger();
  auto choice = (*fields)[1].getAsString(), reason = (*fields)[2].getAsString();
  auto isRefused = (*fields)[3].getAsBoolean();
  if (!op || !choice || !reason || !isRefused)
    return std::nullopt;
  return CompiledKernel{
      object.str(), {unsigned(*op), choice->str(), reason->str(), *isRefused}};
}

FailureOr<CompiledKernel> ModuleCompiler::getKernel(func::FuncOp kernel,
                                                    std::string &message) {
  std::string key = hashContent(getKernelContent(kernel, options));
  if (readsCache(options))
    if (std::optional<std::string> entry = cache.load(key))
      if (std::optional<CompiledKernel> known = unpack(*entry)) {
        ++fromCache;
        return *known;
      }
  FailureOr<CompiledKernel> made =
      compileKernel(kernel, cachedSymbol, options, message);
  if (succeeded(made) && options.useCache)
    cache.store(key, pack(*made));
  return made;
}

LogicalResult ModuleCompiler::writeKernel(StringRef name, StringRef object,
                                          std::string &message) {
  llvm::Expected<llvm::SmallString<0>> renamed =
      renameKernel(object, cachedSymbol, name);
  if (renamed)
    return writeFile(getPath(name), *renamed, message);
  message = llvm::toString(renamed.takeError());
  return failure();
}

void ModuleCompiler::compile(size_t i) {
  FailureOr<CompiledKernel> made = getKernel(kernels[i], messages[i]);
  failed[i] = mlir::failed(made) ||
              mlir::failed(
                  writeKernel(kernels[i].getName(), made->object, messages[i]));
  if (!failed[i])
    schedules[i] = made->schedule;
  std::lock_guard lock(reporting);
  ++done;
  if (progress && !failed[i])
    progress(done, kernels.size(), kernels[i].getName());
}

void ModuleCompiler::work() {
  for (size_t i; (i = next++) < kernels.size();)
    compile(i);
}

/// Options for Halide's LLVM, which reads them once, before its first kernel.
/// See docs/rationale/machine-licm.md.
static void setBackendOptions() {
  setenv("HL_LLVM_ARGS", "-disable-machine-licm", /*overwrite=*/false);
}

FailureOr<CompiledKernels> ModuleCompiler::run(ModuleOp module) {
  setBackendOptions();
  for (auto kernel : module.getOps<func::FuncOp>())
    if (isKernel(kernel))
      kernels.push_back(kernel);
  messages.resize(kernels.size());
  failed.resize(kernels.size());
  schedules.resize(kernels.size());
  size_t count =
      options.threads ? options.threads : std::thread::hardware_concurrency();
  std::vector<std::thread> threads;
  for (size_t i = 1; i < std::min(count, kernels.size()); ++i)
    threads.emplace_back([&] { work(); });
  work();
  for (std::thread &thread : threads)
    thread.join();
  CompiledKernels compiled;
  for (auto [i, kernel] : llvm::enumerate(kernels)) {
    if (failed[i] && !messages[i].empty())
      kernel.emitError() << "kernel '" << kernel.getName()
                         << "': " << messages[i];
    compiled.objects.push_back(getPath(kernel.getName()));
  }
  if (llvm::is_contained(failed, true))
    return failure();
  compiled.schedules = std::move(schedules);
  compiled.fromCache = fromCache;
  return compiled;
}

} // namespace
} // namespace maek::halide

namespace maek {

StringRef getSuffix(KernelText text, StringRef target) {
  switch (text) {
  case KernelText::None:
    break;
  case KernelText::Stmt:
    return ".stmt";
  case KernelText::LLVM:
    return ".ll";
  case KernelText::Assembly:
    return ".s";
  case KernelText::Device:
    return target.contains("opencl") ? ".cl" : ".ptx";
  }
  return "";
}

void registerHalideModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MaekDialect *) {
    halide::attachAttentionGradientModel(*context);
    halide::attachAttentionModels(*context);
    halide::attachElementwiseModels(*context);
    halide::attachIndexingModels(*context);
    halide::attachShapeModels(*context);
    halide::attachContractionModels(*context);
    halide::attachWindowModels(*context);
  });
}

FailureOr<CompiledKernels> compileKernels(ModuleOp module,
                                          const KernelOptions &options,
                                          const KernelProgress &progress) {
  FailureOr<std::string> target =
      resolveTarget(options.target, module.getLoc());
  if (failed(target))
    return failure();
  KernelOptions resolved = options;
  resolved.target = *target;
  return halide::ModuleCompiler(resolved, progress).run(module);
}

} // namespace maek
