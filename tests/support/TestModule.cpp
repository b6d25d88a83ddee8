// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/TestModule.h"

#include "ir/Extent.h"
#include "passes/Registration.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace maek::test {

Shape getShape(Type type, const Dims &dims) {
  Shape shape;
  for (const Extent &extent : getExtents(type)) {
    int64_t size = extent.factor;
    for (const std::string &symbol : extent.symbols)
      size *= dims.at(symbol);
    shape.push_back(size);
  }
  return shape;
}

std::unique_ptr<MLIRContext> makeTestContext() {
  static const bool registered = (registerAllPasses(), true);
  (void)registered;
  DialectRegistry registry;
  registerPassDialects(registry);
  registerInterpretableModels(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->printOpOnDiagnostic(false);
  context->loadAllAvailableDialects();
  return context;
}

OwningOpRef<ModuleOp> parseModule(MLIRContext &context, StringRef text) {
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  return parseSourceString<ModuleOp>(text, &context);
}

OwningOpRef<ModuleOp> parseModuleFile(MLIRContext &context, StringRef path) {
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, &context);
  return parseSourceFile<ModuleOp>(path, sources, &context);
}

LogicalResult runPasses(ModuleOp module, StringRef pipeline) {
  PassManager manager(module->getName());
  llvm::SourceMgr sources;
  SourceMgrDiagnosticHandler handler(sources, module.getContext());
  if (failed(parsePassPipeline(pipeline, manager, llvm::errs())))
    return failure();
  return manager.run(module);
}

bool isPassRegistered(StringRef flag) {
  return PassInfo::lookup(flag) || PassPipelineInfo::lookup(flag);
}

double relativeError(const Tensor &actual, const Tensor &expected) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (actual.shape != expected.shape)
    return infinity;
  double scale = 0, error = 0;
  for (double number : expected.elements)
    if (std::isfinite(number))
      scale = std::max(scale, std::abs(number));
  for (auto [a, e] : llvm::zip(actual.elements, expected.elements)) {
    if (a == e || (std::isnan(a) && std::isnan(e)))
      continue;
    double difference = std::abs(a - e);
    if (!std::isfinite(difference))
      return infinity;
    error = std::max(error, difference);
  }
  return scale == 0 ? error : error / scale;
}

static std::string describeShape(const Tensor &tensor) {
  std::string text = "[";
  for (int64_t size : tensor.shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

/// Where the two differ most.
static std::string describeWorst(const Tensor &actual, const Tensor &expected) {
  size_t worst = 0;
  double most = -1;
  for (size_t i = 0; i < expected.elements.size(); ++i) {
    double a = actual.elements[i], e = expected.elements[i];
    double difference = a == e || (std::isnan(a) && std::isnan(e)) ? 0
                        : std::isfinite(a - e)
                            ? std::abs(a - e)
                            : std::numeric_limits<double>::infinity();
    if (difference > most) {
      most = difference;
      worst = i;
    }
  }
  std::string text;
  llvm::raw_string_ostream(text)
      << "element " << worst << " is "
      << llvm::format("%.17g", actual.elements[worst]) << ", expected "
      << llvm::format("%.17g", expected.elements[worst]);
  return text;
}

std::string describeDifference(const NamedTensors &actual,
                               const NamedTensors &expected, double tolerance) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (const auto &[name, value] : expected) {
    const Tensor *found = find(actual, name);
    if (!found)
      stream << name << " is missing\n";
    else if (found->shape != value.shape)
      stream << name << " has shape " << describeShape(*found) << ", expected "
             << describeShape(value) << "\n";
    else if (double error = relativeError(*found, value); !(error <= tolerance))
      stream << name << " differs by " << llvm::format("%.3g", error) << ": "
             << describeWorst(*found, value) << "\n";
  }
  for (const auto &[name, value] : actual)
    if (!find(expected, name))
      stream << name << " is not expected\n";
  return text;
}

const Tensor *find(const NamedTensors &tensors, StringRef name) {
  for (const auto &[known, tensor] : tensors)
    if (known == name)
      return &tensor;
  return nullptr;
}

} // namespace maek::test
