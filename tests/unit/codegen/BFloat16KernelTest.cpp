// Part of Maek, under the MIT licence; see LICENSE.
// Kernels with products of bf16, on a machine that has them and for one that
// has not.
#include "ir/BFloat16.h"
#include "tests/unit/codegen/ShortNumbers.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace mlir;
using namespace maek::test;

static const std::vector<Dims> batches = {{{"B", 1}}, {{"B", 3}}, {{"B", 64}}};

/// One LSTM step with packed gates, of an even and of odd numbers of units: the
/// new state in f32 and in bf16. And a layer of one gate.
TEST(BFloat16Kernels, PackedProducts) {
  for (int units : isOnDevice ? std::vector{37} : std::vector{24, 37, 64}) {
    std::string text = replaceAll(R"(
!h = tensor<?xHxf32, #maek.dims<B>>
!s = tensor<?xHxbf16, #maek.dims<B>>
!z = tensor<?x4xHxf32, #maek.dims<B>>
!p = tensor<PxKx4x16xi32>
func.func private @pack(%w: tensor<4xHxHxf32>) -> !p attributes {maek.kernel} {
  %p = maek.pack %w dim 1 width 16 order [2, 0] words 2 : tensor<4xHxHxf32>
  func.return %p : !p
}
func.func private @step(%h: !s, %p: !p, %x: !z, %c: !h) -> (!h, !h, !s) attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] words 2 : !p -> tensor<4xHxHxbf16>
  %0 = maek.einsum "bk,gnk->bgn" %h, %w : !s, tensor<4xHxHxbf16>
  %1 = maek.add %0, %x : !z
  %2:4 = maek.unstack %1 dim 1 : !z
  %f = maek.sigmoid %2#0 : !h
  %i = maek.sigmoid %2#1 : !h
  %g = maek.tanh %2#2 : !h
  %3 = maek.mul %f, %c : !h
  %4 = maek.mul %i, %g : !h
  %5 = maek.add %3, %4 : !h
  %6 = maek.tanh %5 : !h
  %7 = maek.mul %2#3, %6 : !h
  %8 = maek.convert %7 : !h -> !s
  func.return %7, %5, %8 : !h, !h, !s
}
func.func private @layer(%x: !s, %p: !p) -> !z attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] words 2 : !p -> tensor<4xHxHxbf16>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !s, tensor<4xHxHxbf16>
  func.return %0 : !z
}
)",
                                  "PxKx",
                                  std::to_string((units + 15) / 16) + "x" +
                                      std::to_string((units + 1) / 2) + "x");
    for (int i = 0; i < 2; ++i)
      text = replaceAll(text, "xHx", "x" + std::to_string(units) + "x");
    checkShort(text, batches);
  }
}

