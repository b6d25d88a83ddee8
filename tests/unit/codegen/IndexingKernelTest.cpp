// Part of Maek, under the MIT licence; see LICENSE.
// Kernels whose places come from a tensor. The numbers that the harness draws
// are 0 to 9.
#include "tests/unit/codegen/KernelHarness.h"

#include <gtest/gtest.h>

using namespace maek::test;

static const std::vector<Dims> sizes = {{{"B", 1}, {"T", 1}},
                                        {{"B", 2}, {"T", 5}},
                                        {{"B", 7}, {"T", 2}},
                                        {{"B", 64}, {"T", 100}}};

TEST(IndexingKernels, Gather) {
  checkKernelsBothPrecisions(R"(
!i = tensor<?x?xi32, #maek.dims<B, T>>
func.func @rows(%e: tensor<10x37xf32>, %i: !i)
    -> tensor<?x?x37xf32, #maek.dims<B, T>> {
  %0 = maek.gather %e at %i : tensor<10x37xf32>, !i
  func.return %0 : tensor<?x?x37xf32, #maek.dims<B, T>>
}
func.func @fused(%e: tensor<10x37xf32>, %i: !i, %p: tensor<37xf32>)
    -> tensor<?x?x37xf32, #maek.dims<B, T>> {
  %0 = maek.gather %e at %i : tensor<10x37xf32>, !i
  %1 = maek.broadcast %p dims [2]
      : tensor<37xf32> -> tensor<?x?x37xf32, #maek.dims<B, T>>
  %2 = maek.mul %0, %1 : tensor<?x?x37xf32, #maek.dims<B, T>>
  func.return %2 : tensor<?x?x37xf32, #maek.dims<B, T>>
}
func.func @numbers(%e: tensor<10xf32>, %i: !i)
    -> tensor<?x?xf32, #maek.dims<B, T>> {
  %0 = maek.gather %e at %i : tensor<10xf32>, !i
  func.return %0 : tensor<?x?xf32, #maek.dims<B, T>>
}
func.func @shared(%e: tensor<?x10x5xf32, #maek.dims<B>>, %i: !i)
    -> tensor<?x?x5xf32, #maek.dims<B, T>> {
  %0 = maek.gather %e at %i batch 1 : tensor<?x10x5xf32, #maek.dims<B>>, !i
  func.return %0 : tensor<?x?x5xf32, #maek.dims<B, T>>
}
func.func @one(%e: tensor<?x10xf32, #maek.dims<B>>,
               %i: tensor<?xi32, #maek.dims<B>>)
    -> tensor<?xf32, #maek.dims<B>> {
  %0 = maek.gather %e at %i batch 1
      : tensor<?x10xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
  func.return %0 : tensor<?xf32, #maek.dims<B>>
}
)",
                             sizes);
}

TEST(IndexingKernels, UpdateSlice) {
  checkKernelsBothPrecisions(R"(
!x = tensor<?x10x5xf32, #maek.dims<B>>
!s = tensor<?x1x5xf32, #maek.dims<B>>
func.func @update(%x: !x, %s: !s, %p: tensor<i32>) -> !x {
  %0 = maek.update_slice %x, %s at %p dim 1 : !x, !s, tensor<i32>
  func.return %0 : !x
}
func.func @fused(%x: !x, %s: !s, %p: tensor<i32>) -> !x {
  %t = maek.tanh %s : !s
  %0 = maek.update_slice %x, %t at %p dim 1 : !x, !s, tensor<i32>
  %1 = maek.mul %0, %x : !x
  func.return %1 : !x
}
)",
                             sizes);
}

TEST(IndexingKernels, ScatterAdd) {
  checkKernelsBothPrecisions(R"(
!i = tensor<?x?xi32, #maek.dims<B, T>>
func.func @rows(%u: tensor<?x?x37xf32, #maek.dims<B, T>>, %i: !i)
    -> tensor<12x37xf32> {
  %0 = maek.scatter_add %u at %i
      : tensor<?x?x37xf32, #maek.dims<B, T>>, !i -> tensor<12x37xf32>
  func.return %0 : tensor<12x37xf32>
}
func.func @wide(%u: tensor<?x?x6x80xf32, #maek.dims<B, T>>, %i: !i)
    -> tensor<10x6x80xf32> {
  %0 = maek.scatter_add %u at %i
      : tensor<?x?x6x80xf32, #maek.dims<B, T>>, !i -> tensor<10x6x80xf32>
  func.return %0 : tensor<10x6x80xf32>
}
func.func @numbers(%u: tensor<?x?xf32, #maek.dims<B, T>>, %i: !i)
    -> tensor<10xf32> {
  %0 = maek.scatter_add %u at %i
      : tensor<?x?xf32, #maek.dims<B, T>>, !i -> tensor<10xf32>
  func.return %0 : tensor<10xf32>
}
func.func @shared(%u: tensor<?x?x5xf32, #maek.dims<B, T>>, %i: !i)
    -> tensor<?x10x5xf32, #maek.dims<B>> {
  %0 = maek.scatter_add %u at %i batch 1
      : tensor<?x?x5xf32, #maek.dims<B, T>>, !i
      -> tensor<?x10x5xf32, #maek.dims<B>>
  func.return %0 : tensor<?x10x5xf32, #maek.dims<B>>
}
func.func @shared_numbers(%u: tensor<?x?xf32, #maek.dims<B, T>>, %i: !i)
    -> tensor<?x10xf32, #maek.dims<B>> {
  %0 = maek.scatter_add %u at %i batch 1
      : tensor<?x?xf32, #maek.dims<B, T>>, !i -> tensor<?x10xf32, #maek.dims<B>>
  func.return %0 : tensor<?x10xf32, #maek.dims<B>>
}
func.func @one(%u: tensor<?xf32, #maek.dims<B>>,
               %i: tensor<?xi32, #maek.dims<B>>)
    -> tensor<?x10xf32, #maek.dims<B>> {
  %0 = maek.scatter_add %u at %i batch 1
      : tensor<?xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
      -> tensor<?x10xf32, #maek.dims<B>>
  func.return %0 : tensor<?x10xf32, #maek.dims<B>>
}
)",
                             sizes);
}
