// RUN: maek-opt %s --maek-simplify | FileCheck %s
// RUN: maek-opt %s --maek-simplify --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!x = tensor<6x4xf32>
!r = tensor<6xf32>
!m = tensor<6x6xi1>

// The sums of the weights come from the attention, whichever comes first, and
// however often they are asked for.
// REMARK: :[[#@LINE+9]]:8: remark: [Passed] simplify{{.*}}attention gives the sums of its weights, too
// CHECK-LABEL: func.func @join(
// CHECK-NEXT: %[[Y:.*]], %[[S:.*]] = maek.attention_with_log_sum %arg0, %arg1, %arg2 masks(%arg3) scale 5.000000e-01 causal 2 :
// CHECK-NEXT: %[[L:.*]] = maek.log %[[S]]
// CHECK-NEXT: %[[E:.*]] = maek.exp %[[S]]
// CHECK-NEXT: return %[[L]], %[[Y]], %[[E]]
func.func @join(%q: !x, %k: !x, %v: !x, %m: !m) -> (!r, !x, !r) {
  %s = maek.attention_log_sum %q, %k masks(%m) scale 0.5 causal 2 : !x, !x masks(!m)
  %l = maek.log %s : !r
  %y = maek.attention %q, %k, %v masks(%m) scale 0.5 causal 2 : !x, !x, !x masks(!m)
  %t = maek.attention_log_sum %q, %k masks(%m) scale 0.5 causal 2 : !x, !x masks(!m)
  %e = maek.exp %t : !r
  return %l, %y, %e : !r, !x, !r
}

// Sums of other weights stay: other keys, masks, scale or causal offset.
// CHECK-LABEL: func.func @other(
// CHECK-NOT: maek.attention_with_log_sum
// CHECK: maek.attention %
// CHECK-COUNT-4: maek.attention_log_sum
func.func @other(%q: !x, %k: !x, %v: !x, %m: !m) -> (!x, !r, !r, !r, !r) {
  %y = maek.attention %q, %k, %v scale 0.5 causal 0 : !x, !x, !x
  %a = maek.attention_log_sum %q, %v scale 0.5 causal 0 : !x, !x
  %b = maek.attention_log_sum %q, %k masks(%m) scale 0.5 causal 0 : !x, !x masks(!m)
  %c = maek.attention_log_sum %q, %k scale 0.25 causal 0 : !x, !x
  %d = maek.attention_log_sum %q, %k scale 0.5 : !x, !x
  return %y, %a, %b, %c, %d : !x, !r, !r, !r, !r
}

// The values depend on the sums.
// CHECK-LABEL: func.func @values(
// CHECK-NEXT: maek.attention_log_sum %
// CHECK: maek.attention %
func.func @values(%q: !x, %k: !x, %v: !x) -> (!x, !r) {
  %s = maek.attention_log_sum %q, %k scale 0.5 : !x, !x
  %b = maek.broadcast %s dims [0] : !r -> !x
  %w = maek.mul %v, %b : !x
  %y = maek.attention %q, %k, %w scale 0.5 : !x, !x, !x
  return %y, %s : !x, !r
}

// Of which one result is used.
// CHECK-LABEL: func.func @result(
// CHECK-NEXT: maek.attention %
func.func @result(%q: !x, %k: !x, %v: !x) -> !x {
  %y, %s = maek.attention_with_log_sum %q, %k, %v scale 0.5 : !x, !x, !x
  return %y : !x
}
// CHECK-LABEL: func.func @sums(
// CHECK-NEXT: maek.attention_log_sum %
func.func @sums(%q: !x, %k: !x, %v: !x, %m: !m) -> !r {
  %y, %s = maek.attention_with_log_sum %q, %k, %v masks(%m) scale 0.5 causal 1 : !x, !x, !x masks(!m)
  return %s : !r
}
