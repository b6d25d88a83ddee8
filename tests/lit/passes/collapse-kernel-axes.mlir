// RUN: maek-opt %s --maek-collapse-kernel-axes --split-input-file | FileCheck %s

// Dense elementwise work runs over one axis, rows of time and batch over one.
// CHECK-LABEL: func.func @dense
// CHECK: %[[X:.*]] = maek.reshape %arg0 : tensor<?x?x4xf32, #maek.dims<T, B>> -> tensor<?xf32, #maek.dims<4*B*T>>
// CHECK: %[[Y:.*]] = call @elementwise_0(%[[X]])
// CHECK: %[[R:.*]] = maek.reshape %[[Y]] : tensor<?xf32, #maek.dims<4*B*T>> -> tensor<?x4xf32, #maek.dims<B*T>>
// CHECK: %[[Z:.*]] = call @product_0(%[[R]], %arg1)
// CHECK: maek.reshape %[[Z]] : tensor<?x3xf32, #maek.dims<B*T>> -> tensor<?x?x3xf32, #maek.dims<T, B>>
func.func @dense(%x: tensor<?x?x4xf32, #maek.dims<T, B>>, %W: tensor<3x4xf32>) -> tensor<?x?x3xf32, #maek.dims<T, B>> {
  %y = func.call @elementwise_0(%x) : (tensor<?x?x4xf32, #maek.dims<T, B>>) -> tensor<?x?x4xf32, #maek.dims<T, B>>
  %z = func.call @product_0(%y, %W) : (tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<3x4xf32>) -> tensor<?x?x3xf32, #maek.dims<T, B>>
  return %z : tensor<?x?x3xf32, #maek.dims<T, B>>
}
// CHECK: func.func private @elementwise_0(%arg0: tensor<?xf32, #maek.dims<4*B*T>>)
func.func private @elementwise_0(%x: tensor<?x?x4xf32, #maek.dims<T, B>>) -> tensor<?x?x4xf32, #maek.dims<T, B>> attributes {maek.kernel, maek.symbols = []} {
  %c = maek.constant 2.0 : tensor<?x?x4xf32, #maek.dims<T, B>>
  %0 = maek.mul %x, %c : tensor<?x?x4xf32, #maek.dims<T, B>>
  return %0 : tensor<?x?x4xf32, #maek.dims<T, B>>
}
// CHECK: func.func private @product_0
// CHECK: maek.einsum "tk,nk->tn"
func.func private @product_0(%x: tensor<?x?x4xf32, #maek.dims<T, B>>, %W: tensor<3x4xf32>) -> tensor<?x?x3xf32, #maek.dims<T, B>> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.einsum "tbk,nk->tbn" %x, %W : tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<3x4xf32>
  return %0 : tensor<?x?x3xf32, #maek.dims<T, B>>
}

// -----

// A weight gradient: steps and rows are summed as one, gates and units are the
// rows of the result. The bias gradient reduces in the same way.
// CHECK-LABEL: func.func @gradients
// CHECK: func.func private @product_0
// CHECK: maek.einsum "tg,tk->gk" %{{.*}} : tensor<?x8xf32, #maek.dims<B*T>>, tensor<?x3xf32, #maek.dims<B*T>>
// CHECK: func.func private @reduction_0
// CHECK: maek.reduce sum %arg0 dims [0] : tensor<?x8xf32, #maek.dims<B*T>>
func.func @gradients(%dz: tensor<?x?x2x4xf32, #maek.dims<T, B>>, %x: tensor<?x?x3xf32, #maek.dims<T, B>>) -> (tensor<2x4x3xf32>, tensor<2x4xf32>) {
  %0 = func.call @product_0(%dz, %x) : (tensor<?x?x2x4xf32, #maek.dims<T, B>>, tensor<?x?x3xf32, #maek.dims<T, B>>) -> tensor<2x4x3xf32>
  %1 = func.call @reduction_0(%dz) : (tensor<?x?x2x4xf32, #maek.dims<T, B>>) -> tensor<2x4xf32>
  return %0, %1 : tensor<2x4x3xf32>, tensor<2x4xf32>
}
func.func private @product_0(%dz: tensor<?x?x2x4xf32, #maek.dims<T, B>>, %x: tensor<?x?x3xf32, #maek.dims<T, B>>) -> tensor<2x4x3xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.einsum "tbgn,tbk->gnk" %dz, %x : tensor<?x?x2x4xf32, #maek.dims<T, B>>, tensor<?x?x3xf32, #maek.dims<T, B>>
  return %0 : tensor<2x4x3xf32>
}
func.func private @reduction_0(%dz: tensor<?x?x2x4xf32, #maek.dims<T, B>>) -> tensor<2x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.reduce sum %dz dims [0, 1] : tensor<?x?x2x4xf32, #maek.dims<T, B>>
  return %0 : tensor<2x4xf32>
}

// -----

// The adjoint of merged gates: panels keep their order, gates and units are
// summed as one. Kernels that are equal after that become one.
// CHECK-LABEL: func.func @panels
// CHECK: maek.reshape %arg1 : tensor<1x2x4x16xf32> -> tensor<1x8x16xf32>
// CHECK: call @product_0
// CHECK: call @elementwise_0
// CHECK: call @elementwise_0
// CHECK: func.func private @product_0
// CHECK: maek.unpack %arg1 dim 1 width 16 order [0] : tensor<1x8x16xf32> -> tensor<8x3xf32>
// CHECK: maek.einsum "bg,gk->bk"
// CHECK: func.func private @elementwise_0
// CHECK-NOT: func.func private
func.func @panels(%dz: tensor<5x2x4xf32>, %W: tensor<1x2x4x16xf32>) -> (tensor<5x3xf32>, tensor<5x2x4xf32>, tensor<10x4xf32>) {
  %0 = func.call @product_0(%dz, %W) : (tensor<5x2x4xf32>, tensor<1x2x4x16xf32>) -> tensor<5x3xf32>
  %1 = func.call @elementwise_0(%dz) : (tensor<5x2x4xf32>) -> tensor<5x2x4xf32>
  %2 = maek.reshape %dz : tensor<5x2x4xf32> -> tensor<10x4xf32>
  %3 = func.call @elementwise_1(%2) : (tensor<10x4xf32>) -> tensor<10x4xf32>
  return %0, %1, %3 : tensor<5x3xf32>, tensor<5x2x4xf32>, tensor<10x4xf32>
}
func.func private @product_0(%dz: tensor<5x2x4xf32>, %W: tensor<1x2x4x16xf32>) -> tensor<5x3xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.unpack %W dim 2 width 16 order [0, 1] : tensor<1x2x4x16xf32> -> tensor<2x4x3xf32>
  %1 = maek.einsum "bgn,gnk->bk" %dz, %0 : tensor<5x2x4xf32>, tensor<2x4x3xf32>
  return %1 : tensor<5x3xf32>
}
func.func private @elementwise_0(%x: tensor<5x2x4xf32>) -> tensor<5x2x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %x : tensor<5x2x4xf32>
  return %0 : tensor<5x2x4xf32>
}
func.func private @elementwise_1(%x: tensor<10x4xf32>) -> tensor<10x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %x : tensor<10x4xf32>
  return %0 : tensor<10x4xf32>
}

