// RUN: maek-opt %s --maek-make-stepwise --split-input-file --verify-diagnostics

// expected-error@+1 {{maek.text names no input of shape [examples, steps]}}
func.func @textless(%x: tensor<4xf32> {maek.name = "x", maek.role = "input"}) -> (tensor<4xf32>) attributes {maek.text = "x"} {
  return %x : tensor<4xf32>
}

// -----

// expected-error@+1 {{maek.text belongs on an entry of tensors}}
func.func private @declared(tensor<4xf32>) attributes {maek.text = "x"}
