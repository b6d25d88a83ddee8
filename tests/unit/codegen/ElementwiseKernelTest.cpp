// Part of Maek, under the MIT licence; see LICENSE.
// Kernels without a contraction or reduction: elementwise work, sources, and
// the movement of elements.
#include "ir/MaekOps.h"
#include "tests/unit/codegen/KernelHarness.h"

#include <gtest/gtest.h>

using namespace maek::test;

static const std::vector<Dims> batches = {
    {{"B", 1}}, {{"B", 2}}, {{"B", 7}}, {{"B", 64}}};

TEST(ElementwiseKernels, Arithmetic) {
  checkKernelsBothPrecisions(R"(
!t = tensor<?x37xf32, #maek.dims<B>>
!c = tensor<?x37xi1, #maek.dims<B>>
!i = tensor<?x37xi32, #maek.dims<B>>
func.func @binary(%a: !t, %b: !t) -> (!t, !t) {
  %0 = maek.add %a, %b : !t
  %1 = maek.mul %0, %a : !t
  %2 = maek.sub %1, %b : !t
  %3 = maek.max %2, %a : !t
  %4 = maek.min %3, %b : !t
  func.return %2, %4 : !t, !t
}
func.func @quotient(%a: !t, %b: !t) -> !t {
  %0 = maek.mul %b, %b : !t
  %1 = maek.constant 0.5 : !t
  %2 = maek.add %0, %1 : !t
  %3 = maek.div %a, %2 : !t
  %4 = maek.neg %3 : !t
  %5 = maek.stop_gradient %4 : !t
  func.return %5 : !t
}
func.func @choice(%a: !t, %b: !t, %i: !i) -> (!c, !t, !i, !t) {
  %0 = maek.compare ge %a, %b : !t -> !c
  %1 = maek.select %0, %a, %b : !c, !t
  %2 = maek.convert %0 : !c -> !i
  %3 = maek.convert %i : !i -> !t
  func.return %0, %1, %2, %3 : !c, !t, !i, !t
}
func.func @labels(%i: tensor<?xi32, #maek.dims<B>>) -> !t {
  %0 = maek.iota 1 : !i
  %1 = maek.broadcast %i dims [0] : tensor<?xi32, #maek.dims<B>> -> !i
  %2 = maek.compare eq %0, %1 : !i -> !c
  %3 = maek.convert %2 : !c -> !t
  func.return %3 : !t
}
func.func @mask(%c: !c, %a: !t) -> !t {
  %0 = maek.constant 0.0 : !t
  %1 = maek.select %c, %a, %0 : !c, !t
  func.return %1 : !t
}
func.func @mean_factor(%x: !t) -> !t attributes {maek.symbols = ["B"]} {
  %b = maek.extent "B" : tensor<f32>
  %n = maek.broadcast %b dims [] : tensor<f32> -> !t
  %y = maek.div %x, %n : !t
  func.return %y : !t
}
func.func @mean_multiple(%x: !t) -> !t attributes {maek.symbols = ["B"]} {
  %b = maek.extent "3*B" : tensor<f32>
  %n = maek.broadcast %b dims [] : tensor<f32> -> !t
  %y = maek.div %x, %n : !t
  func.return %y : !t
}
)",
                             batches);
}

/// A product of sizes that 32 bits do not hold.
TEST(ElementwiseKernels, LargeExtents) {
  checkKernelsBothPrecisions(R"(
!t = tensor<?xf32, #maek.dims<B>>
func.func @cube(%x: !t) -> !t attributes {maek.symbols = ["B"]} {
  %b = maek.extent "2*B*B*B" : tensor<f32>
  %n = maek.broadcast %b dims [] : tensor<f32> -> !t
  %y = maek.div %x, %n : !t
  func.return %y : !t
}
)",
                             {{{"B", 1300}}});
}

