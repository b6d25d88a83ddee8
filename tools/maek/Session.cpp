// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Session.h"

#include "codegen/host/Compiler.h"
#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "passes/Pipelines.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

namespace remark = mlir::remark;

/// Splits "a,b" at its commas.
static std::vector<std::string> splitList(const std::string &text) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(text).split(parts, ',', -1, /*KeepEmpty=*/false);
  return {parts.begin(), parts.end()};
}

void addPassOptions(po::options_description &options) {
  options.add_options()(
      "disable-pass", po::value<std::string>()->value_name("PASS,..."),
      "leave passes out: the result is the same, the program slower")(
      "memory-limit", po::value<std::string>()->value_name("SIZE"),
      "where an arena may take more than this (512MB, 2GB), have gradients "
      "compute the steps of loops again instead of keeping all of them")(
      "remarks", po::value<std::string>()->value_name("passed,missed"),
      "say what the passes did, and what they left and why");
}

void addTargetOption(po::options_description &options) {
  options.add_options()(
      "target",
      po::value<std::string>()->default_value("host")->value_name("NAME,..."),
      "a processor: host, or a Halide target such as "
      "x86-64-linux-avx2-fma-f16c-sse41; and devices beside it: cuda (as "
      "cuda-sm_80), cuda-sm_75 to cuda-sm_120, opencl");
}

llvm::SmallVector<BuildTarget> getTargets(const po::variables_map &options,
                                          mlir::MLIRContext &context) {
  std::string problem;
  mlir::ScopedDiagnosticHandler keep(&context,
                                     [&](mlir::Diagnostic &diagnostic) {
                                       problem = diagnostic.str();
                                       return mlir::success();
                                     });
  auto targets = parseTargets(options["target"].as<std::string>(),
                              mlir::UnknownLoc::get(&context));
  if (failed(targets))
    throw UsageError(problem);
  return *targets;
}

std::vector<std::string> getDisabledPasses(const po::variables_map &options) {
  if (!options.count("disable-pass"))
    return {};
  std::vector<std::string> names =
      splitList(options["disable-pass"].as<std::string>());
  for (const std::string &name : names)
    if (!llvm::is_contained(getOptionalPasses(), llvm::StringRef(name)))
      throw UsageError("--disable-pass knows no '" + name + "'; there are " +
                       llvm::join(getOptionalPasses(), ", "));
  return names;
}

/// "512MB" in bytes.
static uint64_t parseBytes(const std::string &text) {
  llvm::StringRef rest = text;
  int64_t number = 0, unit = 1;
  bool isWrong = rest.consumeInteger(10, number);
  if (!rest.empty())
    unit = llvm::StringSwitch<int64_t>(rest)
               .Case("kB", 1000)
               .Case("MB", 1000 * 1000)
               .Case("GB", 1000 * 1000 * 1000)
               .Default(0);
  bool overflows = llvm::MulOverflow(number, unit, number);
  if (isWrong || number < 0 || unit == 0 || overflows)
    throw UsageError(
        "--memory-limit takes bytes, as 800kB, 512MB or 2GB, not '" + text +
        "'");
  return number;
}

static std::optional<MemoryLimit>
getMemoryLimit(const po::variables_map &options) {
  if (!options.count("memory-limit"))
    return std::nullopt;
  return MemoryLimit{parseBytes(options["memory-limit"].as<std::string>()),
                     getSizes(options)};
}

namespace {
class RemarkKeeper : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit RemarkKeeper(Reporter &reporter) : reporter(reporter) {}

  void streamOptimizationRemark(const remark::detail::Remark &said) override {
    reporter.keep(said);
  }

private:
  Reporter &reporter;
};
} // namespace

void Session::enableRemarks(const std::string &kinds) {
  remark::RemarkCategories categories;
  for (const std::string &kind : splitList(kinds)) {
    if (kind == "passed")
      categories.passed = ".*";
    else if (kind == "missed")
      categories.missed = ".*";
    else
      throw UsageError("--remarks takes passed and missed, not '" + kind + "'");
  }
  (void)remark::enableOptimizationRemarks(
      context, std::make_unique<RemarkKeeper>(reporter),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

Session::Session(const po::variables_map &options)
    : path(getInput(options)), frontend(getFrontendOptions(options)),
      memoryLimit(getMemoryLimit(options)) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  if (options.count("remarks"))
    enableRemarks(options["remarks"].as<std::string>());
}

Session::~Session() { reporter.printRemarks(llvm::errs()); }

mlir::OwningOpRef<mlir::ModuleOp> Session::read() {
  return emitModelFile(path, frontend, context, llvm::errs());
}

mlir::FailureOr<bool> Session::mustRecompute(mlir::ModuleOp module,
                                             const PipelineOptions &pipeline) {
  if (!memoryLimit)
    return false;
  // As little as can be: no arena takes nothing.
  if (memoryLimit->bytes == 0)
    return true;
  auto models = module.getOps<ModelOp>();
  if (auto batch = models.empty() ? mlir::IntegerAttr()
                                  : (*models.begin())
                                        .getSettings()
                                        .getAs<mlir::IntegerAttr>("batch"))
    memoryLimit->sizes.try_emplace(kBatchSymbol.str(), batch.getInt());
  // A trial has nothing to say of the program that is made.
  reporter.setKeepsRemarks(false);
  auto find = [&](bool recompute) {
    PipelineOptions options = pipeline;
    options.recompute = recompute;
    return findMemoryExcess(module, options, *memoryLimit);
  };
  mlir::FailureOr<std::optional<MemoryExcess>> excess = find(false), still;
  if (succeeded(excess) && *excess)
    still = find(true);
  reporter.setKeepsRemarks(true);
  if (failed(excess))
    return mlir::failure();
  if (!*excess)
    return false;
  if (failed(still))
    return mlir::failure();
  if (*still && (*still)->bytes)
    mlir::emitWarning((*still)->location)
        << "the arena of " << (*still)->entry << " takes " << *(*still)->bytes
        << " bytes, more than --memory-limit allows";
  return true;
}

} // namespace maek::cli
