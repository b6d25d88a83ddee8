// RUN: maek-opt %s --mlir-disable-threading --pass-pipeline='builtin.module(builtin.module(maek-outline-kernels))' | FileCheck %s

// What one module has is not known in the next.
// CHECK-LABEL: module @first
// CHECK: call @elementwise_0
// CHECK: func.func private @elementwise_0
module @first {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    %y = maek.kernel {
      %0 = maek.tanh %x : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}

// CHECK-LABEL: module @second
// CHECK: call @elementwise_0
// CHECK: func.func private @elementwise_0
module @second {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    %y = maek.kernel {
      %0 = maek.tanh %x : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    return %y : tensor<4xf32>
  }
}
