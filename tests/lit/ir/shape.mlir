// RUN: maek-opt %s | maek-opt | FileCheck %s
// RUN: maek-opt --mlir-print-op-generic %s | maek-opt | FileCheck %s

// Shape ops keep their text; the results' types are inferred.
// CHECK-LABEL: func.func @axes
func.func @axes(%b: tensor<4xf32>, %x: tensor<?x?x4xf32, #maek.dims<B, T>>) {
  // CHECK: maek.broadcast %{{.*}} dims [1] : tensor<4xf32> -> tensor<?x4xf32, #maek.dims<B>>
  %0 = maek.broadcast %b dims [1] : tensor<4xf32> -> tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: %[[T:.*]] = maek.transpose %{{.*}} [1, 2, 0] : tensor<?x?x4xf32, #maek.dims<B, T>>
  %1 = maek.transpose %x [1, 2, 0] : tensor<?x?x4xf32, #maek.dims<B, T>>
  // CHECK-NEXT: maek.reshape %[[T]] : tensor<?x4x?xf32, #maek.dims<T, B>> -> tensor<?xf32, #maek.dims<4*B*T>>
  %2 = maek.reshape %1 : tensor<?x4x?xf32, #maek.dims<T, B>> -> tensor<?xf32, #maek.dims<4*T*B>>
  return
}

// CHECK-LABEL: func.func @joining
func.func @joining(%a: tensor<?x3xf32, #maek.dims<B>>, %b: tensor<?x2xf32, #maek.dims<B>>) {
  // CHECK: %[[C:.*]] = maek.concat %{{.*}}, %{{.*}} dim 1 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x2xf32, #maek.dims<B>>
  %0 = maek.concat %a, %b dim 1 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x2xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.split %[[C]] dim 1 : tensor<?x5xf32, #maek.dims<B>> -> tensor<?x1xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  %1:2 = maek.split %0 dim 1 : tensor<?x5xf32, #maek.dims<B>> -> tensor<?x1xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: %[[S:.*]] = maek.stack %{{.*}}, %{{.*}} dim 1 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x3xf32, #maek.dims<B>>
  %2 = maek.stack %a, %a dim 1 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x3xf32, #maek.dims<B>>
  // CHECK-NEXT: %{{.*}}:2 = maek.unstack %[[S]] dim 1 : tensor<?x2x3xf32, #maek.dims<B>>
  %3:2 = maek.unstack %2 dim 1 : tensor<?x2x3xf32, #maek.dims<B>>
  return
}

// CHECK-LABEL: func.func @ranges
func.func @ranges(%x: tensor<?x8xf32, #maek.dims<T>>) {
  // CHECK: maek.slice %{{.*}} dim 0 offset -1 : tensor<?x8xf32, #maek.dims<T>> -> tensor<1x8xf32>
  %0 = maek.slice %x dim 0 offset -1 : tensor<?x8xf32, #maek.dims<T>> -> tensor<1x8xf32>
  // CHECK-NEXT: maek.pad %{{.*}} dim 1 offset 2 : tensor<1x8xf32> -> tensor<1x12xf32>
  %1 = maek.pad %0 dim 1 offset 2 : tensor<1x8xf32> -> tensor<1x12xf32>
  // CHECK-NEXT: maek.slice %{{.*}} dim 0 offset 0 : tensor<?x8xf32, #maek.dims<T>> -> tensor<?x8xf32, #maek.dims<T>>
  %2 = maek.slice %x dim 0 offset 0 : tensor<?x8xf32, #maek.dims<T>> -> tensor<?x8xf32, #maek.dims<T>>
  return
}

// CHECK-LABEL: func.func @layout
func.func @layout(%w: tensor<24x2x4xf32>) {
  // CHECK: %[[P:.*]] = maek.pack %{{.*}} dim 0 width 16 order [2, 1] : tensor<24x2x4xf32>
  %0 = maek.pack %w dim 0 width 16 order [2, 1] : tensor<24x2x4xf32>
  // CHECK-NEXT: maek.unpack %[[P]] dim 0 width 16 order [2, 1] : tensor<2x4x2x16xf32> -> tensor<24x2x4xf32>
  %1 = maek.unpack %0 dim 0 width 16 order [2, 1] : tensor<2x4x2x16xf32> -> tensor<24x2x4xf32>
  return
}

// CHECK-LABEL: func.func @contraction
func.func @contraction(%x: tensor<?x?x4xf32, #maek.dims<T, B>>, %w: tensor<2x8x4xf32>) {
  // CHECK: %[[Z:.*]] = maek.einsum "tbk,gnk->tbgn" %{{.*}}, %{{.*}} : tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<2x8x4xf32>
  %0 = maek.einsum "tbk,gnk->tbgn" %x, %w : tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<2x8x4xf32>
  // CHECK-NEXT: %[[S:.*]] = maek.reduce sum %[[Z]] dims [0, 2] : tensor<?x?x2x8xf32, #maek.dims<T, B>>
  %1 = maek.reduce sum %0 dims [0, 2] : tensor<?x?x2x8xf32, #maek.dims<T, B>>
  // CHECK-NEXT: %[[A:.*]] = maek.argmax %[[S]] dim 1 : tensor<?x8xf32, #maek.dims<B>>
  %2 = maek.argmax %1 dim 1 : tensor<?x8xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.convert %[[A]] : tensor<?xi32, #maek.dims<B>> -> tensor<?xf32, #maek.dims<B>>
  %3 = maek.convert %2 : tensor<?xi32, #maek.dims<B>> -> tensor<?xf32, #maek.dims<B>>
  return
}
