// Part of Maek, under the MIT licence; see LICENSE.
// The passes that form kernels change no result, whichever of them run, and
// make as few kernels of an LSTM as its data flow allows.
#include "RandomProgram.h"
#include "dsl/Frontend.h"
#include "ir/MaekOps.h"
#include "passes/BlockOrder.h"
#include "passes/HostStrides.h"
#include "passes/KernelAxes.h"
#include "tests/support/Seeds.h"
#include "tests/support/TestModule.h"

#include "mlir/Analysis/TopologicalSortUtils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FormatVariadic.h"
#include "gtest/gtest.h"
#include <random>
#include <regex>

using namespace maek;
using namespace maek::test;

namespace {

/// Sums in other orders differ by this much.
constexpr double kTolerance = 1e-11;

constexpr llvm::StringLiteral kGradients =
    "maek-differentiate,maek-sink-weight-gradients,maek-simplify";

mlir::OwningOpRef<mlir::ModuleOp> emitLSTM(mlir::MLIRContext &context) {
  FrontendOptions options;
  options.hyperparameters = {{"H", "5"}};
  options.doublePrecision = true;
  auto module = emitModelFile(MAEK_MODEL_FILES "/lstm.maek", options, context,
                              llvm::errs());
  if (!module || failed(runPasses(*module, kGradients)))
    return {};
  return module;
}

std::string text(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

class KernelPasses : public testing::TestWithParam<std::string> {};

/// Every entry of the LSTM, with new parameters and states.
TEST_P(KernelPasses, KeepResultsOfLSTM) {
  auto context = makeTestContext();
  auto before = emitLSTM(*context), after = emitLSTM(*context);
  ASSERT_TRUE(before && after);
  ASSERT_TRUE(succeeded(runPasses(*after, GetParam())));
  for (llvm::StringRef entry : {"forward", "evaluate", "train_step"}) {
    auto expected = runEntry(*before, entry, {{"B", 3}});
    auto actual = runEntry(*after, entry, {{"B", 3}});
    ASSERT_TRUE(succeeded(expected) && succeeded(actual)) << entry.str();
    EXPECT_EQ(describeDifference(*actual, *expected, kTolerance), "")
        << entry.str();
  }
}

TEST_P(KernelPasses, KeepResultsOfModels) {
  for (const char *model : {"attention", "gru", "lstm", "rnn", "stacked"}) {
    auto context = makeTestContext();
    std::string file = std::string(MAEK_MODELS_DIR "/") + model + ".mlir";
    auto before = parseModuleFile(*context, file);
    auto after = parseModuleFile(*context, file);
    ASSERT_TRUE(before && after);
    ASSERT_TRUE(succeeded(runPasses(*after, GetParam()))) << model;
    for (const Dims &dims :
         {Dims{{"B", 1}, {"T", 1}}, Dims{{"B", 3}, {"T", 4}}}) {
      auto expected = runEntry(*before, "forward", dims);
      auto actual = runEntry(*after, "forward", dims);
      ASSERT_TRUE(succeeded(expected) && succeeded(actual)) << model;
      EXPECT_EQ(describeDifference(*actual, *expected, kTolerance), "")
          << model;
    }
  }
}

/// Every other program's static arguments are parameters, so that there is
/// something to prepare.
std::string makeProgram(uint64_t seed) {
  static const std::regex argument("%(a[0-9]+): (tensor<[0-9x]+f64>)");
  std::string program = makeRandomProgram(seed);
  if (seed % 2)
    return program;
  return std::regex_replace(
      program, argument,
      "%$1: $2 {maek.name = \"$1\", maek.role = \"parameter\"}");
}

TEST_P(KernelPasses, KeepResultsOfRandomPrograms) {
  for (uint64_t seed : getSeeds(120)) {
    std::string program = makeProgram(seed);
    auto context = makeTestContext();
    auto before = parseModule(*context, program);
    auto after = parseModule(*context, program);
    ASSERT_TRUE(before && after) << program;
    ASSERT_TRUE(succeeded(runPasses(*after, GetParam()))) << program;
    Dims dims{{"B", 2}, {"T", int64_t(1 + seed % 3)}};
    auto expected = runEntry(*before, "forward", dims);
    auto actual = runEntry(*after, "forward", dims);
    ASSERT_TRUE(succeeded(expected) && succeeded(actual)) << program;
    ASSERT_EQ(describeDifference(*actual, *expected, kTolerance), "")
        << "seed " << seed << "\n"
        << program << text(*after);
  }
}

const char *const kNames[] = {"prepack", "epilogues", "elementwise",
                              "single",  "all",       "whole"};

INSTANTIATE_TEST_SUITE_P(
    Kernels, KernelPasses,
    testing::Values(
        "func.func(maek-prepack-weights)", "func.func(maek-fuse-epilogues)",
        "func.func(maek-fuse-elementwise),maek-outline-kernels,"
        "maek-verify-host-form",
        "func.func(maek-fuse-elementwise{merge=false}),maek-outline-kernels,"
        "maek-verify-host-form",
        "func.func(maek-prepack-weights,maek-fuse-epilogues,"
        "maek-fuse-elementwise),maek-outline-kernels,"
        "maek-prepare-parameters,maek-collapse-kernel-axes,"
        "maek-verify-host-form",
        "maek-pipeline"),
    [](const testing::TestParamInfo<std::string> &pipeline) {
      return kNames[pipeline.index];
    });

/// Kernel calls in each block that the host runs, by the kernels' classes.
std::map<std::string, unsigned> countCalls(mlir::Block &block) {
  std::map<std::string, unsigned> count;
  for (auto call : block.getOps<mlir::func::CallOp>())
    ++count[call.getCallee().rsplit('_').first.str()];
  return count;
}

using Counts = std::map<std::string, unsigned>;

/// The block of a random program, shuffled, gets the order that MLIR gives it.
TEST(BlockOrder, IsThatOfMLIR) {
  auto context = makeTestContext();
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string text = "func.func @f(%v0: tensor<f32>) -> tensor<f32> {\n";
    for (int i = 1; i <= 40; ++i)
      text += llvm::formatv("%v{0} = maek.add %v{1}, %v{2} : tensor<f32>\n", i,
                            random() % i, random() % i);
    text += "return %v40 : tensor<f32>\n}";
    auto module = parseModule(*context, text);
    ASSERT_TRUE(module);
    mlir::Block &block =
        module->lookupSymbol<mlir::func::FuncOp>("f").getBody().front();
    for (int i = 0; i < 12; ++i)
      std::next(block.begin(), random() % 40)
          ->moveBefore(&block, std::next(block.begin(), random() % 40));
    auto copy = module->clone();
    mlir::Block &other =
        copy.lookupSymbol<mlir::func::FuncOp>("f").getBody().front();
    orderByUses(block);
    ASSERT_TRUE(mlir::sortTopologically(&other));
    std::string expected, actual;
    llvm::raw_string_ostream(expected) << copy;
    llvm::raw_string_ostream(actual) << *module;
    EXPECT_EQ(actual, expected) << "round " << round;
    copy.erase();
  }
}

/// The figures that the design asks for.
TEST(KernelCounts, OfLSTM) {
  auto context = makeTestContext();
  FrontendOptions options;
  auto module = emitModelFile(MAEK_MODEL_FILES "/lstm.maek", options, *context,
                              llvm::errs());
  ASSERT_TRUE(module);
  ASSERT_TRUE(succeeded(runPasses(*module, "maek-pipeline")));

  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  auto scans = llvm::to_vector(forward.getOps<ScanOp>());
  ASSERT_EQ(scans.size(), 1u);
  EXPECT_EQ(countCalls(scans[0].getBody().front()), (Counts{{"product", 1}}));
  // The input's product, the classifier; the image with time first, two states.
  EXPECT_EQ(countCalls(forward.front()),
            (Counts{{"product", 2}, {"layout", 3}}));

  auto evaluate = module->lookupSymbol<mlir::func::FuncOp>("evaluate");
  EXPECT_EQ(
      countCalls(evaluate.front()),
      (Counts{{"product", 2}, {"layout", 3}, {"rows", 1}, {"reduction", 2}}));

  auto step = module->lookupSymbol<mlir::func::FuncOp>("train_step");
  scans = llvm::to_vector(step.getOps<ScanOp>());
  ASSERT_EQ(scans.size(), 2u);
  EXPECT_EQ(countCalls(scans[0].getBody().front()), (Counts{{"product", 1}}));
  EXPECT_EQ(countCalls(scans[1].getBody().front()),
            (Counts{{"elementwise", 1}, {"product", 1}}));
  Counts counts = countCalls(step.front());
  // Forward 2, the classifier's adjoints 2, the weight gradients 2.
  EXPECT_EQ(counts["product"], 6u);
  EXPECT_EQ(counts["rows"], 1u);
  // One update per parameter, and the scalars.
  EXPECT_EQ(counts["elementwise"], 11u);
}

TEST(HostStridesTest, ReshapesWhereStridesCompose) {
  Extent B = Extent::symbol("B"), T = Extent::symbol("T");
  // [T, B, 4] without gaps is [T*B, 4] and [T, B*4].
  llvm::SmallVector<Extent> from{T, B, 4};
  Strides dense = getDenseStrides(from);
  EXPECT_EQ(dense, (Strides{B * 4, 4, 1}));
  EXPECT_EQ(reshapeStrides(from, dense, {T * B, 4}), (Strides{4, 1}));
  EXPECT_EQ(reshapeStrides(from, dense, {T, B * 4}), (Strides{B * 4, 1}));
  EXPECT_EQ(reshapeStrides(from, dense, {T, 1, B, 2, 2}),
            (Strides{B * 4, 1, 4, 2, 1}));
  // A range of the last axis: rows still compose, rows and columns do not.
  Strides cut{B * 9, 9, 1};
  EXPECT_EQ(reshapeStrides(from, cut, {T * B, 4}), (Strides{9, 1}));
  EXPECT_EQ(reshapeStrides(from, cut, {T, B * 4}), std::nullopt);
  // [T, B, 4] seen in a buffer of [B, T, 4].
  EXPECT_EQ(reshapeStrides(from, {4, T * 4, 1}, {T * B, 4}), std::nullopt);
  // Sizes that divide one another only together; none at all.
  EXPECT_EQ(reshapeStrides({6, 4}, {4, 1}, {4, 6}), (Strides{6, 1}));
  EXPECT_EQ(reshapeStrides({1, 1}, {7, 7}, {}), Strides{});
}

TEST(KernelAxesTest, NamesTheLoopsOfAProduct) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
    func.func @k(%x: tensor<7x4xf64>, %W: tensor<2x3x4xf64>,
                 %b: tensor<2x3xf64>) -> tensor<7x3xf64> {
      %0 = maek.einsum "bk,gnk->bgn" %x, %W : tensor<7x4xf64>, tensor<2x3x4xf64>
      %1 = maek.broadcast %b dims [1, 2] : tensor<2x3xf64> -> tensor<7x2x3xf64>
      %2 = maek.add %0, %1 : tensor<7x2x3xf64>
      %3:2 = maek.unstack %2 dim 1 : tensor<7x2x3xf64>
      %4 = maek.mul %3#0, %3#1 : tensor<7x3xf64>
      return %4 : tensor<7x3xf64>
    })");
  ASSERT_TRUE(module);
  auto kernel = module->lookupSymbol<mlir::func::FuncOp>("k");
  KernelAxes axes(kernel.front());
  auto x = axes.get(kernel.getArgument(0)), W = axes.get(kernel.getArgument(1));
  auto b = axes.get(kernel.getArgument(2));
  auto result = axes.get(kernel.front().getTerminator()->getOperand(0));
  EXPECT_EQ(axes.getNumClasses(), 4u);
  EXPECT_EQ(x[1], W[2]);
  EXPECT_EQ(b[0], W[0]);
  EXPECT_EQ(result[0], x[0]);
  EXPECT_EQ(result[1], W[1]);
  EXPECT_TRUE(axes.getRole(x[0]).isRow);
  EXPECT_TRUE(axes.getRole(W[0]).isColumn && axes.getRole(W[0]).isFixed);
  EXPECT_TRUE(axes.getRole(W[1]).isColumn && !axes.getRole(W[1]).isFixed);
  EXPECT_TRUE(axes.getRole(x[1]).isContracted);
  EXPECT_EQ(axes.getRole(x[1]).extent, Extent(4));
  EXPECT_FALSE(axes.areJoinable(W[0], W[1]));
}

TEST(KernelAxesTest, TellsTwoLoopsOverOneAxisApart) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
    func.func @k(%x: tensor<7x2x4xf64>) -> tensor<7xf64> {
      %0 = maek.einsum "bgk,bgn->b" %x, %x
        : tensor<7x2x4xf64>, tensor<7x2x4xf64>
      return %0 : tensor<7xf64>
    })");
  ASSERT_TRUE(module);
  auto kernel = module->lookupSymbol<mlir::func::FuncOp>("k");
  KernelAxes axes(kernel.front());
  auto x = axes.get(kernel.getArgument(0));
  EXPECT_FALSE(axes.getRole(x[1]).isFixed);
  EXPECT_TRUE(axes.getRole(x[2]).isFixed);
  EXPECT_FALSE(axes.areJoinable(x[1], x[2]));
}

} // namespace