/// Products of two operands that change: a weight's gradient over an even and
/// an odd number of steps, sizes that only a run knows, and others.
TEST(BFloat16Kernels, ChangingOperands) {
  checkShort(
      R"(
!z = tensor<?x?x4x24xbf16, #maek.dims<T, B>>
!x = tensor<?x?x28xbf16, #maek.dims<T, B>>
!r = tensor<?x4x24xbf16, #maek.dims<B*T>>
!s = tensor<?x28xbf16, #maek.dims<B*T>>
func.func private @weights(%z: !z, %x: !x) -> tensor<4x24x28xf32> attributes {maek.kernel} {
  %0 = maek.einsum "tbgn,tbk->gnk" %z, %x : !z, !x
  func.return %0 : tensor<4x24x28xf32>
}
func.func private @collapsed(%z: !r, %x: !s) -> tensor<4x24x28xf32> attributes {maek.kernel} {
  %0 = maek.einsum "bgn,bk->gnk" %z, %x : !r, !s
  func.return %0 : tensor<4x24x28xf32>
}
func.func private @rows(%x: !x, %w: tensor<37x28xbf16>) -> tensor<?x?x37xf32, #maek.dims<T, B>> attributes {maek.kernel} {
  %0 = maek.einsum "tbk,nk->tbn" %x, %w : !x, tensor<37x28xbf16>
  func.return %0 : tensor<?x?x37xf32, #maek.dims<T, B>>
}
func.func private @outer(%a: tensor<?xbf16, #maek.dims<B>>, %b: tensor<37xbf16>) -> tensor<?x37xf32, #maek.dims<B>> attributes {maek.kernel} {
  %0 = maek.einsum "b,n->bn" %a, %b : tensor<?xbf16, #maek.dims<B>>, tensor<37xbf16>
  func.return %0 : tensor<?x37xf32, #maek.dims<B>>
}
)",
      {{{"B", 1}, {"T", 1}}, {{"B", 7}, {"T", 3}}, {{"B", 37}, {"T", 20}}});
  checkShort(R"(
!a = tensor<?x?x?xbf16, #maek.dims<B, M, K>>
!b = tensor<?x?x?xbf16, #maek.dims<B, K, N>>
!bt = tensor<?x?x?xbf16, #maek.dims<B, N, K>>
!y = tensor<?x?x?xf32, #maek.dims<B, M, N>>
func.func private @batches(%a: !a, %b: !b) -> !y attributes {maek.kernel} {
  %0 = maek.einsum "bmk,bkn->bmn" %a, %b : !a, !b
  func.return %0 : !y
}
func.func private @transposed(%a: !a, %b: !bt) -> !y attributes {maek.kernel} {
  %0 = maek.einsum "bmk,bnk->bmn" %a, %b : !a, !bt
  func.return %0 : !y
}
)",
             {{{"B", 1}, {"M", 1}, {"K", 1}, {"N", 1}},
              {{"B", 3}, {"M", 7}, {"K", 13}, {"N", 37}},
              {{"B", 1}, {"M", 130}, {"K", 257}, {"N", 65}}});
}

/// A 3 x 3 convolution of 5 x 9 pixels, 18 channels to 20: pairs of channels;
/// by its weights, pairs of images.
TEST(BFloat16Kernels, Convolutions) {
  checkShort(R"(
!x = tensor<?x5x9x18xbf16, #maek.dims<B>>
!u = tensor<?x5x9x3x18xbf16, #maek.dims<B>>
!p = tensor<?x5x3x9x3x18xbf16, #maek.dims<B>>
!s = tensor<?x5x9x20xbf16, #maek.dims<B>>
!y = tensor<?x5x9x20xf32, #maek.dims<B>>
!w = tensor<2x3x3x9x16xi32>
func.func private @pack(%k: tensor<3x3x18x20xf32>) -> !w attributes {maek.kernel} {
  %p = maek.pack %k dim 3 width 16 order [0, 1, 2] words 2 : tensor<3x3x18x20xf32>
  func.return %p : !w
}
func.func private @forward(%x: !x, %p: !w) -> (!y, !s) attributes {maek.kernel} {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %w = maek.unpack %p dim 3 width 16 order [0, 1, 2] words 2 : !w -> tensor<3x3x18x20xbf16>
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, tensor<3x3x18x20xbf16>
  %3 = maek.tanh %2 : !y
  %4 = maek.convert %3 : !y -> !s
  func.return %3, %4 : !y, !s
}
func.func private @by_weights(%dy: !s, %x: !x) -> tensor<3x3x18x20xf32> attributes {maek.kernel} {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %2 = maek.einsum "bhwo,bhiwjc->ijco" %dy, %1 : !s, !p
  func.return %2 : tensor<3x3x18x20xf32>
}
)",
             {{{"B", 1}}, {{"B", 2}}, {{"B", 7}}});
}

