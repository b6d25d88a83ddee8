// RUN: maek-opt %s --maek-simplify | FileCheck %s
// RUN: maek-opt %s --maek-simplify --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// The pass counts the ops of each function.
// REMARK: :[[#@LINE+6]]:1: remark: [Passed] simplify{{.*}}rewrote 'constants', 7 ops, as 3

// Numbers meet: 2 * 3 * x, x / 4 and 1 - 0.5.
// CHECK-LABEL: func.func @constants
// CHECK: maek.constant 1.500000e+00
// CHECK-NEXT: maek.mul %arg0, %{{.*}}
func.func @constants(%x: tensor<4xf64>) -> tensor<4xf64> {
  %2 = maek.constant 2.0 : tensor<4xf64>
  %3 = maek.constant 3.0 : tensor<4xf64>
  %4 = maek.constant 4.0 : tensor<4xf64>
  %a = maek.mul %2, %x : tensor<4xf64>
  %b = maek.mul %a, %3 : tensor<4xf64>
  %c = maek.div %b, %4 : tensor<4xf64>
  return %c : tensor<4xf64>
}

// CHECK-LABEL: func.func @folded
// CHECK-NEXT: %[[C:.*]] = maek.constant 5.000000e-01 : tensor<f64>
// CHECK-NEXT: return %[[C]]
func.func @folded() -> tensor<f64> {
  %1 = maek.constant 1.0 : tensor<f64>
  %2 = maek.constant 2.0 : tensor<f64>
  %a = maek.sub %2, %1 : tensor<f64>
  %b = maek.div %a, %2 : tensor<f64>
  return %b : tensor<f64>
}

// A quotient that is not finite stays.
// CHECK-LABEL: func.func @not_finite
// CHECK: maek.log
func.func @not_finite() -> tensor<f64> {
  %0 = maek.constant 0.0 : tensor<f64>
  %a = maek.log %0 : tensor<f64>
  return %a : tensor<f64>
}

// a + -b, 0 - (a - b) and -c * -b.
// CHECK-LABEL: func.func @signs
// CHECK-NEXT: %[[D:.*]] = maek.sub %arg0, %arg1
// CHECK-NEXT: %[[P:.*]] = maek.mul %[[D]], %arg1
// CHECK-NEXT: return %[[P]]
func.func @signs(%a: tensor<4xf64>, %b: tensor<4xf64>) -> tensor<4xf64> {
  %zero = maek.constant 0.0 : tensor<4xf64>
  %nb = maek.neg %b : tensor<4xf64>
  %s = maek.add %a, %nb : tensor<4xf64>
  %t = maek.sub %zero, %s : tensor<4xf64>
  %p = maek.mul %t, %nb : tensor<4xf64>
  return %p : tensor<4xf64>
}

// CHECK-LABEL: func.func @powers
// CHECK: maek.mul %arg0, %arg0
// CHECK: maek.sqrt %arg0
// CHECK-NOT: maek.pow
func.func @powers(%x: tensor<4xf64>) -> (tensor<4xf64>, tensor<4xf64>) {
  %two = maek.constant 2.0 : tensor<4xf64>
  %half = maek.constant 0.5 : tensor<4xf64>
  %a = maek.pow %x, %two : tensor<4xf64>
  %b = maek.pow %x, %half : tensor<4xf64>
  return %a, %b : tensor<4xf64>, tensor<4xf64>
}

// Work on 4 elements instead of 3x4, though one operand is a scalar.
// CHECK-LABEL: func.func @before_broadcast
// CHECK: %[[S:.*]] = maek.broadcast %arg1 dims [] : tensor<f64> -> tensor<4xf64>
// CHECK: %[[P:.*]] = maek.mul %arg0, %[[S]] : tensor<4xf64>
// CHECK: %[[T:.*]] = maek.tanh %[[P]] : tensor<4xf64>
// CHECK: maek.broadcast %[[T]] dims [2] : tensor<4xf64> -> tensor<?x3x4xf64
func.func @before_broadcast(%x: tensor<4xf64>, %s: tensor<f64>, %batch: tensor<?xf64, #maek.dims<B>>) -> tensor<?x3x4xf64, #maek.dims<B>> {
  %a = maek.broadcast %x dims [1] : tensor<4xf64> -> tensor<3x4xf64>
  %b = maek.broadcast %a dims [1, 2] : tensor<3x4xf64> -> tensor<?x3x4xf64, #maek.dims<B>>
  %c = maek.broadcast %s dims [] : tensor<f64> -> tensor<?x3x4xf64, #maek.dims<B>>
  %d = maek.mul %b, %c : tensor<?x3x4xf64, #maek.dims<B>>
  %e = maek.tanh %d : tensor<?x3x4xf64, #maek.dims<B>>
  return %e : tensor<?x3x4xf64, #maek.dims<B>>
}

// Together the operands have every axis: nothing to gain.
// CHECK-LABEL: func.func @outer_sum
// CHECK: maek.add %{{.*}} : tensor<3x4xf64>
func.func @outer_sum(%x: tensor<4xf64>, %y: tensor<3xf64>) -> tensor<3x4xf64> {
  %a = maek.broadcast %x dims [1] : tensor<4xf64> -> tensor<3x4xf64>
  %b = maek.broadcast %y dims [0] : tensor<3xf64> -> tensor<3x4xf64>
  %c = maek.add %a, %b : tensor<3x4xf64>
  return %c : tensor<3x4xf64>
}

