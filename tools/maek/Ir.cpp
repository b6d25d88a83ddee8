// Part of Maek, under the MIT licence; see LICENSE.
// maek ir: the IR after a pass, or after each.
#include "codegen/host/Compiler.h"
#include "codegen/host/OutputFile.h"
#include "passes/Pipelines.h"
#include "tools/maek/Options.h"
#include "tools/maek/Session.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

static void addOptions(po::options_description &options) {
  addModelOptions(options);
  options.add_options()(
      "after", po::value<std::string>()->value_name("PASS"),
      "print the IR as the pass leaves it (the last time it runs); without, "
      "the front end's IR")("all", "write one numbered file a stage; needs -o")(
      "output,o", po::value<std::string>()->value_name("OUT"),
      "the file to write instead of printing; with --all the folder")(
      "locations", "print the model's line of every operation");
  addTargetOption(options);
  addPassOptions(options);
  addSizeOptions(options, "at most for --memory-limit");
}

static std::string printModule(mlir::ModuleOp module, bool locations) {
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  if (locations)
    flags.enableDebugInfo(true, /*prettyForm=*/false);
  module.print(out, flags);
  out << "\n";
  return text;
}

namespace {
/// Keeps or writes the module's text after each pass that runs on it.
class Dumper : public mlir::PassInstrumentation {
public:
  using Sink = std::function<void(llvm::StringRef pass, mlir::ModuleOp)>;
  explicit Dumper(Sink sink) : sink(std::move(sink)) {}

  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override {
    auto module = llvm::dyn_cast<mlir::ModuleOp>(op);
    // A nested pass is seen when the adaptor that runs it on each function
    // ends.
    if (!module) {
      nested = pass->getArgument().str();
      return;
    }
    std::string name = pass->getArgument().str();
    if (name.empty())
      name = std::exchange(nested, "");
    if (!name.empty())
      sink(name, module);
  }

private:
  Sink sink;
  std::string nested;
};
} // namespace

static bool runStages(mlir::ModuleOp module, Session &session,
                      const po::variables_map &options, Dumper::Sink sink) {
  auto configure = [&](mlir::PassManager &manager) {
    // One thread, so that stages come in order.
    manager.getContext()->disableMultithreading();
    manager.addInstrumentation(std::make_unique<Dumper>(sink));
  };
  CompileOptions compile;
  compile.disabledPasses = getDisabledPasses(options);
  compile.factors = getFactors(options);
  // A device, if one is named.
  BuildTarget target = getTargets(options, session.context).back();
  PipelineOptions pipeline = getPipelineOptions(compile, target);
  pipeline.separate = true;
  mlir::FailureOr<bool> recompute = session.mustRecompute(module, pipeline);
  if (failed(recompute))
    return false;
  pipeline.recompute = *recompute;
  mlir::PassManager manager(module.getContext());
  configure(manager);
  buildPipeline(manager, pipeline);
  buildHostPipeline(manager, pipeline, target);
  return succeeded(manager.run(module));
}

static int writeAll(mlir::ModuleOp module, Session &session,
                    const po::variables_map &options) {
  if (!options.count("output"))
    throw UsageError("--all needs -o DIR");
  const std::string &folder = options["output"].as<std::string>();
  mlir::Location location = mlir::UnknownLoc::get(module.getContext());
  if (failed(makeFolder(folder, location)))
    return Failure;
  llvm::StringSet<> written;
  bool good = true;
  auto write = [&](llvm::StringRef stage, mlir::ModuleOp stageModule) {
    std::string name;
    llvm::raw_string_ostream(name)
        << llvm::format("%02u-", written.size()) << stage << ".mlir";
    written.insert(name);
    good = good &&
           succeeded(writeTextFile(
               folder + "/" + name,
               printModule(stageModule, options.count("locations")), location));
  };
  write("front-end", module);
  good &= runStages(module, session, options, write);
  good = good && succeeded(removeStale(folder, ".mlir", written, location));
  return good ? Success : Failure;
}

/// To the file that the options name, or printed.
static int show(llvm::StringRef text, mlir::ModuleOp module,
                const po::variables_map &options) {
  if (!options.count("output")) {
    llvm::outs() << text;
    return Success;
  }
  return succeeded(writeTextFile(options["output"].as<std::string>(), text,
                                 mlir::UnknownLoc::get(module.getContext())))
             ? Success
             : Failure;
}

static int printAfter(mlir::ModuleOp module, Session &session,
                      const po::variables_map &options) {
  llvm::StringRef pass = options["after"].as<std::string>();
  std::string text;
  std::vector<std::string> seen;
  bool good = runStages(module, session, options,
                        [&](llvm::StringRef name, mlir::ModuleOp stage) {
                          if (!llvm::is_contained(seen, name))
                            seen.push_back(name.str());
                          if (name == pass || name == ("maek-" + pass).str())
                            text =
                                printModule(stage, options.count("locations"));
                        });
  if (text.empty() && good)
    throw UsageError("no pass '" + pass.str() +
                     "' runs; these do: " + llvm::join(seen, ", "));
  // Also of what a pass failed on.
  int shown = show(text, module, options);
  return good ? shown : Failure;
}

static int run(const po::variables_map &options) {
  if (options.count("remarks") && !options.count("all") &&
      !options.count("after"))
    throw UsageError("--remarks needs --all or --after: no pass runs without");
  if (options.count("all") && options.count("after"))
    throw UsageError("--all writes every stage; it goes with no --after");
  Session session(options);
  mlir::OwningOpRef<mlir::ModuleOp> module = session.read();
  if (!module)
    return Failure;
  if (options.count("all"))
    return writeAll(*module, session, options);
  if (options.count("after"))
    return printAfter(*module, session, options);
  return show(printModule(*module, options.count("locations")), *module,
              options);
}

const Command irCommand = {"ir", "FILE", "print the IR of a stage, or of all",
                           addOptions, run};

} // namespace maek::cli