// -----

// Nothing: the operand is a slice with gaps, the results lie in a stack, a
// bias is repeated along one axis only, the transpose parts the rows.
// CHECK-LABEL: func.func @gaps
// CHECK-NOT: maek.reshape
// CHECK: func.func private @elementwise_0(%arg0: tensor<5x4xf32>)
func.func @gaps(%x: tensor<5x6xf32>, %y: tensor<5x4xf32>, %b: tensor<4xf32>, %z: tensor<3x5x4xf32>) -> (tensor<5x4xf32>, tensor<5x2x4xf32>, tensor<5x4xf32>, tensor<5x3x4xf32>) {
  %0 = maek.slice %x dim 1 offset 1 : tensor<5x6xf32> -> tensor<5x4xf32>
  %1 = func.call @elementwise_0(%0) : (tensor<5x4xf32>) -> tensor<5x4xf32>
  %2:2 = func.call @elementwise_1(%y) : (tensor<5x4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>)
  %3 = maek.stack %2#0, %2#1 dim 1 : tensor<5x4xf32>, tensor<5x4xf32>
  %4 = func.call @elementwise_2(%y, %b) : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<5x4xf32>
  %5 = maek.transpose %z [1, 0, 2] : tensor<3x5x4xf32>
  %6 = func.call @rows_0(%5) : (tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return %1, %3, %4, %6 : tensor<5x4xf32>, tensor<5x2x4xf32>, tensor<5x4xf32>, tensor<5x3x4xf32>
}
func.func private @elementwise_0(%x: tensor<5x4xf32>) -> tensor<5x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %x : tensor<5x4xf32>
  return %0 : tensor<5x4xf32>
}
func.func private @elementwise_1(%x: tensor<5x4xf32>) -> (tensor<5x4xf32>, tensor<5x4xf32>) attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %x : tensor<5x4xf32>
  %1 = maek.tanh %x : tensor<5x4xf32>
  return %0, %1 : tensor<5x4xf32>, tensor<5x4xf32>
}
func.func private @elementwise_2(%x: tensor<5x4xf32>, %b: tensor<4xf32>) -> tensor<5x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.broadcast %b dims [1] : tensor<4xf32> -> tensor<5x4xf32>
  %1 = maek.add %x, %0 : tensor<5x4xf32>
  return %1 : tensor<5x4xf32>
}
func.func private @rows_0(%x: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.reduce max %x dims [2] : tensor<5x3x4xf32>
  %1 = maek.broadcast %0 dims [0, 1] : tensor<5x3xf32> -> tensor<5x3x4xf32>
  %2 = maek.sub %x, %1 : tensor<5x3x4xf32>
  return %2 : tensor<5x3x4xf32>
}

