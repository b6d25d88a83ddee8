// RUN: maek-opt %s --maek-fuse-elementwise | FileCheck %s

// Computed values are stacked in place.
// CHECK-LABEL: func.func @inPlace
// CHECK: %[[R:.*]]:2 = maek.kernel
// CHECK: maek.stack %[[R]]#0, %[[R]]#1 dim 1
// CHECK-NOT: maek.kernel
func.func @inPlace(%a: tensor<3x4xf32>) -> tensor<3x2x4xf32> {
  %0 = maek.exp %a : tensor<3x4xf32>
  %1 = maek.tanh %a : tensor<3x4xf32>
  %2 = maek.stack %0, %1 dim 1 : tensor<3x4xf32>, tensor<3x4xf32>
  return %2 : tensor<3x2x4xf32>
}

// Arguments are copied together; beside a computed value they stay on the host,
// which copies the rest to it.
// CHECK-LABEL: func.func @copied
// CHECK: maek.kernel {
// CHECK-NEXT: maek.stack
// CHECK-NEXT: maek.yield
// CHECK: %[[E:.*]] = maek.kernel {
// CHECK-NEXT: maek.exp
// CHECK: maek.concat %[[E]], %arg1 dim 0
func.func @copied(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<2x4xf32>, tensor<8xf32>) {
  %0 = maek.stack %a, %b dim 0 : tensor<4xf32>, tensor<4xf32>
  %1 = maek.exp %a : tensor<4xf32>
  %2 = maek.concat %1, %b dim 0 : tensor<4xf32>, tensor<4xf32>
  return %0, %2 : tensor<2x4xf32>, tensor<8xf32>
}

// A new innermost axis would part neighbours.
// CHECK-LABEL: func.func @innermost
// CHECK: maek.kernel {
// CHECK: maek.exp
// CHECK: maek.kernel {
// CHECK-NEXT: maek.stack
func.func @innermost(%a: tensor<4xf32>) -> tensor<4x2xf32> {
  %0 = maek.exp %a : tensor<4xf32>
  %1 = maek.tanh %a : tensor<4xf32>
  %2 = maek.stack %0, %1 dim 1 : tensor<4xf32>, tensor<4xf32>
  return %2 : tensor<4x2xf32>
}

// Each pack takes the stack in front of it along.
// CHECK-LABEL: func.func @packs
// CHECK: maek.kernel {
// CHECK-NEXT: maek.stack
// CHECK-NEXT: maek.pack
// CHECK-NEXT: maek.yield
// CHECK: maek.kernel {
// CHECK-NEXT: maek.stack
// CHECK-NEXT: maek.pack
// CHECK-NEXT: maek.yield
// CHECK-NOT: maek.stack
func.func @packs(%a: tensor<24x24xf32>, %b: tensor<24x24xf32>) -> (tensor<2x24x2x16xf32>, tensor<2x2x24x16xf32>) {
  %0 = maek.stack %a, %b dim 0 : tensor<24x24xf32>, tensor<24x24xf32>
  %1 = maek.pack %0 dim 1 width 16 order [2, 0] : tensor<2x24x24xf32>
  %2 = maek.pack %0 dim 2 width 16 order [0, 1] : tensor<2x24x24xf32>
  return %1, %2 : tensor<2x24x2x16xf32>, tensor<2x2x24x16xf32>
}

// The gradients of [h, x] weights: parts of one concat, written in place.
// CHECK-LABEL: func.func @parts
// CHECK: %[[A:.*]] = maek.kernel
// CHECK: %[[B:.*]] = maek.kernel
// CHECK: %[[C:.*]] = maek.concat %[[A]], %[[B]] dim 2
// CHECK-NEXT: %[[P:.*]]:2 = maek.unstack %[[C]] dim 0
// CHECK-NEXT: return %[[P]]#0, %[[P]]#1
func.func @parts(%a: tensor<2x3x4xf32>, %b: tensor<2x3x5xf32>) -> (tensor<3x9xf32>, tensor<3x9xf32>) {
  %0 = maek.exp %a : tensor<2x3x4xf32>
  %1 = maek.exp %b : tensor<2x3x5xf32>
  %2:2 = maek.unstack %0 dim 0 : tensor<2x3x4xf32>
  %3:2 = maek.unstack %1 dim 0 : tensor<2x3x5xf32>
  %4 = maek.concat %2#0, %3#0 dim 1 : tensor<3x4xf32>, tensor<3x5xf32>
  %5 = maek.concat %2#1, %3#1 dim 1 : tensor<3x4xf32>, tensor<3x5xf32>
  return %4, %5 : tensor<3x9xf32>, tensor<3x9xf32>
}