TEST(ElementwiseKernels, Functions) {
  checkKernelsBothPrecisions(R"(
!t = tensor<?x200xf32, #maek.dims<B>>
func.func @unary(%a: !t) -> (!t, !t, !t, !t, !t, !t, !t, !t) {
  %ten = maek.constant 10.0 : !t
  %x = maek.mul %a, %ten : !t
  %0 = maek.exp %x : !t
  %1 = maek.tanh %x : !t
  %2 = maek.sigmoid %x : !t
  %3 = maek.log %0 : !t
  %4 = maek.sin %x : !t
  %5 = maek.cos %x : !t
  %6 = maek.erf %x : !t
  %7 = maek.log1p %0 : !t
  func.return %0, %1, %2, %3, %4, %5, %6, %7 : !t, !t, !t, !t, !t, !t, !t, !t
}
func.func @powers(%a: !t, %b: !t) -> (!t, !t) {
  %0 = maek.mul %a, %a : !t
  %1 = maek.sqrt %0 : !t
  %2 = maek.pow %0, %b : !t
  func.return %1, %2 : !t, !t
}
)",
                             batches);
}

// What is left of a large negative number is 0, of an infinity nothing.
TEST(ElementwiseKernels, SaturatedSigmoid) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = {-3e38, -1e34, -100, -89, -88.3, -87.3,
                                 87.3,  100,   3e38, inf, -inf,  nan};
  for (llvm::StringRef element : elements) {
    OwnKernels own(R"(
!t = tensor<?xf32, #maek.dims<B>>
func.func private @sigmoid(%x: !t) -> (!t, !t) attributes {maek.kernel} {
  %0 = maek.sigmoid %x : !t
  %1 = maek.mul %x, %0 : !t
  func.return %0, %1 : !t, !t
}
)",
                   element.str());
    ASSERT_TRUE(own.kernels);
    auto size = int64_t(x.size());
    std::vector<maek::Tensor> found = own.kernels->run(
        own.module->lookupSymbol<mlir::func::FuncOp>("sigmoid"),
        {maek::Tensor({size}, x)}, {{"B", size}});
    for (size_t i = 0; i < x.size(); ++i) {
      double sigmoid = 1 / (1 + std::exp(-x[i]));
      for (auto [y, needed] : {std::pair(found[0].elements[i], sigmoid),
                               std::pair(found[1].elements[i], x[i] * sigmoid)})
        EXPECT_TRUE(std::isnan(needed)   ? std::isnan(y)
                    : std::isinf(needed) ? y == needed
                                         : std::abs(y - needed) <=
                                               1e-6 * std::abs(needed) + 1e-36)
            << element.str() << ": " << y << " for " << needed << " of "
            << x[i];
    }
  }
}

// As f64 has it: the derivative of what is saturated is 0, so that a large
// factor makes nothing of it.
TEST(ElementwiseKernels, SaturatedTanh) {
  checkKernelsBothPrecisions(R"(
!t = tensor<?x200xf32, #maek.dims<B>>
func.func @slope(%a: !t) -> (!t, !t) {
  %hundred = maek.constant 100.0 : !t
  %one = maek.constant 1.0 : !t
  %0 = maek.mul %a, %hundred : !t
  %1 = maek.mul %0, %0 : !t
  %2 = maek.add %1, %hundred : !t
  %3 = maek.tanh %2 : !t
  %4 = maek.mul %3, %3 : !t
  %5 = maek.sub %one, %4 : !t
  %6 = maek.mul %5, %1 : !t
  %7 = maek.neg %2 : !t
  %8 = maek.tanh %7 : !t
  func.return %6, %8 : !t, !t
}
)",
                             batches);
}

