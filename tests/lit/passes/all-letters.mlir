// RUN: maek-opt %s --maek-merge-gate-matmuls | FileCheck %s --check-prefix=MERGE
// RUN: maek-opt %s --maek-hoist-input-projection | FileCheck %s --check-prefix=HOIST
// RUN: maek-opt %s --maek-sink-weight-gradients | FileCheck %s --check-prefix=SINK
// Products that have a use for each letter, or each but one: a new axis needs
// one more.

!x = tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
!w = tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
!v = tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
!xs = tensor<9x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1xf32>
!y = tensor<1x1xf32>

// MERGE-LABEL: func.func @gates_of_all
// MERGE-COUNT-2: maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA"
// MERGE: return
func.func @gates_of_all(%x: !x, %a: !w, %b: !w) -> (!y, !y) {
  %0 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA" %x, %a : !x, !w
  %1 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA" %x, %b : !x, !w
  return %0, %1 : !y, !y
}

// MERGE-LABEL: func.func @gates_of_all_but_one
// MERGE: maek.einsum "abcdefghijklmnopqrstuvwxyz,ZABCDEFGHIJKLMNOPQRSTUVWXY->aZA"
// MERGE-NOT: maek.einsum
// MERGE: return
func.func @gates_of_all_but_one(%x: !x, %a: !v, %b: !v) -> (!y, !y) {
  %0 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXY->aA" %x, %a : !x, !v
  %1 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXY->aA" %x, %b : !x, !v
  return %0, %1 : !y, !y
}

// HOIST-LABEL: func.func @input_of_all
// HOIST: maek.scan
// HOIST: maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA"
// HOIST: return
func.func @input_of_all(%xs: !xs, %w: !w, %h0: !y) -> !y {
  %0 = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: !x, %h: !y):
    %1 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA" %x, %w : !x, !w
    %2 = maek.mul %1, %h : !y
    maek.yield %2 : !y
  } : (!xs, !y) -> !y
  return %0 : !y
}

// HOIST-LABEL: func.func @input_of_all_but_one
// HOIST: maek.einsum "Zabcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXY->ZaA"
// HOIST: maek.scan
// HOIST-NOT: maek.einsum
// HOIST: return
func.func @input_of_all_but_one(%xs: !xs, %w: !v, %h0: !y) -> !y {
  %0 = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: !x, %h: !y):
    %1 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXY->aA" %x, %w : !x, !v
    %2 = maek.mul %1, %h : !y
    maek.yield %2 : !y
  } : (!xs, !y) -> !y
  return %0 : !y
}

// Then the products of the steps are added up.
// SINK-LABEL: func.func @sum_of_all
// SINK: maek.scan
// SINK: maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA"
// SINK: maek.yield
// SINK: maek.reduce sum %{{.*}} dims [0] : tensor<9x1x1xf32>
func.func @sum_of_all(%xs: !xs, %ys: !xs) -> !y {
  %zero = maek.constant 0.0 : !y
  %0 = maek.scan over(%xs, %ys) init(%zero) {
  ^bb0(%x: !x, %y: !x, %sum: !y):
    %1 = maek.einsum "abcdefghijklmnopqrstuvwxyz,ABCDEFGHIJKLMNOPQRSTUVWXYZ->aA" %x, %y : !x, !x
    %2 = maek.add %sum, %1 : !y
    maek.yield %2 : !y
  } : (!xs, !xs, !y) -> !y
  return %0 : !y
}
