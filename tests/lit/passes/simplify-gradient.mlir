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
