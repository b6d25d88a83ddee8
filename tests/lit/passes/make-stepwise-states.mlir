// RUN: maek-opt %s --maek-make-stepwise --split-input-file | FileCheck %s --allow-empty

!text = tensor<?x?xi32, #maek.dims<B, T>>
!y = tensor<?x?x7xf32, #maek.dims<B, T>>
!steps = tensor<?x?x7xf32, #maek.dims<T, B>>
!h = tensor<?x7xf32, #maek.dims<B>>
!begins = tensor<?xf32, #maek.dims<B>>

// The state is handed on: it begins anew where the text does, and else as the
// piece before has left it.
// CHECK-LABEL: func.func @handed_on
// CHECK-SAME: #maek.dims<B, T>
// CHECK-NOT: maek.text
// CHECK: maek.scan
func.func @handed_on(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"}, %begins: !begins {maek.name = "state.begins", maek.role = "input"}, %before: !h {maek.name = "state.h", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}, !h {maek.name = "state.h", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %xs = maek.transpose %x [1, 0, 2] : !y
  %none = maek.constant 0.0 : !begins
  %zero = maek.constant 0.0 : !h
  %0 = maek.compare gt %begins, %none : !begins -> tensor<?xi1, #maek.dims<B>>
  %1 = maek.broadcast %0 dims [0] : tensor<?xi1, #maek.dims<B>> -> tensor<?x7xi1, #maek.dims<B>>
  %h0 = maek.select %1, %zero, %before : tensor<?x7xi1, #maek.dims<B>>, !h
  %hT, %hs = maek.scan over(%xs) init(%h0) {
  ^bb0(%xt: !h, %h: !h):
    %n = maek.add %xt, %h : !h
    maek.yield %n, %n : !h, !h
  } : (!steps, !h) -> (!h, !steps)
  %y = maek.transpose %hs [1, 0, 2] : !steps
  return %y, %hT : !y, !h
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!y = tensor<?x?x7xf32, #maek.dims<B, T>>
!steps = tensor<?x?x7xf32, #maek.dims<T, B>>
!h = tensor<?x7xf32, #maek.dims<B>>

// Each piece would begin with the constant, not with what the one before left.
// CHECK-NOT: @constant_init
func.func @constant_init(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %xs = maek.transpose %x [1, 0, 2] : !y
  %h0 = maek.constant 1.0 : !h
  %hT, %hs = maek.scan over(%xs) init(%h0) {
  ^bb0(%xt: !h, %h: !h):
    %n = maek.add %xt, %h : !h
    maek.yield %n, %n : !h, !h
  } : (!steps, !h) -> (!h, !steps)
  %0 = maek.transpose %hs [1, 0, 2] : !steps
  return %0 : !y
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!y = tensor<?x?x7xf32, #maek.dims<B, T>>
!steps = tensor<?x?x7xf32, #maek.dims<T, B>>
!h = tensor<?x7xf32, #maek.dims<B>>

// Nobody hands the state on.
// CHECK-NOT: @not_given_out
func.func @not_given_out(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"}, %before: !h {maek.name = "state.h", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %xs = maek.transpose %x [1, 0, 2] : !y
  %hT, %hs = maek.scan over(%xs) init(%before) {
  ^bb0(%xt: !h, %h: !h):
    %n = maek.add %xt, %h : !h
    maek.yield %n, %n : !h, !h
  } : (!steps, !h) -> (!h, !steps)
  %0 = maek.transpose %hs [1, 0, 2] : !steps
  return %0 : !y
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!y = tensor<?x?x7xf32, #maek.dims<B, T>>
!steps = tensor<?x?x7xf32, #maek.dims<T, B>>
!h = tensor<?x7xf32, #maek.dims<B>>

// What the last step leaves is another number in each piece.
// CHECK-NOT: @final_read
func.func @final_read(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"}, %before: !h {maek.name = "state.h", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}, !h {maek.name = "state.h", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %xs = maek.transpose %x [1, 0, 2] : !y
  %hT, %hs = maek.scan over(%xs) init(%before) {
  ^bb0(%xt: !h, %h: !h):
    %n = maek.add %xt, %h : !h
    maek.yield %n, %n : !h, !h
  } : (!steps, !h) -> (!h, !steps)
  %0 = maek.transpose %hs [1, 0, 2] : !steps
  %1 = maek.broadcast %hT dims [0, 2] : !h -> !y
  %2 = maek.add %0, %1 : !y
  return %2, %hT : !y, !h
}
