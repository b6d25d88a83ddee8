// Part of Maek, under the MIT licence; see LICENSE.
// Kernels that read through windows: convolutions, their gradients, pooling.
#include "tests/unit/codegen/KernelHarness.h"

#include <gtest/gtest.h>

using namespace maek::test;

static const std::vector<Dims> batches = {
    {{"B", 1}}, {{"B", 2}}, {{"B", 7}}, {{"B", 33}}};

static std::string replaceAll(std::string text, const std::string &from,
                              const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// A 3 x 3 convolution of HxW images with zeros around, forward with packed
/// weights and an epilogue, and both gradients.
static std::string convolution(int height, int width, int in, int out) {
  std::string text = R"(
!x = tensor<?xhHxwWxcIxf32, #maek.dims<B>>
!u = tensor<?xhHxwWx3xcIxf32, #maek.dims<B>>
!p = tensor<?xhHx3xwWx3xcIxf32, #maek.dims<B>>
!y = tensor<?xhHxwWxcOxf32, #maek.dims<B>>
!v = tensor<?xhHx3xwWxcOxf32, #maek.dims<B>>
!q = tensor<?xhHx3xwWx3xcOxf32, #maek.dims<B>>
!w = tensor<3x3xcIxcOxf32>
func.func @forward(%x: !x, %p: tensor<pOx3x3xcIx16xf32>, %b: tensor<cOxf32>) -> !y {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %w = maek.unpack %p dim 3 width 16 order [0, 1, 2] : tensor<pOx3x3xcIx16xf32> -> !w
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, !w
  %3 = maek.broadcast %b dims [3] : tensor<cOxf32> -> !y
  %4 = maek.add %2, %3 : !y
  %5 = maek.tanh %4 : !y
  func.return %5 : !y
}
func.func @unpacked(%x: !x, %w: !w) -> !y {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, !w
  func.return %2 : !y
}
func.func @by_input(%dy: !y, %p: tensor<pIx3x3xcOx16xf32>) -> !x {
  %0 = maek.window %dy dim 1 stride 1 dilation -1 offset 1 : !y -> !v
  %1 = maek.window %0 dim 3 stride 1 dilation -1 offset 1 : !v -> !q
  %w = maek.unpack %p dim 2 width 16 order [0, 1, 3] : tensor<pIx3x3xcOx16xf32> -> !w
  %2 = maek.einsum "bhiwjo,ijco->bhwc" %1, %w : !q, !w
  func.return %2 : !x
}
func.func @by_weights(%dy: !y, %x: !x) -> !w {
  %0 = maek.window %x dim 2 stride 1 dilation 1 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 1 dilation 1 offset -1 : !u -> !p
  %2 = maek.einsum "bhwo,bhiwjc->ijco" %dy, %1 : !y, !p
  func.return %2 : !w
}
)";
  text = replaceAll(text, "hH", std::to_string(height));
  text = replaceAll(text, "wW", std::to_string(width));
  text = replaceAll(text, "cI", std::to_string(in));
  text = replaceAll(text, "cO", std::to_string(out));
  text = replaceAll(text, "pI", std::to_string((in + 15) / 16));
  return replaceAll(text, "pO", std::to_string((out + 15) / 16));
}

TEST(WindowKernels, Convolutions) {
  checkKernelsBothPrecisions(convolution(7, 7, 3, 16), batches);
  checkKernelsBothPrecisions(convolution(14, 14, 1, 32), batches);
  checkKernelsBothPrecisions(convolution(5, 9, 32, 20), batches);
}

