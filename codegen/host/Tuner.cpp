// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Tuner.h"

#include "codegen/host/Interrupt.h"
#include "codegen/host/KernelTimer.h"
#include "codegen/host/Link.h"
#include "ir/Entries.h"
#include "passes/Remarks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include <chrono>

using namespace mlir;

namespace maek {

namespace {

/// Kernels that take less of their entry than this are left alone.
constexpr double leastShare = 0.02;
/// What a choice must save to be taken, surely: below that, it may be the place
/// of the code in memory.
constexpr double leastGain = 0.02;
/// Seconds of a look at a choice, and of a second one that it must pass.
constexpr double lookSeconds = 0.1, confirmSeconds = 0.4;

/// A kernel with one choice.
struct Variant {
  std::string choice;
  LoadableKernel loaded;
};

/// A kernel, what there is to try with it, and the best so far.
struct Subject {
  func::FuncOp kernel;
  std::string key;
  /// Of the time of the entry that it takes most of.
  double share = 0;
  Variant modelled, best;
  std::vector<std::string> others;
  llvm::SmallVector<std::string> tried;
  /// Whether there is a result that was not known before, and its times.
  bool isNew = false;
  double microseconds = 0, modelledMicroseconds = 0;

  void take(const Variant &variant, double time, double modelledTime) {
    best = variant;
    microseconds = time;
    modelledMicroseconds = modelledTime;
    isNew = true;
  }
};

class Tuner {
public:
  Tuner(ModuleOp module, const CompiledKernels &compiled,
        const KernelOptions &kernels, const TuneOptions &options,
        const RuntimeFiles &files)
      : module(module), compiled(compiled), kernels(kernels), options(options),
        timer(files, kernels.outputDir, options.threads, options.sizes) {}

  FailureOr<std::vector<TunedKernel>> run();

private:
  double seconds() const;
  bool isOver() const {
    return seconds() > options.seconds || Interrupt::isNoted();
  }
  LogicalResult findSubjects();
  LogicalResult timeAll(ArrayRef<func::FuncOp> functions,
                        const std::string &library, std::vector<double> &times);
  std::optional<Variant> build(const Subject &subject, StringRef choice);
  bool prepare(Subject &subject);
  void doubt(Subject &subject);
  void findOthers(Subject &subject);
  Subject *choose();
  void tryNext(Subject &subject);
  std::optional<Timing> time(const Subject &subject,
                             ArrayRef<const Variant *> variants,
                             double seconds);
  void refuse(const Subject &subject, StringRef choice, const char *why);
  std::vector<TunedKernel> getResults() const;
  Location getLoc() { return UnknownLoc::get(module.getContext()); }

