// Part of Maek, under the MIT licence; see LICENSE.
// Kernels with contractions and reductions.
#include "tests/unit/codegen/KernelHarness.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace maek::test;

static const std::vector<Dims> batches = {{{"B", 1}},  {{"B", 2}}, {{"B", 3}},
                                          {{"B", 5}},  {{"B", 7}}, {{"B", 8}},
                                          {{"B", 11}}, {{"B", 64}}};
static const std::vector<Dims> sequences = {{{"B", 1}, {"T", 1}},
                                            {{"B", 2}, {"T", 5}},
                                            {{"B", 7}, {"T", 2}},
                                            {{"B", 37}, {"T", 20}}};

static std::string replaceAll(std::string text, const std::string &from,
                              const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

TEST(ContractionKernels, Products) {
  checkKernelsBothPrecisions(R"(
!x = tensor<?x20xf32, #maek.dims<B>>
!y = tensor<?x37xf32, #maek.dims<B>>
func.func @unpacked(%x: !x, %w: tensor<37x20xf32>) -> !y {
  %0 = maek.einsum "bk,nk->bn" %x, %w : !x, tensor<37x20xf32>
  func.return %0 : !y
}
func.func @rows(%x: !y, %w: tensor<37x20xf32>) -> !x {
  %0 = maek.einsum "bn,nk->bk" %x, %w : !y, tensor<37x20xf32>
  func.return %0 : !x
}
func.func @packed(%x: !x, %p: tensor<3x20x16xf32>, %b: tensor<37xf32>) -> !y {
  %w = maek.unpack %p dim 0 width 16 order [1]
      : tensor<3x20x16xf32> -> tensor<37x20xf32>
  %0 = maek.einsum "bk,nk->bn" %x, %w : !x, tensor<37x20xf32>
  %1 = maek.broadcast %b dims [1] : tensor<37xf32> -> !y
  %2 = maek.add %0, %1 : !y
  %3 = maek.tanh %2 : !y
  func.return %3 : !y
}
func.func @gradient(%dy: !y, %x: !x) -> tensor<37x20xf32> {
  %0 = maek.einsum "bn,bk->nk" %dy, %x : !y, !x
  func.return %0 : tensor<37x20xf32>
}
func.func @narrow(%dy: tensor<?x96xf32, #maek.dims<B>>,
                  %x: tensor<?x7xf32, #maek.dims<B>>) -> tensor<96x7xf32> {
  %0 = maek.einsum "bn,bk->nk" %dy, %x
      : tensor<?x96xf32, #maek.dims<B>>, tensor<?x7xf32, #maek.dims<B>>
  func.return %0 : tensor<96x7xf32>
}
func.func @outer(%a: tensor<?xf32, #maek.dims<B>>, %b: tensor<37xf32>) -> !y {
  %0 = maek.einsum "b,n->bn" %a, %b : tensor<?xf32, #maek.dims<B>>, tensor<37xf32>
  func.return %0 : !y
}
func.func @batched(%q: tensor<?x5x9xf32, #maek.dims<B>>,
                   %k: tensor<?x11x9xf32, #maek.dims<B>>)
    -> tensor<?x5x11xf32, #maek.dims<B>> {
  %0 = maek.einsum "bqd,bkd->bqk" %q, %k
      : tensor<?x5x9xf32, #maek.dims<B>>, tensor<?x11x9xf32, #maek.dims<B>>
  func.return %0 : tensor<?x5x11xf32, #maek.dims<B>>
}
)",
                             batches);
}

