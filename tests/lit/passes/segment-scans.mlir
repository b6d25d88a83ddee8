// RUN: maek-opt %s --maek-segment-scans | FileCheck %s
// RUN: maek-opt %s --maek-segment-scans --maek-differentiate --maek-sink-weight-gradients --maek-simplify | FileCheck %s --check-prefix=ADJOINT
// RUN: maek-opt %s --maek-segment-scans --maek-differentiate --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!state = tensor<?x3xf32, #maek.dims<B>>
!steps = tensor<?x?x3xf32, #maek.dims<T, B>>

// A loop over segments, in it one over a segment's steps. Of the output the
// segments lie one behind the other.
// CHECK-LABEL: func.func @rnn
// CHECK-SAME: %[[XS:[a-z0-9]*]]: tensor<?x?x3xf32, #maek.dims<T, B>>, %[[H0:[a-z0-9]*]]: {{.*}}, %[[U:[a-z0-9]*]]: tensor<3x3xf32>
// CHECK: %{{.*}}:2 = maek.scan segmented over(%[[XS]]) init(%[[H0]])
// CHECK-NEXT: ^bb0(%[[PART:.*]]: tensor<?x?x3xf32, #maek.dims<steps$T, B>>, %[[BEFORE:.*]]: tensor<?x3xf32, #maek.dims<B>>):
// CHECK-NEXT: %[[AFTER:.*]]:2 = maek.scan over(%[[PART]]) init(%[[BEFORE]])
// CHECK: maek.einsum
// CHECK: maek.yield
// CHECK-NEXT: (tensor<?x?x3xf32, #maek.dims<steps$T, B>>, tensor<?x3xf32, #maek.dims<B>>) -> (tensor<?x3xf32, #maek.dims<B>>, tensor<?x?x3xf32, #maek.dims<steps$T, B>>)
// CHECK-NEXT: maek.yield %[[AFTER]]#0, %[[AFTER]]#1
// CHECK-NEXT: -> (tensor<?x3xf32, #maek.dims<B>>, tensor<?x?x3xf32, #maek.dims<T, B>>)

// The forward loop keeps the states before segments. The adjoint runs a segment
// once more, stores what its steps need, and goes back through them; the
// weight's adjoint is a product for each segment.
// ADJOINT-LABEL: func.func @rnn
// ADJOINT: %[[F:.*]]:2 = maek.scan segmented over(%[[XS:.*]]) init
// ADJOINT-NEXT: ^bb0(%{{.*}}, %[[BEFORE:.*]]: tensor<?x3xf32, #maek.dims<B>>):
// ADJOINT: maek.yield %{{.*}}, %[[BEFORE]]
// ADJOINT-NEXT: -> (tensor<?x3xf32, #maek.dims<B>>, tensor<?x?x3xf32, #maek.dims<segments$T, B>>)
// ADJOINT: maek.scan reverse segmented over(%[[XS]], %[[F]]#1)
// ADJOINT-NEXT: ^bb0(%[[PART:.*]]: tensor<?x?x3xf32, #maek.dims<steps$T, B>>, %[[STATE:.*]]: tensor<?x3xf32, #maek.dims<B>>, %[[DH:.*]]: tensor<?x3xf32, #maek.dims<B>>, %[[DU:.*]]: tensor<3x3xf32>):
// ADJOINT: maek.scan over(%[[PART]]) init(%[[STATE]])
// ADJOINT: %{{.*}}:2 = maek.scan reverse over(%{{.*}}) init(%[[DH]])
// ADJOINT: %[[TERM:.*]] = maek.einsum "tbn,tbk->nk"
// ADJOINT: maek.add %[[DU]], %[[TERM]]
// REMARK-DAG: :[[#@LINE+4]]:13: remark: [Passed] segment-scans{{.*}}takes T steps in segments, of which a gradient keeps the states between
// REMARK-DAG: :[[#@LINE+3]]:13: remark: [Passed] differentiate{{.*}}the adjoint scan computes a segment again from the state before it
// REMARK-DAG: :[[#@LINE+2]]:13: remark: [Passed] differentiate{{.*}}the adjoint scan stores 2 and recomputes 0 values of a step
func.func @rnn(%xs: !steps, %h0: !state, %U: tensor<3x3xf32>) -> (!steps, tensor<3x3xf32>) {
  %r, %hs = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: !state, %h: !state):
    %p = maek.einsum "bk,nk->bn" %h, %U : !state, tensor<3x3xf32>
    %z = maek.add %p, %x : !state
    %n = maek.tanh %z : !state
    maek.yield %n, %n : !state, !state
  } : (!steps, !state) -> (!state, !steps)
  %s = maek.reduce sum %hs dims [0, 1, 2] : !steps
  %g:2 = maek.gradient %s wrt(%xs, %U) : tensor<f32>, !steps, tensor<3x3xf32>
  return %g#0, %g#1 : !steps, tensor<3x3xf32>
}

