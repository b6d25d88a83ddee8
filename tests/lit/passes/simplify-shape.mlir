// RUN: maek-opt %s --maek-simplify | FileCheck %s

// CHECK-LABEL: func.func @chains
// CHECK-NEXT: return %arg0, %arg0
func.func @chains(%x: tensor<2x3x4xf64>) -> (tensor<2x3x4xf64>, tensor<2x3x4xf64>) {
  %a = maek.transpose %x [1, 2, 0] : tensor<2x3x4xf64>
  %b = maek.transpose %a [2, 0, 1] : tensor<3x4x2xf64>
  %c = maek.reshape %x : tensor<2x3x4xf64> -> tensor<6x4xf64>
  %d = maek.reshape %c : tensor<6x4xf64> -> tensor<24xf64>
  %e = maek.reshape %d : tensor<24xf64> -> tensor<2x3x4xf64>
  return %b, %e : tensor<2x3x4xf64>, tensor<2x3x4xf64>
}

// Only an axis of size 1 moves.
// CHECK-LABEL: func.func @unit_axis
// CHECK-NEXT: maek.reshape %arg0
func.func @unit_axis(%x: tensor<1x3x4xf64>) -> tensor<3x1x4xf64> {
  %a = maek.transpose %x [1, 0, 2] : tensor<1x3x4xf64>
  return %a : tensor<3x1x4xf64>
}

