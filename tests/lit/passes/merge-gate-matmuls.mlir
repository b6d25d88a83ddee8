// RUN: maek-opt %s --maek-merge-gate-matmuls | FileCheck %s
// RUN: maek-opt %s --maek-merge-gate-matmuls --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Query, key and value of one input, outside of any loop.
// CHECK-LABEL: func.func @qkv
// CHECK: %[[W:.*]] = maek.stack %{{.*}}, %{{.*}}, %{{.*}} dim 0
// CHECK: %[[Z:.*]] = maek.einsum "btd,ghkd->bghtk" %{{.*}}, %[[W]]
// CHECK: maek.unstack %[[Z]] dim 1
// CHECK-NOT: maek.einsum
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] merge-gate-matmuls{{.*}}merged 3 products that share an operand into one: btd,ghkd->bghtk
func.func @qkv(%x: tensor<?x5x8xf32, #maek.dims<B>>, %Wq: tensor<2x4x8xf32>, %Wk: tensor<2x4x8xf32>, %Wv: tensor<2x4x8xf32>) -> (tensor<?x2x5x4xf32, #maek.dims<B>>, tensor<?x2x5x4xf32, #maek.dims<B>>, tensor<?x2x5x4xf32, #maek.dims<B>>) {
  %q = maek.einsum "btd,hkd->bhtk" %x, %Wq : tensor<?x5x8xf32, #maek.dims<B>>, tensor<2x4x8xf32>
  %k = maek.einsum "btd,hkd->bhtk" %x, %Wk : tensor<?x5x8xf32, #maek.dims<B>>, tensor<2x4x8xf32>
  %v = maek.einsum "btd,hkd->bhtk" %x, %Wv : tensor<?x5x8xf32, #maek.dims<B>>, tensor<2x4x8xf32>
  return %q, %k, %v : tensor<?x2x5x4xf32, #maek.dims<B>>, tensor<?x2x5x4xf32, #maek.dims<B>>, tensor<?x2x5x4xf32, #maek.dims<B>>
}

// In a loop: the weights are stacked outside of it, and the sums that follow
// merge, what does not depend on the state first.
// CHECK-LABEL: func.func @gates
// CHECK: maek.stack %{{.*}}, %{{.*}} dim 0 : tensor<4x4xf32>, tensor<4x4xf32>
// CHECK: maek.scan
// CHECK: %[[H:.*]] = maek.einsum "bk,gnk->bgn" %{{.*}} : tensor<2x4xf32>, tensor<2x4x4xf32>
// CHECK: %[[X:.*]] = maek.einsum "bk,gnk->bgn" %{{.*}} : tensor<2x3xf32>, tensor<2x4x3xf32>
// CHECK: %[[B:.*]] = maek.broadcast %{{.*}} dims [1, 2] : tensor<2x4xf32> -> tensor<2x2x4xf32>
// CHECK: %[[XB:.*]] = maek.add %[[X]], %[[B]]
// CHECK: %[[Z:.*]] = maek.add %[[H]], %[[XB]]
// CHECK: maek.unstack %[[Z]] dim 1
// CHECK-NOT: maek.einsum
// CHECK-NOT: maek.add
// CHECK: maek.yield
// REMARK: :[[#@LINE+6]]:10: remark: [Passed] merge-gate-matmuls{{.*}}merged 2 products
// REMARK: :[[#@LINE+6]]:10: remark: [Passed] merge-gate-matmuls{{.*}}merged 2 products
// REMARK-COUNT-2: remark: [Passed] merge-gate-matmuls{{.*}}merged 2 parallel sums into one
func.func @gates(%Uf: tensor<4x4xf32>, %Ui: tensor<4x4xf32>, %Wf: tensor<4x3xf32>, %Wi: tensor<4x3xf32>, %bf: tensor<4xf32>, %bi: tensor<4xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %0 = maek.einsum "bk,nk->bn" %h, %Uf : tensor<2x4xf32>, tensor<4x4xf32>
    %1 = maek.einsum "bk,nk->bn" %x, %Wf : tensor<2x3xf32>, tensor<4x3xf32>
    %2 = maek.add %0, %1 : tensor<2x4xf32>
    %3 = maek.broadcast %bf dims [1] : tensor<4xf32> -> tensor<2x4xf32>
    %4 = maek.add %2, %3 : tensor<2x4xf32>
    %f = maek.sigmoid %4 : tensor<2x4xf32>
    %5 = maek.einsum "bk,nk->bn" %h, %Ui : tensor<2x4xf32>, tensor<4x4xf32>
    %6 = maek.einsum "bk,nk->bn" %x, %Wi : tensor<2x3xf32>, tensor<4x3xf32>
    %7 = maek.add %5, %6 : tensor<2x4xf32>
    %8 = maek.broadcast %bi dims [1] : tensor<4xf32> -> tensor<2x4xf32>
    %9 = maek.add %7, %8 : tensor<2x4xf32>
    %i = maek.tanh %9 : tensor<2x4xf32>
    %n = maek.mul %f, %i : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// The weights come first, in equations with other letters; users between the
// products wait for the merged one.
// CHECK-LABEL: func.func @weights_first
// CHECK: %[[W:.*]] = maek.stack %arg1, %arg2 dim 0
// CHECK: %[[Z:.*]] = maek.einsum "gnk,bk->bgn" %[[W]], %arg0
// CHECK: %[[U:.*]]:2 = maek.unstack %[[Z]] dim 1
// CHECK: maek.tanh %[[U]]#0
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] merge-gate-matmuls{{.*}}merged 2 products
func.func @weights_first(%x: tensor<?x3xf32, #maek.dims<B>>, %V: tensor<4x3xf32>, %W: tensor<4x3xf32>) -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>) {
  %a = maek.einsum "nk,bk->bn" %V, %x : tensor<4x3xf32>, tensor<?x3xf32, #maek.dims<B>>
  %t = maek.tanh %a : tensor<?x4xf32, #maek.dims<B>>
  %b = maek.einsum "hi,ai->ah" %W, %x : tensor<4x3xf32>, tensor<?x3xf32, #maek.dims<B>>
  return %t, %b : tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
}

