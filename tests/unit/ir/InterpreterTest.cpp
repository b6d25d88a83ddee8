// Part of Maek, under the MIT licence; see LICENSE.
// Functions in the interpreter: symbols, calls, kernels, and what it refuses.
#include "ir/interpreter/Interpreter.h"
#include "ir/interpreter/SymbolValues.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Diagnostics.h"
#include <gtest/gtest.h>
#include <limits>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

class InterpreterTest : public testing::Test {
protected:
  /// The results of @f; empty, and `errors` set, where it fails.
  std::vector<Tensor> run(const std::string &text,
                          const std::vector<Tensor> &arguments) {
    auto module = parseModule(*context, text);
    EXPECT_TRUE(module) << text;
    if (!module)
      return {};
    ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
      errors += diagnostic.str() + "\n";
      return success();
    });
    auto results =
        interpret(module->lookupSymbol<func::FuncOp>("f"), arguments);
    if (failed(results))
      return {};
    return {results->begin(), results->end()};
  }

  void expectError(const std::string &text,
                   const std::vector<Tensor> &arguments,
                   const std::string &message) {
    errors.clear();
    EXPECT_TRUE(run(text, arguments).empty());
    EXPECT_NE(errors.find(message), std::string::npos)
        << text << "\ngives\n"
        << errors << "instead of\n"
        << message;
  }

  std::unique_ptr<MLIRContext> context = makeTestContext();
  std::string errors;
};

Tensor fill(std::vector<int64_t> shape, double value = 1) {
  return Tensor(Index(shape), value);
}

} // namespace

TEST(SymbolValues, solvesMonomials) {
  SymbolValues symbols;
  EXPECT_TRUE(succeeded(symbols.bind(*Extent::parse("B*T"), 12)));
  EXPECT_EQ(symbols.evaluate(*Extent::parse("2*B*T")), 24);
  EXPECT_FALSE(symbols.evaluate(Extent::symbol("B")));
  EXPECT_TRUE(succeeded(symbols.bind(*Extent::parse("2*T"), 6)));
  EXPECT_EQ(symbols.evaluate(Extent::symbol("B")), 4);
  EXPECT_TRUE(succeeded(symbols.bind(*Extent::parse("H*H"), 25)));
  EXPECT_EQ(symbols.evaluate(Extent::symbol("H")), 5);
}

TEST(SymbolValues, refusesContradictions) {
  auto fails = [](std::vector<std::pair<const char *, int64_t>> equations) {
    SymbolValues symbols;
    for (auto [text, value] : equations)
      if (failed(symbols.bind(*Extent::parse(text), value)))
        return true;
    return false;
  };
  EXPECT_TRUE(fails({{"B", 2}, {"B", 3}}));
  EXPECT_TRUE(fails({{"2*B", 3}}));
  EXPECT_TRUE(fails({{"B*T", 12}, {"B", 5}}));
  EXPECT_TRUE(fails({{"B*B", 12}}));
  EXPECT_TRUE(fails({{"4", 5}}));
  EXPECT_TRUE(fails({{"B", 0}, {"B*T", 3}}));
  EXPECT_FALSE(fails({{"B", 0}, {"B*T", 0}, {"T", 7}}));
}

