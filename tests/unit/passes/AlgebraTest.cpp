// Part of Maek, under the MIT licence; see LICENSE.
// The forward tensor-level passes change no result: every entry before and
// after, in the reference interpreter.
#include "tests/support/TestModule.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "gtest/gtest.h"

using namespace maek::test;

namespace {

constexpr double kTolerance = 1e-9;

struct Case {
  std::string file, pipeline;
};

void PrintTo(const Case &test, std::ostream *stream) {
  *stream << test.file << " through " << test.pipeline;
}

/// Interprets every function without gradients before and after the passes.
void expectSameResults(const Case &test) {
  auto context = makeTestContext();
  auto before = parseModuleFile(*context, test.file);
  auto after = parseModuleFile(*context, test.file);
  ASSERT_TRUE(before && after);
  ASSERT_TRUE(succeeded(runPasses(*after, test.pipeline)));
  for (auto function : before->getOps<mlir::func::FuncOp>())
    for (const Dims &dims : {Dims{{"B", 1}, {"T", 1}}, Dims{{"B", 2}, {"T", 5}},
                             Dims{{"B", 7}, {"T", 2}}}) {
      auto expected = runEntry(*before, function.getName(), dims);
      auto actual = runEntry(*after, function.getName(), dims);
      ASSERT_TRUE(succeeded(expected) && succeeded(actual))
          << function.getName().str();
      EXPECT_EQ(describeDifference(*actual, *expected, kTolerance), "")
          << function.getName().str() << " with B = " << dims.at("B");
    }
}

class ModelsThroughPasses : public testing::TestWithParam<Case> {};

TEST_P(ModelsThroughPasses, KeepResults) { expectSameResults(GetParam()); }

std::vector<Case> getModelCases() {
  std::vector<Case> cases;
  for (const char *model : {"attention", "gru", "lstm", "rnn", "stacked"})
    for (const char *pipeline :
         {"maek-simplify", "maek-split-concat-matmul",
          "maek-merge-gate-matmuls", "maek-hoist-input-projection",
          "maek-simplify,maek-split-concat-matmul,maek-merge-gate-matmuls,"
          "maek-hoist-input-projection,maek-simplify",
          "maek-split-concat-matmul,maek-hoist-input-projection",
          "maek-simplify,maek-merge-gate-matmuls,maek-simplify"})
      cases.push_back(
          {std::string(MAEK_MODELS_DIR "/") + model + ".mlir", pipeline});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Algebra, ModelsThroughPasses,
                         testing::ValuesIn(getModelCases()));

class LitCases : public testing::TestWithParam<Case> {};

/// The cases of the lit tests, of which FileCheck sees the form alone.
TEST_P(LitCases, KeepResults) { expectSameResults(GetParam()); }

std::vector<Case> getLitCases() {
  std::vector<Case> cases;
  for (auto [file, pipeline] :
       {std::pair("simplify", "maek-simplify"),
        std::pair("simplify-scan", "maek-simplify"),
        std::pair("simplify-shape", "maek-simplify"),
        std::pair("split-concat-matmul", "maek-split-concat-matmul"),
        std::pair("merge-gate-matmuls", "maek-merge-gate-matmuls"),
        std::pair("hoist-input-projection", "maek-hoist-input-projection")})
    cases.push_back({std::string(MAEK_LIT_DIR "/") + file + ".mlir", pipeline});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Algebra, LitCases, testing::ValuesIn(getLitCases()));

class Idempotence : public testing::TestWithParam<std::string> {};

/// A second run of each pass finds nothing to do.
TEST_P(Idempotence, SecondRunChangesNothing) {
  for (const char *model : {"attention", "gru", "lstm", "rnn", "stacked"}) {
    auto context = makeTestContext();
    auto module = parseModuleFile(*context, std::string(MAEK_MODELS_DIR "/") +
                                                model + ".mlir");
    ASSERT_TRUE(module);
    std::string once, twice;
    for (std::string *text : {&once, &twice}) {
      ASSERT_TRUE(succeeded(runPasses(*module, GetParam())));
      llvm::raw_string_ostream stream(*text);
      module->print(stream);
    }
    EXPECT_EQ(once, twice) << model;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Algebra, Idempotence,
    testing::Values("maek-simplify", "maek-split-concat-matmul",
                    "maek-merge-gate-matmuls", "maek-hoist-input-projection",
                    "maek-simplify,maek-split-concat-matmul,maek-merge-gate-"
                    "matmuls,maek-hoist-input-projection,maek-simplify"));

} // namespace
