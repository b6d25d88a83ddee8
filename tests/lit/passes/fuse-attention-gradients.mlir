// RUN: maek-opt %s --maek-fuse-attention | FileCheck %s
// RUN: maek-opt %s --maek-fuse-attention --maek-differentiate -o /dev/null
// RUN: maek-opt %s --maek-fuse-attention --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!x = tensor<6x4xf32>
!s = tensor<6x6xf32>
!r = tensor<6xf32>

// The gradient of the first attention is differentiated: it has no rule. The
// second attention is in one gradient alone.
// REMARK: remark: [Missed] fuse-attention{{.*}}softmax stays between its products: the gradient of its gradient is taken
// CHECK-LABEL: func.func @penalty(
// CHECK-NOT: maek.attention
// CHECK: maek.gradient
// CHECK: maek.attention
// CHECK: maek.gradient
func.func @penalty(%x: !x, %w: !x) -> !x {
  %xw = maek.mul %x, %w : !x
  %s = maek.einsum "qd,kd->qk" %xw, %x : !x, !x
  %m = maek.reduce max %s dims [1] : !s
  %mb = maek.broadcast %m dims [0] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [1] : !s
  %tb = maek.broadcast %t dims [0] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "qk,kd->qd" %p, %x : !s, !x
  %l = maek.reduce sum %y dims [0, 1] : !x
  %g = maek.gradient %l wrt(%x) : tensor<f32>, !x
  %s1 = maek.einsum "qd,kd->qk" %g, %w : !x, !x
  %m1 = maek.reduce max %s1 dims [1] : !s
  %mb1 = maek.broadcast %m1 dims [0] : !r -> !s
  %d1 = maek.sub %s1, %mb1 : !s
  %e1 = maek.exp %d1 : !s
  %t1 = maek.reduce sum %e1 dims [1] : !s
  %tb1 = maek.broadcast %t1 dims [0] : !r -> !s
  %p1 = maek.div %e1, %tb1 : !s
  %y1 = maek.einsum "qk,kd->qd" %p1, %x : !s, !x
  %l1 = maek.reduce sum %y1 dims [0, 1] : !x
  %g1 = maek.gradient %l1 wrt(%w) : tensor<f32>, !x
  return %g1 : !x
}