// A kernel that only knows rows of B*T, and one that needs its caller's B.
TEST_F(InterpreterTest, callsKernels) {
  auto results = run(R"(
func.func @f(%x: tensor<?x?x2xf32, #maek.dims<B, T>>) -> (tensor<?x2xf32, #maek.dims<B*T>>, tensor<2xf32>) {
  %rows = maek.reshape %x : tensor<?x?x2xf32, #maek.dims<B, T>> -> tensor<?x2xf32, #maek.dims<B*T>>
  %y = func.call @double(%rows) : (tensor<?x2xf32, #maek.dims<B*T>>) -> tensor<?x2xf32, #maek.dims<B*T>>
  %m = func.call @mean(%y) : (tensor<?x2xf32, #maek.dims<B*T>>) -> tensor<2xf32>
  return %y, %m : tensor<?x2xf32, #maek.dims<B*T>>, tensor<2xf32>
}
func.func private @double(%x: tensor<?x2xf32, #maek.dims<B*T>>) -> tensor<?x2xf32, #maek.dims<B*T>>
    attributes {maek.kernel} {
  %y = maek.add %x, %x : tensor<?x2xf32, #maek.dims<B*T>>
  return %y : tensor<?x2xf32, #maek.dims<B*T>>
}
func.func private @mean(%x: tensor<?x2xf32, #maek.dims<B*T>>) -> tensor<2xf32>
    attributes {maek.kernel, maek.symbols = ["B"]} {
  %s = maek.reduce sum %x dims [0] : tensor<?x2xf32, #maek.dims<B*T>>
  %b = maek.extent "B" : tensor<f32>
  %n = maek.broadcast %b dims [] : tensor<f32> -> tensor<2xf32>
  %m = maek.div %s, %n : tensor<2xf32>
  return %m : tensor<2xf32>
})",
                     {fill({2, 3, 2}, 0.5)});
  ASSERT_EQ(results.size(), 2u) << errors;
  EXPECT_EQ(results[0].shape, (Shape{6, 2}));
  EXPECT_EQ(results[1].elements, (std::vector<double>{3, 3}));
}

// Steps run in order, or from the last to the first; outputs keep their place.
TEST_F(InterpreterTest, scansBothWays) {
  for (bool reverse : {false, true}) {
    auto results = run(std::string("func.func @f(%x: tensor<?xf64, ") +
                           "#maek.dims<T>>) -> (tensor<f64>, tensor<?xf64, "
                           "#maek.dims<T>>) {\n%h = maek.constant 0.0 : "
                           "tensor<f64>\n%two = maek.constant 2.0 : "
                           "tensor<f64>\n%r:2 = maek.scan " +
                           (reverse ? "reverse" : "") + R"( over(%x) init(%h) {
  ^bb0(%e: tensor<f64>, %s: tensor<f64>):
    %d = maek.mul %s, %two : tensor<f64>
    %n = maek.add %d, %e : tensor<f64>
    maek.yield %n, %n : tensor<f64>, tensor<f64>
  } : (tensor<?xf64, #maek.dims<T>>, tensor<f64>) -> (tensor<f64>, tensor<?xf64, #maek.dims<T>>)
  return %r#0, %r#1 : tensor<f64>, tensor<?xf64, #maek.dims<T>>
})",
                       {Tensor(Index({3}), {1, 2, 3})});
    ASSERT_EQ(results.size(), 2u) << errors;
    EXPECT_EQ(results[0][{}], reverse ? 17 : 11);
    EXPECT_EQ(results[1].elements, reverse ? (std::vector<double>{17, 8, 3})
                                           : (std::vector<double>{1, 4, 11}));
  }
}

// No step at all: the states are the inits, the outputs are empty.
TEST_F(InterpreterTest, scansNothing) {
  auto results = run(R"(
func.func @f(%x: tensor<?xf64, #maek.dims<T>>, %h: tensor<f64>) -> (tensor<f64>, tensor<?xf64, #maek.dims<T>>) {
  %r:2 = maek.scan over(%x) init(%h) {
  ^bb0(%e: tensor<f64>, %s: tensor<f64>):
    %n = maek.add %e, %s : tensor<f64>
    maek.yield %n, %n : tensor<f64>, tensor<f64>
  } : (tensor<?xf64, #maek.dims<T>>, tensor<f64>) -> (tensor<f64>, tensor<?xf64, #maek.dims<T>>)
  return %r#0, %r#1 : tensor<f64>, tensor<?xf64, #maek.dims<T>>
})",
                     {fill({0}), fill({}, 5)});
  ASSERT_EQ(results.size(), 2u) << errors;
  EXPECT_EQ(results[0][{}], 5);
  EXPECT_EQ(results[1].size(), 0);
}

TEST_F(InterpreterTest, refusesWrongArguments) {
  const std::string text = "func.func @f(%x: tensor<?x4xf32, #maek.dims<B>>, "
                           "%y: tensor<?xf32, #maek.dims<B>>) {\nreturn\n}";
  expectError(text, {fill({2, 4})}, "takes 2 arguments, found 1");
  expectError(text, {fill({2, 4}), fill({3})},
              "argument 1 has size 3 along axis 0, where B does not fit");
  expectError(text, {fill({2, 3}), fill({2})},
              "argument 0 has size 3 along axis 1, where 4 does not fit");
  expectError(text, {fill({2}), fill({2})}, "argument 0 has 1 axes");
  expectError("func.func @f(%x: memref<4xf32>) {\nreturn\n}", {fill({4})},
              "the interpreter knows tensors only");
  expectError("func.func private @f()", {}, "without a body");
}

TEST_F(InterpreterTest, refusesWhatHasNoValue) {
  expectError("func.func @f() {\n%b = maek.extent \"B\" : tensor<f32>\n"
              "return\n}",
              {}, "the value of B is not known");
  expectError("func.func @f() {\n%c = maek.constant 0.0 : tensor<?xf32, "
              "#maek.dims<B>>\nreturn\n}",
              {}, "the value of B is not known");
  expectError("func.func @f() {\n%c = maek.constant 0.0 : "
              "tensor<9000000000000xf32>\nreturn\n}",
              {}, "is too large");
  expectError(
      "func.func @f(%x: tensor<f32>) {\n%g = maek.gradient %x wrt(%x) : "
      "tensor<f32>, tensor<f32>\nreturn\n}",
      {fill({})}, "cannot be interpreted before maek-differentiate");
  expectError(
      "func.func @f(%x: tensor<?xf32, #maek.dims<T>>) {\n%s = maek.slice "
      "%x dim 0 offset -1 : tensor<?xf32, #maek.dims<T>> -> "
      "tensor<1xf32>\nreturn\n}",
      {fill({0})}, "range of 1 from -1 is outside of 0");
  expectError("func.func @f() {\n%c = arith.constant 1 : i32\nreturn\n}", {},
              "cannot be interpreted");
  expectError("func.func @f() {\nfunc.call @f() : () -> ()\nreturn\n}", {},
              "calls are nested too deeply");
}

TEST_F(InterpreterTest, letsValuesBeChanged) {
  auto module = parseModule(*context, R"(
func.func private @twice(%x: tensor<f64>) -> tensor<f64> {
  %y = maek.add %x, %x : tensor<f64>
  return %y : tensor<f64>
}
func.func @f(%x: tensor<f64>) -> tensor<f64> {
  %y = func.call @twice(%x) : (tensor<f64>) -> tensor<f64>
  return %y : tensor<f64>
})");
  ASSERT_TRUE(module);
  auto results = interpret(
      module->lookupSymbol<func::FuncOp>("f"), {fill({}, 3)},
      [](mlir::Value, Tensor &tensor) { tensor.elements.front() += 1; });
  ASSERT_TRUE(succeeded(results));
  // The argument of either function, the sum, and the call's result.
  EXPECT_EQ(results->front().elements.front(), ((3 + 1) + 1) * 2 + 1 + 1);
}

// Eight bits, to the nearest, ties to even; what is beyond is infinite.
TEST_F(InterpreterTest, roundsToBFloat16) {
  const double inf = std::numeric_limits<double>::infinity();
  const std::pair<double, double> rounded[] = {
      {1, 1},
      {1 + 0x1p-8, 1},
      {1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-7},
      {1 + 0x3p-8, 1 + 0x1p-6},
      {-3.14159274101257324, -3.140625},
      {0x1.FFp127, inf},
      {-0x1.FEFFFFp127, -0x1.FEp127},
      {0x1p-133, 0x1p-133},
      {0x1p-134, 0},
      {-inf, -inf}};
  std::vector<double> numbers, needed;
  for (auto [from, to] : rounded) {
    numbers.push_back(from);
    needed.push_back(to);
  }
  auto results = run(R"(
func.func @f(%x: tensor<10xf32>) -> (tensor<10xbf16>, tensor<10xf32>, tensor<2xbf16>) {
  %y = maek.convert %x : tensor<10xf32> -> tensor<10xbf16>
  %z = maek.convert %y : tensor<10xbf16> -> tensor<10xf32>
  %c = maek.constant 3.1415 : tensor<2xbf16>
  return %y, %z, %c : tensor<10xbf16>, tensor<10xf32>, tensor<2xbf16>
})",
                     {Tensor(Index({10}), numbers)});
  ASSERT_EQ(results.size(), 3u) << errors;
  EXPECT_EQ(results[0].elements, needed);
  EXPECT_EQ(results[1].elements, needed);
  EXPECT_EQ(results[2].elements, (std::vector<double>{3.140625, 3.140625}));
}