/// One LSTM step: product with packed gates, added projection, cell update.
static std::string lstmStep(int units) {
  std::string text = R"(
!h = tensor<?xHxf32, #maek.dims<B>>
!z = tensor<?x4xHxf32, #maek.dims<B>>
!p = tensor<PxHx4x16xf32>
func.func @step(%h: !h, %p: !p, %x: !z, %c: !h) -> (!h, !h, !h, !h, !h, !h) {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] : !p -> tensor<4xHxHxf32>
  %0 = maek.einsum "bk,gnk->bgn" %h, %w : !h, tensor<4xHxHxf32>
  %1 = maek.add %0, %x : !z
  %2:4 = maek.unstack %1 dim 1 : !z
  %f = maek.sigmoid %2#0 : !h
  %i = maek.sigmoid %2#1 : !h
  %g = maek.tanh %2#2 : !h
  %o = maek.sigmoid %2#3 : !h
  %3 = maek.mul %f, %c : !h
  %4 = maek.mul %i, %g : !h
  %5 = maek.add %3, %4 : !h
  %6 = maek.tanh %5 : !h
  %7 = maek.mul %o, %6 : !h
  func.return %7, %5, %f, %i, %g, %o : !h, !h, !h, !h, !h, !h
}
func.func @project(%x: !h, %p: !p, %b: tensor<4xHxf32>) -> !z {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] : !p -> tensor<4xHxHxf32>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !h, tensor<4xHxHxf32>
  %1 = maek.broadcast %b dims [1, 2] : tensor<4xHxf32> -> !z
  %2 = maek.add %0, %1 : !z
  func.return %2 : !z
}
func.func @back(%z: !z, %w: tensor<4xHxHxf32>, %r: !h) -> !h {
  %0 = maek.einsum "bgn,gnk->bk" %z, %w : !z, tensor<4xHxHxf32>
  %1 = maek.add %0, %r : !h
  func.return %1 : !h
}
)";
  text = replaceAll(text, "PxHx", std::to_string((units + 15) / 16) + "xHx");
  return replaceAll(text, "xHx", "x" + std::to_string(units) + "x");
}

TEST(ContractionKernels, LstmStep) {
  for (int units :
       isOnDevice ? std::vector{37, 64} : std::vector{1, 24, 37, 64, 200})
    checkKernelsBothPrecisions(
        replaceAll(lstmStep(units), "xHx", "x" + std::to_string(units) + "x"),
        batches);
}

/// More gates than a tile holds, of a result that keeps them: of 7 no part is
/// as large as the others.
TEST(ContractionKernels, ManyGates) {
  for (const char *gates : {"6", "7", "8"}) {
    std::string text = replaceAll(R"(
!x = tensor<?x29xf32, #maek.dims<B>>
!z = tensor<?xGx37xf32, #maek.dims<B>>
!p = tensor<3x29xGx16xf32>
func.func @project(%x: !x, %p: !p, %b: tensor<Gx37xf32>) -> !z {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] : !p -> tensor<Gx37x29xf32>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !x, tensor<Gx37x29xf32>
  %1 = maek.broadcast %b dims [1, 2] : tensor<Gx37xf32> -> !z
  %2 = maek.add %0, %1 : !z
  func.return %2 : !z
}
)",
                                  "xGx", "x" + std::string(gates) + "x");
    checkKernelsBothPrecisions(
        replaceAll(text, "<Gx", "<" + std::string(gates) + "x"), batches);
  }
}

/// For few registers the gates of a panel lie one after another; the schedules
/// read both orders, whatever the registers.
TEST(ContractionKernels, GatesApart) {
  std::string together = lstmStep(37);
  together = replaceAll(together, "xHx", "x37x");
  std::string apart = replaceAll(together, "<3x37x4x16x", "<3x4x37x16x");
  apart = replaceAll(apart, "order [2, 0]", "order [0, 2]");
  maek::KernelOptions avx2;
  avx2.target = "x86-64-linux-avx2-fma-f16c-sse41";
  checkKernels(together, batches, 1e-5, avx2);
  checkKernels(apart, batches, 1e-5, avx2);
  checkKernels(apart, batches, 1e-5);
}

