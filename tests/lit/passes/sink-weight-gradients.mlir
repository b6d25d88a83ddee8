// RUN: maek-opt %s --maek-sink-weight-gradients | FileCheck %s
// RUN: maek-opt %s --maek-sink-weight-gradients --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!row = tensor<?x8xf32, #maek.dims<B>>
!rows = tensor<?x?x8xf32, #maek.dims<T, B>>

// Both operands are elements: their sequences are used and the scan keeps
// nothing of the product.
// CHECK-LABEL: func.func @elements
// CHECK-SAME: (%[[D:[a-z0-9]*]]: {{[^%]*}}, %[[X:[a-z0-9]*]]:
// CHECK: maek.scan over(%[[D]], %[[X]]) init(%{{[a-z0-9]*}})
// CHECK-NOT: maek.einsum
// CHECK: maek.yield
// CHECK: %[[W:.*]] = maek.einsum "tbn,tbk->nk" %[[D]], %[[X]]
// CHECK: return %[[W]]
// REMARK: :[[#@LINE+5]]:10: remark: [Passed] sink-weight-gradients{{.*}}one product after the scan instead of one per step: tbn,tbk->nk
func.func @elements(%d: !rows, %x: !rows, %h0: !row) -> (tensor<8x8xf32>, !row) {
  %zero = maek.constant 0.0 : tensor<8x8xf32>
  %r:2 = maek.scan over(%d, %x) init(%zero, %h0) {
  ^bb0(%dt: !row, %xt: !row, %sum: tensor<8x8xf32>, %h: !row):
    %0 = maek.einsum "bn,bk->nk" %dt, %xt : !row, !row
    %1 = maek.add %sum, %0 : tensor<8x8xf32>
    %2 = maek.mul %h, %dt : !row
    maek.yield %1, %2 : tensor<8x8xf32>, !row
  } : (!rows, !rows, tensor<8x8xf32>, !row) -> (tensor<8x8xf32>, !row)
  return %r#0, %r#1 : tensor<8x8xf32>, !row
}

// One operand is an output already, the other becomes one, a state before its
// step; a sum of several terms, with an init that is not zero.
// CHECK-LABEL: func.func @terms
// CHECK-SAME: %[[W0:[a-z0-9]*]]: tensor<8x8xf32>, %[[B0:[a-z0-9]*]]: tensor<8xf32>
// CHECK: %[[S:.*]]:3 = maek.scan reverse over(%{{[a-z0-9]*}}) init(%{{[a-z0-9]*}}) {
// CHECK: ^bb0(%{{.*}}, %[[H:.*]]: tensor<?x8xf32, #maek.dims<B>>):
// CHECK: %[[E:.*]] = maek.exp %[[H]]
// CHECK-NEXT: maek.yield %[[E]], %[[E]], %[[H]]
// CHECK: %[[P:.*]] = maek.einsum "tbn,tbk->nk" %[[S]]#1, %[[S]]#2
// CHECK: %[[W1:.*]] = maek.add %[[W0]], %[[P]]
// CHECK: %[[Q:.*]] = maek.einsum "tbn,tbk->nk" %[[S]]#2, %[[S]]#1
// CHECK: %[[W2:.*]] = maek.add %[[W1]], %[[Q]]
// CHECK: %[[R:.*]] = maek.reduce sum %[[S]]#1 dims [0, 1]
// CHECK: %[[B1:.*]] = maek.add %[[B0]], %[[R]]
// CHECK: return %[[W2]], %[[B1]], %[[S]]#1
func.func @terms(%x: !rows, %w0: tensor<8x8xf32>, %b0: tensor<8xf32>, %h0: !row) -> (tensor<8x8xf32>, tensor<8xf32>, !rows) {
  %r:4 = maek.scan reverse over(%x) init(%w0, %h0, %b0) {
  ^bb0(%xt: !row, %w: tensor<8x8xf32>, %h: !row, %b: tensor<8xf32>):
    %e = maek.exp %h : !row
    %p = maek.einsum "bn,bk->nk" %e, %h : !row, !row
    %q = maek.einsum "bn,bk->nk" %h, %e : !row, !row
    %w1 = maek.add %p, %w : tensor<8x8xf32>
    %w2 = maek.add %w1, %q : tensor<8x8xf32>
    %s = maek.reduce sum %e dims [0] : !row
    %b1 = maek.add %b, %s : tensor<8xf32>
    maek.yield %w2, %e, %b1, %e : tensor<8x8xf32>, !row, tensor<8xf32>, !row
  } : (!rows, tensor<8x8xf32>, !row, tensor<8xf32>) -> (tensor<8x8xf32>, !row, tensor<8xf32>, !rows)
  return %r#0, %r#2, %r#3 : tensor<8x8xf32>, tensor<8xf32>, !rows
}

