// RUN: maek-opt --canonicalize --split-input-file %s | FileCheck %s

// Two of a kind are one.
// CHECK-LABEL: func.func @merged(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<2x3x4xf32>, %[[B:[a-z0-9]*]]:
func.func @merged(%x: tensor<2x3x4xf32>, %b: tensor<4xf32>) -> (tensor<4x2x3xf32>, tensor<24xf32>, tensor<2x3x4xf32>, tensor<2x1x4xf32>) {
  // CHECK-DAG: maek.transpose %[[X]] [2, 0, 1]
  %0 = maek.transpose %x [1, 0, 2] : tensor<2x3x4xf32>
  %1 = maek.transpose %0 [2, 1, 0] : tensor<3x2x4xf32>
  // CHECK-DAG: maek.reshape %[[X]] : tensor<2x3x4xf32> -> tensor<24xf32>
  %2 = maek.reshape %x : tensor<2x3x4xf32> -> tensor<6x4xf32>
  %3 = maek.reshape %2 : tensor<6x4xf32> -> tensor<24xf32>
  // CHECK-DAG: maek.broadcast %[[B]] dims [2] : tensor<4xf32> -> tensor<2x3x4xf32>
  %4 = maek.broadcast %b dims [1] : tensor<4xf32> -> tensor<3x4xf32>
  %5 = maek.broadcast %4 dims [1, 2] : tensor<3x4xf32> -> tensor<2x3x4xf32>
  // CHECK-DAG: maek.slice %[[X]] dim 1 offset 2 : tensor<2x3x4xf32> -> tensor<2x1x4xf32>
  %6 = maek.slice %x dim 1 offset 1 : tensor<2x3x4xf32> -> tensor<2x2x4xf32>
  %7 = maek.slice %6 dim 1 offset -1 : tensor<2x2x4xf32> -> tensor<2x1x4xf32>
  return %1, %3, %5, %7 : tensor<4x2x3xf32>, tensor<24xf32>, tensor<2x3x4xf32>, tensor<2x1x4xf32>
}

// What is taken apart and put together again was whole before.
// CHECK-LABEL: func.func @whole(
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<2x6xf32>
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @whole(%x: tensor<2x6xf32>) -> (tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>) {
  %0:2 = maek.split %x dim 1 : tensor<2x6xf32> -> tensor<2x1xf32>, tensor<2x5xf32>
  %1 = maek.concat %0#0, %0#1 dim 1 : tensor<2x1xf32>, tensor<2x5xf32>
  %2:2 = maek.unstack %x dim 0 : tensor<2x6xf32>
  %3 = maek.stack %2#0, %2#1 dim 0 : tensor<6xf32>, tensor<6xf32>
  %4 = maek.transpose %x [1, 0] : tensor<2x6xf32>
  %5 = maek.transpose %4 [1, 0] : tensor<6x2xf32>
  %6 = maek.pad %x dim 1 offset 2 : tensor<2x6xf32> -> tensor<2x9xf32>
  %7 = maek.slice %6 dim 1 offset 2 : tensor<2x9xf32> -> tensor<2x6xf32>
  return %1, %3, %5, %7 : tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>, tensor<2x6xf32>
}

// CHECK-LABEL: func.func @parts(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<2xf32>, %[[B:[a-z0-9]*]]: tensor<2xf32>
// CHECK-NEXT: %[[S:.*]] = maek.slice %[[B]] dim 0 offset 1 : tensor<2xf32> -> tensor<1xf32>
// CHECK-NEXT: return %[[A]], %[[B]], %[[B]], %[[S]]
func.func @parts(%a: tensor<2xf32>, %b: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<1xf32>) {
  %0 = maek.concat %a, %b dim 0 : tensor<2xf32>, tensor<2xf32>
  %1:2 = maek.split %0 dim 0 : tensor<4xf32> -> tensor<2xf32>, tensor<2xf32>
  %2 = maek.stack %a, %b dim 1 : tensor<2xf32>, tensor<2xf32>
  %3:2 = maek.unstack %2 dim 1 : tensor<2x2xf32>
  %4 = maek.slice %0 dim 0 offset 2 : tensor<4xf32> -> tensor<2xf32>
  %5 = maek.slice %0 dim 0 offset -1 : tensor<4xf32> -> tensor<1xf32>
  return %1#0, %3#1, %4, %5 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<1xf32>
}

// Left alone: another order, another axis, a range over two operands, a range
// from the end of a dynamic axis; and a layout that was asked for.
// CHECK-LABEL: func.func @kept(
// CHECK: maek.concat
// CHECK: maek.concat
// CHECK: maek.slice
// CHECK: maek.slice
// CHECK-NEXT: maek.slice
// CHECK: maek.pack
// CHECK-NEXT: maek.unpack
func.func @kept(%x: tensor<2x2xf32>, %s: tensor<?x2xf32, #maek.dims<T>>) -> (tensor<2x2xf32>, tensor<2xf32>, tensor<1x2xf32>, tensor<2x2xf32>) {
  %0:2 = maek.split %x dim 0 : tensor<2x2xf32> -> tensor<1x2xf32>, tensor<1x2xf32>
  %1 = maek.concat %0#1, %0#0 dim 0 : tensor<1x2xf32>, tensor<1x2xf32>
  %a = maek.reshape %0#0 : tensor<1x2xf32> -> tensor<2xf32>
  %b = maek.reshape %0#1 : tensor<1x2xf32> -> tensor<2xf32>
  %2 = maek.concat %a, %b dim 0 : tensor<2xf32>, tensor<2xf32>
  %3 = maek.slice %2 dim 0 offset 1 : tensor<4xf32> -> tensor<2xf32>
  %4 = maek.slice %s dim 0 offset -2 : tensor<?x2xf32, #maek.dims<T>> -> tensor<2x2xf32>
  %5 = maek.slice %4 dim 1 offset 0 : tensor<2x2xf32> -> tensor<2x1xf32>
  %6 = maek.reshape %5 : tensor<2x1xf32> -> tensor<1x2xf32>
  %7 = maek.pack %1 dim 0 width 16 order [1] : tensor<2x2xf32>
  %8 = maek.unpack %7 dim 0 width 16 order [1] : tensor<1x2x16xf32> -> tensor<2x2xf32>
  return %1, %3, %6, %8 : tensor<2x2xf32>, tensor<2xf32>, tensor<1x2xf32>, tensor<2x2xf32>
}

// CHECK-LABEL: func.func @twice(
// CHECK-COUNT-1: maek.stop_gradient
// CHECK-NOT: maek.stop_gradient
func.func @twice(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = maek.stop_gradient %x : tensor<4xf32>
  %1 = maek.stop_gradient %0 : tensor<4xf32>
  %2 = maek.reduce sum %1 dims [] : tensor<4xf32>
  %3 = maek.convert %2 : tensor<4xf32> -> tensor<4xf32>
  return %3 : tensor<4xf32>
}
