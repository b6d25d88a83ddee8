// Part of Maek, under the MIT licence; see LICENSE.
// The whole pipeline, and without each pass that may be left out, gives the
// results of the equations.
#include "passes/Pipelines.h"
#include "tests/support/TestModule.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "gtest/gtest.h"

using namespace maek::test;

namespace {

constexpr double kTolerance = 1e-9;

using Parameter = std::tuple<std::string, std::string>;

class PipelineWithout : public testing::TestWithParam<Parameter> {};

TEST_P(PipelineWithout, KeepsResults) {
  auto [model, disabled] = GetParam();
  std::string file = MAEK_MODELS_DIR "/" + model + ".mlir";
  auto context = makeTestContext();
  auto before = parseModuleFile(*context, file);
  auto after = parseModuleFile(*context, file);
  ASSERT_TRUE(before && after);
  // The interpreter has no gradients.
  ASSERT_TRUE(succeeded(runPasses(*before, "maek-differentiate")));
  std::string pipeline = "maek-pipeline";
  if (!disabled.empty())
    pipeline += "{disable=" + disabled + "}";
  ASSERT_TRUE(succeeded(runPasses(*after, pipeline)));
  for (auto function : before->getOps<mlir::func::FuncOp>())
    for (const Dims &dims : {Dims{{"B", 1}, {"T", 1}}, Dims{{"B", 3}, {"T", 4}},
                             Dims{{"B", 17}, {"T", 2}}}) {
      auto expected = runEntry(*before, function.getName(), dims);
      auto actual = runEntry(*after, function.getName(), dims);
      ASSERT_TRUE(succeeded(expected) && succeeded(actual))
          << function.getName().str();
      EXPECT_EQ(describeDifference(*actual, *expected, kTolerance), "")
          << function.getName().str() << " with B = " << dims.at("B");
    }
}

std::vector<std::string> getDisabled() {
  std::vector<std::string> disabled{""};
  std::string all;
  for (llvm::StringRef name : maek::getOptionalPasses()) {
    disabled.push_back(name.str());
    all += (all.empty() ? "" : ",") + name.str();
  }
  disabled.push_back(all);
  return disabled;
}

INSTANTIATE_TEST_SUITE_P(
    Models, PipelineWithout,
    testing::Combine(testing::Values("attention", "gru", "lstm",
                                     "lstm_training", "rnn", "stacked"),
                     testing::ValuesIn(getDisabled())));

} // namespace
