// Part of Maek, under the MIT licence; see LICENSE.
// What maek.gradient means beyond single ops: which values count, several
// gradients, gradients of gradients, and the conventions at ties.
#include "tests/support/TestModule.h"

#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

class GradientTest : public testing::Test {
protected:
  /// The results of the function @f of `text` after differentiation.
  std::vector<Tensor> run(const std::string &text,
                          const std::vector<Tensor> &arguments) {
    auto module = parseModule(*context, text);
    if (!module || failed(runPasses(*module, "maek-differentiate")))
      return {};
    auto results =
        interpret(module->lookupSymbol<mlir::func::FuncOp>("f"), arguments);
    if (failed(results))
      return {};
    return {results->begin(), results->end()};
  }

  std::unique_ptr<mlir::MLIRContext> context = makeTestContext();
};

Tensor scalar(double number) { return Tensor(Index(), number); }
Tensor row(std::vector<double> numbers) {
  int64_t size = numbers.size();
  return Tensor(Index(size), std::move(numbers));
}

} // namespace

// d(sin x · x)/dx, and with respect to s = sin x alone.
TEST_F(GradientTest, countsIntermediateValues) {
  auto results = run(R"(
func.func @f(%x: tensor<f64>) -> (tensor<f64>, tensor<f64>) {
  %s = maek.sin %x : tensor<f64>
  %y = maek.mul %s, %x : tensor<f64>
  %g:2 = maek.gradient %y wrt(%x, %s) : tensor<f64>, tensor<f64>, tensor<f64>
  return %g#0, %g#1 : tensor<f64>, tensor<f64>
})",
                     {scalar(0.7)});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_NEAR(results[0][{}], std::sin(0.7) + 0.7 * std::cos(0.7), 1e-15);
  EXPECT_NEAR(results[1][{}], 0.7, 1e-15);
}

// The value itself; a value that nothing leads to; stop_gradient.
TEST_F(GradientTest, isOneOrZeroWithoutAPath) {
  auto results = run(R"(
func.func @f(%x: tensor<f64>, %w: tensor<2xf64>)
    -> (tensor<f64>, tensor<2xf64>, tensor<f64>) {
  %g:2 = maek.gradient %x wrt(%x, %w) : tensor<f64>, tensor<f64>, tensor<2xf64>
  %s = maek.stop_gradient %x : tensor<f64>
  %y = maek.mul %s, %x : tensor<f64>
  %h = maek.gradient %y wrt(%x) : tensor<f64>, tensor<f64>
  return %g#0, %g#1, %h : tensor<f64>, tensor<2xf64>, tensor<f64>
})",
                     {scalar(0.7), row({1, 2})});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_EQ(results[0].elements, std::vector<double>{1});
  EXPECT_EQ(results[1].elements, (std::vector<double>{0, 0}));
  EXPECT_EQ(results[2].elements, std::vector<double>{0.7});
}

// x³, 3x², 6x
TEST_F(GradientTest, differentiatesGradients) {
  auto results = run(R"(
func.func @f(%x: tensor<f64>) -> (tensor<f64>, tensor<f64>) {
  %xx = maek.mul %x, %x : tensor<f64>
  %y = maek.mul %xx, %x : tensor<f64>
  %g = maek.gradient %y wrt(%x) : tensor<f64>, tensor<f64>
  %h = maek.gradient %g wrt(%x) : tensor<f64>, tensor<f64>
  return %g, %h : tensor<f64>, tensor<f64>
})",
                     {scalar(2)});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_DOUBLE_EQ(results[0][{}], 12);
  EXPECT_DOUBLE_EQ(results[1][{}], 12);
}

// The gradient of a gradient through a scan: h = x₀ x₁ x₂ h₀ and
// d²h/dh₀dx = the products of the two other elements.
TEST_F(GradientTest, differentiatesGradientsOfScans) {
  auto results = run(R"(
func.func @f(%x: tensor<3xf64>, %h0: tensor<f64>)
    -> (tensor<f64>, tensor<3xf64>, tensor<3xf64>) {
  %h = maek.scan over(%x) init(%h0) {
  ^bb0(%e: tensor<f64>, %s: tensor<f64>):
    %n = maek.mul %e, %s : tensor<f64>
    maek.yield %n : tensor<f64>
  } : (tensor<3xf64>, tensor<f64>) -> tensor<f64>
  %g:2 = maek.gradient %h wrt(%h0, %x) : tensor<f64>, tensor<f64>, tensor<3xf64>
  %d = maek.gradient %g#0 wrt(%x) : tensor<f64>, tensor<3xf64>
  return %g#0, %g#1, %d : tensor<f64>, tensor<3xf64>, tensor<3xf64>
})",
                     {row({2, 3, 5}), scalar(7)});
  ASSERT_EQ(results.size(), 3u);
  EXPECT_DOUBLE_EQ(results[0][{}], 30);
  EXPECT_EQ(results[1].elements, (std::vector<double>{105, 70, 42}));
  EXPECT_EQ(results[2].elements, (std::vector<double>{15, 10, 6}));
}

