// Part of Maek, under the MIT licence; see LICENSE.
// Kernels with products of codes of 8 bits, on a machine that has them and for
// one that has not.
#include "tests/unit/codegen/ShortNumbers.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace maek::test;

static const std::vector<Dims> batches = {{{"B", 1}}, {{"B", 3}}, {{"B", 64}}};

/// A layer of packed weights, of numbers of summands that fill words and not,
/// with what codes are worth behind it and the codes of the result; and two of
/// four gates, one whose epilogue needs all.
TEST(Int8Kernels, PackedProducts) {
  for (int units : isOnDevice ? std::vector{37} : std::vector{24, 37, 66}) {
    std::string text = replaceAll(R"(
!h = tensor<?xHxf32, #maek.dims<B>>
!s = tensor<?xHxui8, #maek.dims<B>>
!z = tensor<?x4xHxf32, #maek.dims<B>>
!p = tensor<PxKx4x16xi32>
func.func private @pack(%w: tensor<4xHxHxi8>) -> !p attributes {maek.kernel} {
  %p = maek.pack %w dim 1 width 16 order [2, 0] words 2 : tensor<4xHxHxi8>
  func.return %p : !p
}
func.func private @gates(%x: !s, %p: !p, %m: tensor<4xHxf32>) -> !z attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] words 2 : !p -> tensor<4xHxHxi8>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !s, tensor<4xHxHxi8>
  %1 = maek.broadcast %m dims [1, 2] : tensor<4xHxf32> -> !z
  %2 = maek.mul %0, %1 : !z
  func.return %2 : !z
}
func.func private @step(%x: !s, %p: !p, %c: !h) -> (!h, !s) attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] words 2 : !p -> tensor<4xHxHxi8>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w : !s, tensor<4xHxHxi8>
  %s = maek.constant 1.0e-6 : !z
  %1 = maek.mul %0, %s : !z
  %2:4 = maek.unstack %1 dim 1 : !z
  %f = maek.sigmoid %2#0 : !h
  %i = maek.sigmoid %2#1 : !h
  %g = maek.tanh %2#2 : !h
  %3 = maek.mul %f, %c : !h
  %4 = maek.mul %i, %g : !h
  %5 = maek.add %3, %4 : !h
  %6 = maek.mul %2#3, %5 : !h
  %t = maek.constant 64.0 : !h
  %7 = maek.quantize %6 by %t zero 128 : !h -> !s
  func.return %6, %7 : !h, !s
}
)",
                                  "PxKx",
                                  std::to_string((units + 15) / 16) + "x" +
                                      std::to_string((units + 3) / 4) + "x");
    for (int i = 0; i < 2; ++i)
      text = replaceAll(text, "xHx", "x" + std::to_string(units) + "x");
    text = replaceAll(text, "4xHx", "4x" + std::to_string(units) + "x");
    checkShort(text, batches);
  }
}

/// A 3 x 3 convolution inside of 7 x 11 pixels, 18 channels to 20.
TEST(Int8Kernels, Convolutions) {
  checkShort(R"(
!x = tensor<?x7x11x18xui8, #maek.dims<B>>
!u = tensor<?x7x9x3x18xui8, #maek.dims<B>>
!p = tensor<?x5x3x9x3x18xui8, #maek.dims<B>>
!y = tensor<?x5x9x20xf32, #maek.dims<B>>
!w = tensor<2x3x3x5x16xi32>
func.func private @pack(%k: tensor<3x3x18x20xi8>) -> !w attributes {maek.kernel} {
  %p = maek.pack %k dim 3 width 16 order [0, 1, 2] words 2 : tensor<3x3x18x20xi8>
  func.return %p : !w
}
func.func private @forward(%x: !x, %p: !w) -> !y attributes {maek.kernel} {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset 0 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset 0 : !u -> !p
  %w = maek.unpack %p dim 3 width 16 order [0, 1, 2] words 2 : !w -> tensor<3x3x18x20xi8>
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, tensor<3x3x18x20xi8>
  func.return %2 : !y
}
)",
             batches);
}

/// Operands that are not packed, either one unsigned.
TEST(Int8Kernels, PlainOperands) {
  checkShort(R"(
!x = tensor<?x37xui8, #maek.dims<B>>
!y = tensor<?x20xf32, #maek.dims<B>>
func.func private @rows(%x: !x, %w: tensor<20x37xi8>) -> !y attributes {maek.kernel} {
  %0 = maek.einsum "bk,nk->bn" %x, %w : !x, tensor<20x37xi8>
  func.return %0 : !y
}
func.func private @swapped(%x: !x, %w: tensor<20x37xi8>) -> !y attributes {maek.kernel} {
  %0 = maek.einsum "nk,bk->bn" %w, %x : tensor<20x37xi8>, !x
  func.return %0 : !y
}
func.func private @outer(%a: tensor<?xui8, #maek.dims<B>>, %b: tensor<20xi8>) -> !y attributes {maek.kernel} {
  %0 = maek.einsum "b,n->bn" %a, %b : tensor<?xui8, #maek.dims<B>>, tensor<20xi8>
  func.return %0 : !y
}
)",
             batches);
}

/// Ties, both ends, and what codes are converted back to.
TEST(Int8Kernels, Codes) {
  const std::vector<double> numbers = {0,     0.25,  0.75, 1.25, -0.25,
                                       -0.75, 63,    64,   -64,  -64.5,
                                       1000,  -1e30, 1e30, 0.1,  -31.7};
  for (const char *target : {"host", withoutWords}) {
    TargetKernels own(R"(
!x = tensor<15xf32>
func.func private @codes(%x: !x, %s: !x) -> (tensor<15xui8>, tensor<15xi8>, !x) attributes {maek.kernel} {
  %0 = maek.quantize %x by %s zero 128 : !x -> tensor<15xui8>
  %1 = maek.quantize %x by %s zero -1 : !x -> tensor<15xi8>
  %2 = maek.convert %1 : tensor<15xi8> -> !x
  func.return %0, %1, %2 : tensor<15xui8>, tensor<15xi8>, !x
})",
                      target, false);
    ASSERT_TRUE(own.kernels);
    std::vector<maek::Tensor> arguments = {
        maek::Tensor(maek::Index({15}), numbers),
        maek::Tensor(maek::Index({15}), std::vector<double>(15, 2))};
    auto needed = own.interpret(own.get("codes"), arguments);
    EXPECT_EQ(needed[0].elements,
              (std::vector<double>{128, 128, 130, 130, 128, 126, 254, 255, 0, 0,
                                   255, 0, 255, 128, 65}));
    auto found = own.kernels->run(own.get("codes"), arguments, {});
    for (size_t i = 0; i < found.size(); ++i)
      EXPECT_EQ(found[i].elements, needed[i].elements) << target << ' ' << i;
  }
}