// What is linear follows the sum: the parts are taken once.
// CHECK-LABEL: func.func @parts
// CHECK-NOT: maek.scan
// CHECK: %[[S:.*]] = maek.einsum "tbgn,tbk->gnk"
// CHECK: %[[P:.*]]:2 = maek.unstack %[[S]] dim 0
// CHECK: return %[[P]]#0, %[[P]]#1
func.func @parts(%d: tensor<9x?x2x8xf32, #maek.dims<B>>, %x: tensor<9x?x8xf32, #maek.dims<B>>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %zero = maek.constant 0.0 : tensor<8x8xf32>
  %r:2 = maek.scan over(%d, %x) init(%zero, %zero) {
  ^bb0(%dt: tensor<?x2x8xf32, #maek.dims<B>>, %xt: !row, %a: tensor<8x8xf32>, %b: tensor<8x8xf32>):
    %0 = maek.einsum "bgn,bk->gnk" %dt, %xt : tensor<?x2x8xf32, #maek.dims<B>>, !row
    %1:2 = maek.unstack %0 dim 0 : tensor<2x8x8xf32>
    %2 = maek.add %a, %1#0 : tensor<8x8xf32>
    %3 = maek.add %b, %1#1 : tensor<8x8xf32>
    maek.yield %2, %3 : tensor<8x8xf32>, tensor<8x8xf32>
  } : (tensor<9x?x2x8xf32, #maek.dims<B>>, tensor<9x?x8xf32, #maek.dims<B>>, tensor<8x8xf32>, tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>)
  return %r#0, %r#1 : tensor<8x8xf32>, tensor<8x8xf32>
}

// A scan in a scan: the sum leaves both.
// CHECK-LABEL: func.func @nested
// CHECK-NOT: maek.scan
// CHECK: maek.einsum "atbn,atbk->nk"
// CHECK-NEXT: return
func.func @nested(%d: tensor<5x9x2x8xf32>, %x: tensor<5x9x2x8xf32>) -> tensor<8x8xf32> {
  %zero = maek.constant 0.0 : tensor<8x8xf32>
  %r = maek.scan over(%d, %x) init(%zero) {
  ^bb0(%ds: tensor<9x2x8xf32>, %xs: tensor<9x2x8xf32>, %sum: tensor<8x8xf32>):
    %i = maek.scan over(%ds, %xs) init(%zero) {
    ^bb0(%dt: tensor<2x8xf32>, %xt: tensor<2x8xf32>, %part: tensor<8x8xf32>):
      %0 = maek.einsum "bn,bk->nk" %dt, %xt : tensor<2x8xf32>, tensor<2x8xf32>
      %1 = maek.add %part, %0 : tensor<8x8xf32>
      maek.yield %1 : tensor<8x8xf32>
    } : (tensor<9x2x8xf32>, tensor<9x2x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
    %2 = maek.add %sum, %i : tensor<8x8xf32>
    maek.yield %2 : tensor<8x8xf32>
  } : (tensor<5x9x2x8xf32>, tensor<5x9x2x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// Left alone: %a is used within the step, %b is yielded as an output too, %c
// adds the same value at each step, %d is no sum of itself.
// CHECK-LABEL: func.func @kept
// CHECK: maek.scan over(%{{[a-z0-9]*}}) init(%{{[^,]*}}, %{{[^,]*}}, %{{[^,]*}}, %{{[^,)]*}})
// CHECK-NOT: maek.reduce
// CHECK: return
// REMARK: :[[#@LINE+6]]:10: remark: [Missed] sink-weight-gradients{{.*}}left a sum in the scan: a step uses the sum so far
// REMARK: :[[#@LINE+7]]:10: remark: [Missed] sink-weight-gradients{{.*}}left a sum in the scan: it adds the same value at each step
func.func @kept(%x: !rows, %w: !row) -> (!row, !row, !row, !row) {
  %zero = maek.constant 0.0 : !row
  %r:5 = maek.scan over(%x) init(%zero, %zero, %zero, %zero) {
  ^bb0(%xt: !row, %a: !row, %b: !row, %c: !row, %d: !row):
    %0 = maek.add %a, %xt : !row
    %1 = maek.add %b, %0 : !row
    %2 = maek.add %c, %w : !row
    %3 = maek.add %xt, %w : !row
    maek.yield %0, %1, %2, %3, %1 : !row, !row, !row, !row, !row
  } : (!rows, !row, !row, !row, !row) -> (!row, !row, !row, !row, !rows)
  return %r#0, %r#1, %r#2, %r#3 : !row, !row, !row, !row
}
