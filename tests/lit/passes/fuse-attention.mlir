// RUN: maek-opt %s --maek-fuse-attention --canonicalize | FileCheck %s
// RUN: maek-opt %s --maek-fuse-attention=single-queries=true | FileCheck %s --check-prefix=SINGLE
// RUN: maek-opt %s --maek-fuse-attention --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!q = tensor<2x5x4xf32>
!k = tensor<2x7x4xf32>
!v = tensor<2x7x6xf32>
!y = tensor<2x5x6xf32>
!s = tensor<2x5x7xf32>
!r = tensor<2x5xf32>
!m = tensor<2x5x7xi1>

// Two heads; keys and values of another length than queries.
// CHECK-LABEL: func.func @plain(
// CHECK-SAME: %[[Q:[^:]*]]: tensor<2x5x4xf32>, %[[K:[^:]*]]: tensor<2x7x4xf32>, %[[V:[^:]*]]: tensor<2x7x6xf32>
// CHECK-NEXT: %[[Y:.*]] = maek.attention %[[Q]], %[[K]], %[[V]] scale 1.000000e+00 :
// CHECK-NEXT: return %[[Y]]
// REMARK: fuse-attention.mlir:[[#@LINE+10]]:8: remark: [Passed] fuse-attention{{.*}}attention is one operation
func.func @plain(%q: !q, %k: !k, %v: !v) -> !y {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// Scaled and causal, as std's softmax bounds its numbers; the key comes first,
// the result is turned.
// CHECK-LABEL: func.func @causal(
// CHECK: %[[Y:.*]] = maek.attention %{{.*}}, %{{.*}}, %{{.*}} scale 2.500000e-01 causal -1 :
// CHECK: maek.transpose %[[Y]] [1, 0, 2]
func.func @causal(%q: !q, %k: !k, %v: !v) -> tensor<5x2x6xf32> {
  %s0 = maek.einsum "hkd,hqd->hqk" %k, %q : !k, !q
  %four = maek.constant 4.0 : !s
  %s1 = maek.div %s0, %four : !s
  %i = maek.iota 0 : tensor<5xi32>
  %j = maek.iota 0 : tensor<7xi32>
  %ib = maek.broadcast %i dims [0] : tensor<5xi32> -> tensor<5x7xi32>
  %jb = maek.broadcast %j dims [1] : tensor<7xi32> -> tensor<5x7xi32>
  %c = maek.compare gt %ib, %jb : tensor<5x7xi32> -> tensor<5x7xi1>
  %cb = maek.broadcast %c dims [1, 2] : tensor<5x7xi1> -> !m
  %inf = maek.constant 0xFFF0000000000000 : !s
  %s = maek.select %cb, %s1, %inf : !m, !s
  %m = maek.reduce max %s dims [2] : !s
  %low = maek.constant -1.0e37 : !r
  %mm = maek.max %m, %low : !r
  %ms = maek.stop_gradient %mm : !r
  %mb = maek.broadcast %ms dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tiny = maek.constant 1.0e-37 : !r
  %tt = maek.max %t, %tiny : !r
  %tb = maek.broadcast %tt dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->qhv" %p, %v : !s, !v
  return %y : tensor<5x2x6xf32>
}

// By lengths, one of each head; and causal in a mask of its own.
// CHECK-LABEL: func.func @masked(
// CHECK: %[[M:.*]] = maek.broadcast %{{.*}} dims [0, 2]
// CHECK: maek.attention %{{.*}} masks(%[[M]]) scale 1.000000e+00 causal 0 :
func.func @masked(%q: !q, %k: !k, %v: !v, %n: tensor<2xi32>) -> !y {
  %s0 = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %j = maek.iota 1 : tensor<2x7xi32>
  %nb = maek.broadcast %n dims [0] : tensor<2xi32> -> tensor<2x7xi32>
  %c = maek.compare lt %j, %nb : tensor<2x7xi32> -> tensor<2x7xi1>
  %cb = maek.broadcast %c dims [0, 2] : tensor<2x7xi1> -> !m
  %inf = maek.constant 0xFFF0000000000000 : !s
  %s1 = maek.select %cb, %s0, %inf : !m, !s
  %qi = maek.iota 1 : tensor<2x5x7xi32>
  %ki = maek.iota 2 : tensor<2x5x7xi32>
  %before = maek.compare le %ki, %qi : tensor<2x5x7xi32> -> !m
  %s = maek.select %before, %s1, %inf : !m, !s
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// The gradient is attention's own: no tensor of queries times keys is left.
// CHECK-LABEL: func.func @gradient(
// CHECK: maek.attention
// CHECK: maek.gradient
func.func @gradient(%q: !q, %k: !k, %v: !v) -> (!q, !k, !v) {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  %l = maek.reduce sum %y dims [0, 1, 2] : !y
  %g:3 = maek.gradient %l wrt(%q, %k, %v) : tensor<f32>, !q, !k, !v
  return %g#0, %g#1, %g#2 : !q, !k, !v
}

// The weights are a result, too.
// CHECK-LABEL: func.func @weights_used
// CHECK-NOT: maek.attention
// REMARK: remark: [Missed] fuse-attention{{.*}}softmax stays between its products: its weights are used elsewhere
func.func @weights_used(%q: !q, %k: !k, %v: !v) -> (!y, !s) {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y, %p : !y, !s
}

// Scores that no product gives.
// CHECK-LABEL: func.func @given_scores
// CHECK-NOT: maek.attention
// REMARK: remark: [Missed] fuse-attention{{.*}}its scores are no product
func.func @given_scores(%s: !s, %v: !v) -> !y {
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// A masked score that is finite has a weight where all are masked.
// CHECK-LABEL: func.func @finite_mask
// CHECK-NOT: maek.attention
// REMARK: remark: [Missed] fuse-attention{{.*}}what it masks is not -inf
func.func @finite_mask(%q: !q, %k: !k, %v: !v, %c: !m) -> !y {
  %s0 = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %low = maek.constant -1.0e9 : !s
  %s = maek.select %c, %s0, %low : !m, !s
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// A mask, then a factor: by a negative one, what it hides would be all that
// counts.
// CHECK-LABEL: func.func @scaled_mask(
// CHECK: maek.attention %{{.*}} masks(%{{.*}}) scale 5.000000e-01 :
func.func @scaled_mask(%q: !q, %k: !k, %v: !v, %c: !m) -> !y {
  %s0 = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %inf = maek.constant 0xFFF0000000000000 : !s
  %s1 = maek.select %c, %s0, %inf : !m, !s
  %half = maek.constant 0.5 : !s
  %s = maek.mul %s1, %half : !s
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// CHECK-LABEL: func.func @negated_mask(
// CHECK-NOT: maek.attention
// REMARK: remark: [Missed] fuse-attention{{.*}}a number that is not positive scales what it masks
func.func @negated_mask(%q: !q, %k: !k, %v: !v, %c: !m) -> !y {
  %s0 = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %inf = maek.constant 0xFFF0000000000000 : !s
  %s1 = maek.select %c, %s0, %inf : !m, !s
  %minus = maek.constant -1.0 : !s
  %s = maek.mul %s1, %minus : !s
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// A softmax along the queries.
// CHECK-LABEL: func.func @other_axis
// CHECK-NOT: maek.attention
func.func @other_axis(%q: !q, %k: !k, %v: !v) -> !y {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [1] : !s
  %mb = maek.broadcast %m dims [0, 2] : tensor<2x7xf32> -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [1] : !s
  %tb = maek.broadcast %t dims [0, 2] : tensor<2x7xf32> -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// A sum is at least 4: no softmax, whose sums are less.
// CHECK-LABEL: func.func @floor_of_sum(
// CHECK-NOT: maek.attention
func.func @floor_of_sum(%q: !q, %k: !k, %v: !v) -> !y {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %four = maek.constant 4.0 : !r
  %tt = maek.max %t, %four : !r
  %tb = maek.broadcast %tt dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// With a maximum of at least 0, small scores have tiny sums.
// CHECK-LABEL: func.func @floor_of_maximum(
// CHECK-NOT: maek.attention
func.func @floor_of_maximum(%q: !q, %k: !k, %v: !v) -> !y {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %zero = maek.constant 0.0 : !r
  %mm = maek.max %zero, %m : !r
  %mb = maek.broadcast %mm dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// Another gradient than a softmax's.
// CHECK-LABEL: func.func @stopped_sum(
// CHECK-NOT: maek.attention
func.func @stopped_sum(%q: !q, %k: !k, %v: !v) -> !y {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %ts = maek.stop_gradient %t : !r
  %tb = maek.broadcast %ts dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// The number stands on the left, and once as a sign: -0.5 Q Kᵀ.
// CHECK-LABEL: func.func @scaled_on_the_left(
// CHECK: maek.attention %{{.*}}, %{{.*}}, %{{.*}} scale -5.000000e-01 :
func.func @scaled_on_the_left(%q: !q, %k: !k, %v: !v) -> !y {
  %s0 = maek.einsum "hqd,hkd->hqk" %q, %k : !q, !k
  %half = maek.constant 0.5 : !s
  %s1 = maek.mul %half, %s0 : !s
  %s = maek.neg %s1 : !s
  %m = maek.reduce max %s dims [2] : !s
  %mb = maek.broadcast %m dims [0, 1] : !r -> !s
  %d = maek.sub %s, %mb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [2] : !s
  %tb = maek.broadcast %t dims [0, 1] : !r -> !s
  %p = maek.div %e, %tb : !s
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : !s, !v
  return %y : !y
}

// A single query's weights are a row: it is one op where a device has one kernel
// for it.
// CHECK-LABEL: @single_query
// CHECK-NOT: maek.attention
// SINGLE-LABEL: @single_query
// SINGLE: maek.attention
// REMARK: remark: [Missed] fuse-attention{{.*}}softmax stays between its products: there is one query
func.func @single_query(%q: tensor<2x1x4xf32>, %k: tensor<2x7x4xf32>,
                        %v: tensor<2x7x4xf32>) -> tensor<2x1x4xf32> {
  %s = maek.einsum "hqd,hkd->hqk" %q, %k : tensor<2x1x4xf32>, tensor<2x7x4xf32>
  %m = maek.reduce max %s dims [2] : tensor<2x1x7xf32>
  %n = maek.broadcast %m dims [0, 1] : tensor<2x1xf32> -> tensor<2x1x7xf32>
  %d = maek.sub %s, %n : tensor<2x1x7xf32>
  %e = maek.exp %d : tensor<2x1x7xf32>
  %t = maek.reduce sum %e dims [2] : tensor<2x1x7xf32>
  %u = maek.broadcast %t dims [0, 1] : tensor<2x1xf32> -> tensor<2x1x7xf32>
  %p = maek.div %e, %u : tensor<2x1x7xf32>
  %y = maek.einsum "hqk,hkv->hqv" %p, %v : tensor<2x1x7xf32>, tensor<2x7x4xf32>
  return %y : tensor<2x1x4xf32>
}
