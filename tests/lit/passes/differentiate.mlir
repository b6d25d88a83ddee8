// RUN: maek-opt %s --maek-differentiate --cse | FileCheck %s

// A dense layer. The parameters' gradients alone are built: none for %x. The
// rule of tanh uses its result.
// CHECK-LABEL: func.func @dense
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32, #maek.dims<B>>, %[[W:.*]]: tensor<3x4xf32>, %[[B:.*]]: tensor<3xf32>
// CHECK: %[[Y:.*]] = maek.tanh
// CHECK: %[[DY:.*]] = maek.broadcast %{{.*}} dims []
// CHECK: %[[YY:.*]] = maek.mul %[[Y]], %[[Y]]
// CHECK: %[[SLOPE:.*]] = maek.sub %{{.*}}, %[[YY]]
// CHECK: %[[DZ:.*]] = maek.mul %[[DY]], %[[SLOPE]]
// CHECK: %[[DB:.*]] = maek.reduce sum %[[DZ]] dims [0]
// CHECK: %[[DW:.*]] = maek.einsum "bn,bk->nk" %[[DZ]], %[[X]]
// CHECK-NOT: maek.einsum
// CHECK: return %[[DW]], %[[DB]]
func.func @dense(%x: tensor<?x4xf32, #maek.dims<B>>, %W: tensor<3x4xf32>, %b: tensor<3xf32>) -> (tensor<3x4xf32>, tensor<3xf32>) {
  %p = maek.einsum "bk,nk->bn" %x, %W : tensor<?x4xf32, #maek.dims<B>>, tensor<3x4xf32>
  %r = maek.broadcast %b dims [1] : tensor<3xf32> -> tensor<?x3xf32, #maek.dims<B>>
  %z = maek.add %p, %r : tensor<?x3xf32, #maek.dims<B>>
  %y = maek.tanh %z : tensor<?x3xf32, #maek.dims<B>>
  %s = maek.reduce sum %y dims [0, 1] : tensor<?x3xf32, #maek.dims<B>>
  %g:2 = maek.gradient %s wrt(%W, %b) : tensor<f32>, tensor<3x4xf32>, tensor<3xf32>
  return %g#0, %g#1 : tensor<3x4xf32>, tensor<3xf32>
}

// An axis that one operand alone has and that is summed: its adjoint repeats.
// CHECK-LABEL: func.func @lone
// CHECK: %[[D:.*]] = maek.einsum "b,b->b" %{{.*}}, %{{.*}} : tensor<2xf32>, tensor<2xf32>
// CHECK: maek.broadcast %[[D]] dims [0] : tensor<2xf32> -> tensor<2x5xf32>
func.func @lone(%x: tensor<2x5xf32>, %y: tensor<2xf32>) -> tensor<2x5xf32> {
  %z = maek.einsum "bk,b->b" %x, %y : tensor<2x5xf32>, tensor<2xf32>
  %s = maek.reduce sum %z dims [0] : tensor<2xf32>
  %g = maek.gradient %s wrt(%x) : tensor<f32>, tensor<2x5xf32>
  return %g : tensor<2x5xf32>
}

// Nothing goes through stop_gradient, a comparison or an argmax: zeros.
// CHECK-LABEL: func.func @stopped
// CHECK: %[[ZEROS:.*]] = maek.constant 0.0{{.*}} : tensor<4xf32>
// CHECK-NEXT: return %[[ZEROS]]
func.func @stopped(%x: tensor<4xf32>) -> tensor<4xf32> {
  %a = maek.stop_gradient %x : tensor<4xf32>
  %c = maek.compare lt %x, %a : tensor<4xf32> -> tensor<4xi1>
  %d = maek.convert %c : tensor<4xi1> -> tensor<4xf32>
  %m = maek.argmax %x dim 0 : tensor<4xf32>
  %n = maek.convert %m : tensor<i32> -> tensor<f32>
  %e = maek.mul %a, %d : tensor<4xf32>
  %s = maek.reduce sum %e dims [0] : tensor<4xf32>
  %t = maek.mul %s, %n : tensor<f32>
  %g = maek.gradient %t wrt(%x) : tensor<f32>, tensor<4xf32>
  return %g : tensor<4xf32>
}

// A result of unstack without an adjoint counts as zeros; the parts that have
// one are not sliced out again.
// CHECK-LABEL: func.func @unstack
// CHECK: %[[ONES:.*]] = maek.broadcast %{{.*}} dims [] : tensor<f32> -> tensor<4xf32>
// CHECK: %[[ZEROS:.*]] = maek.constant 0.0{{.*}} : tensor<4xf32>
// CHECK: %[[G:.*]] = maek.stack %[[ONES]], %[[ZEROS]] dim 0
// CHECK: return %[[G]]
func.func @unstack(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %a, %b = maek.unstack %x dim 0 : tensor<2x4xf32>
  %s = maek.reduce sum %a dims [0] : tensor<4xf32>
  %g = maek.gradient %s wrt(%x) : tensor<f32>, tensor<2x4xf32>
  return %g : tensor<2x4xf32>
}

// A gradient of a gradient: the ops of the first are differentiated.
// CHECK-LABEL: func.func @twice
// CHECK-NOT: maek.gradient
// CHECK: %[[SIN:.*]] = maek.sin
// CHECK: maek.neg
func.func @twice(%x: tensor<f32>) -> tensor<f32> {
  %y = maek.sin %x : tensor<f32>
  %g = maek.gradient %y wrt(%x) : tensor<f32>, tensor<f32>
  %h = maek.gradient %g wrt(%x) : tensor<f32>, tensor<f32>
  return %h : tensor<f32>
}

// Of no elements there is no extreme one.
// CHECK-LABEL: func.func @extreme_of_none
// CHECK-NOT: maek.argmax
// CHECK: maek.constant 0.000000e+00 : tensor<0xf32>
func.func @extreme_of_none(%x: tensor<0xf32>) -> tensor<0xf32> {
  %m = maek.reduce max %x dims [0] : tensor<0xf32>
  %g = maek.gradient %m wrt(%x) : tensor<f32>, tensor<0xf32>
  return %g : tensor<0xf32>
}

// What is no tensor has no gradient, whatever it is made of.
// CHECK-LABEL: func.func @index
// CHECK: %[[ONE:.*]] = maek.constant 1.0
// CHECK: return %[[ONE]]
func.func private @number(tensor<f32>) -> index
func.func @index(%x: tensor<f32>) -> tensor<f32> {
  %i = func.call @number(%x) : (tensor<f32>) -> index
  %g = maek.gradient %x wrt(%x) : tensor<f32>, tensor<f32>
  return %g : tensor<f32>
}
