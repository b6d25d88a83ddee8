// RUN: maek-opt %s --maek-outline-kernels | FileCheck %s
// RUN: maek-opt %s --maek-outline-kernels --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOC

// Equal kernels, whatever the order of their ops, are one function. Its
// arguments follow the walk from the results. What does not depend on the loop
// is an argument as well.
// CHECK-LABEL: func.func @entry
// CHECK: %[[A:.*]] = call @elementwise_0(%arg0, %arg1)
// CHECK: %[[B:.*]] = call @elementwise_0(%[[A]], %arg1)
// CHECK: %[[P:.*]] = call @product_0(%[[B]], %arg2)
// CHECK: maek.scan over(%[[P]]) init(%arg3)
// CHECK: func.call @rows_0(%{{.*}}, %arg3)
// CHECK: call @reduction_0(
// CHECK: call @layout_0(%arg2)
func.func @entry(%x: tensor<?x4xf32, #maek.dims<B>>, %y: tensor<?x4xf32, #maek.dims<B>>, %W: tensor<3x4xf32>, %h: tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>, tensor<4x3xf32>) {
  %a = maek.kernel {
    %0 = maek.exp %x : tensor<?x4xf32, #maek.dims<B>>
    %1 = maek.tanh %y : tensor<?x4xf32, #maek.dims<B>>
    %2 = maek.sub %0, %1 : tensor<?x4xf32, #maek.dims<B>>
    maek.yield %2 : tensor<?x4xf32, #maek.dims<B>>
  } : tensor<?x4xf32, #maek.dims<B>>
  %b = maek.kernel {
    %0 = maek.tanh %y : tensor<?x4xf32, #maek.dims<B>>
    %1 = maek.exp %a : tensor<?x4xf32, #maek.dims<B>>
    %2 = maek.sub %1, %0 : tensor<?x4xf32, #maek.dims<B>>
    maek.yield %2 : tensor<?x4xf32, #maek.dims<B>>
  } : tensor<?x4xf32, #maek.dims<B>>
  %p = maek.kernel {
    %0 = maek.einsum "bk,nk->bn" %b, %W : tensor<?x4xf32, #maek.dims<B>>, tensor<3x4xf32>
    maek.yield %0 : tensor<?x3xf32, #maek.dims<B>>
  } : tensor<?x3xf32, #maek.dims<B>>
  %hT, %ss = maek.scan over(%p) init(%h) {
  ^bb0(%s: tensor<3xf32>, %g: tensor<3xf32>):
    %r = maek.kernel {
      %0 = maek.add %s, %h : tensor<3xf32>
      %1 = maek.reshape %0 : tensor<3xf32> -> tensor<1x3xf32>
      %2 = maek.reduce sum %1 dims [1] : tensor<1x3xf32>
      %3 = maek.broadcast %2 dims [0] : tensor<1xf32> -> tensor<1x3xf32>
      %4 = maek.reshape %3 : tensor<1x3xf32> -> tensor<3xf32>
      maek.yield %4 : tensor<3xf32>
    } : tensor<3xf32>
    maek.yield %r, %r : tensor<3xf32>, tensor<3xf32>
  } : (tensor<?x3xf32, #maek.dims<B>>, tensor<3xf32>) -> (tensor<3xf32>, tensor<?x3xf32, #maek.dims<B>>)
  %m = maek.kernel {
    %0 = maek.reduce sum %ss dims [0, 1] : tensor<?x3xf32, #maek.dims<B>>
    %1 = maek.extent "B" : tensor<f32>
    %2 = maek.div %0, %1 : tensor<f32>
    maek.yield %2 : tensor<f32>
  } : tensor<f32>
  %t = maek.kernel {
    %0 = maek.transpose %W [1, 0] : tensor<3x4xf32>
    maek.yield %0 : tensor<4x3xf32>
  } : tensor<4x3xf32>
  return %hT, %m, %t : tensor<3xf32>, tensor<f32>, tensor<4x3xf32>
}

// The extents that a kernel asks for are scalars of its own.
// CHECK: func.func private @elementwise_0(%arg0: tensor<?x4xf32, #maek.dims<B>>, %arg1: tensor<?x4xf32, #maek.dims<B>>) -> tensor<?x4xf32, #maek.dims<B>> attributes {maek.kernel, maek.symbols = []} {
// CHECK-NEXT: %[[E:.*]] = maek.exp %arg0
// CHECK-NEXT: %[[T:.*]] = maek.tanh %arg1
// CHECK-NEXT: %[[S:.*]] = maek.sub %[[E]], %[[T]]
// CHECK-NEXT: return %[[S]]
// CHECK: func.func private @product_0
// CHECK: func.func private @reduction_0{{.*}} attributes {maek.kernel, maek.symbols = ["B"]}
// CHECK: func.func private @layout_0

// Both places are in the one function's locations.
// LOC: func.func private @elementwise_0
// LOC-NEXT: maek.exp {{.*}} loc(fused["{{.*}}":17:10, "{{.*}}":24:10])
