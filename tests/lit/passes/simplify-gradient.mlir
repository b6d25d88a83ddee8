// RUN: maek-opt %s --maek-simplify | FileCheck %s

// While a gradient is to be taken, stop_gradient stays.
// CHECK-LABEL: func.func @gradient
// CHECK: maek.stop_gradient
func.func @gradient(%x: tensor<f64>) -> tensor<f64> {
  %a = maek.stop_gradient %x : tensor<f64>
  %b = maek.mul %a, %x : tensor<f64>
  %g = maek.gradient %b wrt(%x) : tensor<f64>, tensor<f64>
  return %g : tensor<f64>
}

// A gradient in a loop stays with the value that it is one of.
// CHECK-LABEL: func.func @gradient_in_a_loop
// CHECK: maek.scan
// CHECK: maek.mul
// CHECK-NEXT: maek.gradient
func.func @gradient_in_a_loop(%w: tensor<f64>, %xs: tensor<3xf64>, %h0: tensor<f64>) -> tensor<3xf64> {
  %hT, %gs = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<f64>, %h: tensor<f64>):
    %v = maek.mul %w, %w : tensor<f64>
    %g = maek.gradient %v wrt(%x) : tensor<f64>, tensor<f64>
    %n = maek.add %h, %x : tensor<f64>
    maek.yield %n, %g : tensor<f64>, tensor<f64>
  } : (tensor<3xf64>, tensor<f64>) -> (tensor<f64>, tensor<3xf64>)
  return %gs : tensor<3xf64>
}
