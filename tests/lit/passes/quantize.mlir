// RUN: maek-opt %s --split-input-file --maek-keep-reference --maek-quantize | FileCheck %s
// RUN: maek-opt %s --split-input-file --maek-keep-reference --maek-quantize --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The range is a parameter of its own, which `reference` observes and the
// others read. What training keeps goes, but its name.
// CHECK: module attributes {maek.unused = ["m.W"]}
// CHECK: maek.parameter @W : tensor<32x64xf32>
// CHECK-NEXT: maek.parameter @W.input_range running : tensor<f32> = <constant, [8.000000e+00]>
// CHECK-NOT: maek.state
// CHECK-NOT: @train_step
// CHECK-LABEL: func.func @forward
// CHECK-SAME: %[[X:[a-z0-9]*]]: tensor<?x64xf32, #maek.dims<B>> {{.*}}, %[[W:[a-z0-9]*]]: tensor<32x64xf32>
// CHECK-SAME: %[[R:[a-z0-9]*]]: tensor<f32> {maek.name = "W.input_range", maek.role = "parameter"}
// CHECK: %[[SCALE:.*]] = maek.div %{{.*}}, %{{.*}} : tensor<f32>
// CHECK: %[[SCALES:.*]] = maek.broadcast %[[SCALE]] dims []
// CHECK: %[[Q:.*]] = maek.quantize %[[X]] by %[[SCALES]] zero 128 : {{.*}} -> tensor<?x64xui8, #maek.dims<B>>
// CHECK: %[[C:.*]] = maek.quantize %[[W]] by %{{.*}} zero 0 : tensor<32x64xf32> -> tensor<32x64xi8>
// CHECK: %[[P:.*]] = maek.einsum "bk,nk->bn" %[[Q]], %[[C]]
// CHECK: %[[M:.*]] = maek.mul %[[P]], %{{.*}}
// CHECK: %[[Z:.*]] = maek.sub %[[M]], %{{.*}}
// CHECK: return %[[Z]]
// CHECK-LABEL: func.func @reference
// CHECK-SAME: -> (tensor<?x32xf32, #maek.dims<B>> {maek.name = "z", maek.role = "output"}, tensor<f32> {maek.name = "W.input_range", maek.role = "parameter"})
// CHECK: %[[S:.*]] = maek.reduce max %{{.*}} dims [0, 1]
// CHECK: maek.einsum "bk,nk->bn" %{{.*}}, %{{.*}} : tensor<?x64xf32, #maek.dims<B>>, tensor<32x64xf32>
// CHECK: maek.max %{{.*}}, %[[S]] : tensor<f32>
maek.parameter @W : tensor<32x64xf32> = #maek.init<constant, [0.0]>
maek.state @m.W : tensor<32x64xf32> = #maek.init<constant, [0.0]>
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] quantize{{.*}}multiplies codes of 8 bits
func.func @forward(%x: tensor<?x64xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %W: tensor<32x64xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<?x32xf32, #maek.dims<B>> {maek.name = "z", maek.role = "output"}) {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x64xf32, #maek.dims<B>>, tensor<32x64xf32>
  return %z : tensor<?x32xf32, #maek.dims<B>>
}
func.func @train_step(%m: tensor<32x64xf32> {maek.name = "m.W", maek.role = "state"}) -> (tensor<32x64xf32> {maek.name = "m.W", maek.role = "state"}) {
  return %m : tensor<32x64xf32>
}

// -----

// A recurrence: the state's codes are carried beside it; the largest magnitude
// of all steps is observed.
// CHECK-LABEL: func.func @forward
// CHECK: ^bb0(%{{.*}}: tensor<2x64xf32>, %{{.*}}: tensor<2x64xf32>, %[[H:.*]]: tensor<2x64xui8>):
// CHECK: maek.einsum "bk,nk->bn" %[[H]], %{{.*}} : tensor<2x64xui8>, tensor<64x64xi8>
// CHECK: %[[N:.*]] = maek.tanh
// CHECK: %[[C:.*]] = maek.quantize %[[N]]
// CHECK: maek.yield %[[N]], %[[C]]
// CHECK-LABEL: func.func @reference
// CHECK: %[[T:.*]]:2 = maek.scan
// CHECK: maek.reduce max %{{.*}} dims [0, 1] : tensor<2x64xf32>
// CHECK: -> (tensor<2x64xf32>, tensor<9xf32>)
// CHECK: maek.reduce max %{{.*}} dims [0] : tensor<9xf32>
maek.parameter @W : tensor<64x64xf32> = #maek.init<constant, [0.0]>
func.func @forward(%xs: tensor<9x2x64xf32> {maek.name = "x", maek.role = "input"}, %W: tensor<64x64xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<2x64xf32> {maek.name = "y", maek.role = "output"}) {
  %h0 = maek.constant 0.0 : tensor<2x64xf32>
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x64xf32>, %h: tensor<2x64xf32>):
    %z = maek.einsum "bk,nk->bn" %h, %W : tensor<2x64xf32>, tensor<64x64xf32>
    %s = maek.add %z, %x : tensor<2x64xf32>
    %n = maek.tanh %s : tensor<2x64xf32>
    maek.yield %n : tensor<2x64xf32>
  } : (tensor<9x2x64xf32>, tensor<2x64xf32>) -> tensor<2x64xf32>
  return %hT : tensor<2x64xf32>
}

