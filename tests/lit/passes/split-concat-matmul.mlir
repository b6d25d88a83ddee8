// RUN: maek-opt %s --maek-split-concat-matmul | FileCheck %s
// RUN: maek-opt %s --maek-split-concat-matmul --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: maek-opt %s --maek-split-concat-matmul --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

// The halves of [h, x] part; the weights are cut outside of the loop.
// CHECK-LABEL: func.func @recurrent
// CHECK: %[[W:.*]]:2 = maek.split %{{.*}} dim 1 : tensor<4x7xf32> -> tensor<4x4xf32>, tensor<4x3xf32>
// CHECK: ^bb0(%[[X:.*]]: tensor<2x3xf32>, %[[H:.*]]: tensor<2x4xf32>):
// CHECK-NEXT: %[[P:.*]] = maek.einsum "bk,nk->bn" %[[H]], %[[W]]#0
// CHECK-NEXT: %[[Q:.*]] = maek.einsum "bk,nk->bn" %[[X]], %[[W]]#1
// CHECK-NEXT: %[[S:.*]] = maek.add %[[P]], %[[Q]]
// CHECK-NEXT: maek.yield %[[S]]
// REMARK: :[[#@LINE+5]]:10: remark: [Passed] split-concat-matmul{{.*}}split a product with a concatenated operand into 2 products
func.func @recurrent(%W: tensor<4x7xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %a = maek.concat %h, %x dim 1 : tensor<2x4xf32>, tensor<2x3xf32>
    %n = maek.einsum "bk,nk->bn" %a, %W : tensor<2x7xf32>, tensor<4x7xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}
// The product's line stays the location of what it became.
// LOC: maek.add %{{.*}} : tensor<2x4xf32> loc(#[[LOC:loc[0-9]+]])
// LOC: #[[LOC]] = loc("{{.*}}split-concat-matmul.mlir":[[#@LINE-7]]:10)

// Both parts change with the state: one product is cheaper than two.
// CHECK-LABEL: func.func @all_state
// CHECK: maek.concat
// CHECK: maek.einsum "bk,nk->bn"
// CHECK-NOT: maek.einsum
// REMARK: :[[#@LINE+6]]:10: remark: [Missed] split-concat-matmul{{.*}}every part depends on the loop's state
func.func @all_state(%W: tensor<4x8xf32>, %xs: tensor<9x2x4xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x4xf32>, %h: tensor<2x4xf32>):
    %r = maek.mul %h, %x : tensor<2x4xf32>
    %a = maek.concat %h, %r dim 1 : tensor<2x4xf32>, tensor<2x4xf32>
    %n = maek.einsum "bk,nk->bn" %a, %W : tensor<2x8xf32>, tensor<4x8xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @no_loop
// CHECK: maek.concat
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] split-concat-matmul{{.*}}the product is in no loop that a part could leave
func.func @no_loop(%W: tensor<4x7xf32>, %x: tensor<2x3xf32>, %h: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %a = maek.concat %h, %x dim 1 : tensor<2x4xf32>, tensor<2x3xf32>
  %n = maek.einsum "bk,nk->bn" %a, %W : tensor<2x7xf32>, tensor<4x7xf32>
  return %n : tensor<2x4xf32>
}

// A concat along an axis that the result keeps is no sum.
// CHECK-LABEL: func.func @kept_axis
// CHECK: maek.concat
// REMARK-NOT: remark
func.func @kept_axis(%U: tensor<2x3xf32>, %V: tensor<2x3xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %W = maek.concat %U, %x dim 0 : tensor<2x3xf32>, tensor<2x3xf32>
    %p = maek.einsum "bk,nk->bn" %x, %W : tensor<2x3xf32>, tensor<4x3xf32>
    %n = maek.add %p, %h : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}