// The parameter update of Adam: three results over three arguments' memory.
TEST(ElementwiseKernels, Adam) {
  checkKernelsBothPrecisions(R"(
!t = tensor<24x52xf32>
!s = tensor<f32>
func.func @adam(%w: !t, %g: !t, %m: !t, %v: !t, %lr: !s, %near: !s)
    -> (!t, !t, !t) {
  %thousand = maek.constant 1000.0 : !s
  %step = maek.add %thousand, %near : !s
  %b1 = maek.constant 0.9 : !s
  %b2 = maek.constant 0.999 : !s
  %one = maek.constant 1.0 : !s
  %p1 = maek.pow %b1, %step : !s
  %p2 = maek.pow %b2, %step : !s
  %d1 = maek.sub %one, %p1 : !s
  %d2 = maek.sub %one, %p2 : !s
  %c1 = maek.broadcast %d1 dims [] : !s -> !t
  %c2 = maek.broadcast %d2 dims [] : !s -> !t
  %rate = maek.broadcast %lr dims [] : !s -> !t
  %0 = maek.constant 0.9 : !t
  %1 = maek.constant 0.1 : !t
  %2 = maek.constant 0.999 : !t
  %3 = maek.constant 0.001 : !t
  %4 = maek.constant 1.0e-8 : !t
  %5 = maek.mul %0, %m : !t
  %6 = maek.mul %1, %g : !t
  %7 = maek.add %5, %6 : !t
  %8 = maek.mul %2, %v : !t
  %9 = maek.mul %g, %g : !t
  %10 = maek.mul %3, %9 : !t
  %11 = maek.add %8, %10 : !t
  %12 = maek.div %7, %c1 : !t
  %13 = maek.div %11, %c2 : !t
  %abs = maek.mul %13, %13 : !t
  %14 = maek.sqrt %abs : !t
  %15 = maek.add %14, %4 : !t
  %16 = maek.div %12, %15 : !t
  %17 = maek.mul %rate, %16 : !t
  %18 = maek.sub %w, %17 : !t
  func.return %18, %7, %11 : !t, !t, !t
}
)",
                             {{}});
}

