// RUN: maek-opt %s | maek-opt | FileCheck %s
// RUN: maek-opt --mlir-print-op-generic %s | maek-opt | FileCheck %s
// RUN: not maek-interpret %s --entry outside 2>&1 | FileCheck %s --check-prefix=OUTSIDE

// CHECK-LABEL: func.func @text
func.func @text(%e: tensor<9x4xf32>, %z: tensor<?x9xf32, #maek.dims<B>>, %i: tensor<?xi32, #maek.dims<B>>) {
  // CHECK: %[[X:.*]] = maek.gather %{{.*}} at %{{.*}} : tensor<9x4xf32>, tensor<?xi32, #maek.dims<B>>
  %0 = maek.gather %e at %i : tensor<9x4xf32>, tensor<?xi32, #maek.dims<B>>
  // CHECK-NEXT: maek.gather %{{.*}} at %{{.*}} batch 1 : tensor<?x9xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
  %1 = maek.gather %z at %i batch 1 : tensor<?x9xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
  // CHECK-NEXT: maek.scatter_add %[[X]] at %{{.*}} : tensor<?x4xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>> -> tensor<9x4xf32>
  %2 = maek.scatter_add %0 at %i : tensor<?x4xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>> -> tensor<9x4xf32>
  return
}

// The reference says which number is wrong; kernels stay within the table.
// OUTSIDE: error: 'maek.gather' op index 7 is outside of 3
func.func @outside() -> tensor<2x4xf32> {
  %e = maek.constant 1.0 : tensor<3x4xf32>
  %i = maek.constant 7.0 : tensor<2xi32>
  %0 = maek.gather %e at %i : tensor<3x4xf32>, tensor<2xi32>
  return %0 : tensor<2x4xf32>
}
