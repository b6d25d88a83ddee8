// Part of Maek, under the MIT licence; see LICENSE.
// Runs every op case: forward, gradient, refusals, round trip.
#include "tests/ops/OpCase.h"
#include "tests/support/Gradients.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/raw_ostream.h"
#include <fstream>
#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

using namespace mlir;
using namespace maek;
using namespace maek::test;

static const char *const kAliases = "#B = #maek.dims<B>\n"
                                    "#T = #maek.dims<T>\n"
                                    "#TB = #maek.dims<T, B>\n";

static std::string join(const std::vector<std::string> &texts,
                        const std::string &prefix = "") {
  std::string joined;
  for (size_t i = 0; i < texts.size(); ++i)
    joined += (i ? ", " : "") +
              (prefix.empty() ? "" : prefix + std::to_string(i) + ": ") +
              texts[i];
  return joined;
}

/// A function of the case's arguments with this body.
static std::string makeFunction(const OpCase &op, const std::string &name,
                                const std::string &results,
                                const std::string &body) {
  return "func.func @" + name + "(" + join(op.arguments, "%a") + ") -> (" +
         results + ") {\n" + body + "\n}\n";
}

static std::string makeForward(const OpCase &op) {
  std::string values;
  for (size_t i = 0; i < op.results.size(); ++i)
    values += (i ? ", %r" : "%r") + std::to_string(i);
  return kAliases + makeFunction(op, "forward", join(op.results),
                                 op.body + "\nreturn " + values + " : " +
                                     join(op.results));
}

static double readNumber(const nlohmann::json &json) {
  if (json.is_number())
    return json.get<double>();
  std::string text = json.get<std::string>();
  if (text == "nan")
    return std::numeric_limits<double>::quiet_NaN();
  return (text == "inf" ? 1 : -1) * std::numeric_limits<double>::infinity();
}

static Tensor readTensor(const nlohmann::json &json) {
  std::vector<double> elements;
  for (const auto &number : json["values"])
    elements.push_back(readNumber(number));
  auto sizes = json["shape"].get<std::vector<int64_t>>();
  return Tensor(Index(sizes), elements);
}

namespace {
class OpTest : public testing::TestWithParam<OpCase> {
protected:
  void SetUp() override {
    std::ifstream file(MAEK_GOLDEN_DIR "/ops/onnx.json");
    auto goldens = nlohmann::json::parse(file);
    ASSERT_TRUE(goldens.contains(GetParam().name));
    golden = goldens[GetParam().name];
    // An op may not need all that ONNX needs to make its result.
    for (size_t i = 0; i < GetParam().arguments.size(); ++i)
      inputs.push_back(readTensor(golden["inputs"][i]));
  }

  std::unique_ptr<MLIRContext> context = makeTestContext();
  nlohmann::json golden;
  std::vector<Tensor> inputs;
};

/// The cases of ops that have a gradient.
class OpGradientTest : public OpTest {};
} // namespace

TEST_P(OpTest, forwardIsOnnx) {
  auto module = parseModule(*context, makeForward(GetParam()));
  ASSERT_TRUE(module);
  auto results =
      interpret(module->lookupSymbol<func::FuncOp>("forward"), inputs);
  ASSERT_TRUE(succeeded(results));
  ASSERT_EQ(results->size(), golden["results"].size());
  for (auto [i, result] : llvm::enumerate(*results))
    EXPECT_LE(relativeError(result, readTensor(golden["results"][i])), 1e-12)
        << "result " << i;
}

TEST_P(OpTest, roundTrips) {
  auto module = parseModule(*context, makeForward(GetParam()));
  ASSERT_TRUE(module);
  std::string once, twice;
  llvm::raw_string_ostream(once) << *module;
  auto again = parseModule(*context, once);
  ASSERT_TRUE(again) << once;
  llvm::raw_string_ostream(twice) << *again;
  EXPECT_EQ(once, twice);
}

TEST_P(OpGradientTest, isFiniteDifference) {
  const OpCase &op = GetParam();
  GradientProblem problem{kAliases, op.arguments, op.results, op.body,
                          op.differentiable};
  EXPECT_EQ(checkGradient(*context, problem, inputs), "");
}

// The check itself must be able to fail: half of this derivative is hidden.
TEST(GradientCheck, findsWrongGradient) {
  auto context = makeTestContext();
  GradientProblem problem{"",
                          {"tensor<3xf64>"},
                          {"tensor<3xf64>"},
                          "%s = maek.stop_gradient %a0 : tensor<3xf64>\n"
                          "%r0 = maek.mul %s, %a0 : tensor<3xf64>",
                          {0}};
  Tensor input(Index({3}), {0.5, -1, 2});
  EXPECT_NE(checkGradient(*context, problem, {input}), "");
}

TEST_P(OpTest, refusesBadInput) {
  for (const BadInput &bad : GetParam().bad) {
    std::string errors;
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      errors += diagnostic.str() + "\n";
      return success();
    });
    std::string text =
        kAliases + makeFunction(GetParam(), "bad", "", bad.body + "\nreturn");
    auto module = parseSourceString<ModuleOp>(text, context.get());
    EXPECT_FALSE(module) << text;
    EXPECT_NE(errors.find(bad.message), std::string::npos)
        << text << "gives\n"
        << errors << "instead of\n"
        << bad.message;
  }
}

static std::string getCaseName(const testing::TestParamInfo<OpCase> &info) {
  return info.param.name;
}

static std::vector<OpCase> getCases() {
  std::vector<OpCase> all;
  for (const auto &cases :
       {getContractionCases(), getElementwiseCases(), getIndexingCases(),
        getShapeCases(), getStructureCases(), getWindowCases()})
    all.insert(all.end(), cases.begin(), cases.end());
  return all;
}

static std::vector<OpCase> getGradientCases() {
  std::vector<OpCase> cases = getCases();
  std::erase_if(cases,
                [](const OpCase &op) { return op.differentiable.empty(); });
  return cases;
}

INSTANTIATE_TEST_SUITE_P(All, OpTest, testing::ValuesIn(getCases()),
                         getCaseName);
INSTANTIATE_TEST_SUITE_P(All, OpGradientTest,
                         testing::ValuesIn(getGradientCases()), getCaseName);