TEST(ElementwiseKernels, Movement) {
  checkKernelsBothPrecisions(R"(
!x = tensor<?x6x37xf32, #maek.dims<B>>
!y = tensor<?x37xf32, #maek.dims<B>>
func.func @transpose(%a: tensor<?x28x5xf32, #maek.dims<B>>)
    -> tensor<28x?x5xf32, #maek.dims<B>> {
  %0 = maek.transpose %a [1, 0, 2] : tensor<?x28x5xf32, #maek.dims<B>>
  func.return %0 : tensor<28x?x5xf32, #maek.dims<B>>
}
func.func @transpose_inner(%a: tensor<37x24xf32>) -> tensor<24x37xf32> {
  %0 = maek.transpose %a [1, 0] : tensor<37x24xf32>
  func.return %0 : tensor<24x37xf32>
}
func.func @rotate(%a: !x) -> tensor<6x37x?xf32, #maek.dims<B>> {
  %0 = maek.transpose %a [1, 2, 0] : !x
  func.return %0 : tensor<6x37x?xf32, #maek.dims<B>>
}
func.func @merge(%a: !x) -> tensor<?x222xf32, #maek.dims<B>> {
  %0 = maek.reshape %a : !x -> tensor<?x222xf32, #maek.dims<B>>
  func.return %0 : tensor<?x222xf32, #maek.dims<B>>
}
func.func @merge_rows(%a: !x) -> tensor<?x37xf32, #maek.dims<6*B>> {
  %0 = maek.reshape %a : !x -> tensor<?x37xf32, #maek.dims<6*B>>
  func.return %0 : tensor<?x37xf32, #maek.dims<6*B>>
}
func.func @unit(%a: !y) -> tensor<?x1x37xf32, #maek.dims<B>> {
  %0 = maek.reshape %a : !y -> tensor<?x1x37xf32, #maek.dims<B>>
  func.return %0 : tensor<?x1x37xf32, #maek.dims<B>>
}
func.func @concat(%a: !y, %b: tensor<?x5xf32, #maek.dims<B>>)
    -> tensor<?x42xf32, #maek.dims<B>> {
  %0 = maek.concat %a, %b dim 1 : !y, tensor<?x5xf32, #maek.dims<B>>
  func.return %0 : tensor<?x42xf32, #maek.dims<B>>
}
func.func @split(%a: !y)
    -> (tensor<?x30xf32, #maek.dims<B>>, tensor<?x7xf32, #maek.dims<B>>) {
  %0, %1 = maek.split %a dim 1 : !y
      -> tensor<?x30xf32, #maek.dims<B>>, tensor<?x7xf32, #maek.dims<B>>
  func.return %0, %1
      : tensor<?x30xf32, #maek.dims<B>>, tensor<?x7xf32, #maek.dims<B>>
}
func.func @stack(%a: !y, %b: !y, %c: !y) -> tensor<?x3x37xf32, #maek.dims<B>> {
  %0 = maek.tanh %a : !y
  %1 = maek.mul %a, %b : !y
  %2 = maek.stack %0, %1, %c dim 1 : !y, !y, !y
  func.return %2 : tensor<?x3x37xf32, #maek.dims<B>>
}
func.func @unstack(%a: tensor<?x3x37xf32, #maek.dims<B>>) -> (!y, !y) {
  %0, %1, %2 = maek.unstack %a dim 1 : tensor<?x3x37xf32, #maek.dims<B>>
  %3 = maek.mul %0, %2 : !y
  func.return %3, %1 : !y, !y
}
func.func @slice(%a: !x) -> (!y, tensor<?x6x30xf32, #maek.dims<B>>) {
  %0 = maek.slice %a dim 1 offset -1 : !x -> tensor<?x1x37xf32, #maek.dims<B>>
  %1 = maek.reshape %0 : tensor<?x1x37xf32, #maek.dims<B>> -> !y
  %2 = maek.slice %a dim 2 offset 3 : !x -> tensor<?x6x30xf32, #maek.dims<B>>
  func.return %1, %2 : !y, tensor<?x6x30xf32, #maek.dims<B>>
}
func.func @last_row(%a: !y) -> tensor<1x37xf32> {
  %0 = maek.slice %a dim 0 offset -1 : !y -> tensor<1x37xf32>
  func.return %0 : tensor<1x37xf32>
}
func.func @reverse(%a: !x, %b: !x) -> !x {
  %0 = maek.reverse %a dim 1 : !x
  %1 = maek.reverse %b dim 0 : !x
  %2 = maek.add %0, %1 : !x
  func.return %2 : !x
}
func.func @reverse_inner(%a: !y) -> !y {
  %0 = maek.reverse %a dim 1 : !y
  func.return %0 : !y
}
func.func @reverse_row(%a: tensor<?x6xf32, #maek.dims<B>>, %p: tensor<6xf32>) -> tensor<?x6xf32, #maek.dims<B>> {
  %0 = maek.broadcast %p dims [1] : tensor<6xf32> -> tensor<?x6xf32, #maek.dims<B>>
  %1 = maek.add %a, %0 : tensor<?x6xf32, #maek.dims<B>>
  %2 = maek.reverse %1 dim 1 : tensor<?x6xf32, #maek.dims<B>>
  %3 = maek.add %a, %2 : tensor<?x6xf32, #maek.dims<B>>
  func.return %3 : tensor<?x6xf32, #maek.dims<B>>
}
func.func @pad(%a: !y) -> tensor<?x60xf32, #maek.dims<B>> {
  %0 = maek.pad %a dim 1 offset 20 : !y -> tensor<?x60xf32, #maek.dims<B>>
  func.return %0 : tensor<?x60xf32, #maek.dims<B>>
}
func.func @pad_last(%a: tensor<1x37xf32>, %b: !y) -> !y {
  %0 = maek.pad %a dim 0 offset -1 : tensor<1x37xf32> -> !y
  %1 = maek.add %0, %b : !y
  func.return %1 : !y
}
)",
                             batches);
}

