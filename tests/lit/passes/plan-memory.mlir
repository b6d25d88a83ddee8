// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s --maek-plan-memory --cse --split-input-file --verify-diagnostics --mlir-print-local-scope | FileCheck %s
// RUN: maek-opt %s --maek-plan-memory=share=false --split-input-file --verify-diagnostics | FileCheck %s --check-prefix=ALONE
// RUN: not maek-opt %s --maek-plan-memory --split-input-file --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!B = tensor<?x4xf32, #maek.dims<B>>
func.func private @k(%x: !B) -> !B attributes {maek.kernel} {
  %0 = maek.tanh %x : !B
  return %0 : !B
}

// A tensor of the model that is named like nothing of what is made here.
// CHECK: maek.parameter @direct_arena
maek.parameter @direct_arena : tensor<4xf32> = #maek.init<constant, [0.0]>

// One kernel, straight from the argument to the result: no arena.
// CHECK-LABEL: func.func @direct(
// CHECK-SAME:    %[[X:.*]]: memref<?x4xf32> {maek.dims = #maek.dims<B>}, %[[Y:.*]]: memref<?x4xf32> {maek.dims = #maek.dims<B>}, %{{.*}}: memref<?xi8>, %{{.*}}: index)
// CHECK-SAME:    maek.memory = [], maek.symbols = ["B"]
// CHECK-NEXT:    maek.launch @k(%[[X]] : memref<?x4xf32>) into(%[[Y]] : memref<?x4xf32>)
// CHECK-NEXT:    return
// CHECK-LABEL: func.func private @direct$arena(
// CHECK-SAME:    maek.arena_of = @direct
func.func @direct(%x: !B) -> !B {
  %0 = call @k(%x) : (!B) -> !B
  return %0 : !B
}

// Of three tensors in a row, the first and the third share a slot.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    maek.memory = [{bytes = "16*B", tensors = [{from = 0 : i64, to = 1 : i64, type = "Bx4xf32"}, {from = 2 : i64, to = 3 : i64, type = "Bx4xf32"}]}, {bytes = "16*B", tensors = [{from = 1 : i64, to = 2 : i64, type = "Bx4xf32"}]}]
// CHECK:         %[[A:.*]] = memref.view %{{.*}}[%c0][%{{.*}}]
// CHECK:         %[[B:.*]] = memref.view %{{.*}}[%{{.*}}][%{{.*}}]
// CHECK-NEXT:    maek.launch @k({{.*}}) into(%[[A]] :
// CHECK-NEXT:    maek.launch @k(%[[A]] {{.*}} into(%[[B]] :
// CHECK-NEXT:    maek.launch @k(%[[B]] {{.*}} into(%[[A]] :
// CHECK-NEXT:    maek.launch @k(%[[A]] {{.*}} into(%arg1 :
// ALONE-LABEL: func.func @chain(
// ALONE-COUNT-3: bytes = "16*B"
// REMARK: :[[#@LINE+1]]:1: remark: [Passed] plan-memory{{.*}}@chain: 3 tensors in 2 slots, 2048 bytes instead of 3072 where every extent is 64
func.func @chain(%x: !B) -> !B {
  %0 = call @k(%x) : (!B) -> !B
  %1 = call @k(%0) : (!B) -> !B
  %2 = call @k(%1) : (!B) -> !B
  %3 = call @k(%2) : (!B) -> !B
  return %3 : !B
}

// A kernel's result that is joined is computed in its part of the whole.
// CHECK-LABEL: func.func @join(
// CHECK-DAG:     %[[L:.*]] = memref.reinterpret_cast %arg2 to offset: [0], sizes: [%{{.*}}, 4], strides: [8, 1]
// CHECK-DAG:     %[[R:.*]] = memref.reinterpret_cast %arg2 to offset: [4], sizes: [%{{.*}}, 4], strides: [8, 1]
// CHECK:         maek.launch @k(%arg0 {{.*}} into(%[[L]] :
// CHECK-NEXT:    maek.launch @k(%arg1 {{.*}} into(%[[R]] :
func.func @join(%x: !B, %y: !B) -> tensor<?x8xf32, #maek.dims<B>> {
  %0 = call @k(%x) : (!B) -> !B
  %1 = call @k(%y) : (!B) -> !B
  %2 = maek.concat %0, %1 dim 1 : !B, !B
  return %2 : tensor<?x8xf32, #maek.dims<B>>
}

