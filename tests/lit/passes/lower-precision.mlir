// RUN: maek-opt %s --maek-lower-precision | FileCheck %s
// RUN: maek-opt %s --maek-lower-precision --maek-prepack-weights --maek-simplify | FileCheck %s --check-prefix=PACKED
// RUN: maek-opt %s --maek-lower-precision --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A layer: both operands. The pack rounds the weights.
// CHECK-LABEL: func.func @layer
// CHECK-DAG: %[[X:.*]] = maek.convert %arg0 : tensor<?x64xf32, #maek.dims<B>> -> tensor<?x64xbf16, #maek.dims<B>>
// CHECK-DAG: %[[W:.*]] = maek.convert %arg1 : tensor<32x64xf32> -> tensor<32x64xbf16>
// CHECK: %[[Z:.*]] = maek.einsum "bk,nk->bn" %[[X]], %[[W]]
// CHECK: return %[[Z]] : tensor<?x32xf32, #maek.dims<B>>
// PACKED-LABEL: func.func @layer
// PACKED: %[[P:.*]] = maek.pack %arg1 dim 0 width 16 order [1] words 1 : tensor<32x64xf32>
// PACKED: maek.unpack %[[P]] dim 0 width 16 order [1] words 1 : tensor<2x32x16xi32> -> tensor<32x64xbf16>
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] lower-precision{{.*}}multiplies in bf16 and sums in f32
func.func @layer(%x: tensor<?x64xf32, #maek.dims<B>>, %W: tensor<32x64xf32> {maek.name = "W", maek.role = "parameter"}) -> tensor<?x32xf32, #maek.dims<B>> {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x64xf32, #maek.dims<B>>, tensor<32x64xf32>
  return %z : tensor<?x32xf32, #maek.dims<B>>
}

// A recurrent product: the state is carried in bf16 as well, and what is
// collected over the steps is collected in bf16. No step converts twice.
// CHECK-LABEL: func.func @recurrent
// CHECK: maek.scan
// CHECK: ^bb0(%{{.*}}: tensor<2x64xf32>, %{{.*}}: tensor<2x64xf32>, %[[H:.*]]: tensor<2x64xbf16>):
// CHECK: maek.einsum "bk,nk->bn" %[[H]], %{{.*}} : tensor<2x64xbf16>, tensor<64x64xbf16>
// CHECK: %[[N:.*]] = maek.tanh
// CHECK: %[[S:.*]] = maek.convert %[[N]] : tensor<2x64xf32> -> tensor<2x64xbf16>
// CHECK-NOT: maek.convert
// CHECK: maek.yield %[[N]], %[[S]], %[[N]], %[[S]]
// CHECK-NOT: maek.convert
// CHECK: maek.einsum "tbk,nk->tbn" %{{.*}}#3, %{{.*}} : tensor<9x2x64xbf16>, tensor<64x64xbf16>
func.func @recurrent(%xs: tensor<9x2x64xf32>, %W: tensor<64x64xf32> {maek.name = "W", maek.role = "parameter"}, %h0: tensor<2x64xf32>) -> tensor<9x2x64xf32> {
  %hT, %hs = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x64xf32>, %h: tensor<2x64xf32>):
    %z = maek.einsum "bk,nk->bn" %h, %W : tensor<2x64xf32>, tensor<64x64xf32>
    %s = maek.add %z, %x : tensor<2x64xf32>
    %n = maek.tanh %s : tensor<2x64xf32>
    maek.yield %n, %n : tensor<2x64xf32>, tensor<2x64xf32>
  } : (tensor<9x2x64xf32>, tensor<2x64xf32>) -> (tensor<2x64xf32>, tensor<9x2x64xf32>)
  %y = maek.einsum "tbk,nk->tbn" %hs, %W : tensor<9x2x64xf32>, tensor<64x64xf32>
  return %y : tensor<9x2x64xf32>
}