// A layer between two cells works in either order of time and batch.
// CHECK-LABEL: func.func @between_cells
// CHECK: %[[P:.*]] = maek.einsum "tbk,nk->tbn" %arg0, %arg1
// CHECK: %[[S:.*]] = maek.add %[[P]], %{{.*}} : tensor<?x?x4xf64, #maek.dims<T, B>>
// CHECK: %[[Y:.*]] = maek.tanh %[[S]]
// CHECK: return %[[Y]]
func.func @between_cells(%hs: tensor<?x?x3xf64, #maek.dims<T, B>>, %W: tensor<4x3xf64>, %b: tensor<4xf64>) -> tensor<?x?x4xf64, #maek.dims<T, B>> {
  %a = maek.transpose %hs [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<T, B>>
  %p = maek.einsum "btk,nk->btn" %a, %W : tensor<?x?x3xf64, #maek.dims<B, T>>, tensor<4x3xf64>
  %q = maek.broadcast %b dims [2] : tensor<4xf64> -> tensor<?x?x4xf64, #maek.dims<B, T>>
  %s = maek.add %p, %q : tensor<?x?x4xf64, #maek.dims<B, T>>
  %t = maek.tanh %s : tensor<?x?x4xf64, #maek.dims<B, T>>
  %y = maek.transpose %t [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<B, T>>
  return %y : tensor<?x?x4xf64, #maek.dims<T, B>>
}

// The other term would have to be transposed instead: left as it is.
// CHECK-LABEL: func.func @one_sided
// CHECK: maek.transpose
// CHECK: maek.transpose
func.func @one_sided(%x: tensor<2x3x4xf64>, %y: tensor<3x2x4xf64>) -> tensor<2x3x4xf64> {
  %a = maek.transpose %x [1, 0, 2] : tensor<2x3x4xf64>
  %s = maek.add %a, %y : tensor<3x2x4xf64>
  %b = maek.transpose %s [1, 0, 2] : tensor<3x2x4xf64>
  return %b : tensor<2x3x4xf64>
}

// Q · Kᵀ reads K's rows. Where the innermost axis stays, a view does.
// CHECK-LABEL: func.func @scores
// CHECK: maek.einsum "nd,md->nm" %arg0, %arg1
func.func @scores(%q: tensor<5x4xf64>, %k: tensor<6x4xf64>) -> tensor<5x6xf64> {
  %t = maek.transpose %k [1, 0] : tensor<6x4xf64>
  %s = maek.einsum "nd,dm->nm" %q, %t : tensor<5x4xf64>, tensor<4x6xf64>
  return %s : tensor<5x6xf64>
}

// A layer mapped over time of which the last step is used.
// CHECK-LABEL: func.func @last_step
// CHECK: %[[S:.*]] = maek.slice %arg0 dim 1 offset -1
// CHECK: %[[P:.*]] = maek.einsum "btk,nk->btn" %[[S]], %arg1
// CHECK: maek.tanh %[[P]]
func.func @last_step(%x: tensor<?x?x3xf64, #maek.dims<B, T>>, %W: tensor<4x3xf64>) -> tensor<?x1x4xf64, #maek.dims<B>> {
  %p = maek.einsum "btk,nk->btn" %x, %W : tensor<?x?x3xf64, #maek.dims<B, T>>, tensor<4x3xf64>
  %t = maek.tanh %p : tensor<?x?x4xf64, #maek.dims<B, T>>
  %s = maek.slice %t dim 1 offset -1 : tensor<?x?x4xf64, #maek.dims<B, T>> -> tensor<?x1x4xf64, #maek.dims<B>>
  return %s : tensor<?x1x4xf64, #maek.dims<B>>
}

// CHECK-LABEL: func.func @slices
// CHECK-NEXT: maek.slice %arg0 dim 0 offset 3 : tensor<8xf64> -> tensor<2xf64>
// CHECK-NEXT: maek.slice %arg0 dim 0 offset -3 : tensor<8xf64> -> tensor<1xf64>
// CHECK-NEXT: return
func.func @slices(%x: tensor<8xf64>) -> (tensor<2xf64>, tensor<1xf64>, tensor<8xf64>) {
  %a = maek.slice %x dim 0 offset 2 : tensor<8xf64> -> tensor<5xf64>
  %b = maek.slice %a dim 0 offset 1 : tensor<5xf64> -> tensor<2xf64>
  %c = maek.slice %x dim 0 offset -4 : tensor<8xf64> -> tensor<4xf64>
  %d = maek.slice %c dim 0 offset 1 : tensor<4xf64> -> tensor<1xf64>
  %e = maek.concat %a, %x dim 0 : tensor<5xf64>, tensor<8xf64>
  %f = maek.slice %e dim 0 offset 5 : tensor<13xf64> -> tensor<8xf64>
  return %b, %d, %f : tensor<2xf64>, tensor<1xf64>, tensor<8xf64>
}

// What is joined and cut at the same places, or cut and joined in order.
// CHECK-LABEL: func.func @joins
// CHECK-NEXT: return %arg0, %arg1, %arg2, %arg0
func.func @joins(%x: tensor<2x3xf64>, %y: tensor<2x3xf64>, %z: tensor<2x6xf64>) -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x6xf64>, tensor<2x3xf64>) {
  %c = maek.concat %x, %y dim 1 : tensor<2x3xf64>, tensor<2x3xf64>
  %p:2 = maek.split %c dim 1 : tensor<2x6xf64> -> tensor<2x3xf64>, tensor<2x3xf64>
  %s:2 = maek.split %z dim 1 : tensor<2x6xf64> -> tensor<2x3xf64>, tensor<2x3xf64>
  %d = maek.concat %s#0, %s#1 dim 1 : tensor<2x3xf64>, tensor<2x3xf64>
  %t = maek.stack %x, %y dim 1 : tensor<2x3xf64>, tensor<2x3xf64>
  %u:2 = maek.unstack %t dim 1 : tensor<2x2x3xf64>
  return %p#0, %u#1, %d, %u#0 : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x6xf64>, tensor<2x3xf64>
}

// Other places, another order, another axis: nothing cancels.
// CHECK-LABEL: func.func @no_joins
// CHECK: maek.concat
// CHECK: maek.split
// CHECK: maek.stack
// CHECK: maek.unstack
func.func @no_joins(%x: tensor<3x3xf64>, %y: tensor<3x3xf64>) -> (tensor<3x2xf64>, tensor<3x4xf64>, tensor<2x3xf64>) {
  %c = maek.concat %x, %y dim 1 : tensor<3x3xf64>, tensor<3x3xf64>
  %p:2 = maek.split %c dim 1 : tensor<3x6xf64> -> tensor<3x2xf64>, tensor<3x4xf64>
  %t = maek.stack %x, %y dim 0 : tensor<3x3xf64>, tensor<3x3xf64>
  %u:3 = maek.unstack %t dim 1 : tensor<2x3x3xf64>
  return %p#0, %p#1, %u#1 : tensor<3x2xf64>, tensor<3x4xf64>, tensor<2x3xf64>
}

// A value that is joined twice stays one: its parts would double each time.
// CHECK-LABEL: func.func @doubled
// CHECK: %[[A:.*]] = maek.concat %arg0, %arg0
// CHECK: maek.concat %[[A]], %[[A]]
func.func @doubled(%x: tensor<3xf64>) -> tensor<12xf64> {
  %a = maek.concat %x, %x dim 0 : tensor<3xf64>, tensor<3xf64>
  %b = maek.concat %a, %a dim 0 : tensor<6xf64>, tensor<6xf64>
  return %b : tensor<12xf64>
}

// The part that counts from the other end.
// CHECK-LABEL: func.func @part_of_reverse
// CHECK-DAG: maek.slice %arg0 dim 0 offset 0 : tensor<?x4xf32, #maek.dims<T>>
// CHECK-DAG: maek.slice %arg0 dim 0 offset -1 : tensor<?x4xf32, #maek.dims<T>>
// CHECK-DAG: %[[P:.*]] = maek.slice %arg1 dim 0 offset -3 : tensor<5x4xf32> -> tensor<2x4xf32>
// CHECK-DAG: maek.reverse %[[P]] dim 0
func.func @part_of_reverse(%x: tensor<?x4xf32, #maek.dims<T>>, %y: tensor<5x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<2x4xf32>) {
  %r = maek.reverse %x dim 0 : tensor<?x4xf32, #maek.dims<T>>
  %a = maek.slice %r dim 0 offset -1 : tensor<?x4xf32, #maek.dims<T>> -> tensor<1x4xf32>
  %b = maek.slice %r dim 0 offset 0 : tensor<?x4xf32, #maek.dims<T>> -> tensor<1x4xf32>
  %s = maek.reverse %y dim 0 : tensor<5x4xf32>
  %c = maek.slice %s dim 0 offset 1 : tensor<5x4xf32> -> tensor<2x4xf32>
  return %a, %b, %c : tensor<1x4xf32>, tensor<1x4xf32>, tensor<2x4xf32>
}
