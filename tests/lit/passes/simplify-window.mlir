// RUN: maek-opt %s --maek-simplify | FileCheck %s

!y = tensor<?x8x8x6xf32, #maek.dims<B>>
!w = tensor<3x3x4x6xf32>
!p = tensor<?x8x3x8x3x4xf32, #maek.dims<B>>

// The gradient of a convolution by its input is one with the windows reversed.
// CHECK-LABEL: func.func @input_gradient
// CHECK: %[[V:.*]] = maek.window %arg0 dim 1 stride 1 dilation -1 offset 1
// CHECK: %[[H:.*]] = maek.window %[[V]] dim 3 stride 1 dilation -1 offset 1
// CHECK: maek.einsum "bhiwjo,ijco->bhwc" %[[H]], %arg1
// CHECK-NOT: maek.fold
func.func @input_gradient(%dy: !y, %w: !w) -> tensor<?x8x8x4xf32, #maek.dims<B>> {
  %0 = maek.einsum "bhwo,ijco->bhiwjc" %dy, %w : !y, !w
  %1 = maek.fold %0 dim 1 stride 1 dilation 1 offset -1 : !p -> tensor<?x8x8x3x4xf32, #maek.dims<B>>
  %2 = maek.fold %1 dim 2 stride 1 dilation 1 offset -1
    : tensor<?x8x8x3x4xf32, #maek.dims<B>> -> tensor<?x8x8x4xf32, #maek.dims<B>>
  return %2 : tensor<?x8x8x4xf32, #maek.dims<B>>
}

// With a stride most terms would be zeros.
// CHECK-LABEL: func.func @strided
// CHECK: maek.einsum "bho,ico->bhic"
// CHECK: maek.fold
func.func @strided(%dy: tensor<?x8x6xf32, #maek.dims<B>>, %w: tensor<3x4x6xf32>) -> tensor<?x16x4xf32, #maek.dims<B>> {
  %0 = maek.einsum "bho,ico->bhic" %dy, %w : tensor<?x8x6xf32, #maek.dims<B>>, tensor<3x4x6xf32>
  %1 = maek.fold %0 dim 1 stride 2 dilation 1 offset -1
    : tensor<?x8x3x4xf32, #maek.dims<B>> -> tensor<?x16x4xf32, #maek.dims<B>>
  return %1 : tensor<?x16x4xf32, #maek.dims<B>>
}

// The product is used as it is, too.
// CHECK-LABEL: func.func @shared
// CHECK: maek.fold
func.func @shared(%dy: tensor<?x8x6xf32, #maek.dims<B>>, %w: tensor<3x4x6xf32>)
    -> (tensor<?x8x4xf32, #maek.dims<B>>, tensor<?x8x3x4xf32, #maek.dims<B>>) {
  %0 = maek.einsum "bho,ico->bhic" %dy, %w : tensor<?x8x6xf32, #maek.dims<B>>, tensor<3x4x6xf32>
  %1 = maek.fold %0 dim 1 stride 1 dilation 1 offset -1
    : tensor<?x8x3x4xf32, #maek.dims<B>> -> tensor<?x8x4xf32, #maek.dims<B>>
  return %1, %0 : tensor<?x8x4xf32, #maek.dims<B>>, tensor<?x8x3x4xf32, #maek.dims<B>>
}

// Both axes come from one operand.
// CHECK-LABEL: func.func @one_operand
// CHECK: maek.fold
func.func @one_operand(%x: tensor<?x8x3xf32, #maek.dims<B>>, %s: tensor<f32>) -> tensor<?x8xf32, #maek.dims<B>> {
  %0 = maek.einsum "bhi,->bhi" %x, %s : tensor<?x8x3xf32, #maek.dims<B>>, tensor<f32>
  %1 = maek.fold %0 dim 1 stride 1 dilation 1 offset -1
    : tensor<?x8x3xf32, #maek.dims<B>> -> tensor<?x8xf32, #maek.dims<B>>
  return %1 : tensor<?x8xf32, #maek.dims<B>>
}
