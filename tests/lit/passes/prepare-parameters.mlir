// RUN: maek-opt %s --maek-prepare-parameters --split-input-file | FileCheck %s

// What two entries compute from parameters is computed once for both; views of
// parameters stay where they are used. An entry that updates keeps its own.
// CHECK-LABEL: func.func @prepare
// CHECK-SAME: (%arg0: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"})
// CHECK-SAME: -> (tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"}, tensor<1x4x16xf32> {maek.name = "prepared.1", maek.role = "prepared"})
// CHECK-NEXT: %[[S:.*]]:2 = maek.split %arg0
// CHECK-NEXT: %[[P:.*]] = call @layout_0(%[[S]]#1)
// CHECK-NEXT: %[[Q:.*]] = call @elementwise_0(%[[P]])
// CHECK-NEXT: return %[[P]], %[[Q]]

// CHECK-LABEL: func.func @forward
// CHECK-SAME: %arg2: tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"})
// CHECK-NOT: layout_0
// CHECK: maek.split %arg0
// CHECK: call @product_0(%arg1, %arg2
func.func @forward(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}) -> (tensor<?x8xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %y = func.call @product_0(%x, %p, %h) : (tensor<?x4xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  return %y : tensor<?x8xf32, #maek.dims<B>>
}
// CHECK-LABEL: func.func @evaluate
// CHECK-SAME: %arg2: tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"}, %arg3: tensor<1x4x16xf32> {maek.name = "prepared.1", maek.role = "prepared"})
// CHECK-NOT: layout_0
// CHECK: call @product_0(%arg1, %arg2
// CHECK: call @product_1(%{{.*}}, %arg3
func.func @evaluate(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}) -> (tensor<?x8xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %q = func.call @elementwise_0(%p) : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %z = func.call @product_0(%x, %p, %h) : (tensor<?x4xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  %y = func.call @product_1(%z, %q, %h) : (tensor<?x8xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  return %y : tensor<?x8xf32, #maek.dims<B>>
}
// CHECK-LABEL: func.func @train_step
// CHECK: call @layout_0
func.func @train_step(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %w = func.call @layout_1(%p, %h) : (tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<8x12xf32>
  return %w : tensor<8x12xf32>
}
func.func private @layout_0(%W: tensor<8x4xf32>) -> tensor<1x4x16xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.pack %W dim 0 width 16 order [1] : tensor<8x4xf32>
  return %0 : tensor<1x4x16xf32>
}
func.func private @elementwise_0(%W: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %W : tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}
func.func private @product_0(%x: tensor<?x4xf32, #maek.dims<B>>, %p: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.unpack %p dim 0 width 16 order [1] : tensor<1x4x16xf32> -> tensor<8x4xf32>
  %1 = maek.einsum "bk,nk->bn" %x, %0 : tensor<?x4xf32, #maek.dims<B>>, tensor<8x4xf32>
  %2 = maek.reduce "sum" %h dims [0] : tensor<8x8xf32>
  %3 = maek.broadcast %2 dims [1] : tensor<8xf32> -> tensor<?x8xf32, #maek.dims<B>>
  %4 = maek.add %1, %3 : tensor<?x8xf32, #maek.dims<B>>
  return %4 : tensor<?x8xf32, #maek.dims<B>>
}
func.func private @product_1(%z: tensor<?x8xf32, #maek.dims<B>>, %q: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.reduce "max" %q dims [0, 1, 2] : tensor<1x4x16xf32>
  %1 = maek.broadcast %0 dims [] : tensor<f32> -> tensor<8x8xf32>
  %2 = maek.add %h, %1 : tensor<8x8xf32>
  %3 = maek.einsum "bk,nk->bn" %z, %2 : tensor<?x8xf32, #maek.dims<B>>, tensor<8x8xf32>
  return %3 : tensor<?x8xf32, #maek.dims<B>>
}
func.func private @layout_1(%p: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<8x12xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.unpack %p dim 0 width 16 order [1] : tensor<1x4x16xf32> -> tensor<8x4xf32>
  %1 = maek.concat %h, %0 dim 1 : tensor<8x8xf32>, tensor<8x4xf32>
  return %1 : tensor<8x12xf32>
}

// -----

// Nothing to prepare: all depends on the input.
// CHECK-NOT: @prepare
// CHECK-LABEL: func.func @forward
func.func @forward(%b: tensor<4xf32> {maek.name = "b", maek.role = "parameter"}, %x: tensor<4xf32> {maek.name = "x", maek.role = "input"}) -> (tensor<4xf32> {maek.name = "y", maek.role = "output"}) {
  %y = func.call @elementwise_0(%b, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @elementwise_0(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.add %a, %b : tensor<4xf32>
  return %0 : tensor<4xf32>
}