// States that change places: each has one in bf16 beside it.
// CHECK-LABEL: func.func @swapped
// CHECK: ^bb0(%{{.*}}, %{{.*}}, %{{.*}}, %[[A:.*]]: tensor<2x64xbf16>, %[[B:.*]]: tensor<2x64xbf16>):
// CHECK: maek.einsum {{.*}} %[[A]],
// CHECK: maek.yield %{{.*}}, %{{.*}}, %[[B]], %[[A]]
func.func @swapped(%xs: tensor<9x2x64xf32>, %W: tensor<64x64xf32> {maek.name = "W", maek.role = "parameter"}, %h0: tensor<2x64xf32>, %h1: tensor<2x64xf32>) -> tensor<9x2x64xf32> {
  %aT, %bT, %ys = maek.scan over(%xs) init(%h0, %h1) {
  ^bb0(%x: tensor<2x64xf32>, %a: tensor<2x64xf32>, %b: tensor<2x64xf32>):
    %z = maek.einsum "bk,nk->bn" %a, %W : tensor<2x64xf32>, tensor<64x64xf32>
    %s = maek.add %z, %x : tensor<2x64xf32>
    maek.yield %b, %a, %s : tensor<2x64xf32>, tensor<2x64xf32>, tensor<2x64xf32>
  } : (tensor<9x2x64xf32>, tensor<2x64xf32>, tensor<2x64xf32>) -> (tensor<2x64xf32>, tensor<2x64xf32>, tensor<9x2x64xf32>)
  return %ys : tensor<9x2x64xf32>
}

// Above the stack of what was computed; a weight's gradient; an element.
// CHECK-LABEL: func.func @stacked
// CHECK: %[[A:.*]] = maek.tanh %arg0
// CHECK: %[[C:.*]] = maek.convert %[[A]]
// CHECK: %[[S:.*]] = maek.stack %[[C]], %{{.*}} dim 1 : tensor<?x64xbf16, #maek.dims<B>>, tensor<?x64xbf16, #maek.dims<B>>
// CHECK: maek.einsum "bgn,bk->gnk" %[[S]], %{{.*}} : tensor<?x2x64xbf16, #maek.dims<B>>, tensor<?x64xbf16, #maek.dims<B>>
func.func @stacked(%x: tensor<?x64xf32, #maek.dims<B>>) -> tensor<2x64x64xf32> {
  %a = maek.tanh %x : tensor<?x64xf32, #maek.dims<B>>
  %s = maek.stack %a, %x dim 1 : tensor<?x64xf32, #maek.dims<B>>, tensor<?x64xf32, #maek.dims<B>>
  %g = maek.einsum "bgn,bk->gnk" %s, %x : tensor<?x2x64xf32, #maek.dims<B>>, tensor<?x64xf32, #maek.dims<B>>
  return %g : tensor<2x64x64xf32>
}

// A convolution: pairs of channels, read through the window.
// CHECK-LABEL: func.func @convolution
// CHECK-DAG: %[[X:.*]] = maek.convert %arg0 : tensor<?x8x16xf32, #maek.dims<B>> -> tensor<?x8x16xbf16, #maek.dims<B>>
// CHECK: %[[W:.*]] = maek.window %[[X]]
// CHECK: maek.einsum "bhic,oic->bho" %[[W]],
func.func @convolution(%x: tensor<?x8x16xf32, #maek.dims<B>>, %K: tensor<16x3x16xf32> {maek.name = "K", maek.role = "parameter"}) -> tensor<?x8x16xf32, #maek.dims<B>> {
  %w = maek.window %x dim 1 stride 1 dilation 1 offset -1 : tensor<?x8x16xf32, #maek.dims<B>> -> tensor<?x8x3x16xf32, #maek.dims<B>>
  %z = maek.einsum "bhic,oic->bho" %w, %K : tensor<?x8x3x16xf32, #maek.dims<B>>, tensor<16x3x16xf32>
  return %z : tensor<?x8x16xf32, #maek.dims<B>>
}

// Its weights' gradient.
// CHECK-LABEL: func.func @by_weights
// CHECK: maek.einsum "bho,bhic->ioc" %{{.*}} : tensor<?x8x16xbf16, #maek.dims<B>>, tensor<?x8x3x16xbf16, #maek.dims<B>>
func.func @by_weights(%x: tensor<?x8x16xf32, #maek.dims<B>>, %dy: tensor<?x8x16xf32, #maek.dims<B>>) -> tensor<3x16x16xf32> {
  %w = maek.window %x dim 1 stride 1 dilation 1 offset -1 : tensor<?x8x16xf32, #maek.dims<B>> -> tensor<?x8x3x16xf32, #maek.dims<B>>
  %z = maek.einsum "bho,bhic->ioc" %dy, %w : tensor<?x8x16xf32, #maek.dims<B>>, tensor<?x8x3x16xf32, #maek.dims<B>>
  return %z : tensor<3x16x16xf32>
}