// A gradient inside of a step: gradient descent, differentiated by its rate.
// w' = w - r · 2w, so w₃ = w₀ (1 - 2r)³ and dw₃/dr = -6 w₀ (1 - 2r)².
TEST_F(GradientTest, differentiatesStepsWithGradients) {
  auto results = run(R"(
func.func @f(%steps: tensor<3xf64>, %w0: tensor<f64>, %r: tensor<f64>)
    -> (tensor<f64>, tensor<f64>) {
  %w3 = maek.scan over(%steps) init(%w0) {
  ^bb0(%e: tensor<f64>, %w: tensor<f64>):
    %loss = maek.mul %w, %w : tensor<f64>
    %g = maek.gradient %loss wrt(%w) : tensor<f64>, tensor<f64>
    %d = maek.mul %r, %g : tensor<f64>
    %n = maek.sub %w, %d : tensor<f64>
    maek.yield %n : tensor<f64>
  } : (tensor<3xf64>, tensor<f64>) -> tensor<f64>
  %g = maek.gradient %w3 wrt(%r) : tensor<f64>, tensor<f64>
  return %w3, %g : tensor<f64>, tensor<f64>
})",
                     {row({0, 0, 0}), scalar(2), scalar(0.25)});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_DOUBLE_EQ(results[0][{}], 0.25);
  EXPECT_DOUBLE_EQ(results[1][{}], -3);
}

// relu has the slope 0 at 0, on whichever side the constant stands; two equal
// operands: the second gets all.
TEST_F(GradientTest, choosesAtTies) {
  auto results = run(R"(
func.func @f(%x: tensor<3xf64>, %y: tensor<3xf64>)
    -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) {
  %zero = maek.constant 0.0 : tensor<3xf64>
  %a = maek.max %x, %zero : tensor<3xf64>
  %b = maek.max %zero, %x : tensor<3xf64>
  %c = maek.min %x, %y : tensor<3xf64>
  %as = maek.reduce sum %a dims [0] : tensor<3xf64>
  %bs = maek.reduce sum %b dims [0] : tensor<3xf64>
  %cs = maek.reduce sum %c dims [0] : tensor<3xf64>
  %ga = maek.gradient %as wrt(%x) : tensor<f64>, tensor<3xf64>
  %gb = maek.gradient %bs wrt(%x) : tensor<f64>, tensor<3xf64>
  %gc:2 = maek.gradient %cs wrt(%x, %y) : tensor<f64>, tensor<3xf64>, tensor<3xf64>
  return %ga, %gb, %gc#0, %gc#1
    : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
})",
                     {row({-1, 0, 1}), row({-1, 0, 2})});
  ASSERT_EQ(results.size(), 4u);
  EXPECT_EQ(results[0].elements, (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(results[1].elements, (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(results[2].elements, (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(results[3].elements, (std::vector<double>{1, 1, 0}));
}

// Of equal extreme elements the first gets the adjoint, in the order in which
// they lie in memory.
TEST_F(GradientTest, choosesTheFirstExtreme) {
  auto results = run(R"(
func.func @f(%x: tensor<2x4xf64>) -> (tensor<2x4xf64>, tensor<2x4xf64>) {
  %m = maek.reduce max %x dims [1] : tensor<2x4xf64>
  %s = maek.reduce sum %m dims [0] : tensor<2xf64>
  %g = maek.gradient %s wrt(%x) : tensor<f64>, tensor<2x4xf64>
  %n = maek.reduce min %x dims [0, 1] : tensor<2x4xf64>
  %h = maek.gradient %n wrt(%x) : tensor<f64>, tensor<2x4xf64>
  return %g, %h : tensor<2x4xf64>, tensor<2x4xf64>
})",
                     {Tensor(Index({2, 4}), {1, 3, 3, 2, 5, 0, 0, 0})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].elements, (std::vector<double>{0, 1, 0, 0, 1, 0, 0, 0}));
  EXPECT_EQ(results[1].elements, (std::vector<double>{0, 0, 0, 0, 0, 1, 0, 0}));
}

// Powers where the formula has 0 · ∞: x² and x⁰ and x¹ at 0, and by the
// exponent at 0.
TEST_F(GradientTest, isFiniteForPowersOfZero) {
  auto results = run(R"(
func.func @f(%x: tensor<3xf64>, %c: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>) {
  %y = maek.pow %x, %c : tensor<3xf64>
  %s = maek.reduce sum %y dims [0] : tensor<3xf64>
  %g:2 = maek.gradient %s wrt(%x, %c) : tensor<f64>, tensor<3xf64>, tensor<3xf64>
  return %g#0, %g#1 : tensor<3xf64>, tensor<3xf64>
})",
                     {row({0, 0, 0}), row({2, 0, 1})});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].elements, (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(results[1].elements, (std::vector<double>{0, 0, 0}));
}
