// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Session.h"

#include "codegen/host/Compiler.h"
#include "passes/Pipelines.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
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
      "remarks", po::value<std::string>()->value_name("passed,missed"),
      "say what the passes did, and what they left and why");
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
    : path(getInput(options)), frontend(getFrontendOptions(options)) {
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

} // namespace maek::cli
