// Part of Maek, under the MIT licence; see LICENSE.
// The gradient of a cross entropy through whole models: against central
// differences, and the same whatever passes run before and after.
#include "tests/support/Gradients.h"
#include "tests/support/TestModule.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

const Dims kDims{{"B", 2}, {"T", 3}};

/// Σ over all but the last axis of -log softmax(logits)[label], over B.
Value buildCrossEntropy(OpBuilder &builder, Value logits, Value label) {
  Location loc = logits.getLoc();
  Type type = logits.getType(), element = getElementType(type);
  int64_t last = getRank(type) - 1;
  SmallVector<int64_t> outer = llvm::to_vector(llvm::seq(last));
  auto repeat = [&](Value value) {
    Type wide = withElementType(type, getElementType(value.getType()));
    return BroadcastOp::create(builder, loc, wide, value, outer);
  };
  auto sum = [&](Value value) {
    return ReduceOp::create(builder, loc, ReduceKind::Sum, value,
                            ArrayRef{last});
  };
  Value max = StopGradientOp::create(
      builder, loc,
      ReduceOp::create(builder, loc, ReduceKind::Max, logits, last));
  Value exp = ExpOp::create(builder, loc,
                            SubOp::create(builder, loc, logits, repeat(max)));
  Value logSum =
      AddOp::create(builder, loc, LogOp::create(builder, loc, sum(exp)), max);
  Value classes = IotaOp::create(
      builder, loc, withElementType(type, builder.getI32Type()), last);
  Value isLabel = CompareOp::create(
      builder, loc, withElementType(type, builder.getI1Type()),
      ComparePredicate::Eq, classes, repeat(label));
  Value chosen = sum(MulOp::create(
      builder, loc, ConvertOp::create(builder, loc, type, isLabel), logits));
  Value loss = SubOp::create(builder, loc, logSum, chosen);
  Value total = ReduceOp::create(builder, loc, ReduceKind::Sum, loss, outer);
  Value batch = ExtentOp::create(builder, loc, getTensorType({}, element), "B");
  return DivOp::create(builder, loc, total, batch);
}

/// Adds to `forward` a target `label`, and makes it give the loss, then with
/// `gradients` the gradient of each float argument.
void makeTraining(func::FuncOp forward, bool gradients) {
  Operation *end = forward.getBody().front().getTerminator();
  OpBuilder builder(end);
  Value logits = end->getOperand(0);
  SmallVector<Extent> extents = getExtents(logits.getType());
  NamedAttrList attrs(getRoleAttrs(forward.getContext(), "target", "label"));
  attrs.set("maek.classes",
            builder.getI64IntegerAttr(extents.pop_back_val().factor));
  SmallVector<Value> parameters(forward.getArguments());
  (void)forward.insertArgument(
      parameters.size(), getTensorType(extents, builder.getI32Type()),
      attrs.getDictionary(forward.getContext()), forward.getLoc());
  SmallVector<Value> results{
      buildCrossEntropy(builder, logits, forward.getArguments().back())};
  if (gradients)
    llvm::append_range(results, GradientOp::create(builder, forward.getLoc(),
                                                   results.front(), parameters)
                                    .getResults());
  end->setOperands(results);
  forward.setFunctionType(builder.getFunctionType(
      forward.getArgumentTypes(), ValueRange(results).getTypes()));
  forward->removeAttr(forward.getResAttrsAttrName());
}

/// The model with the functions @value and @train in place of @forward.
OwningOpRef<ModuleOp> parseTraining(MLIRContext &context, StringRef model) {
  auto module =
      parseModuleFile(context, (MAEK_MODELS_DIR "/" + model + ".mlir").str());
  if (!module)
    return module;
  auto train = module->lookupSymbol<func::FuncOp>("forward");
  func::FuncOp value = train.clone();
  module->push_back(value);
  value.setName("value");
  train.setName("train");
  makeTraining(value, false);
  makeTraining(train, true);
  return module;
}

class ModelGradientTest : public testing::TestWithParam<std::string> {
protected:
  std::unique_ptr<MLIRContext> context = makeTestContext();
};

} // namespace