// CHECK-LABEL: func.func @product_of_broadcast
// CHECK: %[[P:.*]] = maek.einsum "k,nk->n" %arg0, %arg1
// CHECK: maek.broadcast %[[P]] dims [1]
func.func @product_of_broadcast(%x: tensor<4xf64>, %W: tensor<3x4xf64>, %batch: tensor<?xf64, #maek.dims<B>>) -> tensor<?x3xf64, #maek.dims<B>> {
  %a = maek.broadcast %x dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
  %b = maek.einsum "bk,nk->bn" %a, %W : tensor<?x4xf64, #maek.dims<B>>, tensor<3x4xf64>
  return %b : tensor<?x3xf64, #maek.dims<B>>
}

// Repeated B times, then summed: times B. The largest stays the largest.
// CHECK-LABEL: func.func @sum_of_broadcast
// CHECK: %[[R:.*]] = maek.reduce sum %arg0 dims [0] : tensor<4xf64>
// CHECK: maek.extent "B"
// CHECK: maek.mul %[[R]], %{{.*}} : tensor<f64>
// CHECK: maek.reduce max %arg0 dims [0] : tensor<4xf64>
func.func @sum_of_broadcast(%x: tensor<4xf64>, %batch: tensor<?xf64, #maek.dims<B>>) -> (tensor<f64>, tensor<f64>) {
  %a = maek.broadcast %x dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
  %b = maek.reduce sum %a dims [0, 1] : tensor<?x4xf64, #maek.dims<B>>
  %c = maek.reduce max %a dims [0, 1] : tensor<?x4xf64, #maek.dims<B>>
  return %b, %c : tensor<f64>, tensor<f64>
}

// stop_gradient has served once no gradient is left to take.
// CHECK-LABEL: func.func @stop
// CHECK-NEXT: return %arg0
func.func @stop(%x: tensor<4xf64>) -> tensor<4xf64> {
  %a = maek.stop_gradient %x : tensor<4xf64>
  return %a : tensor<4xf64>
}

// 1e-30 * 1e-30 is 0 in f32; x * 1e-30 * 1e-30 need not be.
// CHECK-LABEL: func.func @small_factors
// CHECK: %[[P:.*]] = maek.mul %arg0, %[[C:.*]] :
// CHECK: maek.mul %[[P]], %[[C]] :
func.func @small_factors(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = maek.constant 1.0e-30 : tensor<4xf32>
  %a = maek.mul %x, %c : tensor<4xf32>
  %b = maek.mul %a, %c : tensor<4xf32>
  return %b : tensor<4xf32>
}

// exp(100) is infinite in f32: it is computed.
// CHECK-LABEL: func.func @infinite_in_single
// CHECK: maek.exp
// CHECK-NEXT: %[[E:.*]] = maek.constant 2.688{{.*}}E+43 : tensor<f64>
func.func @infinite_in_single() -> (tensor<f32>, tensor<f64>) {
  %single = maek.constant 100.0 : tensor<f32>
  %double = maek.constant 100.0 : tensor<f64>
  %0 = maek.exp %single : tensor<f32>
  %1 = maek.exp %double : tensor<f64>
  return %0, %1 : tensor<f32>, tensor<f64>
}

// The largest of no numbers is -infinity, not one of them.
// CHECK-LABEL: func.func @largest_of_none
// CHECK-COUNT-2: maek.reduce max
func.func @largest_of_none(%x: tensor<4xf64>) -> (tensor<4xf64>, tensor<f64>) {
  %0 = maek.broadcast %x dims [0] : tensor<4xf64> -> tensor<4x0xf64>
  %1 = maek.reduce max %0 dims [1] : tensor<4x0xf64>
  %2 = maek.constant 1.0 : tensor<0xf64>
  %3 = maek.reduce max %2 dims [0] : tensor<0xf64>
  return %1, %3 : tensor<4xf64>, tensor<f64>
}

// The sum of no numbers is 0, whatever they would have been.
// CHECK-LABEL: func.func @sum_of_none
// CHECK: %[[ZERO:.*]] = maek.constant 0.000000e+00 : tensor<4xf64>
// CHECK-NEXT: return %[[ZERO]]
func.func @sum_of_none(%x: tensor<4xf64>) -> tensor<4xf64> {
  %0 = maek.broadcast %x dims [0] : tensor<4xf64> -> tensor<4x0xf64>
  %1 = maek.reduce sum %0 dims [1] : tensor<4x0xf64>
  return %1 : tensor<4xf64>
}

// As Halide's kernels have it, of infinities, too.
// CHECK-LABEL: func.func @zeros
// CHECK-NEXT: %[[ZERO:.*]] = maek.constant 0.000000e+00
// CHECK-NEXT: return %[[ZERO]], %[[ZERO]], %[[ZERO]]
func.func @zeros(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = maek.constant 0.0 : tensor<4xf32>
  %0 = maek.mul %zero, %x : tensor<4xf32>
  %1 = maek.div %zero, %x : tensor<4xf32>
  %2 = maek.sub %x, %x : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// 0 / 0 is no number.
// CHECK-LABEL: func.func @zero_quotients
// CHECK: maek.div
// CHECK: maek.div
func.func @zero_quotients(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = maek.constant 0.0 : tensor<4xf32>
  %0 = maek.div %zero, %zero : tensor<4xf32>
  %1 = maek.div %x, %zero : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @flags(
// CHECK-SAME: %[[C:.*]]: tensor<4xi1>
// CHECK-NEXT: return %[[C]]
func.func @flags(%c: tensor<4xi1>) -> tensor<4xi1> {
  %zero = maek.constant 0.0 : tensor<4xf32>
  %0 = maek.convert %c : tensor<4xi1> -> tensor<4xf32>
  %1 = maek.compare gt %0, %zero : tensor<4xf32> -> tensor<4xi1>
  return %1 : tensor<4xi1>
}
