// RUN: maek-opt %s --maek-differentiate --cse | FileCheck %s
// RUN: maek-opt %s --maek-differentiate --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!state = tensor<?x3xf32, #maek.dims<B>>
!steps = tensor<?x?x3xf32, #maek.dims<T, B>>

// The adjoint runs back. The state before each step and tanh's result are
// stored, the latter in the sequence that exists; the captured weight's adjoint
// is a sum over the steps.
// CHECK-LABEL: func.func @rnn
// CHECK-SAME: %[[XS:[a-z0-9]*]]: tensor<?x?x3xf32, #maek.dims<T, B>>, %[[H0:[a-z0-9]*]]: {{.*}}, %[[U:[a-z0-9]*]]: tensor<3x3xf32>
// CHECK: %[[F:.*]]:3 = maek.scan over(%[[XS]]) init(%[[H0]])
// CHECK: ^bb0(%{{.*}}, %[[H:.*]]: tensor<?x3xf32, #maek.dims<B>>):
// CHECK: %[[N:.*]] = maek.tanh
// CHECK: maek.yield %[[N]], %[[N]], %[[H]]
// CHECK: %[[DHS:.*]] = maek.broadcast
// CHECK: %[[A:.*]]:3 = maek.scan reverse over(%[[DHS]], %[[F]]#1, %[[F]]#2) init(%{{.*}}, %{{.*}})
// CHECK: ^bb0(%[[DY:.*]]: tensor<{{[^:]*}}, %[[NT:.*]]: tensor<{{[^:]*}}, %[[HP:.*]]: tensor<{{[^:]*}}, %[[DH:.*]]: tensor<{{[^:]*}}, %[[SUM:.*]]: tensor<3x3xf32>):
// CHECK: maek.add %[[DH]], %[[DY]]
// CHECK: %[[BACK:.*]] = maek.einsum "bn,nk->bk" %[[DZ:.*]], %[[U]]
// CHECK: %[[DU:.*]] = maek.einsum "bn,bk->nk" %[[DZ]], %[[HP]]
// CHECK: %[[NEXT:.*]] = maek.add %[[SUM]], %[[DU]]
// CHECK: maek.yield %[[BACK]], %[[NEXT]], %[[DZ]]
// CHECK: return %[[A]]#2, %[[A]]#0, %[[A]]#1
// REMARK: :[[#@LINE+2]]:13: remark: [Passed] differentiate{{.*}}the adjoint scan stores 2 and recomputes 0 values of a step
func.func @rnn(%xs: !steps, %h0: !state, %U: tensor<3x3xf32>) -> (!steps, !state, tensor<3x3xf32>) {
  %r, %hs = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: !state, %h: !state):
    %p = maek.einsum "bk,nk->bn" %h, %U : !state, tensor<3x3xf32>
    %z = maek.add %p, %x : !state
    %n = maek.tanh %z : !state
    maek.yield %n, %n : !state, !state
  } : (!steps, !state) -> (!state, !steps)
  %s = maek.reduce sum %hs dims [0, 1, 2] : !steps
  %g:3 = maek.gradient %s wrt(%xs, %h0, %U) : tensor<f32>, !steps, !state, tensor<3x3xf32>
  return %g#0, %g#1, %g#2 : !steps, !state, tensor<3x3xf32>
}

// A reverse scan's adjoint runs forward; elements are taken from the sequence
// itself; nothing is stored but the state.
// CHECK-LABEL: func.func @reverse
// CHECK: %[[F:.*]]:2 = maek.scan reverse over(%[[XS:.*]]) init
// CHECK: %[[A:.*]]:2 = maek.scan over(%{{.*}}) init(%{{.*}})
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] differentiate{{.*}}the adjoint scan stores 1 and recomputes 0 values of a step
func.func @reverse(%xs: !steps, %h0: !state) -> !steps {
  %r = maek.scan reverse over(%xs) init(%h0) {
  ^bb0(%x: !state, %h: !state):
    %n = maek.mul %h, %x : !state
    maek.yield %n : !state
  } : (!steps, !state) -> !state
  %s = maek.reduce sum %r dims [0, 1] : !state
  %g = maek.gradient %s wrt(%xs) : tensor<f32>, !steps
  return %g : !steps
}

// tanh(c) is recomputed from what is stored for other reasons: the gate, the
// candidate and the state before; the new state is not stored either.
// CHECK-LABEL: func.func @recomputed
// CHECK: %[[F:.*]]:4 = maek.scan over
// CHECK: ^bb0(%{{.*}}, %[[C:.*]]: tensor<?x3xf32, #maek.dims<B>>):
// CHECK: %[[GATE:.*]] = maek.sigmoid
// CHECK: %[[NEW:.*]] = maek.add
// CHECK: %[[T:.*]] = maek.tanh %[[NEW]]
// CHECK: maek.yield %[[NEW]], %{{.*}}, %[[C]], %[[GATE]]
// CHECK: maek.scan reverse
// CHECK: maek.tanh
// REMARK: :[[#@LINE+2]]:13: remark: [Passed] differentiate{{.*}}the adjoint scan stores 2 and recomputes 1 values of a step
func.func @recomputed(%xs: !steps, %c0: !state, %w: tensor<3x3xf32>) -> tensor<3x3xf32> {
  %r, %hs = maek.scan over(%xs) init(%c0) {
  ^bb0(%x: !state, %c: !state):
    %p = maek.einsum "bk,nk->bn" %x, %w : !state, tensor<3x3xf32>
    %f = maek.sigmoid %p : !state
    %fc = maek.mul %f, %c : !state
    %n = maek.add %fc, %x : !state
    %t = maek.tanh %n : !state
    %h = maek.mul %f, %t : !state
    maek.yield %n, %h : !state, !state
  } : (!steps, !state) -> (!state, !steps)
  %s = maek.reduce sum %hs dims [0, 1, 2] : !steps
  %g = maek.gradient %s wrt(%w) : tensor<f32>, tensor<3x3xf32>
  return %g : tensor<3x3xf32>
}

// A scan on which the value does not depend stays as it is.
// CHECK-LABEL: func.func @aside
// CHECK: maek.scan over
// CHECK-NOT: maek.scan reverse
// CHECK: return
func.func @aside(%xs: !steps, %h0: !state) -> (!state, !state) {
  %r = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: !state, %h: !state):
    %n = maek.mul %h, %x : !state
    maek.yield %n : !state
  } : (!steps, !state) -> !state
  %e = maek.exp %h0 : !state
  %s = maek.reduce sum %e dims [0, 1] : !state
  %g = maek.gradient %s wrt(%h0) : tensor<f32>, !state
  return %g, %r : !state, !state
}
