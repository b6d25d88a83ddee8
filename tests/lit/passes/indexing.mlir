// RUN: maek-opt %s --maek-differentiate --canonicalize | FileCheck %s --check-prefix=GRADIENT
// RUN: maek-opt %s --maek-hoist-input-projection | FileCheck %s --check-prefix=MAP
// RUN: maek-opt %s --maek-fuse-elementwise | FileCheck %s --check-prefix=FUSE

// Rows of a table: their gradients are summed at their places.
// GRADIENT-LABEL: func.func @rows
// GRADIENT: maek.scatter_add %{{.*}} at %arg1 : tensor<?x4xf64, #maek.dims<T>>, tensor<?xi32, #maek.dims<T>> -> tensor<9x4xf64>
func.func @rows(%e: tensor<9x4xf64>, %i: tensor<?xi32, #maek.dims<T>>) -> tensor<9x4xf64> {
  %x = maek.gather %e at %i : tensor<9x4xf64>, tensor<?xi32, #maek.dims<T>>
  %q = maek.mul %x, %x : tensor<?x4xf64, #maek.dims<T>>
  %s = maek.reduce sum %q dims [0, 1] : tensor<?x4xf64, #maek.dims<T>>
  %g = maek.gradient %s wrt(%e) : tensor<f64>, tensor<9x4xf64>
  return %g : tensor<9x4xf64>
}

// One element of each row needs no sum.
// GRADIENT-LABEL: func.func @one
// GRADIENT-NOT: scatter_add
// GRADIENT: maek.select
func.func @one(%z: tensor<?x4xf64, #maek.dims<B>>, %i: tensor<?xi32, #maek.dims<B>>) -> tensor<?x4xf64, #maek.dims<B>> {
  %x = maek.gather %z at %i batch 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
  %s = maek.reduce sum %x dims [0] : tensor<?xf64, #maek.dims<B>>
  %g = maek.gradient %s wrt(%z) : tensor<f64>, tensor<?x4xf64, #maek.dims<B>>
  return %g : tensor<?x4xf64, #maek.dims<B>>
}

// A gather within a step leaves the loop with the product that reads it.
// MAP-LABEL: func.func @mapped
// MAP: %[[X:.*]] = maek.gather %arg0 at %arg1 : tensor<9x4xf64>, tensor<?x?xi32, #maek.dims<T, B>>
// MAP: maek.einsum "tbk,nk->tbn" %[[X]]
// MAP: maek.scan
func.func @mapped(%e: tensor<9x4xf64>, %i: tensor<?x?xi32, #maek.dims<T, B>>, %w: tensor<3x4xf64>, %h0: tensor<?x3xf64, #maek.dims<B>>) -> tensor<?x3xf64, #maek.dims<B>> {
  %h = maek.scan over(%i) init(%h0) {
  ^bb0(%it: tensor<?xi32, #maek.dims<B>>, %h: tensor<?x3xf64, #maek.dims<B>>):
    %x = maek.gather %e at %it : tensor<9x4xf64>, tensor<?xi32, #maek.dims<B>>
    %p = maek.einsum "bk,nk->bn" %x, %w : tensor<?x4xf64, #maek.dims<B>>, tensor<3x4xf64>
    %a = maek.add %p, %h : tensor<?x3xf64, #maek.dims<B>>
    %n = maek.tanh %a : tensor<?x3xf64, #maek.dims<B>>
    maek.yield %n : tensor<?x3xf64, #maek.dims<B>>
  } : (tensor<?x?xi32, #maek.dims<T, B>>, tensor<?x3xf64, #maek.dims<B>>) -> tensor<?x3xf64, #maek.dims<B>>
  return %h : tensor<?x3xf64, #maek.dims<B>>
}

// What is made of the rows joins their kernel; what makes the table does not.
// FUSE-LABEL: func.func @fused
// FUSE: %[[E:.*]] = maek.kernel
// FUSE-NEXT: maek.tanh
// FUSE: maek.kernel
// FUSE-NEXT: maek.gather %[[E]]
// FUSE-NEXT: maek.exp
// FUSE-NOT: maek.kernel
func.func @fused(%e: tensor<9x4xf64>, %i: tensor<9xi32>) -> tensor<9x4xf64> {
  %t = maek.tanh %e : tensor<9x4xf64>
  %x = maek.gather %t at %i : tensor<9x4xf64>, tensor<9xi32>
  %y = maek.exp %x : tensor<9x4xf64>
  return %y : tensor<9x4xf64>
}
