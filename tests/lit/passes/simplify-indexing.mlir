// RUN: maek-opt %s --maek-simplify | FileCheck %s

// The product with a one-hot vector is the table's row.
// CHECK-LABEL: func.func @embed
// CHECK-NEXT: %[[X:.*]] = maek.gather %arg1 at %arg0 : tensor<9x4xf32>, tensor<?x?xi32, #maek.dims<B, T>>
// CHECK-NEXT: return %[[X]]
func.func @embed(%words: tensor<?x?xi32, #maek.dims<B, T>>, %e: tensor<9x4xf32>) -> tensor<?x?x4xf32, #maek.dims<B, T>> {
  %i = maek.iota 2 : tensor<?x?x9xi32, #maek.dims<B, T>>
  %w = maek.broadcast %words dims [0, 1] : tensor<?x?xi32, #maek.dims<B, T>> -> tensor<?x?x9xi32, #maek.dims<B, T>>
  %c = maek.compare eq %i, %w : tensor<?x?x9xi32, #maek.dims<B, T>> -> tensor<?x?x9xi1, #maek.dims<B, T>>
  %h = maek.convert %c : tensor<?x?x9xi1, #maek.dims<B, T>> -> tensor<?x?x9xf32, #maek.dims<B, T>>
  %x = maek.einsum "btk,kn->btn" %h, %e : tensor<?x?x9xf32, #maek.dims<B, T>>, tensor<9x4xf32>
  return %x : tensor<?x?x4xf32, #maek.dims<B, T>>
}

// Weights of a layer have the classes last; the result may be turned, too.
// CHECK-LABEL: func.func @layer
// CHECK: %[[W:.*]] = maek.transpose %arg1 [2, 0, 1] : tensor<2x4x9xf32>
// CHECK: %[[X:.*]] = maek.gather %[[W]] at %arg0
// CHECK: maek.transpose %[[X]] [1, 0, 2]
func.func @layer(%words: tensor<?xi32, #maek.dims<B>>, %w: tensor<2x4x9xf32>) -> tensor<2x?x4xf32, #maek.dims<B>> {
  %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
  %b = maek.broadcast %words dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c = maek.compare eq %i, %b : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h = maek.convert %c : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %x = maek.einsum "gnk,bk->gbn" %w, %h : tensor<2x4x9xf32>, tensor<?x9xf32, #maek.dims<B>>
  return %x : tensor<2x?x4xf32, #maek.dims<B>>
}

// The examples are summed over, or shared: no rows.
// CHECK-LABEL: func.func @counts
// CHECK-NOT: maek.gather
// CHECK: return
func.func @counts(%words: tensor<?xi32, #maek.dims<B>>, %x: tensor<?x4xf32, #maek.dims<B>>, %z: tensor<?x9x4xf32, #maek.dims<B>>) -> (tensor<9x4xf32>, tensor<?x4xf32, #maek.dims<B>>) {
  %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
  %b = maek.broadcast %words dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c = maek.compare eq %i, %b : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h = maek.convert %c : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %0 = maek.einsum "bk,bn->kn" %h, %x : tensor<?x9xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  %1 = maek.einsum "bk,bkn->bn" %h, %z : tensor<?x9xf32, #maek.dims<B>>, tensor<?x9x4xf32, #maek.dims<B>>
  return %0, %1 : tensor<9x4xf32>, tensor<?x4xf32, #maek.dims<B>>
}
