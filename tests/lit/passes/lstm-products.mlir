// What the shipped pipeline makes of models/lstm.maek: kernels of products are
// called @product_N, and each is called once for each product of the program.
// RUN: maek-front %models/lstm.maek | maek-opt --maek-pipeline > %t
// RUN: FileCheck %s < %t
// RUN: FileCheck %s --check-prefix=KERNELS < %t
//
// Each pass behind these numbers is seen to be missing.
// RUN: maek-front %models/lstm.maek | maek-opt --maek-pipeline=disable=split-concat-matmul | not FileCheck %s
// RUN: maek-front %models/lstm.maek | maek-opt --maek-pipeline=disable=merge-gate-matmuls | not FileCheck %s
// RUN: maek-front %models/lstm.maek | maek-opt --maek-pipeline=disable=hoist-input-projection | not FileCheck %s
// RUN: maek-front %models/lstm.maek | maek-opt --maek-pipeline=disable=sink-weight-gradients | not FileCheck %s

// The inputs' products of all gates and steps are one, before the loop; the
// states' are one for each step; the last is the linear layer's.
// CHECK-LABEL: func.func @forward(
// CHECK-NOT: @product_
// CHECK: call @product_0({{.*}} : (tensor<?x28xf32, #maek.dims<28*B>>,
// CHECK-NOT: @product_
// CHECK: maek.scan over
// CHECK-NOT: @product_
// CHECK: func.call @product_1({{.*}} : (tensor<?x128xf32, #maek.dims<B>>, tensor<8x128x4x16xf32>,
// CHECK-NOT: @product_
// CHECK: maek.yield
// CHECK-NOT: @product_
// CHECK: call @product_2({{.*}} -> tensor<?x10xf32, #maek.dims<B>>
// CHECK-NOT: @product_
// CHECK: return

// Backwards one product for each step, and two after the loop, of all steps:
// the gradients of the weights on the states and on the inputs.
// CHECK-LABEL: func.func @train_step(
// CHECK-NOT: @product_
// CHECK: call @product_0(
// CHECK-NOT: @product_
// CHECK: maek.scan over
// CHECK-NOT: @product_
// CHECK: func.call @product_3({{.*}} : (tensor<?x128xf32, #maek.dims<B>>, tensor<8x128x4x16xf32>,
// CHECK-NOT: @product_
// CHECK: maek.yield
// CHECK-NOT: @product_
// CHECK: call @product_2({{.*}} -> tensor<?x10xf32, #maek.dims<B>>
// CHECK: call @product_4({{.*}} -> tensor<?x128xf32, #maek.dims<B>>
// CHECK: call @product_5({{.*}} -> tensor<10x128xf32>
// CHECK-NOT: @product_
// CHECK: maek.scan reverse over
// CHECK-NOT: @product_
// CHECK: func.call @product_6({{.*}} : (tensor<?x512xf32, #maek.dims<B>>,
// CHECK-NOT: @product_
// CHECK: maek.yield
// CHECK-NOT: @product_
// CHECK: call @product_7({{.*}} -> tensor<512x128xf32>
// CHECK-NOT: @product_
// CHECK: call @product_8({{.*}} -> tensor<512x28xf32>
// CHECK-NOT: @product_
// CHECK: return

// The nine kernels hold one product each, and no other kernel holds one.
// KERNELS-COUNT-9: maek.einsum
// KERNELS-NOT: maek.einsum