TEST(ContractionKernels, LongContractions) {
  for (int units : isOnDevice ? std::vector{1, 64} : std::vector{1, 24, 37, 64})
    checkKernelsBothPrecisions(replaceAll(R"(
!z = tensor<?x?x4xHxf32, #maek.dims<T, B>>
!x = tensor<?x?x28xf32, #maek.dims<T, B>>
!r = tensor<?x4xHxf32, #maek.dims<B*T>>
!s = tensor<?x28xf32, #maek.dims<B*T>>
func.func @weights(%z: !z, %x: !x) -> tensor<4xHx28xf32> {
  %0 = maek.einsum "tbgn,tbk->gnk" %z, %x : !z, !x
  func.return %0 : tensor<4xHx28xf32>
}
func.func @collapsed(%z: !r, %x: !s) -> tensor<4xHx28xf32> {
  %0 = maek.einsum "bgn,bk->gnk" %z, %x : !r, !s
  func.return %0 : tensor<4xHx28xf32>
}
func.func @one_sided(%n: tensor<24xf32>, %x: !s) -> tensor<24x28xf32> {
  %0 = maek.einsum "n,bk->nk" %n, %x : tensor<24xf32>, !s
  func.return %0 : tensor<24x28xf32>
}
func.func @bias(%z: !z) -> tensor<4xHxf32> {
  %0 = maek.reduce sum %z dims [0, 1] : !z
  func.return %0 : tensor<4xHxf32>
}
)",
                                          "xHx",
                                          "x" + std::to_string(units) + "x"),
                               sequences);
}

/// Of the rows of %x : !x; !r has one number a row.
static const std::string softmaxBody = R"(
  %0 = maek.reduce max %x dims [1] : !x
  %1 = maek.broadcast %0 dims [0] : !r -> !x
  %2 = maek.sub %x, %1 : !x
  %3 = maek.exp %2 : !x
  %4 = maek.reduce sum %3 dims [1] : !x
  %5 = maek.broadcast %4 dims [0] : !r -> !x
  %6 = maek.div %3, %5 : !x
  func.return %6 : !x
}
)";

TEST(ContractionKernels, Reductions) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x37xf32, #maek.dims<B>>
!r = tensor<?xf32, #maek.dims<B>>
!s = tensor<f32>
func.func @rows(%x: !x) -> (!r, !r, !r) {
  %0 = maek.reduce sum %x dims [1] : !x
  %1 = maek.reduce max %x dims [1] : !x
  %2 = maek.reduce min %x dims [1] : !x
  func.return %0, %1, %2 : !r, !r, !r
}
func.func @differences(%x: !x, %y: !x) -> (!r, !r, tensor<37xf32>) {
  %0 = maek.neg %x : !x
  %1 = maek.reduce sum %0 dims [1] : !x
  %2 = maek.sub %x, %y : !x
  %3 = maek.reduce sum %2 dims [1] : !x
  %4 = maek.reduce sum %2 dims [0] : !x
  func.return %1, %3, %4 : !r, !r, tensor<37xf32>
}
func.func @columns(%x: !x) -> tensor<37xf32> {
  %0 = maek.reduce sum %x dims [0] : !x
  func.return %0 : tensor<37xf32>
}
func.func @all(%x: !x) -> (!s, !s) {
  %0 = maek.mul %x, %x : !x
  %1 = maek.reduce sum %0 dims [0, 1] : !x
  %2 = maek.reduce max %x dims [0, 1] : !x
  func.return %1, %2 : !s, !s
}
func.func @argmax(%x: !x) -> tensor<?xi32, #maek.dims<B>> {
  %0 = maek.argmax %x dim 1 : !x
  func.return %0 : tensor<?xi32, #maek.dims<B>>
}
func.func @softmax(%x: !x) -> !x {)" +
          softmaxBody + R"(
func.func @norm(%a: !x, %b: tensor<24x52xf32>) -> !s {
  %0 = maek.mul %a, %a : !x
  %1 = maek.reduce sum %0 dims [0, 1] : !x
  %2 = maek.mul %b, %b : tensor<24x52xf32>
  %3 = maek.reduce sum %2 dims [0, 1] : tensor<24x52xf32>
  %4 = maek.add %1, %3 : !s
  %5 = maek.sqrt %4 : !s
  func.return %5 : !s
}
)",
      {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}, {{"B", 1000}}});
}

