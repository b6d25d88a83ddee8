// RUN: maek-opt %s --maek-make-stepwise --split-input-file --verify-diagnostics

// expected-error@+1 {{maek.text names no input of shape [examples, steps]}}
func.func @textless(%x: tensor<4xf32> {maek.name = "x", maek.role = "input"}) -> (tensor<4xf32>) attributes {maek.text = "x"} {
  return %x : tensor<4xf32>
}

// -----

// expected-error@+1 {{maek.text belongs on an entry of tensors}}
func.func private @declared(tensor<4xf32>) attributes {maek.text = "x"}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!y = tensor<?x?x7xf32, #maek.dims<B, T>>
!z = tensor<?x7xf32, #maek.dims<B>>

// One generate_source is all that a program knows.
// expected-note@+1 {{the first one is here}}
func.func @first(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"}, %z: !z {maek.name = "z", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %0 = maek.gather %E at %text : tensor<7x7xf32>, !text
  %1 = maek.broadcast %z dims [0, 2] : !z -> !y
  %2 = maek.add %0, %1 : !y
  return %2 : !y
}
// expected-error@+1 {{what its source gives would be another 'generate_source'}}
func.func @second(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"}, %z: !z {maek.name = "z", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %0 = maek.gather %E at %text : tensor<7x7xf32>, !text
  %1 = maek.broadcast %z dims [0, 2] : !z -> !y
  %2 = maek.mul %0, %1 : !y
  return %2 : !y
}