// Three gates' inputs, but two gates' states beside them, as in a GRU: no whole
// to join.
// CHECK-LABEL: func.func @fewer_parts
// CHECK-COUNT-3: maek.concat {{.*}} dim 1
// CHECK-NEXT: return
func.func @fewer_parts(%a: tensor<2x3x4xf32>, %b: tensor<3x3x5xf32>, %c: tensor<3x4xf32>) -> (tensor<3x9xf32>, tensor<3x9xf32>, tensor<3x9xf32>) {
  %0 = maek.exp %a : tensor<2x3x4xf32>
  %1 = maek.exp %b : tensor<3x3x5xf32>
  %2 = maek.exp %c : tensor<3x4xf32>
  %3:2 = maek.unstack %0 dim 0 : tensor<2x3x4xf32>
  %4:3 = maek.unstack %1 dim 0 : tensor<3x3x5xf32>
  %5 = maek.concat %3#0, %4#0 dim 1 : tensor<3x4xf32>, tensor<3x5xf32>
  %6 = maek.concat %3#1, %4#1 dim 1 : tensor<3x4xf32>, tensor<3x5xf32>
  %7 = maek.concat %2, %4#2 dim 1 : tensor<3x4xf32>, tensor<3x5xf32>
  return %5, %6, %7 : tensor<3x9xf32>, tensor<3x9xf32>, tensor<3x9xf32>
}

// Batch and time change places: a view for a scan, a copy for a product whose
// rows become one axis by that. Moving the innermost axis is a copy always.
// CHECK-LABEL: func.func @transposes
// CHECK: maek.kernel {
// CHECK-NEXT: maek.transpose %arg0 [1, 0, 2]
// CHECK: maek.transpose %arg1 [1, 0, 2]
// CHECK-NEXT: maek.scan
// CHECK: } : (tensor<5x?x4xf32
// CHECK-NEXT: {{.*}}maek.kernel {
// CHECK-NEXT: maek.transpose %arg1 [0, 2, 1]
func.func @transposes(%x: tensor<?x5x4xf32, #maek.dims<B>>, %y: tensor<?x5x4xf32, #maek.dims<B>>, %W: tensor<3x4xf32>, %h: tensor<?x4xf32, #maek.dims<B>>) -> (tensor<5x?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>, tensor<?x4x5xf32, #maek.dims<B>>) {
  %0 = maek.transpose %x [1, 0, 2] : tensor<?x5x4xf32, #maek.dims<B>>
  %1 = maek.kernel {
    %5 = maek.einsum "tbk,nk->tbn" %0, %W : tensor<5x?x4xf32, #maek.dims<B>>, tensor<3x4xf32>
    maek.yield %5 : tensor<5x?x3xf32, #maek.dims<B>>
  } : tensor<5x?x3xf32, #maek.dims<B>>
  %2 = maek.transpose %y [1, 0, 2] : tensor<?x5x4xf32, #maek.dims<B>>
  %3 = maek.scan over(%2) init(%h) {
  ^bb0(%s: tensor<?x4xf32, #maek.dims<B>>, %g: tensor<?x4xf32, #maek.dims<B>>):
    %6 = maek.add %s, %g : tensor<?x4xf32, #maek.dims<B>>
    maek.yield %6 : tensor<?x4xf32, #maek.dims<B>>
  } : (tensor<5x?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>) -> tensor<?x4xf32, #maek.dims<B>>
  %4 = maek.transpose %y [0, 2, 1] : tensor<?x5x4xf32, #maek.dims<B>>
  return %1, %3, %4 : tensor<5x?x3xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>, tensor<?x4x5xf32, #maek.dims<B>>
}

// A pad and the work on it are one kernel. Two states never share a first
// value.
// CHECK-LABEL: func.func @sources
// CHECK: maek.kernel {
// CHECK-NEXT: maek.constant
// CHECK-NEXT: maek.yield
// CHECK: maek.kernel {
// CHECK-NEXT: maek.constant
// CHECK-NEXT: maek.yield
// CHECK: maek.scan
// CHECK: maek.yield %{{.*}}#0, %{{.*}}#1
// CHECK-NEXT: }
// CHECK-NEXT: {{.*}}maek.kernel {
// CHECK-NEXT: maek.pad
// CHECK-NEXT: maek.exp
func.func @sources(%xs: tensor<5x4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<9xf32>) {
  %c = maek.constant 0.0 : tensor<4xf32>
  %0:2 = maek.scan over(%xs) init(%c, %c) {
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>, %g: tensor<4xf32>):
    %3 = maek.add %x, %h : tensor<4xf32>
    %4 = maek.mul %x, %g : tensor<4xf32>
    maek.yield %3, %4 : tensor<4xf32>, tensor<4xf32>
  } : (tensor<5x4xf32>, tensor<4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  %1 = maek.pad %0#0 dim 0 offset 2 : tensor<4xf32> -> tensor<9xf32>
  %2 = maek.exp %1 : tensor<9xf32>
  return %0#0, %0#1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<9xf32>
}