// Infinities count, in every schedule. A NaN makes a softmax NaN, whatever the
// maximum is.
TEST(ContractionKernels, InfinitiesAndNaNs) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::string text = R"(
!x = tensor<?x70xf32, #maek.dims<B>>
!r = tensor<?xf32, #maek.dims<B>>
func.func private @softmax(%x: !x) -> !x attributes {maek.kernel} {)" +
                     softmaxBody;
  for (std::string kind : {"max", "min"})
    text += replaceAll(R"(
func.func private @rows_KIND(%x: !x) -> !r attributes {maek.kernel} {
  %0 = maek.reduce KIND %x dims [1] : !x
  func.return %0 : !r
}
func.func private @columns_KIND(%x: !x) -> tensor<70xf32>
    attributes {maek.kernel} {
  %0 = maek.reduce KIND %x dims [0] : !x
  func.return %0 : tensor<70xf32>
}
func.func private @all_KIND(%x: !x) -> tensor<f32> attributes {maek.kernel} {
  %0 = maek.reduce KIND %x dims [0, 1] : !x
  func.return %0 : tensor<f32>
}
func.func private @pairs_KIND(%x: !x) -> tensor<?x35xf32, #maek.dims<B>>
    attributes {maek.kernel} {
  %0 = maek.reshape %x : !x -> tensor<?x2x35xf32, #maek.dims<B>>
  %1 = maek.reduce KIND %0 dims [1] : tensor<?x2x35xf32, #maek.dims<B>>
  func.return %1 : tensor<?x35xf32, #maek.dims<B>>
}
)",
                       "KIND", kind);
  // The elements of a row, again and again.
  using Rows = std::vector<std::vector<double>>;
  const Rows infinite = {{inf, 7}, {5, inf, 3}, {-inf},      {-inf, -3},
                         {inf},    {4, -inf},   {-inf, inf}, {0, 1e30}};
  const Rows notANumber = {{nan}, {inf, 2, nan, 5}, {-nan, 3}, {-inf, nan}};
  for (const std::string &element : elements) {
    OwnKernels own(text, element);
    ASSERT_TRUE(own.kernels);
    auto check = [&](llvm::StringRef name, const Rows &rows) {
      auto size = int64_t(rows.size());
      maek::Tensor x({size, 70});
      for (size_t i = 0; i < x.elements.size(); ++i)
        x.elements[i] = rows[i / 70][i % 70 % rows[i / 70].size()];
      auto kernel = own.module->lookupSymbol<mlir::func::FuncOp>(name);
      auto expected = maek::interpret(kernel, {x});
      ASSERT_TRUE(succeeded(expected));
      std::vector<maek::Tensor> found =
          own.kernels->run(kernel, {x}, {{"B", size}});
      for (size_t i = 0; i < found[0].elements.size(); ++i) {
        double needed = expected->front().elements[i];
        double given = found[0].elements[i];
        EXPECT_LE(maek::test::relativeError(maek::Tensor({1}, given),
                                            maek::Tensor({1}, needed)),
                  element == "f32" ? 1e-6 : 1e-15)
            << name.str() << ", " << element << ": element " << i << " is "
            << given << ", not " << needed;
      }
    };
    for (std::string kind : {"max", "min"})
      for (std::string over : {"rows_", "columns_", "all_", "pairs_"}) {
        check(over + kind, infinite);
        for (const auto &row : infinite)
          check(over + kind, {row});
        // A device has no memory of no bytes.
        if (!isOnDevice)
          check(over + kind, {});
      }
    check("softmax", notANumber);
  }
}

