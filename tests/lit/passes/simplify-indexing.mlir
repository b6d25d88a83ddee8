// RUN: maek-opt %s --maek-simplify | FileCheck %s

// The product with a one-hot vector is the table's row.
// CHECK-LABEL: func.func @embed
// CHECK-NEXT: %[[X:.*]] = maek.gather %arg1 at %arg0 : tensor<9x4xf32>, tensor<?x?xi32, #maek.dims<B, T>>
// CHECK-NEXT: return %[[X]]
func.func @embed(%words: tensor<?x?xi32, #maek.dims<B, T>> {maek.name = "words", maek.role = "input", maek.classes = 9 : i64}, %e: tensor<9x4xf32>) -> tensor<?x?x4xf32, #maek.dims<B, T>> {
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
func.func @layer(%words: tensor<?xi32, #maek.dims<B>> {maek.name = "words", maek.role = "input", maek.classes = 8 : i64}, %w: tensor<2x4x9xf32>) -> tensor<2x?x4xf32, #maek.dims<B>> {
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
func.func @counts(%words: tensor<?xi32, #maek.dims<B>> {maek.name = "words", maek.role = "input", maek.classes = 9 : i64}, %x: tensor<?x4xf32, #maek.dims<B>>, %z: tensor<?x9x4xf32, #maek.dims<B>>) -> (tensor<9x4xf32>, tensor<?x4xf32, #maek.dims<B>>) {
  %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
  %b = maek.broadcast %words dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c = maek.compare eq %i, %b : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h = maek.convert %c : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %0 = maek.einsum "bk,bn->kn" %h, %x : tensor<?x9xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  %1 = maek.einsum "bk,bkn->bn" %h, %z : tensor<?x9xf32, #maek.dims<B>>, tensor<?x9x4xf32, #maek.dims<B>>
  return %0, %1 : tensor<9x4xf32>, tensor<?x4xf32, #maek.dims<B>>
}

// The largest element's place is one on the axis.
// CHECK-LABEL: func.func @chosen
// CHECK: maek.gather
func.func @chosen(%z: tensor<?x9xf32, #maek.dims<B>>, %e: tensor<9x4xf32>) -> tensor<?x4xf32, #maek.dims<B>> {
  %words = maek.argmax %z dim 1 : tensor<?x9xf32, #maek.dims<B>>
  %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
  %b = maek.broadcast %words dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c = maek.compare eq %i, %b : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h = maek.convert %c : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %x = maek.einsum "bk,kn->bn" %h, %e : tensor<?x9xf32, #maek.dims<B>>, tensor<9x4xf32>
  return %x : tensor<?x4xf32, #maek.dims<B>>
}

// One step's words of a text.
// CHECK-LABEL: func.func @steps
// CHECK: maek.scan
// CHECK: maek.gather
func.func @steps(%words: tensor<?x5xi32, #maek.dims<B>> {maek.name = "words", maek.role = "input", maek.classes = 9 : i64}, %e: tensor<9x4xf32>, %s: tensor<?x4xf32, #maek.dims<B>>) -> tensor<?x4xf32, #maek.dims<B>> {
  %t = maek.transpose %words [1, 0] : tensor<?x5xi32, #maek.dims<B>>
  %y = maek.scan over(%t) init(%s) {
  ^bb0(%word: tensor<?xi32, #maek.dims<B>>, %state: tensor<?x4xf32, #maek.dims<B>>):
    %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
    %b = maek.broadcast %word dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
    %c = maek.compare eq %i, %b : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
    %h = maek.convert %c : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
    %x = maek.einsum "bk,kn->bn" %h, %e : tensor<?x9xf32, #maek.dims<B>>, tensor<9x4xf32>
    %0 = maek.tanh %state : tensor<?x4xf32, #maek.dims<B>>
    %1 = maek.add %x, %0 : tensor<?x4xf32, #maek.dims<B>>
    maek.yield %1 : tensor<?x4xf32, #maek.dims<B>>
  } : (tensor<5x?xi32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>) -> tensor<?x4xf32, #maek.dims<B>>
  return %y : tensor<?x4xf32, #maek.dims<B>>
}

// A number that may lie off the axis gives zeros as a product, and is an error
// of a gather: of any size, of more classes, computed.
// CHECK-LABEL: func.func @outside
// CHECK-NOT: maek.gather
// CHECK: return
func.func @outside(%any: tensor<?xi32, #maek.dims<B>>, %more: tensor<?xi32, #maek.dims<B>> {maek.name = "more", maek.role = "input", maek.classes = 10 : i64}, %number: tensor<?xf32, #maek.dims<B>>, %e: tensor<9x4xf32>) -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>) {
  %i = maek.iota 1 : tensor<?x9xi32, #maek.dims<B>>
  %b0 = maek.broadcast %any dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c0 = maek.compare eq %i, %b0 : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h0 = maek.convert %c0 : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %x0 = maek.einsum "bk,kn->bn" %h0, %e : tensor<?x9xf32, #maek.dims<B>>, tensor<9x4xf32>
  %b1 = maek.broadcast %more dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c1 = maek.compare eq %i, %b1 : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h1 = maek.convert %c1 : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %x1 = maek.einsum "bk,kn->bn" %h1, %e : tensor<?x9xf32, #maek.dims<B>>, tensor<9x4xf32>
  %next = maek.convert %number : tensor<?xf32, #maek.dims<B>> -> tensor<?xi32, #maek.dims<B>>
  %b2 = maek.broadcast %next dims [0] : tensor<?xi32, #maek.dims<B>> -> tensor<?x9xi32, #maek.dims<B>>
  %c2 = maek.compare eq %i, %b2 : tensor<?x9xi32, #maek.dims<B>> -> tensor<?x9xi1, #maek.dims<B>>
  %h2 = maek.convert %c2 : tensor<?x9xi1, #maek.dims<B>> -> tensor<?x9xf32, #maek.dims<B>>
  %x2 = maek.einsum "bk,kn->bn" %h2, %e : tensor<?x9xf32, #maek.dims<B>>, tensor<9x4xf32>
  return %x0, %x1, %x2 : tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
}