// -----

// Rows that lie 15 apart, each with an axis of one element: no kernel has all of
// them in one axis, whatever was asked first.
// CHECK-LABEL: func.func @rows_apart
// CHECK: call @used({{.*}}) : (tensor<3x3xf32>) -> tensor<2x3x3xf32>
func.func @rows_apart(%x: tensor<3x1x3xf32>, %q: tensor<3x4x3xf32>) -> (tensor<2x3x1x3xf32>, tensor<f32>) {
  %0 = call @made(%x) : (tensor<3x1x3xf32>) -> tensor<3x1x3xf32>
  %1 = maek.concat %0, %q dim 1 : tensor<3x1x3xf32>, tensor<3x4x3xf32>
  %2 = call @sum(%1) : (tensor<3x5x3xf32>) -> tensor<f32>
  %3 = call @used(%0) : (tensor<3x1x3xf32>) -> tensor<2x3x1x3xf32>
  return %3, %2 : tensor<2x3x1x3xf32>, tensor<f32>
}
func.func private @used(%x: tensor<3x1x3xf32>) -> tensor<2x3x1x3xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.broadcast %x dims [1, 2, 3] : tensor<3x1x3xf32> -> tensor<2x3x1x3xf32>
  return %0 : tensor<2x3x1x3xf32>
}
func.func private @made(%x: tensor<3x1x3xf32>) -> tensor<3x1x3xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %x : tensor<3x1x3xf32>
  return %0 : tensor<3x1x3xf32>
}
func.func private @sum(%x: tensor<3x5x3xf32>) -> tensor<f32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.reduce sum %x dims [0, 1, 2] : tensor<3x5x3xf32>
  return %0 : tensor<f32>
}