TEST(ElementwiseKernels, Packing) {
  checkKernelsBothPrecisions(R"(
func.func @pack(%w: tensor<37x20xf32>) -> tensor<3x20x16xf32> {
  %0 = maek.pack %w dim 0 width 16 order [1] : tensor<37x20xf32>
  func.return %0 : tensor<3x20x16xf32>
}
func.func @pack_gates(%a: tensor<37x20xf32>, %b: tensor<37x20xf32>)
    -> tensor<3x20x2x16xf32> {
  %0 = maek.stack %a, %b dim 0 : tensor<37x20xf32>, tensor<37x20xf32>
  %1 = maek.pack %0 dim 1 width 16 order [2, 0] : tensor<2x37x20xf32>
  func.return %1 : tensor<3x20x2x16xf32>
}
func.func @pack_columns(%w: tensor<2x37x20xf32>) -> tensor<2x2x37x16xf32> {
  %0 = maek.pack %w dim 2 width 16 order [0, 1] : tensor<2x37x20xf32>
  func.return %0 : tensor<2x2x37x16xf32>
}
func.func @unpack(%p: tensor<3x20x16xf32>) -> tensor<37x20xf32> {
  %0 = maek.unpack %p dim 0 width 16 order [1]
      : tensor<3x20x16xf32> -> tensor<37x20xf32>
  func.return %0 : tensor<37x20xf32>
}
)",
                             {{}});
}

TEST(ElementwiseKernels, Random) {
  const std::string head = R"(
!t = tensor<?x37xf32, #maek.dims<B>>
!s = tensor<i32>
)";
  const std::string numbers = R"(
func.func @plain(%a: !t, %low: !s, %high: !s, %stream: !s, %time: !s) -> !t {
  %zero = maek.constant 0.0 : !s
  %u = maek.random key(%low, %high) at(%stream, %time, %zero) : !t
  func.return %u : !t
}
)";
  const std::string dropout = R"(
func.func @dropout(%a: !t, %low: !s) -> (!t, tensor<?x37xi1, #maek.dims<B>>) {
  %big = maek.constant -7.0 : !s
  %p = maek.constant 0.25 : !t
  %zero = maek.constant 0.0 : !t
  %u = maek.random key(%low, %big) at(%big, %low, %big) : !t
  %c = maek.compare lt %u, %p : !t -> tensor<?x37xi1, #maek.dims<B>>
  %y = maek.select %c, %zero, %a : tensor<?x37xi1, #maek.dims<B>>, !t
  func.return %y, %c : !t, tensor<?x37xi1, #maek.dims<B>>
}
)";
  checkKernelsBothPrecisions(head + dropout, batches);
  // Bit by bit the interpreter's: numbers of 24 bits, exact in both precisions.
  std::string doubles = head + numbers;
  checkKernels(doubles, batches, 0);
  for (size_t at = 0; (at = doubles.find("f32", at)) != std::string::npos;)
    doubles.replace(at, 3, "f64");
  checkKernels(doubles, batches, 0);
}