/// Rows of several axes, as long as a block of a device has threads and longer.
TEST(ContractionKernels, LongRows) {
  for (const char *size : {"300", "1500"})
    checkKernelsBothPrecisions(replaceAll(R"(
!x = tensor<?x3xNxf32, #maek.dims<B>>
!r = tensor<?x3xf32, #maek.dims<B>>
func.func @softmax(%x: !x, %y: !x) -> !x {
  %0 = maek.reduce max %x dims [2] : !x
  %1 = maek.broadcast %0 dims [0, 1] : !r -> !x
  %2 = maek.sub %x, %1 : !x
  %3 = maek.exp %2 : !x
  %4 = maek.reduce sum %3 dims [2] : !x
  %5 = maek.broadcast %4 dims [0, 1] : !r -> !x
  %6 = maek.div %3, %5 : !x
  %7 = maek.mul %6, %y : !x
  func.return %7 : !x
}
func.func @squares(%x: !x) -> !r {
  %0 = maek.mul %x, %x : !x
  %1 = maek.reduce sum %0 dims [2] : !x
  %2 = maek.sqrt %1 : !r
  func.return %2 : !r
}
)",
                                          "xNx", "x" + std::string(size) + "x"),
                               {{{"B", 1}}, {{"B", 11}}});
}

/// Sums over an image's pixels, which the threads share.
TEST(ContractionKernels, ManyRows) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x20xf32, #maek.dims<784*B>>
!y = tensor<?x1xf32, #maek.dims<784*B>>
func.func @columns(%x: !x) -> tensor<20xf32> {
  %0 = maek.mul %x, %x : !x
  %1 = maek.reduce sum %0 dims [0] : !x
  func.return %1 : tensor<20xf32>
}
func.func @column(%y: !y) -> tensor<1xf32> {
  %0 = maek.reduce sum %y dims [0] : !y
  func.return %0 : tensor<1xf32>
}
func.func @fixed(%z: tensor<9000x3xf32>) -> tensor<3xf32> {
  %0 = maek.reduce max %z dims [0] : tensor<9000x3xf32>
  func.return %0 : tensor<3xf32>
}
)",
      {{{"B", 1}}, {{"B", 7}}, {{"B", 16}}});
}

/// What a product is made of is part of its results, too.
TEST(ContractionKernels, SharedOperand) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x32xf32, #maek.dims<B>>
func.func @product(%x: !x, %w: tensor<32x32xf32>) -> (!x, !x) {
  %t = maek.tanh %x : !x
  %z = maek.einsum "bk,nk->bn" %t, %w : !x, tensor<32x32xf32>
  %y = maek.add %z, %t : !x
  %v = maek.mul %z, %t : !x
  func.return %y, %v : !x, !x
}
)",
      {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}});
}

/// Products of two operands of which nothing is packed and no size is known.
TEST(ContractionKernels, DynamicColumns) {
  checkKernelsBothPrecisions(
      R"(
!a = tensor<?x?x?xf32, #maek.dims<B, M, K>>
!b = tensor<?x?x?xf32, #maek.dims<B, K, N>>
!bt = tensor<?x?x?xf32, #maek.dims<B, N, K>>
!c = tensor<?x?xf32, #maek.dims<K, N>>
!y = tensor<?x?x?xf32, #maek.dims<B, M, N>>
func.func @batches(%a: !a, %b: !b) -> !y {
  %0 = maek.einsum "bmk,bkn->bmn" %a, %b : !a, !b
  func.return %0 : !y
}
func.func @transposed(%a: !a, %b: !bt, %z: !y) -> !y {
  %0 = maek.einsum "bmk,bnk->bmn" %a, %b : !a, !bt
  %1 = maek.add %0, %z : !y
  %2 = maek.tanh %1 : !y
  func.return %2 : !y
}
func.func @shared(%a: !a, %c: !c) -> !y {
  %0 = maek.einsum "bmk,kn->bmn" %a, %c : !a, !c
  func.return %0 : !y
}
)",
      {{{"B", 1}, {"M", 1}, {"K", 1}, {"N", 1}},
       {{"B", 3}, {"M", 7}, {"K", 13}, {"N", 37}},
       {{"B", 2}, {"M", 97}, {"K", 300}, {"N", 16}},
       {{"B", 1}, {"M", 130}, {"K", 257}, {"N", 65}}});
}