TEST(WindowKernels, StridesAndDilations) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x9x10x3xf32, #maek.dims<B>>
!y = tensor<?x4x3x16xf32, #maek.dims<B>>
!u = tensor<?x9x3x3x3xf32, #maek.dims<B>>
!p = tensor<?x4x3x3x3x3xf32, #maek.dims<B>>
!w = tensor<3x3x3x16xf32>
func.func @forward(%x: !x, %w: !w) -> !y {
  %0 = maek.window %x dim 2 stride 3 dilation 2 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 2 dilation 1 offset 0 : !u -> !p
  %2 = maek.einsum "bhiwjc,ijco->bhwo" %1, %w : !p, !w
  func.return %2 : !y
}
func.func @by_weights(%dy: !y, %x: !x) -> !w {
  %0 = maek.window %x dim 2 stride 3 dilation 2 offset -1 : !x -> !u
  %1 = maek.window %0 dim 1 stride 2 dilation 1 offset 0 : !u -> !p
  %2 = maek.einsum "bhwo,bhiwjc->ijco" %dy, %1 : !y, !p
  func.return %2 : !w
}
func.func @fold(%p: !p) -> !u {
  %0 = maek.fold %p dim 1 stride 2 dilation 1 offset 0 : !p -> !u
  func.return %0 : !u
}
func.func @fold_inner(%u: !u) -> !x {
  %0 = maek.fold %u dim 2 stride 3 dilation 2 offset -1 : !u -> !x
  func.return %0 : !x
}
)",
      batches);
}

// Windows of a sequence whose length only the program knows, and windows of
// windows.
TEST(WindowKernels, Sequences) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x?x5xf32, #maek.dims<B, T>>
!w = tensor<?x?x4x5xf32, #maek.dims<B, T>>
!v = tensor<?x?x4x3x5xf32, #maek.dims<B, T>>
func.func @causal(%x: !x, %k: tensor<4x5x8xf32>) -> tensor<?x?x8xf32, #maek.dims<B, T>> {
  %0 = maek.window %x dim 1 stride 1 dilation 2 offset -6 : !x -> !w
  %1 = maek.einsum "btkc,kco->bto" %0, %k : !w, tensor<4x5x8xf32>
  func.return %1 : tensor<?x?x8xf32, #maek.dims<B, T>>
}
func.func @back(%w: !w) -> !x {
  %0 = maek.fold %w dim 1 stride 1 dilation 2 offset -6 : !w -> !x
  func.return %0 : !x
}
func.func @nested(%x: !x) -> !v {
  %0 = maek.window %x dim 1 stride 1 dilation 1 offset -2 : !x -> !w
  %1 = maek.window %0 dim 2 stride 1 dilation 1 offset -1 : !w -> !v
  func.return %1 : !v
}
)",
      {{{"B", 1}, {"T", 1}}, {{"B", 3}, {"T", 7}}, {{"B", 2}, {"T", 40}}});
}

// Overlapping maxima, means, and their gradients.
TEST(WindowKernels, Pooling) {
  checkKernelsBothPrecisions(
      R"(
!x = tensor<?x9x20xf32, #maek.dims<B>>
!w = tensor<?x5x3x20xf32, #maek.dims<B>>
!y = tensor<?x5x20xf32, #maek.dims<B>>
!m = tensor<?x5x3x20xi1, #maek.dims<B>>
func.func @largest(%x: !x) -> !y {
  %0 = maek.window %x dim 1 stride 2 dilation 1 offset -1 : !x -> !w
  %1 = maek.reduce max %0 dims [2] : !w
  func.return %1 : !y
}
func.func @sums(%x: !x) -> !y {
  %0 = maek.window %x dim 1 stride 2 dilation 1 offset -1 : !x -> !w
  %1 = maek.reduce sum %0 dims [2] : !w
  func.return %1 : !y
}
func.func @back(%x: !x, %y: !y, %dy: !y) -> !x {
  %0 = maek.window %x dim 1 stride 2 dilation 1 offset -1 : !x -> !w
  %1 = maek.broadcast %y dims [0, 1, 3] : !y -> !w
  %2 = maek.compare le %0, %1 : !w -> !m
  %3 = maek.broadcast %dy dims [0, 1, 3] : !y -> !w
  %4 = maek.constant 0.0 : !w
  %5 = maek.select %2, %3, %4 : !m, !w
  %6 = maek.fold %5 dim 1 stride 2 dilation 1 offset -1 : !w -> !x
  func.return %6 : !x
}
)",
      batches);
}