// Zeros, infinities and NaN as docs/ir.md says of powers and comparisons.
TEST(ElementwiseKernels, SpecialValues) {
  const double inf = std::numeric_limits<double>::infinity();
  const double smallest = std::numeric_limits<float>::min();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> numbers = {0,   0.5, 1,    2,    7.25,    1e20,
                                       inf, nan, -0.5, -2,   3,       -3,
                                       65,  -1,  -0.0, -inf, 8388609, 16777215};
  std::vector<double> lhs, rhs;
  for (double a : numbers)
    for (double b : numbers)
      if (!(a < 0) || b == std::floor(b) || std::isnan(b)) {
        lhs.push_back(a);
        rhs.push_back(b);
      }
  for (llvm::StringRef element : elements) {
    std::string text = R"(
!t = tensor<?xf32, #maek.dims<B>>
!c = tensor<?xi1, #maek.dims<B>>
func.func private @power(%a: !t, %b: !t) -> !t attributes {maek.kernel} {
  %0 = maek.pow %a, %b : !t
  func.return %0 : !t
}
func.func private @same(%a: !t, %b: !t) -> (!c, !c) attributes {maek.kernel} {
  %eq = maek.compare eq %b, %b : !t -> !c
  %ne = maek.compare ne %b, %b : !t -> !c
  func.return %eq, %ne : !c, !c
}
func.func private @order(%a: !t, %b: !t) -> (!c, !c, !c, !c)
    attributes {maek.kernel} {
  %lt = maek.compare lt %a, %b : !t -> !c
  %le = maek.compare le %a, %b : !t -> !c
  %gt = maek.compare gt %a, %b : !t -> !c
  %ge = maek.compare ge %a, %b : !t -> !c
  func.return %lt, %le, %gt, %ge : !c, !c, !c, !c
}
)";
    OwnKernels own(text, element.str());
    ASSERT_TRUE(own.kernels);
    auto size = int64_t(lhs.size());
    auto run = [&](llvm::StringRef name) {
      return own.kernels->run(
          own.module->lookupSymbol<mlir::func::FuncOp>(name),
          {maek::Tensor({size}, lhs), maek::Tensor({size}, rhs)},
          {{"B", size}});
    };
    std::vector<maek::Tensor> power = run("power"), order = run("order"),
                              same = run("same");
    for (size_t i = 0; i < lhs.size(); ++i) {
      double a = lhs[i], b = rhs[i], p = power[0].elements[i];
      double needed = std::pow(a, b);
      if (element == "f32")
        needed = double(float(needed));
      EXPECT_TRUE(std::isnan(needed)   ? std::isnan(p)
                  : std::isinf(needed) ? p == needed
                  : needed == 0
                      ? p == 0 && std::signbit(p) == std::signbit(needed)
                      : std::abs(p - needed) <=
                            1e-5 * std::abs(needed) + smallest)
          << element.str() << ": " << a << " ^ " << b << " = " << p;
      EXPECT_EQ(same[0].elements[i] != 0, b == b) << b;
      EXPECT_EQ(same[1].elements[i] != 0, b != b) << b;
      const bool holds[] = {a<b, a <= b, a> b, a >= b};
      for (size_t n = 0; n < std::size(holds); ++n)
        EXPECT_EQ(order[n].elements[i] != 0, holds[n])
            << element.str() << ": comparison " << n << " of " << a << ", "
            << b;
    }
  }
}

// Constants that together leave the type's range do not take the elements
// with them.
TEST(ElementwiseKernels, ExtremeConstants) {
  OwnKernels own(R"(
!t = tensor<?xf32, #maek.dims<B>>
func.func private @chains(%x: !t) -> (!t, !t, !t) attributes {maek.kernel} {
  %large = maek.constant 1.0e30 : !t
  %small = maek.constant 1.0e-30 : !t
  %near = maek.constant 3.0e38 : !t
  %0 = maek.mul %x, %large : !t
  %1 = maek.mul %0, %large : !t
  %2 = maek.mul %x, %small : !t
  %3 = maek.mul %2, %small : !t
  %4 = maek.add %x, %near : !t
  %5 = maek.add %4, %near : !t
  func.return %1, %3, %5 : !t, !t, !t
}
)",
                 "f32");
  ASSERT_TRUE(own.kernels);
  const std::vector<double> numbers = {0, 1e-30, -1e-30, 1, 3e38, -3e38};
  auto size = int64_t(numbers.size());
  std::vector<maek::Tensor> found =
      own.kernels->run(own.module->lookupSymbol<mlir::func::FuncOp>("chains"),
                       {maek::Tensor({size}, numbers)}, {{"B", size}});
  const float large = 1e30f, small = 1e-30f, near = 3e38f;
  for (size_t i = 0; i < numbers.size(); ++i) {
    auto x = float(numbers[i]);
    EXPECT_EQ(found[0].elements[i], double(x * large * large)) << x;
    EXPECT_EQ(found[1].elements[i], double(x * small * small)) << x;
    EXPECT_EQ(found[2].elements[i], double(x + near + near)) << x;
  }
}