/// So many equal numbers that one after the other, in a vector's lanes, each
/// addition would be rounded the same way: to a thousandth of the sum.
TEST(ContractionKernels, LongSums) {
  checkKernels(
      R"(
!x = tensor<?xf32, #maek.dims<T>>
!y = tensor<?x?xf32, #maek.dims<T, T>>
func.func @square(%x: !x) -> tensor<f32> {
  %c = maek.constant 0.7 : !y
  %0 = maek.broadcast %x dims [0] : !x -> !y
  %1 = maek.compare lt %0, %c : !y -> tensor<?x?xi1, #maek.dims<T, T>>
  %2 = maek.select %1, %c, %c : tensor<?x?xi1, #maek.dims<T, T>>, !y
  %3 = maek.reduce sum %2 dims [0, 1] : !y
  func.return %3 : tensor<f32>
}
)",
      {{{"T", 1}}, {{"T", 7}}, {{"T", 1000}}}, 2e-5);
}

/// One output unit: sums with a single element.
TEST(ContractionKernels, SingleColumns) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x1xf32, #maek.dims<B>>
!y = tensor<?x1x1xf32, #maek.dims<B>>
!r = tensor<1xf32>
func.func @column(%p: !r, %x: !x) -> (!r, !r) {
  %0 = maek.reduce sum %x dims [0] : !x
  %1 = maek.mul %p, %0 : !r
  %2 = maek.add %p, %0 : !r
  func.return %1, %2 : !r, !r
}
func.func @across(%p: tensor<1x1xf32>, %y: !y) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %0 = maek.reduce sum %y dims [0] : !y
  %1 = maek.mul %p, %0 : tensor<1x1xf32>
  %2 = maek.add %p, %0 : tensor<1x1xf32>
  func.return %1, %2 : tensor<1x1xf32>, tensor<1x1xf32>
}
func.func @product(%p: tensor<1x1xf32>, %x: !x, %y: !x) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %0 = maek.einsum "bn,bk->nk" %x, %y : !x, !x
  %1 = maek.mul %p, %0 : tensor<1x1xf32>
  %2 = maek.add %p, %0 : tensor<1x1xf32>
  func.return %1, %2 : tensor<1x1xf32>, tensor<1x1xf32>
}
)",
      {{{"B", 1}}, {{"B", 7}}, {{"B", 130}}});
}

TEST(ContractionKernels, CrossEntropy) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x10xf32, #maek.dims<B>>
!i = tensor<?x10xi32, #maek.dims<B>>
!r = tensor<?xf32, #maek.dims<B>>
!l = tensor<?xi32, #maek.dims<B>>
!s = tensor<f32>
func.func @loss(%x: !x, %label: !l) -> (!s, !s, !x)
    attributes {maek.symbols = ["B"]} {
  %0 = maek.reduce max %x dims [1] : !x
  %1 = maek.broadcast %0 dims [0] : !r -> !x
  %2 = maek.sub %x, %1 : !x
  %3 = maek.exp %2 : !x
  %4 = maek.reduce sum %3 dims [1] : !x
  %5 = maek.log %4 : !r
  %6 = maek.add %5, %0 : !r
  %7 = maek.iota 1 : !i
  %8 = maek.broadcast %label dims [0] : !l -> !i
  %9 = maek.compare eq %7, %8 : !i -> tensor<?x10xi1, #maek.dims<B>>
  %10 = maek.convert %9 : tensor<?x10xi1, #maek.dims<B>> -> !x
  %11 = maek.mul %10, %x : !x
  %12 = maek.reduce sum %11 dims [1] : !x
  %13 = maek.sub %6, %12 : !r
  %14 = maek.reduce sum %13 dims [0] : !r
  %15 = maek.extent "B" : !s
  %16 = maek.div %14, %15 : !s
  %17 = maek.argmax %x dim 1 : !x
  %18 = maek.compare eq %17, %label : !l -> tensor<?xi1, #maek.dims<B>>
  %19 = maek.convert %18 : tensor<?xi1, #maek.dims<B>> -> !r
  %20 = maek.reduce sum %19 dims [0] : !r
  %21 = maek.broadcast %4 dims [0] : !r -> !x
  %22 = maek.div %3, %21 : !x
  %23 = maek.sub %22, %10 : !x
  %24 = maek.broadcast %15 dims [] : !s -> !x
  %25 = maek.div %23, %24 : !x
  func.return %16, %20, %25 : !s, !s, !x
}
)",
      {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}, {{"B", 300}}});
}

