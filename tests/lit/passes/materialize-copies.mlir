// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s --maek-materialize-copies --split-input-file | FileCheck %s
// RUN: maek-opt %s --maek-materialize-copies --split-input-file --remark-policy=all --remarks-filter=materialize-copies --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK

!W = tensor<2x3xf32>
func.func private @k(%x: !W) -> !W attributes {maek.kernel} {
  %0 = maek.tanh %x : !W
  return %0 : !W
}
func.func private @update(%p: !W, %g: !W) -> !W attributes {maek.kernel} {
  %0 = maek.sub %p, %g : !W
  return %0 : !W
}

// Nothing to do: results, joined values and the new parameter are computed in
// place.
// CHECK-LABEL: func.func @none(
// CHECK-NOT:     @copy
// CHECK:         return
func.func @none(%p: !W {maek.role = "parameter", maek.name = "p"}, %x: !W)
    -> (!W {maek.role = "parameter", maek.name = "p"}, tensor<2x2x3xf32>) {
  %0 = call @k(%x) : (!W) -> !W
  %1 = call @k(%p) : (!W) -> !W
  %2 = maek.stack %0, %1 dim 0 : !W, !W
  %3 = call @update(%p, %x) : (!W, !W) -> !W
  return %3, %2 : !W, tensor<2x2x3xf32>
}

// An argument and a value that is returned twice.
// CHECK-LABEL: func.func @returned(
// CHECK:         %[[A:.*]] = call @k(
// CHECK-NEXT:    %[[B:.*]] = call @copy_0(%arg0)
// CHECK-NEXT:    %[[C:.*]] = call @copy_0(%[[A]])
// CHECK-NEXT:    return %[[A]], %[[B]], %[[C]] :
// REMARK:        remark: {{.*}}copied, for the value lies elsewhere
// REMARK:        remark: {{.*}}copied, for the value is needed at two places
func.func @returned(%x: !W) -> (!W, !W, !W) {
  %0 = call @k(%x) : (!W) -> !W
  return %0, %x, %0 : !W, !W, !W
}

// The old parameter is read after the new one is known: the new one is kept
// aside until the end.
// CHECK-LABEL: func.func @late(
// CHECK:         %[[NEW:.*]] = call @update(
// CHECK-NEXT:    %[[OLD:.*]] = call @k(%arg0)
// CHECK-NEXT:    %[[COPY:.*]] = call @copy_0(%[[NEW]])
// CHECK-NEXT:    return %[[COPY]], %[[OLD]]
// REMARK:        copied, for the value would overwrite a value that is read later
func.func @late(%p: !W {maek.role = "parameter", maek.name = "p"}, %g: !W)
    -> (!W {maek.role = "parameter", maek.name = "p"}, !W) {
  %0 = call @update(%p, %g) : (!W, !W) -> !W
  %1 = call @k(%p) : (!W) -> !W
  return %0, %1 : !W, !W
}

// What computes, and what is no view at constant strides, becomes a kernel.
// CHECK-LABEL: func.func @kernels(
// CHECK:         %[[T:.*]] = call @transpose_0(%arg0)
// CHECK-NEXT:    %[[S:.*]] = call @stack_0(%[[T]], %[[T]])
// CHECK-NEXT:    return %[[S]]
// REMARK-DAG:    maek.transpose becomes a kernel: it moves the innermost axis
// REMARK-DAG:    maek.stack becomes a kernel: it alternates between its operands
func.func @kernels(%x: !W) -> tensor<3x2x2xf32> {
  %0 = maek.transpose %x [1, 0] : !W
  %1 = maek.stack %0, %0 dim 2 : tensor<3x2xf32>, tensor<3x2xf32>
  return %1 : tensor<3x2x2xf32>
}

// CHECK-LABEL: func.func private @copy_0(%arg0: tensor<2x3xf32>) -> tensor<2x3xf32> attributes {maek.kernel, maek.symbols = []} {
// CHECK-NEXT:    maek.stop_gradient %arg0

// -----

!B = tensor<?x4xf32, #maek.dims<B>>
!TB = tensor<?x?x4xf32, #maek.dims<T, B>>
func.func private @zero() -> !B attributes {maek.kernel} {
  %0 = maek.constant 0.0 : !B
  return %0 : !B
}
func.func private @step(%x: !B, %h: !B) -> (!B, !B) attributes {maek.kernel} {
  %0 = maek.add %x, %h : !B
  %1 = maek.mul %x, %h : !B
  return %0, %1 : !B, !B
}
func.func private @use(%x: !TB, %y: !TB) -> !TB attributes {maek.kernel} {
  %0 = maek.add %x, %y : !TB
  return %0 : !TB
}