// Of small x, ln (1 + x) keeps the digits that 1 + x drops.
/// The largest element equals the maximum, however both are computed.
TEST(ElementwiseKernels, ComparedWithTheirMaximum) {
  checkKernelsBothPrecisions(R"(
!x = tensor<?x16xf32, #maek.dims<B>>
!b = tensor<?x16xi1, #maek.dims<B>>
!r = tensor<?xf32, #maek.dims<B>>
func.func @count(%x: !x, %w: !x) -> (!r, !r) attributes {maek.symbols = ["B"]} {
  %c = maek.constant 0.1 : !x
  %0 = maek.mul %x, %w : !x
  %1 = maek.add %0, %c : !x
  %2 = maek.reduce max %1 dims [1] : !x
  %3 = maek.broadcast %2 dims [0] : !r -> !x
  %4 = maek.compare ge %1, %3 : !x -> !b
  %5 = maek.convert %4 : !b -> !x
  %6 = maek.reduce sum %5 dims [1] : !x
  %7 = maek.compare eq %1, %3 : !x -> !b
  %8 = maek.convert %7 : !b -> !x
  %9 = maek.reduce sum %8 dims [1] : !x
  func.return %6, %9 : !r, !r
}
)",
                             {{{"B", 64}}, {{"B", 500}}});
}

TEST(ElementwiseKernels, LogarithmOfOnePlus) {
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<double> x = {0,    1e-30, -1e-30, 1e-9,   -1e-9, 1e-4,
                           -0.3, -0.29, 0.41,   0.42,   1,     1e20,
                           inf,  -1,    -2,     -0.999, -inf};
  x.push_back(std::numeric_limits<double>::quiet_NaN());
  for (llvm::StringRef element : elements) {
    OwnKernels own(R"(
!t = tensor<?xf32, #maek.dims<B>>
func.func private @log1p(%x: !t) -> !t attributes {maek.kernel} {
  %0 = maek.log1p %x : !t
  func.return %0 : !t
}
)",
                   element.str());
    ASSERT_TRUE(own.kernels);
    auto size = int64_t(x.size());
    std::vector<maek::Tensor> found =
        own.kernels->run(own.module->lookupSymbol<mlir::func::FuncOp>("log1p"),
                         {maek::Tensor({size}, x)}, {{"B", size}});
    for (size_t i = 0; i < x.size(); ++i) {
      double rounded = element == "f32" ? double(float(x[i])) : x[i];
      double needed = std::log1p(rounded), y = found[0].elements[i];
      double tolerance = element == "f32" ? 3e-7 : 1e-15;
      EXPECT_TRUE(std::isnan(needed) ? std::isnan(y)
                  : std::isinf(needed)
                      ? y == needed
                      : std::abs(y - needed) <= tolerance * std::abs(needed))
          << element.str() << ": log1p(" << x[i] << ") = " << y;
    }
  }
}

// What lies beyond the type's range is an infinity once it is stored.
TEST(ElementwiseKernels, InfiniteConstants) {
  const double inf = std::numeric_limits<double>::infinity();
  for (const std::string &element : elements) {
    std::string text = R"(
!t = tensor<3xf32>
func.func private @numbers(%a: !t) -> (!t, !t, !t) attributes {maek.kernel} {
  %low = maek.constant -1.0e39 : !t
  %infinity = maek.constant 0x7FF0000000000000 : !t
  %within = maek.constant -2.0e38 : !t
  func.return %low, %infinity, %within : !t, !t, !t
}
)";
    OwnKernels own(text, element);
    ASSERT_TRUE(own.kernels);
    auto kernel = own.module->lookupSymbol<mlir::func::FuncOp>("numbers");
    std::vector<double> found;
    for (const maek::Tensor &result :
         own.kernels->run(kernel, {maek::Tensor({3})}, {}))
      found.push_back(result.elements.front());
    bool isSingle = element == "f32";
    EXPECT_EQ(found, (std::vector<double>{isSingle ? -inf : -1e39, inf,
                                          isSingle ? double(-2e38f) : -2e38}));
  }
}