  ModuleOp module;
  const CompiledKernels &compiled;
  const KernelOptions &kernels;
  const TuneOptions &options;
  KernelTimer timer;
  std::vector<Subject> subjects;
  size_t numLibraries = 0, numTried = 0;
  std::chrono::steady_clock::time_point begin =
      std::chrono::steady_clock::now();
};

double Tuner::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
      .count();
}

/// Microseconds of one call of each kernel.
LogicalResult Tuner::timeAll(ArrayRef<func::FuncOp> functions,
                             const std::string &library,
                             std::vector<double> &times) {
  std::vector<TimingJob> jobs;
  for (func::FuncOp kernel : functions)
    jobs.push_back({kernel, {{library, kernel.getName().str()}}, 0.002});
  std::optional<std::vector<Timing>> timings = timer.run(jobs);
  if (!timings) {
    if (!Interrupt::isNoted())
      emitWarning(getLoc())
          << "the kernels cannot be run here, so that nothing "
             "is tuned";
    return failure();
  }
  for (const Timing &timing : *timings)
    times.push_back(timing.median(0));
  return success();
}

/// The kernels that take a share of the time worth a search.
LogicalResult Tuner::findSubjects() {
  auto uses = countKernelUses(module, options.sizes);
  std::vector<func::FuncOp> functions;
  for (auto &[kernel, counts] : uses)
    if (timer.canRun(kernel))
      functions.push_back(kernel);
  std::string library = kernels.outputDir + "/kernels.so";
  std::vector<double> times;
  if (failed(linkKernels(compiled.objects, library, getLoc())))
    return failure();
  if (failed(timeAll(functions, library, times)))
    return success();
  llvm::StringMap<double> totals;
  for (auto [kernel, time] : llvm::zip(functions, times))
    for (auto &count : uses.find(kernel)->second)
      totals[count.first()] += count.second * time;
  for (auto [kernel, time] : llvm::zip(functions, times)) {
    Subject subject;
    subject.kernel = kernel;
    for (auto &count : uses.find(kernel)->second)
      subject.share =
          std::max(subject.share, count.second * time / totals[count.first()]);
    if (!(subject.share >= leastShare))
      continue;
    subject.key = getKernelKey(kernel);
    subject.best.loaded = {library, kernel.getName().str()};
    subjects.push_back(std::move(subject));
  }
  // Their compiled choices stand in the order of all kernels.
  llvm::DenseMap<func::FuncOp, std::string> choices;
  size_t next = 0;
  for (auto kernel : module.getOps<func::FuncOp>())
    if (isKernel(kernel))
      choices[kernel] = compiled.schedules[next++].choice;
  for (Subject &subject : subjects)
    subject.best.choice = choices[subject.kernel];
  return success();
}

/// Compiles the kernel with the choice, or with the cost model's if that is
/// empty; nothing if it does not fit.
std::optional<Variant> Tuner::build(const Subject &subject, StringRef choice) {
  OpBuilder builder(module.getContext());
  OwningOpRef<ModuleOp> alone = ModuleOp::create(builder, getLoc());
  func::FuncOp kernel = subject.kernel, copy = kernel.clone();
  std::string name = "candidate_" + std::to_string(numLibraries++);
  copy.setName(name);
  alone->push_back(copy);
  KernelOptions own = kernels;
  own.text = KernelText::None;
  own.choices.clear();
  if (!choice.empty())
    own.choices[subject.key] = choice.str();
  // One that cannot be compiled is one that is not taken.
  ScopedDiagnosticHandler quiet(module.getContext(),
                                [](Diagnostic &) { return success(); });
  FailureOr<CompiledKernels> made = compileKernels(*alone, own);
  std::string library = kernels.outputDir + "/" + name + ".so";
  if (failed(made) || made->schedules.front().isRefused ||
      failed(linkKernels(made->objects, library, getLoc())))
    return std::nullopt;
  return Variant{made->schedules.front().choice, {library, name}};
}

/// What is tried next: around the best one, but nothing twice.
void Tuner::findOthers(Subject &subject) {
  KernelOptions own = kernels;
  own.choices = {{subject.key, subject.best.choice}};
  subject.others = getOtherChoices(subject.kernel, own);
  llvm::erase_if(subject.others, [&](const std::string &choice) {
    return llvm::is_contained(subject.tried, choice);
  });
}

/// False if there is nothing to try.
bool Tuner::prepare(Subject &subject) {
  subject.tried.push_back(subject.best.choice);
  findOthers(subject);
  if (subject.others.empty())
    return false;
  subject.modelled = subject.best;
  if (!kernels.choices.count(subject.key))
    return true;
  std::optional<Variant> modelled = build(subject, "");
  if (!modelled)
    return false;
  subject.modelled = *modelled;
  subject.tried.push_back(modelled->choice);
  doubt(subject);
  return true;
}

/// Goes back to the modelled choice where one that was known is no better.
void Tuner::doubt(Subject &subject) {
  std::optional<Timing> timing =
      time(subject, {&subject.modelled, &subject.best}, confirmSeconds);
  if (Interrupt::isNoted() ||
      (timing && timing->isRight && timing->ratio(1, 0) < 1))
    return;
  double modelled = timing ? timing->median(0) : 0;
  subject.take(subject.modelled, modelled, modelled);
  findOthers(subject);
}

/// The kernel that promises most: much of the time, and little tried yet.
Subject *Tuner::choose() {
  Subject *best = nullptr;
  auto getPromise = [](const Subject &subject) {
    return subject.share / double(subject.tried.size() + 1);
  };
  for (Subject &subject : subjects)
    if (!(subject.tried.size() > 0 && subject.others.empty()) &&
        (!best || getPromise(subject) > getPromise(*best)))
      best = &subject;
  return best;
}

std::optional<Timing> Tuner::time(const Subject &subject,
                                  ArrayRef<const Variant *> variants,
                                  double seconds) {
  TimingJob job{subject.kernel, {subject.modelled.loaded}, seconds};
  for (const Variant *variant : variants)
    job.variants.push_back(variant->loaded);
  std::optional<std::vector<Timing>> timings = timer.run(job);
  return timings ? std::optional(timings->front()) : std::nullopt;
}

void Tuner::refuse(const Subject &subject, StringRef choice, const char *why) {
  remarkMissed(subject.kernel, "tune") << "left '" << choice << "': " << why;
}

/// Builds the next choice, compares its results with the modelled one's, and
/// times it beside the best one: first shortly, then, if it wins, for longer.
void Tuner::tryNext(Subject &subject) {
  std::string choice = subject.others.front();
  subject.others.erase(subject.others.begin());
  subject.tried.push_back(choice);
  ++numTried;
  std::optional<Variant> variant = build(subject, choice);
  if (!variant)
    return refuse(subject, choice, "it does not compile");
  std::optional<Timing> look =
      time(subject, {&subject.best, &*variant}, lookSeconds);
  if (!look && Interrupt::isNoted())
    return;
  if (!look || !look->isRight)
    return refuse(subject, choice,
                  look ? "its results are others" : "it does not run");
  if (!subject.isNew && subject.best.choice == subject.modelled.choice)
    subject.take(subject.best, look->median(0), look->median(0));
  if (look->ratioBound(1, 0) > 1 - leastGain / 2)
    return;
  std::optional<Timing> confirmed = time(
      subject, {&subject.modelled, &subject.best, &*variant}, confirmSeconds);
  if (!confirmed || !confirmed->isRight ||
      confirmed->ratio(2, 1) > 1 - leastGain ||
      confirmed->ratioBound(2, 1) > 1 - leastGain / 2)
    return;
  subject.take(*variant, confirmed->median(2), confirmed->median(0));
  findOthers(subject);
}

std::vector<TunedKernel> Tuner::getResults() const {
  std::string sizes;
  for (auto &[symbol, size] : options.sizes)
    sizes += (sizes.empty() ? "" : " ") + symbol + "=" + std::to_string(size);
  std::vector<TunedKernel> results;
  for (const Subject &subject : subjects)
    if (func::FuncOp kernel = subject.kernel; subject.isNew)
      results.push_back({kernel.getName().str(), subject.key,
                         subject.best.choice, subject.modelled.choice, sizes,
                         subject.microseconds, subject.modelledMicroseconds});
  return results;
}

FailureOr<std::vector<TunedKernel>> Tuner::run() {
  if (failed(findSubjects()))
    return failure();
  Subject *subject;
  while (!isOver() && (subject = choose())) {
    if (options.progress)
      options.progress({seconds(), subject->kernel.getName().str(), numTried,
                        size_t(llvm::count_if(subjects, [](const Subject &one) {
                          return !one.modelled.choice.empty() &&
                                 one.best.choice != one.modelled.choice;
                        }))});
    if (!subject->tried.empty())
      tryNext(*subject);
    else if (!prepare(*subject))
      subject->others.clear();
  }
  return getResults();
}

} // namespace

FailureOr<std::vector<TunedKernel>> tuneKernels(ModuleOp module,
                                                const CompiledKernels &compiled,
                                                const KernelOptions &kernels,
                                                const TuneOptions &options) {
  FailureOr<RuntimeFiles> files =
      findRuntimeFiles(UnknownLoc::get(module.getContext()));
  if (failed(files))
    return failure();
  Interrupt interrupt;
  return Tuner(module, compiled, kernels, options, *files).run();
}

} // namespace maek