TEST_P(ModelGradientTest, isFiniteDifference) {
  auto module = parseTraining(*context, GetParam());
  ASSERT_TRUE(module);
  auto value = module->lookupSymbol<func::FuncOp>("value");
  FailureOr<NamedTensors> arguments = makeArguments(value, kDims, 1);
  ASSERT_TRUE(succeeded(arguments));
  std::vector<Tensor> inputs;
  for (auto &[name, tensor] : *arguments)
    inputs.push_back(tensor);
  ASSERT_TRUE(succeeded(runPasses(*module, "maek-differentiate")));
  auto results = interpret(module->lookupSymbol<func::FuncOp>("train"), inputs);
  ASSERT_TRUE(succeeded(results));
  for (size_t i = 0; i + 1 < inputs.size(); ++i) {
    FailureOr<Tensor> expected = differentiateNumerically(value, inputs, i);
    ASSERT_TRUE(succeeded(expected));
    EXPECT_LE(relativeError((*results)[i + 1], *expected), 1e-5)
        << (*arguments)[i].first;
  }
}

static NamedTensors readTensors(const nlohmann::json &json) {
  NamedTensors tensors;
  for (const auto &[name, tensor] : json.items()) {
    auto shape = tensor["shape"].get<std::vector<int64_t>>();
    auto elements = tensor["values"].get<std::vector<double>>();
    tensors.emplace_back(name, Tensor(Index(shape), elements));
  }
  return tensors;
}

TEST_P(ModelGradientTest, isJax) {
  std::ifstream file(MAEK_GOLDEN_DIR "/gradients/jax.json");
  auto goldens = nlohmann::json::parse(file);
  if (!goldens.contains(GetParam()))
    GTEST_SKIP() << "JAX computes no " << GetParam();
  auto module = parseTraining(*context, GetParam());
  ASSERT_TRUE(module);
  ASSERT_TRUE(succeeded(runPasses(*module, "maek-differentiate")));
  NamedTensors inputs = readTensors(goldens[GetParam()]["inputs"]);
  NamedTensors expected = readTensors(goldens[GetParam()]["results"]);
  auto train = module->lookupSymbol<func::FuncOp>("train");
  FailureOr<NamedTensors> actual =
      runEntry(*module, "train", {{"B", 3}, {"T", 5}}, 1, inputs);
  ASSERT_TRUE(succeeded(actual));
  ASSERT_EQ(actual->size(), expected.size());
  for (auto [i, result] : llvm::enumerate(*actual)) {
    StringRef name = i == 0 ? "loss" : getArgName(train, i - 1);
    const Tensor *golden = test::find(expected, name);
    ASSERT_TRUE(golden) << name.str();
    EXPECT_LE(relativeError(result.second, *golden), 1e-12) << name.str();
  }
}

/// The members of `passes` whose bit is set in `subset`, each with a comma.
static std::string choose(ArrayRef<const char *> passes, unsigned subset) {
  std::string list;
  for (auto [i, pass] : llvm::enumerate(passes))
    if (subset >> i & 1)
      list += std::string(pass) + ",";
  return list;
}

TEST_P(ModelGradientTest, isTheSameWithAnyPasses) {
  auto plain = parseTraining(*context, GetParam());
  ASSERT_TRUE(plain);
  ASSERT_TRUE(succeeded(runPasses(*plain, "maek-differentiate")));
  auto expected = runEntry(*plain, "train", kDims);
  ASSERT_TRUE(succeeded(expected));
  const char *before[] = {"maek-simplify", "maek-split-concat-matmul",
                          "maek-merge-gate-matmuls",
                          "maek-hoist-input-projection"};
  const char *after[] = {"maek-sink-weight-gradients", "maek-simplify",
                         "maek-merge-gate-matmuls",
                         "maek-hoist-input-projection", "canonicalize,cse"};
  for (unsigned subset = 0; subset < 512; ++subset) {
    std::string pipeline = choose(before, subset >> 5) + "maek-differentiate," +
                           choose(after, subset & 31);
    pipeline.pop_back();
    auto module = parseTraining(*context, GetParam());
    ASSERT_TRUE(succeeded(runPasses(*module, pipeline))) << pipeline;
    auto actual = runEntry(*module, "train", kDims);
    ASSERT_TRUE(succeeded(actual)) << pipeline;
    ASSERT_EQ(describeDifference(*actual, *expected, 1e-9), "") << pipeline;
  }
}

INSTANTIATE_TEST_SUITE_P(All, ModelGradientTest,
                         testing::Values("attention", "gru", "lstm", "rnn",
                                         "stacked"),
                         [](const auto &test) { return test.param; });