// -----

// What is never negative has 0 as the code of 0, and windows may reach beyond
// it. Of a state that starts and goes on so, too.
// CHECK-LABEL: func.func @forward
// CHECK-NOT: maek.pad
// CHECK: %[[Q:.*]] = maek.quantize %{{.*}} by %{{.*}} zero 0 : {{.*}} -> tensor<?x5x16xui8, #maek.dims<B>>
// CHECK: maek.window %[[Q]] dim 1 stride 1 dilation 1 offset -1
// CHECK: %[[P:.*]] = maek.einsum "bhic,ico->bho"
// CHECK: %[[M:.*]] = maek.mul %[[P]]
// CHECK: maek.scan
// CHECK: %[[S:.*]] = maek.einsum "bo,po->bp"
// CHECK: %[[N:.*]] = maek.mul %[[S]]
// CHECK: maek.add %[[N]]
// CHECK: maek.quantize %{{.*}} by %{{.*}} zero 0
// CHECK: return
maek.parameter @K : tensor<3x16x40xf32> = #maek.init<constant, [0.0]>
maek.parameter @W : tensor<40x40xf32> = #maek.init<constant, [0.0]>
func.func @forward(%x: tensor<?x5x16xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %K: tensor<3x16x40xf32> {maek.name = "K", maek.role = "parameter"}, %W: tensor<40x40xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<?x40xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %s = maek.sigmoid %x : tensor<?x5x16xf32, #maek.dims<B>>
  %u = maek.window %s dim 1 stride 1 dilation 1 offset -1 : tensor<?x5x16xf32, #maek.dims<B>> -> tensor<?x5x3x16xf32, #maek.dims<B>>
  %y = maek.einsum "bhic,ico->bho" %u, %K : tensor<?x5x3x16xf32, #maek.dims<B>>, tensor<3x16x40xf32>
  %t = maek.transpose %y [1, 0, 2] : tensor<?x5x40xf32, #maek.dims<B>>
  %h0 = maek.constant 0.0 : tensor<?x40xf32, #maek.dims<B>>
  %hT = maek.scan over(%t) init(%h0) {
  ^bb0(%z: tensor<?x40xf32, #maek.dims<B>>, %h: tensor<?x40xf32, #maek.dims<B>>):
    %r = maek.einsum "bo,po->bp" %h, %W : tensor<?x40xf32, #maek.dims<B>>, tensor<40x40xf32>
    %a = maek.add %r, %z : tensor<?x40xf32, #maek.dims<B>>
    %n = maek.max %a, %h0 : tensor<?x40xf32, #maek.dims<B>>
    maek.yield %n : tensor<?x40xf32, #maek.dims<B>>
  } : (tensor<5x?x40xf32, #maek.dims<B>>, tensor<?x40xf32, #maek.dims<B>>) -> tensor<?x40xf32, #maek.dims<B>>
  return %hT : tensor<?x40xf32, #maek.dims<B>>
}

// -----

// A convolution: windows that reach beyond the image read zeros around it.
// CHECK-LABEL: func.func @forward
// CHECK: %[[A:.*]] = maek.pad %{{.*}} dim 1 offset 1 : tensor<?x5x16xf32, #maek.dims<B>> -> tensor<?x7x16xf32, #maek.dims<B>>
// CHECK: %[[Q:.*]] = maek.quantize %[[A]]
// CHECK: %[[U:.*]] = maek.window %[[Q]] dim 1 stride 1 dilation 1 offset 0 : {{.*}} -> tensor<?x5x3x16xui8, #maek.dims<B>>
// CHECK: maek.einsum "bhic,ico->bho" %[[U]], %{{.*}}
// CHECK-LABEL: func.func @reference
// CHECK: maek.window
maek.parameter @K : tensor<3x16x20xf32> = #maek.init<constant, [0.0]>
func.func @forward(%x: tensor<?x5x16xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %K: tensor<3x16x20xf32> {maek.name = "K", maek.role = "parameter"}) -> (tensor<?x5x20xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %u = maek.window %x dim 1 stride 1 dilation 1 offset -1 : tensor<?x5x16xf32, #maek.dims<B>> -> tensor<?x5x3x16xf32, #maek.dims<B>>
  %y = maek.einsum "bhic,ico->bho" %u, %K : tensor<?x5x3x16xf32, #maek.dims<B>>, tensor<3x16x20xf32>
  return %y : tensor<?x5x20xf32, #maek.dims<B>>
}

// -----

// The same where the windows are joined before they are multiplied.
// CHECK-LABEL: func.func @forward
// CHECK: %[[A:.*]] = maek.pad %{{.*}} dim 1 offset 1 : tensor<?x5x16xf32, #maek.dims<B>> -> tensor<?x7x16xf32, #maek.dims<B>>
// CHECK: %[[Q:.*]] = maek.quantize %[[A]]
// CHECK: %[[U:.*]] = maek.window %[[Q]] dim 1 stride 1 dilation 1 offset 0 : {{.*}} -> tensor<?x5x3x16xui8, #maek.dims<B>>
// CHECK: maek.reshape %[[U]]
// CHECK-LABEL: func.func @reference
maek.parameter @K : tensor<48x20xf32> = #maek.init<constant, [0.0]>
func.func @forward(%x: tensor<?x5x16xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %K: tensor<48x20xf32> {maek.name = "K", maek.role = "parameter"}) -> (tensor<?x5x20xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %u = maek.window %x dim 1 stride 1 dilation 1 offset -1 : tensor<?x5x16xf32, #maek.dims<B>> -> tensor<?x5x3x16xf32, #maek.dims<B>>
  %r = maek.reshape %u : tensor<?x5x3x16xf32, #maek.dims<B>> -> tensor<?x5x48xf32, #maek.dims<B>>
  %y = maek.einsum "bhc,co->bho" %r, %K : tensor<?x5x48xf32, #maek.dims<B>>, tensor<48x20xf32>
  return %y : tensor<?x5x20xf32, #maek.dims<B>>
}

// -----

// What stays, and why. The copy is of `evaluate` where there is one; without
// products of codes it observes nothing.
// CHECK: maek.parameter @V : tensor<8x64xf32>
// CHECK-NOT: input_range
// CHECK-LABEL: func.func @evaluate
// CHECK-NOT: maek.quantize
// CHECK-LABEL: func.func @reference
// CHECK-SAME: -> (tensor<?x8xf32, #maek.dims<B>> {{{.*}}}, tensor<?x16xf32, #maek.dims<B>> {{{.*}}}, tensor<?x16xf32, #maek.dims<B>> {{{.*}}})
maek.parameter @V : tensor<8x64xf32> = #maek.init<constant, [0.0]>
maek.parameter @W : tensor<16x64xf32> = #maek.init<constant, [0.0]>
maek.parameter @U : tensor<16x70000xf32> = #maek.init<constant, [0.0]>
func.func @evaluate(%x: tensor<?x2x64xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %y: tensor<?x70000xf32, #maek.dims<B>> {maek.name = "y", maek.role = "input"}, %V: tensor<8x64xf32> {maek.name = "V", maek.role = "parameter"}, %W: tensor<16x64xf32> {maek.name = "W", maek.role = "parameter"}, %U: tensor<16x70000xf32> {maek.name = "U", maek.role = "parameter"}) -> (tensor<?x8xf32, #maek.dims<B>> {maek.name = "a", maek.role = "output"}, tensor<?x16xf32, #maek.dims<B>> {maek.name = "b", maek.role = "output"}, tensor<?x16xf32, #maek.dims<B>> {maek.name = "c", maek.role = "output"}) {
  // REMARK: :[[#@LINE+1]]:8: remark: [Missed] quantize{{.*}}the product multiplies no codes: it has few columns
  %a = maek.einsum "bmk,nk->bn" %x, %V : tensor<?x2x64xf32, #maek.dims<B>>, tensor<8x64xf32>
  // REMARK: :[[#@LINE+1]]:8: remark: [Missed] quantize{{.*}}it sums over an axis of one operand
  %b = maek.einsum "bmk,nk->bn" %x, %W : tensor<?x2x64xf32, #maek.dims<B>>, tensor<16x64xf32>
  // REMARK: :[[#@LINE+1]]:8: remark: [Missed] quantize{{.*}}it sums too many numbers
  %c = maek.einsum "bk,nk->bn" %y, %U : tensor<?x70000xf32, #maek.dims<B>>, tensor<16x70000xf32>
  return %a, %b, %c : tensor<?x8xf32, #maek.dims<B>>, tensor<?x16xf32, #maek.dims<B>>, tensor<?x16xf32, #maek.dims<B>>
}

// -----

// The result has the weights' axes in another order than they have; there is
// nothing to take off.
// CHECK-LABEL: func.func @forward
// CHECK: %[[S:.*]] = maek.mul %{{.*}}, %{{.*}} : tensor<32x24xf32>
// CHECK: %[[T:.*]] = maek.transpose %[[S]] [1, 0] : tensor<32x24xf32>
// CHECK: maek.broadcast %[[T]] dims [1, 2] : tensor<24x32xf32> -> tensor<?x24x32xf32, #maek.dims<B>>
// CHECK-NOT: maek.sub
// CHECK: return
maek.parameter @W : tensor<64x32x24xf32> = #maek.init<constant, [0.0]>
func.func @forward(%x: tensor<?x64xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}, %W: tensor<64x32x24xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<?x24x32xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %s = maek.sigmoid %x : tensor<?x64xf32, #maek.dims<B>>
  %y = maek.einsum "bk,knm->bmn" %s, %W : tensor<?x64xf32, #maek.dims<B>>, tensor<64x32x24xf32>
  return %y : tensor<?x24x32xf32, #maek.dims<B>>
}
