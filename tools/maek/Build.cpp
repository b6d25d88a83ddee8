// Part of Maek, under the MIT licence; see LICENSE.
// maek build: a model file to a program, a library, or what lies between.
#include "codegen/host/Compiler.h"
#include "tools/maek/Options.h"
#include "tools/maek/Session.h"
#include "tools/maek/Tune.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>

namespace maek::cli {

static void addOptions(po::options_description &options) {
  addModelOptions(options);
  options.add_options()("output,o", po::value<std::string>()->value_name("OUT"),
                        "the file to write; for texts of kernels a folder")(
      "emit",
      po::value<std::string>()->default_value("exe")->value_name("KIND"),
      "exe, shared, static, object, header; llvm, asm (of the host program); "
      "stmt, kernel-llvm, kernel-asm (of each kernel: Halide's loop nest, LLVM "
      "IR, assembly), device (of each kernel: PTX or OpenCL C)")(
      "name", po::value<std::string>()->default_value("")->value_name("NAME"),
      "of the library's function in C, NAME_module(); without, the output "
      "file's, less 'lib'")("jobs,j",
                            po::value<int>()->default_value(0)->value_name("N"),
                            "threads that compile kernels; 0 is one per core")(
      "no-cache", "compile every kernel anew")(
      "asserts", "keep Halide's checks of every buffer in the kernels")(
      "timing", "print how long each part took");
  addTuneOptions(options);
  addTargetOption(options);
  addPassOptions(options);
  addSizeOptions(options, "while tuning, and at most for --memory-limit");
}

namespace {
/// What is being done, as one line that is written over; on a terminal alone.
/// Gone while it lives before any diagnostic, and at its end.
class ProgressLine {
public:
  explicit ProgressLine(mlir::MLIRContext &context)
      : isTerminal(isatty(STDERR_FILENO)),
        diagnostics(&context, [this](mlir::Diagnostic &) {
          clear();
          return mlir::failure(); // the next handler prints it
        }) {}
  ~ProgressLine() { clear(); }

  void show(const llvm::Twine &text) {
    // In one piece: the stream of errors has no buffer.
    if (isTerminal)
      llvm::errs() << ("\r\033[K" + text).str();
    isShown = isTerminal;
  }
  void clear() {
    if (std::exchange(isShown, false))
      llvm::errs() << "\r\033[K";
  }

private:
  bool isTerminal, isShown = false;
  mlir::ScopedDiagnosticHandler diagnostics;
};
} // namespace

static void printTiming(const CompileReport &report) {
  llvm::errs() << llvm::format("passes: %.0f ms\n", report.passes)
               << "kernels: " << report.compiledKernels << " compiled, "
               << report.cachedKernels << " from the cache, "
               << llvm::format("%.0f ms\n", report.kernels)
               << llvm::format("host code: %.0f ms\n", report.host)
               << llvm::format("link: %.0f ms\n", report.link);
}

/// Letters, digits and underscores, no digit first; or nothing.
static bool isName(llvm::StringRef name) {
  return llvm::all_of(name,
                      [](char c) { return llvm::isAlnum(c) || c == '_'; }) &&
         (name.empty() || !llvm::isDigit(name.front()));
}

static mlir::FailureOr<CompileReport> compileShown(mlir::ModuleOp module,
                                                   CompileOptions options,
                                                   mlir::MLIRContext &context) {
  ProgressLine line(context);
  line.show("compiling " + llvm::Twine(options.source));
  options.progress = [&](size_t done, size_t total, llvm::StringRef name) {
    if (done < total)
      line.show("kernels " + llvm::Twine(done) + "/" + llvm::Twine(total) +
                " " + name);
    else
      line.show("writing " + llvm::Twine(options.output));
  };
  std::string seconds;
  llvm::raw_string_ostream(seconds)
      << llvm::format("%g", options.tune.search.seconds);
  options.tune.search.progress = [&](const TuneProgress &progress) {
    line.show("tuning " + llvm::Twine(unsigned(progress.seconds)) + "/" +
              llvm::Twine(seconds) + " s: " + llvm::Twine(progress.tried) +
              " tried, " + llvm::Twine(progress.faster) +
              " kernels faster, now " + progress.kernel +
              "; Ctrl-C keeps them");
  };
  return compileModule(module, options);
}

static int run(const po::variables_map &options) {
  CompileOptions compile;
  const std::string &kind = options["emit"].as<std::string>();
  std::optional<Emit> emit = parseEmit(kind);
  if (!emit)
    throw UsageError("--emit cannot be '" + kind +
                     "'; there are exe, shared, static, object, header, llvm, "
                     "asm, stmt, kernel-llvm, kernel-asm and device");
  if (!options.count("output"))
    throw UsageError("-o OUT is needed");
  compile.emit = *emit;
  compile.output = options["output"].as<std::string>();
  compile.source = getInput(options);
  compile.library = options["name"].as<std::string>();
  if (!isName(compile.library))
    throw UsageError("--name is a name in C, not '" + compile.library + "'");
  compile.target = options["target"].as<std::string>();
  int jobs = options["jobs"].as<int>();
  if (jobs < 0)
    throw UsageError("--jobs is 0 or more, not " + std::to_string(jobs));
  compile.threads = unsigned(jobs);
  compile.useCache = !options.count("no-cache");
  compile.asserts = options.count("asserts") != 0;
  compile.disabledPasses = getDisabledPasses(options);
  compile.factors = getFactors(options);
  compile.tune = getTuneSettings(options, compile);

  llvm::StringRef folder = llvm::sys::path::parent_path(compile.output);
  if (!folder.empty() && !llvm::sys::fs::is_directory(folder)) {
    llvm::errs() << compile.output
                 << ": error: cannot write: there is no folder " << folder
                 << "\n";
    return Failure;
  }
  Session session(options);
  BuildTarget processor = getTargets(options, session.context).front();
  mlir::OwningOpRef<mlir::ModuleOp> module = session.read();
  if (!module)
    return Failure;
  PipelineOptions pipeline = getPipelineOptions(compile, processor);
  mlir::FailureOr<bool> recompute = session.mustRecompute(*module, pipeline);
  if (failed(recompute))
    return Failure;
  compile.recompute = *recompute;
  compile.keepRemarks = [&](bool keeps) { session.setKeepsRemarks(keeps); };
  mlir::FailureOr<CompileReport> report =
      compileShown(*module, compile, session.context);
  if (failed(report))
    return Failure;
  if (options.count("timing"))
    printTiming(*report);
  return Success;
}

const Command buildCommand = {"build", "FILE -o OUT",
                              "compile a model to a program or a library",
                              addOptions, run};

} // namespace maek::cli
