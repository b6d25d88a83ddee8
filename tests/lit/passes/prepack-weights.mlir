// RUN: maek-opt %s --maek-prepack-weights | FileCheck %s
// RUN: maek-opt %s --maek-prepack-weights=sums-innermost=true | FileCheck %s --check-prefix=APART
// RUN: maek-opt %s --maek-prepack-weights --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The recurrent product: packed outside of the loop, panels over n.
// CHECK-LABEL: func.func @recurrent
// CHECK: %[[P:.*]] = maek.pack %arg1 dim 1 width 16 order [2, 0] : tensor<4x24x24xf32>
// CHECK: maek.scan
// CHECK: %[[U:.*]] = maek.unpack %[[P]] dim 1 width 16 order [2, 0] : tensor<2x24x4x16xf32> -> tensor<4x24x24xf32>
// CHECK: maek.einsum "bk,gnk->bgn" %{{.*}}, %[[U]]
// APART-LABEL: func.func @recurrent
// APART: maek.unpack %{{.*}} dim 1 width 16 order [0, 2] : tensor<2x4x24x16xf32> -> tensor<4x24x24xf32>
// REMARK: :[[#@LINE+4]]:10: remark: [Passed] prepack-weights{{.*}}weights are read in panels
func.func @recurrent(%xs: tensor<9x2x4x24xf32>, %W: tensor<4x24x24xf32>, %h0: tensor<2x24xf32>) -> tensor<2x24xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x4x24xf32>, %h: tensor<2x24xf32>):
    %z = maek.einsum "bk,gnk->bgn" %h, %W : tensor<2x24xf32>, tensor<4x24x24xf32>
    %s = maek.add %z, %x : tensor<2x4x24xf32>
    %n = maek.reduce sum %s dims [1] : tensor<2x4x24xf32>
    maek.yield %n : tensor<2x24xf32>
  } : (tensor<9x2x4x24xf32>, tensor<2x24xf32>) -> tensor<2x24xf32>
  return %hT : tensor<2x24xf32>
}

// Its adjoint: panels over k, the summed axes in the other operand's order.
// Doubles take half as many to a panel.
// CHECK-LABEL: func.func @adjoint
// CHECK: %[[P:.*]] = maek.pack %arg0 dim 2 width 8 order [0, 1] : tensor<4x24x24xf64>
// CHECK: maek.unpack %[[P]] dim 2 width 8 order [0, 1] : tensor<3x4x24x8xf64>
func.func @adjoint(%W: tensor<4x24x24xf64> {maek.name = "W", maek.role = "parameter"}, %dz: tensor<?x4x24xf64, #maek.dims<B>>) -> tensor<?x24xf64, #maek.dims<B>> {
  %dh = maek.einsum "bgn,gnk->bk" %dz, %W : tensor<?x4x24xf64, #maek.dims<B>>, tensor<4x24x24xf64>
  return %dh : tensor<?x24xf64, #maek.dims<B>>
}

// Weights on the left go to the right.
// CHECK-LABEL: func.func @left
// CHECK: %[[U:.*]] = maek.unpack
// CHECK: maek.einsum "bk,nk->bn" %arg1, %[[U]]
func.func @left(%W: tensor<10x24xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x24xf32, #maek.dims<B>>) -> tensor<?x10xf32, #maek.dims<B>> {
  %z = maek.einsum "nk,bk->bn" %W, %x : tensor<10x24xf32>, tensor<?x24xf32, #maek.dims<B>>
  return %z : tensor<?x10xf32, #maek.dims<B>>
}

// A weight gradient has no weights.
// CHECK-LABEL: func.func @gradient
// CHECK-NOT: maek.pack
func.func @gradient(%dz: tensor<?x10xf32, #maek.dims<B>>, %x: tensor<?x24xf32, #maek.dims<B>>) -> tensor<10x24xf32> {
  %dW = maek.einsum "bn,bk->nk" %dz, %x : tensor<?x10xf32, #maek.dims<B>>, tensor<?x24xf32, #maek.dims<B>>
  return %dW : tensor<10x24xf32>
}

// The result's rows run fastest; or each example has its own weights.
// CHECK-LABEL: func.func @notPanels
// CHECK-NOT: maek.pack
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] prepack-weights{{.*}}the result's last axis is not one of the weights'
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] prepack-weights{{.*}}each example has its own
func.func @notPanels(%W: tensor<10x24xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x24xf32, #maek.dims<B>>, %V: tensor<3x10x24xf32> {maek.name = "V", maek.role = "parameter"}, %y: tensor<3x4x24xf32>) -> (tensor<10x?xf32, #maek.dims<B>>, tensor<3x4x10xf32>) {
  %z = maek.einsum "bk,nk->nb" %x, %W : tensor<?x24xf32, #maek.dims<B>>, tensor<10x24xf32>
  %w = maek.einsum "ebk,enk->ebn" %y, %V : tensor<3x4x24xf32>, tensor<3x10x24xf32>
  return %z, %w : tensor<10x?xf32, #maek.dims<B>>, tensor<3x4x10xf32>
}
