// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Session.h"

#include "codegen/host/Compiler.h"
#include "passes/Pipelines.h"

#include "mlir/IR/Diagnostics.h"
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
/// Prints a remark as clang does: on the model's line, the pass at the end.
class RemarkPrinter : public remark::detail::MLIRRemarkStreamerBase {
public:
  void streamOptimizationRemark(const remark::detail::Remark &said) override {
    mlir::emitRemark(said.getLocation())
        << said.getMsg() << " [" << said.getRemarkName() << "]";
  }
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
      context, std::make_unique<RemarkPrinter>(),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), categories);
}

Session::Session(const po::variables_map &options)
    : path(getInput(options)), frontend(getFrontendOptions(options)) {
  mlir::DialectRegistry registry;
  registerCompilerDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  diagnostics = std::make_unique<mlir::SourceMgrDiagnosticHandler>(
      sources, &context, llvm::errs());
  if (options.count("remarks"))
    enableRemarks(options["remarks"].as<std::string>());
}

Session::~Session() = default;

mlir::OwningOpRef<mlir::ModuleOp> Session::read() {
  return emitModelFile(path, frontend, context, llvm::errs());
}

} // namespace maek::cli
