// RUN: maek-opt %s --canonicalize | FileCheck %s

!x = tensor<?x28x4xf32, #maek.dims<B>>

// Zeros around the operand are the window's own.
// CHECK-LABEL: func.func @padded
// CHECK-NEXT: %[[W:.*]] = maek.window %arg0 dim 1 stride 2 dilation 1 offset -1
// CHECK-NEXT: return %[[W]]
func.func @padded(%x: !x) -> tensor<?x14x3x4xf32, #maek.dims<B>> {
  %0 = maek.pad %x dim 1 offset 1 : !x -> tensor<?x30x4xf32, #maek.dims<B>>
  %1 = maek.window %0 dim 1 stride 2 dilation 1 offset 0
    : tensor<?x30x4xf32, #maek.dims<B>> -> tensor<?x14x3x4xf32, #maek.dims<B>>
  return %1 : tensor<?x14x3x4xf32, #maek.dims<B>>
}

// Along another axis they are not.
// CHECK-LABEL: func.func @padded_elsewhere
// CHECK-NEXT: maek.pad
// CHECK-NEXT: maek.window
func.func @padded_elsewhere(%x: !x) -> tensor<?x14x3x6xf32, #maek.dims<B>> {
  %0 = maek.pad %x dim 2 offset 1 : !x -> tensor<?x28x6xf32, #maek.dims<B>>
  %1 = maek.window %0 dim 1 stride 2 dilation 1 offset 0
    : tensor<?x28x6xf32, #maek.dims<B>> -> tensor<?x14x3x6xf32, #maek.dims<B>>
  return %1 : tensor<?x14x3x6xf32, #maek.dims<B>>
}

// Where the end of the padding is not known, neither is the start.
// CHECK-LABEL: func.func @padded_from_the_end
// CHECK-NEXT: maek.pad
// CHECK-NEXT: maek.window
func.func @padded_from_the_end(%x: tensor<1xf32>) -> tensor<?x2xf32, #maek.dims<T>> {
  %0 = maek.pad %x dim 0 offset -1 : tensor<1xf32> -> tensor<?xf32, #maek.dims<T>>
  %1 = maek.window %0 dim 0 stride 1 dilation 1 offset 0
    : tensor<?xf32, #maek.dims<T>> -> tensor<?x2xf32, #maek.dims<T>>
  return %1 : tensor<?x2xf32, #maek.dims<T>>
}

// Windows side by side are a reshape, forward and back.
// CHECK-LABEL: func.func @tiles
// CHECK-NEXT: %[[W:.*]] = maek.reshape %arg0
// CHECK-NEXT: %[[X:.*]] = maek.reshape %arg1
// CHECK-NEXT: return %[[W]], %[[X]]
func.func @tiles(%x: !x, %w: tensor<?x14x2x4xf32, #maek.dims<B>>) -> (tensor<?x14x2x4xf32, #maek.dims<B>>, !x) {
  %0 = maek.window %x dim 1 stride 2 dilation 1 offset 0 : !x -> tensor<?x14x2x4xf32, #maek.dims<B>>
  %1 = maek.fold %w dim 1 stride 2 dilation 1 offset 0 : tensor<?x14x2x4xf32, #maek.dims<B>> -> !x
  return %0, %1 : tensor<?x14x2x4xf32, #maek.dims<B>>, !x
}

// Some elements are in no window.
// CHECK-LABEL: func.func @gaps
// CHECK-NEXT: maek.window
func.func @gaps(%x: !x) -> tensor<?x9x3x4xf32, #maek.dims<B>> {
  %0 = maek.window %x dim 1 stride 3 dilation 1 offset 0 : !x -> tensor<?x9x3x4xf32, #maek.dims<B>>
  return %0 : tensor<?x9x3x4xf32, #maek.dims<B>>
}

// CHECK-LABEL: func.func @zeros
// CHECK-NEXT: maek.constant 0.000000e+00 : tensor<4x3xf32>
// CHECK-NEXT: maek.constant 0.000000e+00 : tensor<4xf32>
func.func @zeros() -> (tensor<4x3xf32>, tensor<4xf32>) {
  %0 = maek.constant 0.0 : tensor<4xf32>
  %1 = maek.window %0 dim 0 stride 1 dilation 1 offset -1 : tensor<4xf32> -> tensor<4x3xf32>
  %2 = maek.constant 0.0 : tensor<4x3xf32>
  %3 = maek.fold %2 dim 0 stride 1 dilation 1 offset -1 : tensor<4x3xf32> -> tensor<4xf32>
  return %1, %3 : tensor<4x3xf32>, tensor<4xf32>
}
