// RUN: maek-opt %s --maek-pipeline --maek-plan-memory | FileCheck %s

// Kernels write scalars right where a stack has them.
// CHECK-LABEL: func.func @forward(
// CHECK: maek.launch @reduction_0(
// CHECK: maek.launch @reduction_1({{.*}}offset: 1>>
// CHECK-NOT: maek.launch
// CHECK: return
func.func @forward(%x: tensor<4xf32> {maek.role = "input", maek.name = "x"}) -> (tensor<2xf32> {maek.role = "output", maek.name = "y"}) {
  %a = maek.reduce sum %x dims [0] : tensor<4xf32>
  %b = maek.reduce max %x dims [0] : tensor<4xf32>
  %s = maek.stack %a, %b dim 0 : tensor<f32>, tensor<f32>
  return %s : tensor<2xf32>
}