/// Attention and its gradients, of an odd number of features and of keys. The
/// kernels round multiples of the weights that the interpreter rounds.
TEST(BFloat16Kernels, Attention) {
  const std::string types = R"(
!q = tensor<?x2x?x13xbf16, #maek.dims<B, N>>
!k = tensor<?x2x?x13xbf16, #maek.dims<B, M>>
!v = tensor<?x2x?x20xbf16, #maek.dims<B, M>>
!a = tensor<?x2x?x20xbf16, #maek.dims<B, N>>
!y = tensor<?x2x?x20xf32, #maek.dims<B, N>>
!r = tensor<?x2x?xf32, #maek.dims<B, N>>
!dq = tensor<?x2x?x13xf32, #maek.dims<B, N>>
!dk = tensor<?x2x?x13xf32, #maek.dims<B, M>>
!dv = tensor<?x2x?x20xf32, #maek.dims<B, M>>
)";
  const std::vector<Dims> sizes = {{{"B", 1}, {"N", 1}, {"M", 1}},
                                   {{"B", 2}, {"N", 7}, {"M", 13}},
                                   {{"B", 1}, {"N", 45}, {"M", 301}}};
  checkShort(types + R"(
func.func private @sums(%q: !q, %k: !k) -> !r attributes {maek.kernel} {
  %0 = maek.attention_log_sum %q, %k scale 0.25 : !q, !k
  func.return %0 : !r
}
)",
             sizes);
  checkShort(types + R"(
func.func private @attention(%q: !q, %k: !k, %v: !v) -> !y attributes {maek.kernel} {
  %0 = maek.attention %q, %k, %v scale 0.25 : !q, !k, !v
  func.return %0 : !y
}
func.func private @causal(%q: !q, %k: !k, %v: !v) -> !y attributes {maek.kernel} {
  %0 = maek.attention %q, %k, %v scale 0.25 causal 1 : !q, !k, !v
  func.return %0 : !y
}
func.func private @query(%q: !q, %k: !k, %v: !v, %a: !a, %s: !r, %d: !r) -> !dq attributes {maek.kernel} {
  %0 = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.25
      : !q, !k, !v, !a, !r, !r
  func.return %0 : !dq
}
func.func private @key(%q: !q, %k: !k, %v: !v, %a: !a, %s: !r, %d: !r) -> (!dk, !dv) attributes {maek.kernel} {
  %0, %1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.25
      : !q, !k, !v, !a, !r, !r
  func.return %0, %1 : !dk, !dv
}
)",
             sizes, 0x1p-8);
}

/// To bf16 and back: ties, infinities, NaN stays NaN.
TEST(BFloat16Kernels, Conversions) {
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  // NaN with the lowest bits alone, which rounding alone would make infinite.
  const float low = std::bit_cast<float>(0x7F800001u);
  const std::vector<double> numbers = {
      0,   1,    1 + 0x1p-8, 1 + 0x3p-8, 1 + 0x1p-8 + 0x1p-20, -2.71828,
      inf, -inf, nan,        low,        0x1.FFp127,           0x1p-126};
  for (const char *target : {"host", withoutWords}) {
    TargetKernels own(R"(
func.func private @both(%x: tensor<12xf32>) -> (tensor<12xbf16>, tensor<12xf32>) attributes {maek.kernel} {
  %0 = maek.convert %x : tensor<12xf32> -> tensor<12xbf16>
  %1 = maek.convert %0 : tensor<12xbf16> -> tensor<12xf32>
  func.return %0, %1 : tensor<12xbf16>, tensor<12xf32>
})",
                      target, false);
    ASSERT_TRUE(own.kernels);
    maek::Tensor x(maek::Index({12}), numbers);
    for (const maek::Tensor &found : own.kernels->run(own.get("both"), {x}, {}))
      for (auto [number, element] : llvm::zip(numbers, found.elements)) {
        double needed = maek::roundToBFloat16(number);
        EXPECT_TRUE(element == needed ||
                    (std::isnan(element) && std::isnan(needed)))
            << number << " gives " << element << ", not " << needed;
      }
  }
}