// Ties to even, both ends; products of both signs.
TEST_F(InterpreterTest, multipliesCodes) {
  auto results = run(R"(
func.func @f(%x: tensor<6xf32>, %s: tensor<6xf32>) -> (tensor<6xui8>, tensor<6xi8>, tensor<f32>, tensor<6xf32>) {
  %a = maek.quantize %x by %s zero 128 : tensor<6xf32> -> tensor<6xui8>
  %b = maek.quantize %x by %s zero 0 : tensor<6xf32> -> tensor<6xi8>
  %p = maek.einsum "k,k->" %a, %b : tensor<6xui8>, tensor<6xi8>
  %c = maek.convert %b : tensor<6xi8> -> tensor<6xf32>
  return %a, %b, %p, %c : tensor<6xui8>, tensor<6xi8>, tensor<f32>, tensor<6xf32>
})",
                     {Tensor(Index({6}), {0.25, 0.75, -1, 100, -100, 3}),
                      Tensor(Index({6}), {2, 2, 2, 2, 2, 0.5})});
  ASSERT_EQ(results.size(), 4u) << errors;
  EXPECT_EQ(results[0].elements,
            (std::vector<double>{128, 130, 126, 255, 0, 130}));
  EXPECT_EQ(results[1].elements, (std::vector<double>{0, 2, -2, 127, -128, 2}));
  EXPECT_EQ(results[2].elements,
            (std::vector<double>{260 - 252 + 255 * 127 + 260}));
  EXPECT_EQ(results[3].elements, results[1].elements);
}