// -----

!B = tensor<?x4xf32, #maek.dims<B>>
!TB = tensor<?x?x4xf32, #maek.dims<T, B>>
func.func private @zero() -> !B attributes {maek.kernel} {
  %0 = maek.constant 0.0 : !B
  return %0 : !B
}
func.func private @step(%x: !B, %h: !B) -> !B attributes {maek.kernel} {
  %0 = maek.add %x, %h : !B
  return %0 : !B
}
func.func private @use(%x: !TB, %y: !TB) -> !TB attributes {maek.kernel} {
  %0 = maek.add %x, %y : !TB
  return %0 : !TB
}

// New and old values of a state are rows of one buffer, T+1 of them.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME:    maek.memory = [{bytes = "16*B*T + 16*B", tensors = [{from = 0 : i64, to = 4 : i64, type = "(T+1)xBx4xf32"}]}]
// CHECK-DAG:     %[[ROWS:.*]] = memref.view %arg2[%c0][%{{.*}}, %arg3]
// CHECK-DAG:     %[[FIRST:.*]] = memref.reinterpret_cast %[[ROWS]] to offset: [0], sizes: [%arg3, 4]
// CHECK:         maek.launch @zero() into(%[[FIRST]] :
// CHECK-NEXT:    scf.for %{{.*}} = %c0 to %arg4 step %c1 {
// CHECK:           %[[X:.*]] = memref.reinterpret_cast %arg0 to offset: [%[[T:.*]]], sizes: [%arg3, 4]
// CHECK:           %[[OLD:.*]] = memref.reinterpret_cast %[[ROWS]] to offset: [%[[T]]]
// CHECK:           %[[NEW:.*]] = memref.reinterpret_cast %[[ROWS]] to offset: [%{{.*}}]
// CHECK:           maek.launch @step(%[[X]], %[[OLD]] {{.*}} into(%[[NEW]] :
// CHECK-NEXT:    }
func.func @rows(%x: !TB) -> !TB {
  %z = call @zero() : () -> !B
  %r:3 = maek.scan over(%x) init(%z) {
  ^bb0(%e: !B, %h: !B):
    %0 = func.call @step(%e, %h) : (!B, !B) -> !B
    maek.yield %0, %0, %h : !B, !B, !B
  } : (!TB, !B) -> (!B, !TB, !TB)
  %1 = call @use(%r#1, %r#2) : (!TB, !TB) -> !TB
  return %1 : !TB
}

// A state that nobody collects takes turns in two buffers; the initial value,
// made for it alone, is in one of them.
// CHECK-LABEL: func.func @turns(
// CHECK-SAME:    maek.memory = [{bytes = "16*B", {{.*}}}, {bytes = "16*B", {{.*}}}]
// CHECK:         %[[LOOP:.*]]:2 = scf.for {{.*}} iter_args(%[[H:.*]] = %{{.*}}, %[[N:.*]] = %{{.*}})
// CHECK:           maek.launch @step(%{{.*}}, %[[H]] {{.*}} into(%[[N]] :
// CHECK-NEXT:      scf.yield %[[N]], %[[H]] :
// CHECK:         maek.launch @step(%[[LOOP]]#0,
func.func @turns(%x: !TB, %y: !B) -> !B {
  %z = call @zero() : () -> !B
  %r = maek.scan over(%x) init(%z) {
  ^bb0(%e: !B, %h: !B):
    %0 = func.call @step(%e, %h) : (!B, !B) -> !B
    maek.yield %0 : !B
  } : (!TB, !B) -> !B
  %1 = call @step(%r, %y) : (!B, !B) -> !B
  return %1 : !B
}

// -----

!W = tensor<2x3xf32>
func.func private @update(%p: !W, %g: !W) -> !W attributes {maek.kernel} {
  %0 = maek.sub %p, %g : !W
  return %0 : !W
}

// A parameter's new value is written over the old one.
// CHECK-LABEL: func.func @train(
// CHECK-NEXT:    maek.launch @update(%arg0, %arg1 : memref<2x3xf32>, memref<2x3xf32>) into(%arg0 : memref<2x3xf32>)
func.func @train(%p: !W {maek.role = "parameter", maek.name = "p"}, %g: !W)
    -> (!W {maek.role = "parameter", maek.name = "p"}) {
  %0 = call @update(%p, %g) : (!W, !W) -> !W
  return %0 : !W
}

// -----

!B = tensor<?x4xf32, #maek.dims<B>>
!SB = tensor<?x?x4xf32, #maek.dims<steps$T, B>>
!TB = tensor<?x?x4xf32, #maek.dims<T, B>>
!KB = tensor<?x?x4xf32, #maek.dims<segments$T, B>>
func.func private @zero() -> !B attributes {maek.kernel} {
  %0 = maek.constant 0.0 : !B
  return %0 : !B
}
func.func private @square(%x: !SB) -> !SB attributes {maek.kernel} {
  %0 = maek.mul %x, %x : !SB
  return %0 : !SB
}
func.func private @sum(%x: !SB, %h: !B) -> !B attributes {maek.kernel} {
  %0 = maek.reduce sum %x dims [0] : !SB
  %1 = maek.add %0, %h : !B
  return %1 : !B
}

// Of what a segment computes there is room for the longest; the caller gives T
// alone. The states before segments are rows, with one behind the last.
// CHECK-LABEL: func.func @segments(
// CHECK-SAME:    %[[X:.*]]: memref<?x?x4xf32> {maek.dims = #maek.dims<T, B>}
// CHECK-SAME:    %[[B:[a-z0-9]*]]: index, %[[T:[a-z0-9]*]]: index)
// CHECK-SAME:    type = "(segments$T+1)xBx4xf32"
// CHECK-SAME:    type = "length$TxBx4xf32"
// CHECK-SAME:    maek.symbols = ["B", "T"]
// CHECK:         arith.addi %[[T]], %[[LENGTH:.*]] : index
// CHECK:         %[[COUNT:.*]] = arith.divsi %{{.*}}, %[[LENGTH]] : index
// CHECK:         scf.for %{{.*}} = %c0 to %[[COUNT]] step %c1
// CHECK:           %[[STEPS:.*]] = arith.minsi %{{.*}}, %[[LENGTH]]
// CHECK:           %[[PART:.*]] = memref.reinterpret_cast %[[X]] to offset: [%{{.*}}], sizes: [%[[STEPS]], %[[B]], 4]
// CHECK:           maek.launch @square(%[[PART]]
func.func @segments(%x: !TB) -> !KB {
  %z = call @zero() : () -> !B
  %r:2 = maek.scan segmented over(%x) init(%z) {
  ^bb0(%e: !SB, %h: !B):
    %0 = func.call @square(%e) : (!SB) -> !SB
    %1 = func.call @sum(%0, %h) : (!SB, !B) -> !B
    maek.yield %1, %h : !B, !B
  } : (!TB, !B) -> (!B, !KB)
  %1 = call @copy(%r#1) : (!KB) -> !KB
  return %1 : !KB
}
func.func private @copy(%x: !KB) -> !KB attributes {maek.kernel} {
  %0 = maek.stop_gradient %x : !KB
  return %0 : !KB
}

// -----

// What needs a copy is not planned.
func.func @copied(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{needs the copies of maek-materialize-copies: an operand lies elsewhere}}
  return %x : tensor<4xf32>
}
