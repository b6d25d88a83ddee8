// Part of Maek, under the MIT licence; see LICENSE.
// Each model of models/*.maek, small: its gradient is that of finite
// differences, and no pass that may be left out changes what it computes.
#include "tests/support/ModelFiles.h"
#include "passes/Pipelines.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringSet.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

/// Makes the function give these values alone.
void setResults(func::FuncOp function, ValueRange values) {
  Operation *end = function.front().getTerminator();
  end->setOperands(values);
  function.setFunctionType(FunctionType::get(
      function.getContext(), function.getArgumentTypes(), values.getTypes()));
  function->removeAttr(function.getResAttrsAttrName());
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Leaves of the module two functions: @gradient gives the loss of train_step
/// and its gradients, @value the loss alone. Returns the numbers of the
/// arguments that the gradients are of; none if nothing is trained.
SmallVector<unsigned> keepGradient(ModuleOp module) {
  auto step = module.lookupSymbol<func::FuncOp>("train_step");
  if (!step)
    return {};
  for (auto other : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (other != step)
      other.erase();
  GradientOp gradient;
  step.walk([&](GradientOp op) { gradient = op; });
  SmallVector<unsigned> arguments;
  for (Value parameter : gradient.getParameters())
    arguments.push_back(cast<BlockArgument>(parameter).getArgNumber());
  SmallVector<Value> results{gradient.getValue()};
  llvm::append_range(results, gradient.getResults());
  setResults(step, results);
  func::FuncOp value = step.clone();
  module.push_back(value);
  setResults(value, value.front().getTerminator()->getOperand(0));
  value.setName("value");
  step.setName("gradient");
  return arguments;
}

double getNorm(const Tensor &tensor) {
  double sum = 0;
  for (double element : tensor.elements)
    sum += element * element;
  return std::sqrt(sum);
}

/// A change of all elements at random, and what the change does to the loss by
/// its gradient, or truly.
struct Direction {
  Tensor change;

  Direction(const Tensor &gradient, StringRef name) : change(gradient.shape) {
    for (auto [i, element] : llvm::enumerate(change.elements))
      element = 2 * randomNumber(5, name, i) - 1;
  }

  double getSlope(const Tensor &gradient) const {
    double slope = 0;
    for (auto [g, v] : llvm::zip(gradient.elements, change.elements))
      slope += g * v;
    return slope;
  }

  double measureSlope(func::FuncOp value, std::vector<Tensor> inputs,
                      unsigned argument) const {
    const Tensor at = inputs[argument];
    auto getLoss = [&](double step) {
      for (auto [element, from, v] :
           llvm::zip(inputs[argument].elements, at.elements, change.elements))
        element = from + step * v;
      auto results = interpret(value, inputs);
      return succeeded(results) ? results->front()[{}] : std::nan("");
    };
    return (getLoss(kStep) - getLoss(-kStep)) / (2 * kStep);
  }

  /// So small that hardly a maximum has another winner behind it.
  static constexpr double kStep = 1e-6;
};

class ModelFilesTest : public testing::TestWithParam<ModelFile> {
protected:
  void SetUp() override {
    module = emitModelFile(GetParam(), *context, /*doublePrecision=*/true);
    ASSERT_TRUE(module);
  }

  std::unique_ptr<MLIRContext> context = makeTestContext();
  OwningOpRef<ModuleOp> module;
};

} // namespace

/// In one random direction for each parameter: its elements are too many.
TEST_P(ModelFilesTest, GradientIsFiniteDifference) {
  SmallVector<unsigned> wrt = keepGradient(*module);
  if (wrt.empty())
    GTEST_SKIP() << "it has nothing to train";
  ASSERT_TRUE(succeeded(runPasses(*module, "maek-differentiate")));
  auto value = module->lookupSymbol<func::FuncOp>("value");
  FailureOr<NamedTensors> arguments =
      makeArguments(value, makeModelDims(3, 4), 1);
  ASSERT_TRUE(succeeded(arguments));
  std::vector<Tensor> inputs;
  for (auto &[name, tensor] : *arguments)
    inputs.push_back(tensor);
  auto results =
      interpret(module->lookupSymbol<func::FuncOp>("gradient"), inputs);
  ASSERT_TRUE(succeeded(results));
  ArrayRef<Tensor> gradients = ArrayRef(*results).drop_front();
  double largest = 0;
  for (const Tensor &gradient : gradients)
    largest = std::max(largest, getNorm(gradient));
  EXPECT_GT(largest, 1e-3);
  for (auto [gradient, argument] : llvm::zip(gradients, wrt)) {
    StringRef name = getArgName(value, argument);
    Direction direction(gradient, name);
    double expected = direction.measureSlope(value, inputs, argument);
    double found = direction.getSlope(gradient);
    // The last digits of the loss that its difference keeps.
    double digits = 1e-15 * std::abs(results->front()[{}]) / Direction::kStep;
    EXPECT_NEAR(found, expected, 1e-5 * getNorm(gradient) + digits)
        << name.str();
  }
}

/// Nothing, each optional pass, all of them.
static std::vector<std::string> getDisabled() {
  std::vector<std::string> disabled{""};
  std::string all;
  for (StringRef name : getOptionalPasses()) {
    disabled.push_back(name.str());
    all += (all.empty() ? "" : ",") + name.str();
  }
  disabled.push_back(all);
  return disabled;
}

TEST_P(ModelFilesTest, IsTheSameWithoutAPass) {
  const Dims dims = makeModelDims(3, 4);
  OwningOpRef<ModuleOp> equations(cast<ModuleOp>((*module)->clone()));
  // The interpreter has no gradients, and takes entries as they are.
  ASSERT_TRUE(succeeded(
      runPasses(*equations, "maek-make-stepwise,maek-differentiate")));
  std::vector<NamedTensors> expected;
  for (auto entry : equations->getOps<func::FuncOp>()) {
    auto results = runEntry(*equations, entry.getName(), dims);
    ASSERT_TRUE(succeeded(results)) << entry.getName().str();
    expected.push_back(*results);
  }
  for (const std::string &disabled : getDisabled()) {
    OwningOpRef<ModuleOp> compiled(cast<ModuleOp>((*module)->clone()));
    ASSERT_TRUE(succeeded(
        runPasses(*compiled, disabled.empty()
                                 ? "maek-pipeline"
                                 : "maek-pipeline{disable=" + disabled + "}")));
    for (auto [entry, results] :
         llvm::zip(equations->getOps<func::FuncOp>(), expected)) {
      auto actual = runEntry(*compiled, entry.getName(), dims);
      ASSERT_TRUE(succeeded(actual));
      EXPECT_EQ(describeDifference(*actual, results, 1e-9), "")
          << entry.getName().str() << " without '" << disabled << "'";
    }
  }
}

/// How many kernels there are, and how many calls of them.
static std::pair<size_t, size_t> countKernels(ModuleOp module) {
  llvm::StringSet<> kernels;
  size_t calls = 0;
  module.walk([&](func::CallOp call) {
    kernels.insert(call.getCallee());
    ++calls;
  });
  return {kernels.size(), calls};
}

/// What `for l in 1..depth` repeats is compiled once.
TEST(ModelFiles, DepthAddsNoKernel) {
  std::vector<ModelFile> all = listModelFiles();
  ModelFile vit = *llvm::find_if(
      all, [](const ModelFile &file) { return file.name == "vit"; });
  std::pair<size_t, size_t> counts[2];
  for (int i : {0, 1}) {
    std::unique_ptr<MLIRContext> context = makeTestContext();
    vit.hyperparameters = {
        {"d", "8"}, {"heads", "2"}, {"depth", i ? "6" : "2"}};
    OwningOpRef<ModuleOp> module = emitModelFile(vit, *context, false);
    ASSERT_TRUE(module);
    ASSERT_TRUE(succeeded(runPasses(*module, "maek-pipeline")));
    counts[i] = countKernels(*module);
  }
  EXPECT_EQ(counts[0].first, counts[1].first);
  EXPECT_LT(counts[0].second, counts[1].second);
}

INSTANTIATE_TEST_SUITE_P(All, ModelFilesTest,
                         testing::ValuesIn(listModelFiles()),
                         [](const auto &test) { return test.param.name; });