// Four codes a word, the first in the lowest bits.
TEST_F(InterpreterTest, packsCodes) {
  auto results =
      run(R"(
func.func @f(%x: tensor<2x5xi8>) -> (tensor<1x2x2xi32>, tensor<2x5xi8>) {
  %p = maek.pack %x dim 0 width 2 order [1] words 1 : tensor<2x5xi8>
  %u = maek.unpack %p dim 0 width 2 order [1] words 1
    : tensor<1x2x2xi32> -> tensor<2x5xi8>
  return %p, %u : tensor<1x2x2xi32>, tensor<2x5xi8>
})",
          {Tensor(Index({2, 5}), {1, -1, 2, -128, 127, 0, 3, 0, 0, -5})});
  ASSERT_EQ(results.size(), 2u) << errors;
  auto word = [](uint32_t bits) { return double(int32_t(bits)); };
  EXPECT_EQ(results[0].elements,
            (std::vector<double>{word(0x8002FF01), word(0x00000300), word(0x7F),
                                 word(0xFB)}));
  EXPECT_EQ(results[1].elements,
            (std::vector<double>{1, -1, 2, -128, 127, 0, 3, 0, 0, -5}));
}

// A word has the number with the even index in its lower half; after an odd
// count and past the last panel stands 0.
TEST_F(InterpreterTest, packsPairs) {
  auto results = run(R"(
func.func @f(%x: tensor<3x3xf32>) -> (tensor<2x2x2xi32>, tensor<3x3xbf16>) {
  %p = maek.pack %x dim 0 width 2 order [1] words 1 : tensor<3x3xf32>
  %u = maek.unpack %p dim 0 width 2 order [1] words 1
    : tensor<2x2x2xi32> -> tensor<3x3xbf16>
  return %p, %u : tensor<2x2x2xi32>, tensor<3x3xbf16>
})",
                     {Tensor(Index({3, 3}), {1, -2, 3, 4, 5, 6, 7, 8, 1.001})});
  ASSERT_EQ(results.size(), 2u) << errors;
  auto word = [](uint32_t even, uint32_t odd) {
    return double(int32_t(even | odd << 16));
  };
  EXPECT_EQ(results[0].elements,
            (std::vector<double>{word(0x3F80, 0xC000), word(0x4080, 0x40A0),
                                 word(0x4040, 0), word(0x40C0, 0),
                                 word(0x40E0, 0x4100), 0, word(0x3F80, 0), 0}));
  EXPECT_EQ(results[1].elements,
            (std::vector<double>{1, -2, 3, 4, 5, 6, 7, 8, 1}));
}
