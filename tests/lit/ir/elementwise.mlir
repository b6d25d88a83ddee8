// RUN: maek-opt %s | maek-opt | FileCheck %s
// RUN: maek-opt --mlir-print-op-generic %s | maek-opt | FileCheck %s

// Every elementwise op and source keeps its text.
// CHECK-LABEL: func.func @unary
func.func @unary(%x: tensor<?x4xf32, #maek.dims<B>>) {
  // CHECK: maek.neg %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %0 = maek.neg %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.exp %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %1 = maek.exp %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.log %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %2 = maek.log %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.tanh %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %3 = maek.tanh %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.sigmoid %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %4 = maek.sigmoid %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.sqrt %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %5 = maek.sqrt %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.sin %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %6 = maek.sin %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.cos %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %7 = maek.cos %x : tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.stop_gradient %{{.*}} : tensor<?x4xf32, #maek.dims<B>>
  %8 = maek.stop_gradient %x : tensor<?x4xf32, #maek.dims<B>>
  return
}

// CHECK-LABEL: func.func @binary
func.func @binary(%a: tensor<4xf64>, %b: tensor<4xf64>) {
  // CHECK: maek.add %{{.*}}, %{{.*}} : tensor<4xf64>
  %0 = maek.add %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.sub %{{.*}}, %{{.*}} : tensor<4xf64>
  %1 = maek.sub %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.mul %{{.*}}, %{{.*}} : tensor<4xf64>
  %2 = maek.mul %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.div %{{.*}}, %{{.*}} : tensor<4xf64>
  %3 = maek.div %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.pow %{{.*}}, %{{.*}} : tensor<4xf64>
  %4 = maek.pow %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.max %{{.*}}, %{{.*}} : tensor<4xf64>
  %5 = maek.max %a, %b : tensor<4xf64>
  // CHECK-NEXT: maek.min %{{.*}}, %{{.*}} : tensor<4xf64>
  %6 = maek.min %a, %b : tensor<4xf64>
  return
}

// CHECK-LABEL: func.func @choice
func.func @choice(%a: tensor<4xf32>, %b: tensor<4xf32>, %i: tensor<4xi32>) {
  // CHECK: maek.compare ge %{{.*}}, %{{.*}} : tensor<4xf32> -> tensor<4xi1>
  %0 = maek.compare ge %a, %b : tensor<4xf32> -> tensor<4xi1>
  // CHECK-NEXT: maek.compare eq %{{.*}}, %{{.*}} : tensor<4xi32> -> tensor<4xi1>
  %1 = maek.compare eq %i, %i : tensor<4xi32> -> tensor<4xi1>
  // CHECK-NEXT: maek.select %{{.*}}, %{{.*}}, %{{.*}} : tensor<4xi1>, tensor<4xf32>
  %2 = maek.select %0, %a, %b : tensor<4xi1>, tensor<4xf32>
  // CHECK-NEXT: maek.convert %{{.*}} : tensor<4xi1> -> tensor<4xf32>
  %3 = maek.convert %0 : tensor<4xi1> -> tensor<4xf32>
  return
}

// Constants of any element type; what no decimal number writes keeps its bits.
// CHECK-LABEL: func.func @sources
func.func @sources() {
  // CHECK: maek.constant 5.000000e-01 : tensor<?x?xf32, #maek.dims<B, T>>
  %0 = maek.constant 0.5 : tensor<?x?xf32, #maek.dims<B, T>>
  // CHECK-NEXT: maek.constant 0x7FF0000000000000 : tensor<f32>
  %1 = maek.constant 0x7FF0000000000000 : tensor<f32>
  // CHECK-NEXT: maek.constant 0x7FF8000000000000 : tensor<f64>
  %2 = maek.constant 0x7FF8000000000000 : tensor<f64>
  // CHECK-NEXT: maek.constant 1.000000e+00 : tensor<2xi1>
  %3 = maek.constant 1.0 : tensor<2xi1>
  // CHECK-NEXT: maek.constant -3.000000e+00 : tensor<i32>
  %4 = maek.constant -3.0 : tensor<i32>
  // CHECK-NEXT: maek.constant 1.000000e-01 : tensor<0x3xf64>
  %5 = maek.constant 0.1 : tensor<0x3xf64>
  // CHECK-NEXT: maek.iota 1 : tensor<4x10xi32>
  %6 = maek.iota 1 : tensor<4x10xi32>
  // CHECK-NEXT: maek.iota 0 : tensor<?xf32, #maek.dims<B>>
  %7 = maek.iota 0 : tensor<?xf32, #maek.dims<B>>
  // CHECK-NEXT: maek.extent "2*B*T" : tensor<f32>
  %8 = maek.extent "2*B*T" : tensor<f32>
  return
}