// The second product needs the first one's result.
// CHECK-LABEL: func.func @dependent
// CHECK-COUNT-2: maek.einsum "bk,nk->bn"
// REMARK: :[[#@LINE+5]]:8: remark: [Missed] merge-gate-matmuls{{.*}}one product needs the other one's result
func.func @dependent(%x: tensor<4x4xf32>, %V: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %a = maek.einsum "bk,nk->bn" %x, %V : tensor<4x4xf32>, tensor<4x4xf32>
  %m = maek.reduce max %a dims [1] : tensor<4x4xf32>
  %W = maek.broadcast %m dims [0] : tensor<4xf32> -> tensor<4x4xf32>
  %b = maek.einsum "bk,nk->bn" %x, %W : tensor<4x4xf32>, tensor<4x4xf32>
  return %b : tensor<4x4xf32>
}

// CHECK-LABEL: func.func @widths
// CHECK-COUNT-2: maek.einsum "bk,nk->bn"
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] merge-gate-matmuls{{.*}}their shapes differ, tensor<4x3xf32> and tensor<5x3xf32>
func.func @widths(%x: tensor<2x3xf32>, %V: tensor<4x3xf32>, %W: tensor<5x3xf32>) -> (tensor<2x4xf32>, tensor<2x5xf32>) {
  %a = maek.einsum "bk,nk->bn" %x, %V : tensor<2x3xf32>, tensor<4x3xf32>
  %b = maek.einsum "bk,nk->bn" %x, %W : tensor<2x3xf32>, tensor<5x3xf32>
  return %a, %b : tensor<2x4xf32>, tensor<2x5xf32>
}

// Stacking what each step makes would cost a copy in each step.
// CHECK-LABEL: func.func @made_in_loop
// CHECK-COUNT-2: maek.einsum "bk,nk->bn"
// REMARK: :[[#@LINE+5]]:10: remark: [Missed] merge-gate-matmuls{{.*}}it is produced inside the loop
func.func @made_in_loop(%V: tensor<3x3xf32>, %xs: tensor<9x3x3xf32>, %h0: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<3x3xf32>, %h: tensor<3x3xf32>):
    %a = maek.einsum "bk,nk->bn" %h, %V : tensor<3x3xf32>, tensor<3x3xf32>
    %b = maek.einsum "bk,nk->bn" %h, %x : tensor<3x3xf32>, tensor<3x3xf32>
    %n = maek.mul %a, %b : tensor<3x3xf32>
    maek.yield %n : tensor<3x3xf32>
  } : (tensor<9x3x3xf32>, tensor<3x3xf32>) -> tensor<3x3xf32>
  return %hT : tensor<3x3xf32>
}

// CHECK-LABEL: func.func @activations
// CHECK-COUNT-2: maek.einsum "bk,bn->nk"
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] merge-gate-matmuls{{.*}}its size is dynamic, so that stacking would copy activations
func.func @activations(%x: tensor<?x3xf32, #maek.dims<B>>, %y: tensor<?x4xf32, #maek.dims<B>>, %z: tensor<?x4xf32, #maek.dims<B>>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %a = maek.einsum "bk,bn->nk" %x, %y : tensor<?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  %b = maek.einsum "bk,bn->nk" %x, %z : tensor<?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  return %a, %b : tensor<4x3xf32>, tensor<4x3xf32>
}

// Slices of one value need no stacking, in a loop or of any size.
// CHECK-LABEL: func.func @side_by_side
// CHECK-NEXT: maek.einsum "bk,bgn->gnk" %arg0, %arg1
// REMARK: :[[#@LINE+3]]:8: remark: [Passed] merge-gate-matmuls{{.*}}merged 2 products
func.func @side_by_side(%x: tensor<?x3xf32, #maek.dims<B>>, %y: tensor<?x2x4xf32, #maek.dims<B>>) -> (tensor<4x3xf32>, tensor<4x3xf32>) {
  %g:2 = maek.unstack %y dim 1 : tensor<?x2x4xf32, #maek.dims<B>>
  %a = maek.einsum "bk,bn->nk" %x, %g#0 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  %b = maek.einsum "bk,bn->nk" %x, %g#1 : tensor<?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  return %a, %b : tensor<4x3xf32>, tensor<4x3xf32>
}
