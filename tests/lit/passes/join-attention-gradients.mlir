// RUN: maek-opt %s --maek-join-attention-gradients | FileCheck %s
// RUN: maek-opt %s --maek-join-attention-gradients --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!x = tensor<2x2x32x16xf32>
!r = tensor<2x2x32xf32>
!m = tensor<2x2x32x32xi1>

// Both gradients of the same operands, whichever comes first.
// REMARK: remark: [Passed] join-attention-gradients{{.*}}attention's gradients are one kernel: five products, not seven
// CHECK-LABEL: func.func @join(
// CHECK-NEXT: %[[Q:.*]], %[[K:.*]], %[[V:.*]] = maek.attention_gradient %arg0, %arg1, %arg2, %arg3, %arg4, %arg5 masks(%arg6) scale 5.000000e-01 causal 2 :
// CHECK-NEXT: %[[E:.*]] = maek.exp %[[K]]
// CHECK-NEXT: return %[[Q]], %[[E]], %[[V]]
func.func @join(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r, %m: !m) -> (!x, !x, !x) {
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d masks(%m) scale 0.5 causal 2 : !x, !x, !x, !x, !r, !r masks(!m)
  %e = maek.exp %dk : !x
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d masks(%m) scale 0.5 causal 2 : !x, !x, !x, !x, !r, !r masks(!m)
  return %dq, %e, %dv : !x, !x, !x
}

// A dynamic leading axis has examples enough, and of one head.
!y = tensor<?x32x16xf32, #maek.dims<B>>
!t = tensor<?x32xf32, #maek.dims<B>>
// CHECK-LABEL: func.func @dynamic(
// CHECK-NEXT: maek.attention_gradient
func.func @dynamic(%q: !y, %k: !y, %v: !y, %a: !y, %s: !t, %d: !t) -> (!y, !y) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !y, !y, !y, !y, !t, !t
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !y, !y, !y, !y, !t, !t
  return %dq, %dv : !y, !y
}

// Gradients of other attention, or of which only one kernel is needed.
// CHECK-LABEL: func.func @other(
// CHECK-NOT: maek.attention_gradient
// CHECK: return
func.func @other(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r, %m: !m) -> (!x, !x, !x, !x) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !x, !x, !x, !x, !r, !r
  %x0, %x1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.25 : !x, !x, !x, !x, !r, !r
  %y0, %y1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 causal 0 : !x, !x, !x, !x, !r, !r
  %z0, %z1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d masks(%m) scale 0.5 : !x, !x, !x, !x, !r, !r masks(!m)
  %w0, %w1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !x, !x, !x, !x, !r, !r
  return %dq, %x0, %y1, %z0 : !x, !x, !x, !x
}

// One head of one example has work for one thread.
!h = tensor<1x2x32x16xf32>
!i = tensor<1x2x32xf32>
// REMARK: remark: [Missed] join-attention-gradients{{.*}}attention's gradients stay two kernels: threads would have too few leading indices to share
// CHECK-LABEL: func.func @threads(
// CHECK-NOT: maek.attention_gradient
func.func @threads(%q: !h, %k: !h, %v: !h, %a: !h, %s: !i, %d: !i) -> (!h, !h, !h) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !h, !h, !h, !h, !i, !i
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !h, !h, !h, !h, !i, !i
  return %dq, %dk, %dv : !h, !h, !h
}

!b = tensor<4x32x16xbf16>
!c = tensor<4x32xf32>
!g = tensor<4x32x16xf32>
// REMARK: stay two kernels: bf16 is multiplied in pairs of rows
// CHECK-LABEL: func.func @short(
// CHECK-NOT: maek.attention_gradient
func.func @short(%q: !b, %k: !b, %v: !b, %a: !b, %s: !c, %d: !c) -> (!g, !g, !g) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !b, !b, !b, !b, !c, !c
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !b, !b, !b, !b, !c, !c
  return %dq, %dk, %dv : !g, !g, !g
}

!n = tensor<4x32x8xf32>
// REMARK: stay two kernels: the features fill too little of vectors
// CHECK-LABEL: func.func @narrow(
// CHECK-NOT: maek.attention_gradient
func.func @narrow(%q: !n, %k: !n, %v: !n, %a: !n, %s: !c, %d: !c) -> (!n, !n, !n) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !n, !n, !n, !n, !c, !c
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !n, !n, !n, !n, !c, !c
  return %dq, %dk, %dv : !n, !n, !n
}

!l = tensor<4x16x16xf32>
!o = tensor<4x16xf32>
// REMARK: stay two kernels: there are few rows
// CHECK-LABEL: func.func @few(
// CHECK-NOT: maek.attention_gradient
func.func @few(%q: !l, %k: !g, %v: !g, %a: !l, %s: !o, %d: !o) -> (!l, !g, !g) {
  %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !l, !g, !g, !l, !o, !o
  %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5 : !l, !g, !g, !l, !o, !o
  return %dq, %dk, %dv : !l, !g, !g
}