// Both states want the zero in their first row: it is made twice, not copied.
// An element of the input that is collected is copied in each step.
// CHECK-LABEL: func.func @scan(
// CHECK:         %[[A:.*]] = call @zero()
// CHECK-NEXT:    %[[B:.*]] = call @zero()
// CHECK-NEXT:    maek.scan over(%arg0) init(%[[A]], %[[B]])
// CHECK:           func.call @step(
// CHECK-NEXT:      %[[COPY:.*]] = func.call @copy_0(%arg1)
// CHECK-NEXT:      maek.yield %{{.*}}#0, %{{.*}}#1, %arg2, %arg3, %[[COPY]]
func.func @scan(%x: !TB) -> (!TB, !TB) {
  %z = call @zero() : () -> !B
  %r:5 = maek.scan over(%x) init(%z, %z) {
  ^bb0(%e: !B, %h: !B, %c: !B):
    %0:2 = func.call @step(%e, %h) : (!B, !B) -> (!B, !B)
    maek.yield %0#0, %0#1, %h, %c, %e : !B, !B, !B, !B, !B
  } : (!TB, !B, !B) -> (!B, !B, !TB, !TB, !TB)
  %1 = call @use(%r#2, %r#3) : (!TB, !TB) -> !TB
  return %1, %r#4 : !TB, !TB
}

// -----

!W = tensor<3x3xf32>
func.func private @swap(%a: !W, %b: !W) -> (!W, !W) attributes {maek.kernel} {
  %0 = maek.tanh %b : !W
  %1 = maek.exp %a : !W
  return %0, %1 : !W, !W
}
func.func private @moments(%a: !W, %b: !W) -> (!W, !W) attributes {maek.kernel} {
  %0 = maek.tanh %a : !W
  %1 = maek.mul %b, %0 : !W
  return %0, %1 : !W, !W
}
!V = tensor<3x3x4xf32>
func.func private @decay(%a: !V) -> !V attributes {maek.kernel} {
  %0 = maek.tanh %a : !V
  return %0 : !V
}

// Neither of the new states is made of the old one in whose place it belongs,
// which the other one still needs.
// CHECK-LABEL: func.func @swapped(
// CHECK:         %[[NEW:.*]]:2 = call @swap(
// CHECK-NEXT:    %[[A:.*]] = call @copy_0(%[[NEW]]#0)
// CHECK-NEXT:    %[[B:.*]] = call @copy_0(%[[NEW]]#1)
// CHECK-NEXT:    return %[[A]], %[[B]]
func.func @swapped(%a: !W {maek.role = "state", maek.name = "a"}, %b: !W {maek.role = "state", maek.name = "b"})
    -> (!W {maek.role = "state", maek.name = "a"}, !W {maek.role = "state", maek.name = "b"}) {
  %0:2 = call @swap(%a, %b) : (!W, !W) -> (!W, !W)
  return %0#0, %0#1 : !W, !W
}

// Each is made of its own old one, as Adam's are.
// CHECK-LABEL: func.func @followed(
// CHECK-NOT:     @copy
// CHECK:         return
func.func @followed(%a: !W {maek.role = "state", maek.name = "a"}, %b: !W {maek.role = "state", maek.name = "b"})
    -> (!W {maek.role = "state", maek.name = "a"}, !W {maek.role = "state", maek.name = "b"}) {
  %0:2 = call @moments(%a, %b) : (!W, !W) -> (!W, !W)
  return %0#0, %0#1 : !W, !W
}

// Turned, an element would lie where another one is read.
// CHECK-LABEL: func.func @turned(
// CHECK:         %[[NEW:.*]] = call @decay(
// CHECK-NEXT:    %[[TURNED:.*]] = maek.transpose %[[NEW]] [1, 0, 2]
// CHECK-NEXT:    %[[COPY:.*]] = call @copy_1(%[[TURNED]])
// CHECK-NEXT:    return %[[COPY]]
func.func @turned(%a: !V {maek.role = "state", maek.name = "a"})
    -> (!V {maek.role = "state", maek.name = "a"}) {
  %0 = call @decay(%a) : (!V) -> !V
  %1 = maek.transpose %0 [1, 0, 2] : !V
  return %1 : !V
}

!C = tensor<?x3x4xf32, #maek.dims<C>>
!R = tensor<1x3x4xf32>
func.func private @row(%x: !R) -> !R attributes {maek.kernel} {
  %0 = maek.tanh %x : !R
  return %0 : !R
}

// The row is computed where it belongs: nothing moves.
// CHECK-LABEL: func.func @updated(
// CHECK-NEXT:    %[[ROW:.*]] = call @row(
// CHECK-NEXT:    %[[NEW:.*]] = maek.update_slice %{{.*}}, %[[ROW]]
// CHECK-NEXT:    return %[[NEW]]
func.func @updated(%x: !R, %p: tensor<i32>, %c: !C {maek.role = "carried", maek.name = "c"})
    -> (!C {maek.role = "carried", maek.name = "c"}) {
  %0 = call @row(%x) : (!R) -> !R
  %1 = maek.update_slice %c, %0 at %p dim 0 : !C, !R, tensor<i32>
  return %1 : !C
}

// What others read stays: a kernel makes a new tensor.
// CHECK-LABEL: func.func @kept(
// CHECK-SAME:      %[[C:[a-z0-9]+]]: tensor<?x3x4xf32, #maek.dims<C>> {maek.name = "c"
// CHECK-NEXT:    call @update_slice_0(%[[C]],
// CHECK:         %[[OLD:.*]] = call @copy_2(%[[C]])
// CHECK:         return %{{.*}}, %[[OLD]]
func.func @kept(%x: !R, %p: tensor<i32>, %c: !C {maek.role = "carried", maek.name = "c"})
    -> (!C {maek.role = "carried", maek.name = "c"}, !C {maek.role = "output", maek.name = "old"}) {
  %0 = maek.update_slice %c, %x at %p dim 0 : !C, !R, tensor<i32>
  return %0, %c : !C, !C
}