// Attention: its operands, above the transposes that part the heads. The sums
// that gradients take are of f32.
// CHECK-LABEL: func.func @attention
// CHECK: %[[T:.*]] = maek.transpose %{{.*}} [1, 0, 2] : tensor<4x2x8xbf16>
// CHECK: maek.attention %[[T]], %{{.*}}, %{{.*}} scale 1.000000e+00 : tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xbf16>
// CHECK: %[[S:.*]] = maek.attention_log_sum %[[T]], %{{.*}} : tensor<2x4x8xbf16>, tensor<2x4x8xbf16>
// CHECK: maek.attention_query_gradient {{.*}}, %[[S]], %arg1 {{.*}} tensor<2x4x8xbf16>, tensor<2x4xf32>, tensor<2x4xf32>
func.func @attention(%x: tensor<4x2x8xf32>, %d: tensor<2x4xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>) {
  %e = maek.exp %x : tensor<4x2x8xf32>
  %t = maek.transpose %e [1, 0, 2] : tensor<4x2x8xf32>
  %y = maek.attention %t, %t, %t scale 1.0 : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>
  %s = maek.attention_log_sum %t, %t scale 1.0 : tensor<2x4x8xf32>, tensor<2x4x8xf32>
  %g = maek.attention_query_gradient %t, %t, %t, %y, %s, %d scale 1.0 : tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %y, %g : tensor<2x4x8xf32>, tensor<2x4x8xf32>
}

// What stays in f32, and why; sums that are no products do in any case.
// CHECK-LABEL: func.func @left
// CHECK-NOT: bf16
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: it sums few numbers
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: it has few columns
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: it sums nothing of both operands
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: both operands change, and each example has its own product
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: both operands change, and it sums few numbers
// REMARK: :[[#@LINE+11]]:8: remark: [Missed] lower-precision{{.*}}the product stays in f32: the parameters alone determine it
!x = tensor<?x16xf32, #maek.dims<B>>
!y = tensor<?x64xf32, #maek.dims<B>>
!q = tensor<?x8x64xf32, #maek.dims<B>>
!k = tensor<?x32x64xf32, #maek.dims<B>>
func.func @left(%x: !x, %V: tensor<64x16xf32> {maek.name = "V", maek.role = "parameter"}, %W: tensor<8x64xf32> {maek.name = "W", maek.role = "parameter"}, %y: !y, %v: tensor<64xf32>, %q: !q, %k: !k, %l: tensor<8x64xf32>, %r: tensor<32x64xf32>) -> (!y, tensor<?x8xf32, #maek.dims<B>>, !y, tensor<?x8x32xf32, #maek.dims<B>>, tensor<8x32xf32>, tensor<8x16xf32>, tensor<f32>) {
  %0 = maek.einsum "bk,nk->bn" %x, %V : !x, tensor<64x16xf32>
  %1 = maek.einsum "bk,nk->bn" %y, %W : !y, tensor<8x64xf32>
  %2 = maek.einsum "bn,n->bn" %y, %v : !y, tensor<64xf32>
  %3 = maek.einsum "bqd,bkd->bqk" %q, %k : !q, !k
  %4 = maek.einsum "mk,nk->mn" %l, %r : tensor<8x64xf32>, tensor<32x64xf32>
  %5 = maek.einsum "mk,kn->mn" %W, %V : tensor<8x64xf32>, tensor<64x16xf32>
  %6 = maek.reduce sum %y dims [0, 1] : !y
  return %0, %1, %2, %3, %4, %5, %6 : !y, tensor<?x8xf32, #maek.dims<B>>, !y, tensor<?x8x32xf32, #maek.dims<B>>, tensor<8x32xf32>, tensor<8x16xf32>, tensor<f32>
}
