// RUN: maek-opt %s --maek-rematerialize | FileCheck %s
// RUN: maek-opt %s --maek-rematerialize --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK


// Of the product, its square and its tanh, which the gradient reads, the first
// is enough. The chain behind the tanh is computed with it.
// CHECK-LABEL: func.func @gelu
// CHECK: %[[K:.*]]:2 = maek.kernel
// CHECK: %[[Z:.*]] = maek.einsum
// CHECK: maek.yield %[[Z]], %{{.*}} : tensor<4x6xf32>, tensor<4x6xf32>
// CHECK: maek.kernel
// CHECK: %[[SQUARE:.*]] = maek.mul %[[K]]#0, %[[K]]#0
// CHECK: %[[TANH:.*]] = maek.tanh %[[SQUARE]]
// CHECK: maek.mul %[[SQUARE]], %[[TANH]]
// REMARK: computes 2 of 4 results again where they are read
func.func @gelu(%x: tensor<4x8xf32>, %W: tensor<6x8xf32>, %V: tensor<3x6xf32>) -> (tensor<4x3xf32>, tensor<4x6xf32>) {
  %k:4 = maek.kernel {
    %z = maek.einsum "bk,nk->bn" %x, %W : tensor<4x8xf32>, tensor<6x8xf32>
    %s = maek.mul %z, %z : tensor<4x6xf32>
    %t = maek.tanh %s : tensor<4x6xf32>
    %y = maek.mul %z, %t : tensor<4x6xf32>
    maek.yield %z, %s, %t, %y : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
  } : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
  // A product reads %y: it stays.
  %p = maek.kernel {
    %0 = maek.einsum "bk,nk->bn" %k#3, %V : tensor<4x6xf32>, tensor<3x6xf32>
    maek.yield %0 : tensor<4x3xf32>
  } : tensor<4x3xf32>
  %g = maek.kernel {
    %0 = maek.mul %k#1, %k#2 : tensor<4x6xf32>
    %1 = maek.add %0, %k#0 : tensor<4x6xf32>
    maek.yield %1 : tensor<4x6xf32>
  } : tensor<4x6xf32>
  return %p, %g : tensor<4x3xf32>, tensor<4x6xf32>
}

// A bias is read again; it is small.
// CHECK-LABEL: func.func @bias
// CHECK: %[[K:.*]] = maek.kernel
// CHECK: maek.kernel
// CHECK: maek.broadcast %arg1 dims [1]
// CHECK: maek.add %[[K]]
func.func @bias(%x: tensor<4x6xf32>, %b: tensor<6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %k:2 = maek.kernel {
    %e = maek.exp %x : tensor<4x6xf32>
    %0 = maek.broadcast %b dims [1] : tensor<6xf32> -> tensor<4x6xf32>
    %s = maek.add %e, %0 : tensor<4x6xf32>
    maek.yield %e, %s : tensor<4x6xf32>, tensor<4x6xf32>
  } : tensor<4x6xf32>, tensor<4x6xf32>
  %g = maek.kernel {
    %0 = maek.neg %k#1 : tensor<4x6xf32>
    maek.yield %0 : tensor<4x6xf32>
  } : tensor<4x6xf32>
  return %k#0, %g : tensor<4x6xf32>, tensor<4x6xf32>
}

// Not where a reduction reads what is made of it, where the entry returns it, or where
// where the operand is not stored, or where a step of a loop reads it.
// CHECK-LABEL: func.func @kept
// CHECK: maek.kernel
// CHECK: maek.yield %{{.*}}, %{{.*}}, %{{.*}} :
// CHECK: maek.reduce
// CHECK-LABEL: func.func @unknown
// CHECK: maek.yield %{{.*}}, %{{.*}} :
func.func @kept(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>) {
  %k:3 = maek.kernel {
    %e = maek.exp %x : tensor<4x6xf32>
    %s = maek.mul %e, %e : tensor<4x6xf32>
    %n = maek.neg %e : tensor<4x6xf32>
    maek.yield %e, %s, %n : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
  } : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4x6xf32>
  %r = maek.kernel {
    %0 = maek.neg %k#1 : tensor<4x6xf32>
    %1 = maek.reduce sum %0 dims [1] : tensor<4x6xf32>
    maek.yield %1 : tensor<4xf32>
  } : tensor<4xf32>
  return %k#0, %k#2, %r : tensor<4x6xf32>, tensor<4x6xf32>, tensor<4xf32>
}

func.func @unknown(%x: tensor<4x8xf32>, %W: tensor<6x8xf32>) -> tensor<4x6xf32> {
  %k:2 = maek.kernel {
    %z = maek.einsum "bk,nk->bn" %x, %W : tensor<4x8xf32>, tensor<6x8xf32>
    %s = maek.sin %z : tensor<4x6xf32>
    %c = maek.cos %z : tensor<4x6xf32>
    maek.yield %s, %c : tensor<4x6xf32>, tensor<4x6xf32>
  } : tensor<4x6xf32>, tensor<4x6xf32>
  %g = maek.kernel {
    %0 = maek.mul %k#0, %k#1 : tensor<4x6xf32>
    maek.yield %0 : tensor<4x6xf32>
  } : tensor<4x6xf32>
  return %g : tensor<4x6xf32>
}