// Backwards, with a fixed number of steps.
// CHECK-LABEL: func.func @reverse
// CHECK: maek.scan reverse segmented over
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x3xf32, #maek.dims<steps$28>>, %{{.*}}: tensor<3xf32>):
// CHECK-NEXT: maek.scan reverse over
// ADJOINT-LABEL: func.func @reverse
// ADJOINT: maek.scan reverse segmented over
// ADJOINT: maek.scan segmented over
func.func @reverse(%xs: tensor<28x3xf32>, %h0: tensor<3xf32>) -> tensor<28x3xf32> {
  %r = maek.scan reverse over(%xs) init(%h0) {
  ^bb0(%x: tensor<3xf32>, %h: tensor<3xf32>):
    %n = maek.mul %h, %x : tensor<3xf32>
    maek.yield %n : tensor<3xf32>
  } : (tensor<28x3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %s = maek.reduce sum %r dims [0] : tensor<3xf32>
  %g = maek.gradient %s wrt(%xs) : tensor<f32>, tensor<28x3xf32>
  return %g : tensor<28x3xf32>
}

// A loop over what another one gives goes through the segments with it: nothing
// of each step is known outside.
// CHECK-LABEL: func.func @stacked
// CHECK: maek.scan segmented over(%[[XS:.*]]) init(%[[W:.*]], %[[W]])
// CHECK: %[[FIRST:.*]]:2 = maek.scan over
// CHECK: maek.scan over(%[[FIRST]]#1)
// CHECK-NOT: maek.scan
// ADJOINT-LABEL: func.func @stacked
// ADJOINT: maek.scan segmented
// ADJOINT: -> (tensor<f32>, tensor<f32>, tensor<?xf32, #maek.dims<segments$T>>, tensor<?xf32, #maek.dims<segments$T>>)
// ADJOINT: maek.scan reverse segmented
// ADJOINT-COUNT-2: maek.scan over
// ADJOINT-COUNT-2: maek.scan reverse over
// REMARK-DAG: remark: [Passed] segment-scans{{.*}}goes through segments together with the loop whose outputs it reads
func.func @stacked(%xs: tensor<?xf32, #maek.dims<T>>, %w: tensor<f32>) -> tensor<f32> {
  %a, %hs = maek.scan over(%xs) init(%w) {
  ^bb0(%x: tensor<f32>, %h: tensor<f32>):
    %n = maek.mul %h, %x : tensor<f32>
    maek.yield %n, %n : tensor<f32>, tensor<f32>
  } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>) -> (tensor<f32>, tensor<?xf32, #maek.dims<T>>)
  %b = maek.scan over(%hs) init(%w) {
  ^bb0(%x: tensor<f32>, %h: tensor<f32>):
    %n = maek.mul %h, %x : tensor<f32>
    maek.yield %n : tensor<f32>
  } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>) -> tensor<f32>
  %g = maek.gradient %b wrt(%w) : tensor<f32>, tensor<f32>
  return %g : tensor<f32>
}

// Few steps, and a number of steps of two sizes.
// CHECK-LABEL: func.func @whole
// CHECK-NOT: segmented
// REMARK-DAG: remark: [Missed] segment-scans{{.*}}left a loop of 9 steps whole: they are few
// REMARK-DAG: remark: [Missed] segment-scans{{.*}}left a loop of B*T steps whole: no single size
func.func @whole(%few: tensor<9xf32>, %both: tensor<?xf32, #maek.dims<B*T>>, %w: tensor<f32>) -> tensor<f32> {
  %a = maek.scan over(%few) init(%w) {
  ^bb0(%x: tensor<f32>, %h: tensor<f32>):
    %n = maek.mul %h, %x : tensor<f32>
    maek.yield %n : tensor<f32>
  } : (tensor<9xf32>, tensor<f32>) -> tensor<f32>
  %b = maek.scan over(%both) init(%a) {
  ^bb0(%x: tensor<f32>, %h: tensor<f32>):
    %n = maek.mul %h, %x : tensor<f32>
    maek.yield %n : tensor<f32>
  } : (tensor<?xf32, #maek.dims<B*T>>, tensor<f32>) -> tensor<f32>
  %g = maek.gradient %b wrt(%w) : tensor<f32>, tensor<f32>
  return %g : tensor<f32>
}

// An entry that goes on where its last call ended.
// CHECK-LABEL: func.func @goes_on
// CHECK-NOT: segmented
func.func @goes_on(%xs: tensor<?xf32, #maek.dims<T>>, %h0: tensor<f32> {maek.name = "state.h", maek.role = "carried"})
    -> (tensor<f32> {maek.name = "state.h", maek.role = "carried"}) {
  %a = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<f32>, %h: tensor<f32>):
    %n = maek.mul %h, %x : tensor<f32>
    maek.yield %n : tensor<f32>
  } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>) -> tensor<f32>
  return %a : tensor<f32>
}

// Without a gradient, too. A loop in a loop stays whole.
// CHECK-LABEL: func.func @nested
// CHECK: maek.scan segmented
// CHECK-NEXT: ^bb0
// CHECK-NEXT: maek.scan over
// CHECK-NEXT: ^bb0
// CHECK-NEXT: maek.scan over
// CHECK-NOT: maek.scan
func.func @nested(%rows: tensor<?x?xf32, #maek.dims<S, T>>, %h0: tensor<f32>) -> tensor<f32> {
  %a = maek.scan over(%rows) init(%h0) {
  ^bb0(%row: tensor<?xf32, #maek.dims<T>>, %h: tensor<f32>):
    %b = maek.scan over(%row) init(%h) {
    ^bb0(%x: tensor<f32>, %g: tensor<f32>):
      %n = maek.mul %g, %x : tensor<f32>
      maek.yield %n : tensor<f32>
    } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>) -> tensor<f32>
    maek.yield %b : tensor<f32>
  } : (tensor<?x?xf32, #maek.dims<S, T>>, tensor<f32>) -> tensor<f32>
  return %a : tensor<f32>
}
