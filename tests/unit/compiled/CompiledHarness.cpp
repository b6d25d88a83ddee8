// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/compiled/CompiledHarness.h"

#include "codegen/halide/Kernels.h"
#include "codegen/host/Targets.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "passes/Pipelines.h"
#include "tests/unit/codegen/KernelHarness.h"
#include "tests/unit/host/HostHarness.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/xxhash.h"
#include <gtest/gtest.h>

using namespace mlir;

namespace maek::test {

std::unique_ptr<MLIRContext> makeCompilerContext() {
  std::unique_ptr<MLIRContext> context = makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  return context;
}

std::string toSinglePrecision(std::string text) {
  for (size_t at; (at = text.find("f64")) != std::string::npos;)
    text.replace(at, 3, "f32");
  return text;
}

static std::string describe(StringRef entry, const Dims &dims) {
  std::string text = entry.str();
  for (const auto &[name, value] : dims)
    text += " " + name + "=" + std::to_string(value);
  return text;
}

/// The arguments as the compiled program gets them.
static FailureOr<NamedTensors> makeRounded(func::FuncOp entry,
                                           const Dims &dims) {
  FailureOr<NamedTensors> arguments = makeArguments(entry, dims, 1);
  if (succeeded(arguments))
    for (auto [type, argument] :
         llvm::zip(entry.getArgumentTypes(), *arguments))
      if (getElementType(type).isF32())
        for (double &element : argument.second.elements)
          element = float(element);
  return arguments;
}

static bool isWithin(const NamedTensors &tensors, double largest) {
  for (const auto &[name, tensor] : tensors)
    for (double element : tensor.elements)
      if (!(std::abs(element) <= largest))
        return false;
  return true;
}

static bool areSameBits(const NamedTensors &a, const NamedTensors &b) {
  return llvm::equal(a, b, [](const auto &x, const auto &y) {
    const std::vector<double> &one = x.second.elements;
    const std::vector<double> &other = y.second.elements;
    return one.size() == other.size() &&
           std::memcmp(one.data(), other.data(), one.size() * sizeof(double)) ==
               0;
  });
}

/// What the interpreter makes of an entry, and what with a little noise on all
/// that is rounded.
struct Expected {
  NamedTensors results, noisy;
};

/// Whether the elements are rounded: not if they are merely moved, chosen or
/// negated.
static bool isRounded(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !isa<FloatType>(getElementType(value.getType())))
    return false;
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return reduce.getKind() == ReduceKind::Sum;
  if (isa<EinsumOp, FoldOp, ScatterAddOp>(op))
    return true;
  return op->hasTrait<OpTrait::Elementwise>() &&
         !isa<MaxOp, MinOp, SelectOp, NegOp, StopGradientOp, ConvertOp>(op);
}

/// Changes the elements as another rounding might. What is computed again from
/// the same numbers is rounded alike: copies of an op have its location. So
/// what compares equal where each kernel's roundings are the same does here.
static void addNoise(Value value, Tensor &tensor, double perturbation) {
  if (!isRounded(value))
    return;
  Operation *op = value.getDefiningOp();
  std::string place;
  llvm::raw_string_ostream stream(place);
  stream << op->getName() << op->getLoc();
  uint64_t seed = llvm::xxh3_64bits(place);
  for (auto [i, element] : llvm::enumerate(tensor.elements)) {
    uint64_t key = llvm::bit_cast<uint64_t>(element) ^ seed;
    element *= 1 + perturbation * (randomNumber(key, "", i) - 0.5);
  }
}

static FailureOr<Expected> interpretEntry(ModuleOp module, func::FuncOp entry,
                                          const Dims &dims,
                                          double perturbation) {
  FailureOr<NamedTensors> arguments = makeRounded(entry, dims);
  if (failed(arguments))
    return failure();
  FailureOr<NamedTensors> results =
      runEntry(module, entry.getName(), dims, 1, *arguments);
  if (failed(results))
    return failure();
  if (perturbation == 0)
    return Expected{std::move(*results), {}};
  auto perturb = [&](Value value, Tensor &tensor) {
    addNoise(value, tensor, perturbation);
  };
  FailureOr<NamedTensors> noisy =
      runEntry(module, entry.getName(), dims, 1, *arguments, perturb);
  if (failed(noisy))
    return failure();
  return Expected{std::move(*results), std::move(*noisy)};
}