/// Halide drops what a factor of 0 makes 0, x - x and the like; what only they
/// need is not computed, beside others that read the same (sum, max).
TEST(ContractionKernels, WhatNoResultNeeds) {
  checkKernelsBothPrecisions(R"(
!r = tensor<?x37xf32, #maek.dims<B>>
!v = tensor<?xf32, #maek.dims<B>>
!i = tensor<?xi32, #maek.dims<B>>
func.func @zero_factor(%x: !r) -> !v {
  %zero = maek.constant 0.0 : !v
  %max = maek.reduce max %x dims [1] : !r
  %maxes = maek.broadcast %max dims [0] : !v -> !r
  %less = maek.sub %x, %maxes : !r
  %e = maek.exp %less : !r
  %sum = maek.reduce sum %e dims [1] : !r
  %log = maek.log %sum : !v
  %sums = maek.broadcast %sum dims [0] : !v -> !r
  %share = maek.div %e, %sums : !r
  %term = maek.mul %share, %x : !r
  %mean = maek.reduce sum %term dims [1] : !r
  %none = maek.mul %zero, %mean : !v
  %lse = maek.add %log, %max : !v
  %y = maek.add %lse, %none : !v
  return %y : !v
}
func.func @difference(%x: !r) -> (!v, !r) {
  %max = maek.reduce max %x dims [1] : !r
  %maxes = maek.broadcast %max dims [0] : !v -> !r
  %share = maek.div %x, %maxes : !r
  %sum = maek.reduce sum %share dims [1] : !r
  %sums = maek.broadcast %sum dims [0] : !v -> !r
  %same = maek.sub %sums, %sums : !r
  %y = maek.add %share, %same : !r
  return %max, %y : !v, !r
}
func.func @inside_sums(%x: !r) -> (!v, !v, !i) {
  %zero = maek.constant 0.0 : !r
  %sum = maek.reduce sum %x dims [1] : !r
  %sums = maek.broadcast %sum dims [0] : !v -> !r
  %max = maek.reduce max %sums dims [1] : !r
  %maxes = maek.broadcast %max dims [0] : !v -> !r
  %none = maek.mul %maxes, %zero : !r
  %total = maek.reduce sum %none dims [1] : !r
  %first = maek.argmax %none dim 1 : !r
  return %sum, %total, %first : !v, !v, !i
}
func.func @product(%w: tensor<19x37xf32>, %x: !r) -> tensor<?x19xf32, #maek.dims<B>> {
  %zero = maek.constant 0.0 : !r
  %sum = maek.reduce sum %x dims [1] : !r
  %sums = maek.broadcast %sum dims [0] : !v -> !r
  %none = maek.mul %sums, %zero : !r
  %y = maek.einsum "nk,bk->bn" %w, %none : tensor<19x37xf32>, !r
  return %y : tensor<?x19xf32, #maek.dims<B>>
}
func.func @weight_gradient(%g: tensor<?x16xf32, #maek.dims<B>>, %x: !r) -> tensor<16x37xf32> {
  %zero = maek.constant 0.0 : !r
  %y = maek.einsum "bn,bk->nk" %g, %zero : tensor<?x16xf32, #maek.dims<B>>, !r
  return %y : tensor<16x37xf32>
}
func.func @pooling(%x: tensor<3x5x8xf32>) -> tensor<5x8xf32> {
  %zero = maek.constant 0.0 : tensor<3x5x8xf32>
  %max = maek.reduce max %x dims [0] : tensor<3x5x8xf32>
  %maxes = maek.broadcast %max dims [1, 2] : tensor<5x8xf32> -> tensor<3x5x8xf32>
  %none = maek.mul %maxes, %zero : tensor<3x5x8xf32>
  %sum = maek.reduce sum %none dims [0] : tensor<3x5x8xf32>
  %y = maek.add %sum, %max : tensor<5x8xf32>
  return %y : tensor<5x8xf32>
}
)",
                             {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}});
}