// The largest finite number stands for an infinity of the text, and is one.
TEST(ElementwiseKernels, ComparisonsWithInfinity) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> x = {inf, -inf, nan, 0, 1, -1e30};
  std::string text = R"(
!t = tensor<6xf32>
!c = tensor<6xi1>
)";
  const std::string predicates[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  for (std::string sign : {"7", "F"}) // of the bits of an infinity
    for (const std::string &predicate : predicates)
      text += "func.func private @" + predicate + sign + R"((%x: !t) -> (!c, !c)
    attributes {maek.kernel} {
  %infinity = maek.constant 0x)" +
              sign + R"(FF0000000000000 : !t
  %right = maek.compare )" +
              predicate + R"( %x, %infinity : !t -> !c
  %left = maek.compare )" +
              predicate + R"( %infinity, %x : !t -> !c
  func.return %right, %left : !c, !c
}
)";
  for (llvm::StringRef element : elements) {
    OwnKernels own(text, element.str());
    ASSERT_TRUE(own.kernels);
    for (double infinity : {inf, -inf})
      for (size_t n = 0; n < std::size(predicates); ++n) {
        std::string name = predicates[n] + (infinity > 0 ? "7" : "F");
        std::vector<maek::Tensor> found =
            own.kernels->run(own.module->lookupSymbol<mlir::func::FuncOp>(name),
                             {maek::Tensor({6}, x)}, {});
        for (size_t i = 0; i < x.size(); ++i) {
          auto predicate = maek::ComparePredicate(n);
          EXPECT_EQ(found[0].elements[i] != 0,
                    maek::CompareOp::evaluate(predicate, x[i], infinity))
              << element.str() << ": " << x[i] << " " << name;
          EXPECT_EQ(found[1].elements[i] != 0,
                    maek::CompareOp::evaluate(predicate, infinity, x[i]))
              << element.str() << ": " << name << " " << x[i];
        }
      }
  }
}

// Infinities that a mask chooses and those of an argument are the same ones.
TEST(ElementwiseKernels, Infinities) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::string text = R"(
!t = tensor<?xf32, #maek.dims<B>>
!c = tensor<?xi1, #maek.dims<B>>
func.func private @chosen(%x: !t) -> (!t, !t, !t) attributes {maek.kernel} {
  %zero = maek.constant 0.0 : !t
  %low = maek.constant 0xFFF0000000000000 : !t
  %high = maek.constant 0x7FF0000000000000 : !t
  %c = maek.compare gt %x, %zero : !t -> !c
  %0 = maek.select %c, %x, %low : !c, !t
  %1 = maek.neg %0 : !t
  %2 = maek.max %x, %low : !t
  %3 = maek.min %2, %high : !t
  func.return %0, %1, %3 : !t, !t, !t
}
)";
  const maek::Tensor x({6}, {-inf, -2, 0, 3, inf, nan});
  for (llvm::StringRef element : elements) {
    OwnKernels own(text, element);
    ASSERT_TRUE(own.kernels);
    for (auto kernel : own.module->getOps<mlir::func::FuncOp>()) {
      auto expected = maek::interpret(kernel, {x});
      ASSERT_TRUE(succeeded(expected));
      std::vector<maek::Tensor> found =
          own.kernels->run(kernel, {x}, {{"B", 6}});
      for (size_t i = 0; i < found.size(); ++i)
        for (size_t j = 0; j < found[i].elements.size(); ++j)
          EXPECT_TRUE(found[i].elements[j] == (*expected)[i].elements[j] ||
                      std::isnan((*expected)[i].elements[j]))
              << element.str() << ' ' << kernel.getName().str() << " of "
              << x.elements[j] << " is " << found[i].elements[j];
    }
  }
}
