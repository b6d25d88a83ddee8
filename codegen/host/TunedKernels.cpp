// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/TunedKernels.h"

#include "codegen/host/OutputFile.h"
#include "codegen/host/ScheduleRemarks.h"
#include "ir/Entries.h"
#include "passes/Remarks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;

namespace maek {

namespace {
class TunedCompilation {
public:
  TunedCompilation(ModuleOp module, const KernelOptions &options,
                   const TuneSettings &tune)
      : module(module), options(options), tune(tune),
        machine(getThisMachine(options.target, tune.search.threads)) {}

  FailureOr<CompiledKernels> run(const KernelProgress &progress,
                                 StringRef device);

private:
  LogicalResult readFile();
  LogicalResult search(CompiledKernels &compiled);
  LogicalResult recompile(ArrayRef<TunedKernel> found,
                          CompiledKernels &compiled);
  void say(bool isTaken, const Twine &text);
  void explainUnused();
  void want(const TunedKernel &kernel);
  Location getLoc() { return UnknownLoc::get(module.getContext()); }

  ModuleOp module;
  KernelOptions options;
  const TuneSettings &tune;
  TuneMachine machine;
  TuneFile file;
};
} // namespace

/// Of the file; what it says is true of all entries.
void TunedCompilation::say(bool isTaken, const Twine &text) {
  Location loc = FileLineColLoc::get(module.getContext(), tune.file, 1, 1);
  auto opts =
      remark::RemarkOpts::name("tune").category("tune").function("all entries");
  (isTaken ? remark::passed(loc, opts) : remark::missed(loc, opts))
      << text.str();
}

/// Why the file has nothing for this machine.
void TunedCompilation::explainUnused() {
  for (const TuneResults &results : file.getResults()) {
    TuneMachine same = results.machine;
    same.compiler = machine.compiler;
    if (same == machine)
      return say(false, "left the results, which another version of the "
                        "compiler found; tune again");
  }
  std::string others;
  for (const TuneResults &results : file.getResults())
    others += (others.empty() ? "" : "; ") + results.machine.str();
  say(false, "left the results of other machines (" + others +
                 "), since this is " + machine.str());
}

/// Asks for the choice, unless it is what the model picks by itself.
void TunedCompilation::want(const TunedKernel &kernel) {
  if (kernel.choice == kernel.modelled)
    options.choices.erase(kernel.key);
  else
    options.choices[kernel.key] = kernel.choice;
}

LogicalResult TunedCompilation::readFile() {
  if (tune.file.empty())
    return success();
  if (tune.isNamed && !tune.isSearch && !llvm::sys::fs::exists(tune.file))
    return emitError(getLoc())
           << "cannot read " << tune.file << ": no such file; --tune makes it";
  FailureOr<TuneFile> read = TuneFile::read(tune.file, module.getContext());
  if (failed(read) ||
      (tune.isSearch && failed(checkWritable(tune.file, getLoc()))))
    return failure();
  file = std::move(*read);
  const TuneResults *results = file.find(machine);
  if (!results) {
    if (!file.getResults().empty())
      explainUnused();
    return success();
  }
  for (const TunedKernel &kernel : results->kernels)
    want(kernel);
  size_t used =
      llvm::count_if(module.getOps<func::FuncOp>(), [&](func::FuncOp function) {
        return isKernel(function) &&
               options.choices.count(getKernelKey(function));
      });
  say(true, "took the choices of " + Twine(used) +
                (used == 1 ? " kernel" : " kernels") + ", found on " +
                machine.str());
  return success();
}

/// The kernels whose choices are new.
LogicalResult TunedCompilation::recompile(ArrayRef<TunedKernel> found,
                                          CompiledKernels &compiled) {
  OpBuilder builder(module.getContext());
  OwningOpRef<ModuleOp> changed = ModuleOp::create(builder, getLoc());
  std::vector<size_t> places;
  size_t place = 0;
  for (auto kernel : module.getOps<func::FuncOp>()) {
    if (!isKernel(kernel))
      continue;
    std::string key = getKernelKey(kernel);
    if (llvm::any_of(found,
                     [&](const TunedKernel &one) { return one.key == key; })) {
      changed->push_back(kernel.clone());
      places.push_back(place);
    }
    ++place;
  }
  FailureOr<CompiledKernels> anew = compileKernels(*changed, options);
  if (failed(anew))
    return failure();
  for (auto [to, schedule] : llvm::zip(places, anew->schedules))
    compiled.schedules[to] = schedule;
  return success();
}

LogicalResult TunedCompilation::search(CompiledKernels &compiled) {
  TuneOptions search = tune.search;
  search.threads = machine.threads;
  FailureOr<std::vector<TunedKernel>> found =
      tuneKernels(module, compiled, options, search);
  if (failed(found))
    return failure();
  file.add(machine, *found);
  if (failed(file.write(tune.file, module.getContext())))
    return failure();
  for (const TunedKernel &kernel : *found)
    want(kernel);
  return recompile(*found, compiled);
}

FailureOr<CompiledKernels> TunedCompilation::run(const KernelProgress &progress,
                                                 StringRef device) {
  // Told before the work.
  if (failed(readFile()) ||
      (tune.isSearch && failed(checkSizes(module, tune.search.sizes))))
    return failure();
  FailureOr<CompiledKernels> compiled =
      compileKernels(module, options, progress);
  if (failed(compiled) || (tune.isSearch && failed(search(*compiled))))
    return failure();
  remarkSchedules(module, *compiled, options.choices, device);
  return compiled;
}

FailureOr<CompiledKernels> compileTunedKernels(ModuleOp module,
                                               const KernelOptions &options,
                                               const KernelProgress &progress,
                                               const TuneSettings &tune,
                                               StringRef device) {
  return TunedCompilation(module, options, tune).run(progress, device);
}

} // namespace maek