/// Returns the number of results that were compared.
static unsigned checkResults(const NamedTensors &found,
                             const Expected &expected,
                             const CompiledCheck &check, StringRef where) {
  unsigned compared = 0;
  for (auto [i, result] : llvm::enumerate(expected.results)) {
    double noise = expected.noisy.empty()
                       ? 0
                       : relativeError(expected.noisy[i].second, result.second);
    if (!(noise <= check.largestNoise))
      continue;
    EXPECT_EQ(describeDifference({found[i]}, {result}, check.tolerance + noise),
              "")
        << where.str();
    ++compared;
  }
  return compared;
}

static void checkRuns(HostProgram &program, const LoadedKernels &kernels,
                      func::FuncOp entry, const Expected &expected,
                      const Dims &dims, const CompiledCheck &check,
                      unsigned &compared) {
  auto *setThreads =
      reinterpret_cast<int (*)(int)>(kernels.lookup("halide_set_num_threads"));
  ASSERT_TRUE(setThreads);
  setThreads(1);
  HostRun one = program.run(entry.getName(), dims);
  std::string where = describe(entry.getName(), dims);
  ASSERT_EQ(one.status, 0) << where;
  ASSERT_EQ(one.results.size(), expected.results.size()) << where;
  for (int threads : {2, 3}) {
    setThreads(threads);
    HostRun other = program.run(entry.getName(), dims);
    EXPECT_TRUE(areSameBits(one.results, other.results))
        << where << " with " << threads << " threads";
  }
  if (isWithin(expected.results, check.largest))
    compared += checkResults(one.results, expected, check, where);
}

void checkCompiled(ModuleOp module, const CompiledCheck &check) {
  OwningOpRef<ModuleOp> equations(cast<ModuleOp>(module->clone()));
  OwningOpRef<ModuleOp> compiled(cast<ModuleOp>(module->clone()));
  // The interpreter has no gradients, and takes entries as they are.
  ASSERT_TRUE(succeeded(
      runPasses(*equations, "maek-make-stepwise,maek-differentiate")));
  PassManager manager(module.getContext());
  auto targets = parseTargets(check.target, module.getLoc());
  ASSERT_TRUE(succeeded(targets));
  PipelineOptions pipeline;
  pipeline.disable = check.disabled;
  pipeline.factors = check.factors;
  pipeline.recompute = check.recompute;
  setTarget(pipeline, targets->back());
  KernelOptions options;
  options.target = targets->back().full;
  options.asserts = check.asserts;
  buildPipeline(manager, pipeline);
  ASSERT_TRUE(succeeded(manager.run(*compiled)));
  if (check.factors != Factors::Full)
    equations = cast<ModuleOp>(compiled->clone());
  std::unique_ptr<LoadedKernels> kernels =
      LoadedKernels::load(*compiled, options);
  ASSERT_TRUE(kernels);
  auto native = [&](StringRef name) { return kernels->lookup(name); };
  std::unique_ptr<HostProgram> program =
      HostProgram::load(*compiled, "", native, check.place);
  ASSERT_TRUE(program);
  for (auto entry : equations->getOps<func::FuncOp>()) {
    if (isKernel(entry))
      continue;
    unsigned results = 0, compared = 0;
    for (const Dims &dims : check.sizes) {
      FailureOr<Expected> expected =
          interpretEntry(*equations, entry, dims, check.perturbation);
      ASSERT_TRUE(succeeded(expected));
      results += expected->results.size();
      checkRuns(*program, *kernels, entry, *expected, dims, check, compared);
    }
    EXPECT_GE(compared, check.leastCompared * results)
        << "of " << results << " of " << entry.getName().str();
  }
}

} // namespace maek::test
