// RUN: maek-opt --canonicalize --split-input-file %s | FileCheck %s

// Identities that hold for NaN, too: x + 0, x * 1, -(-x), x ^ 1, max(x, x).
// CHECK-LABEL: func.func @neutral(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK-NEXT: return %[[X]]
func.func @neutral(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = maek.constant 0.0 : tensor<f32>
  %zeros = maek.broadcast %zero dims [] : tensor<f32> -> tensor<4xf32>
  %ones = maek.constant 1.0 : tensor<4xf32>
  %0 = maek.add %zeros, %x : tensor<4xf32>
  %1 = maek.sub %0, %zeros : tensor<4xf32>
  %2 = maek.mul %ones, %1 : tensor<4xf32>
  %3 = maek.div %2, %ones : tensor<4xf32>
  %4 = maek.pow %3, %ones : tensor<4xf32>
  %5 = maek.neg %4 : tensor<4xf32>
  %6 = maek.neg %5 : tensor<4xf32>
  %7 = maek.max %6, %6 : tensor<4xf32>
  %8 = maek.min %7, %7 : tensor<4xf32>
  return %8 : tensor<4xf32>
}

// Not identities: x - x and 0 * x are NaN where x is not finite.
// CHECK-LABEL: func.func @not_neutral(
// CHECK: maek.sub
// CHECK: maek.mul
// CHECK: maek.div
func.func @not_neutral(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %zero = maek.constant 0.0 : tensor<4xf32>
  %0 = maek.sub %x, %x : tensor<4xf32>
  %1 = maek.mul %x, %zero : tensor<4xf32>
  %2 = maek.div %x, %x : tensor<4xf32>
  return %0, %1, %2 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Signs move to where they cost nothing.
// CHECK-LABEL: func.func @signs(
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<4xf32>, %[[B:[a-z0-9]*]]:
func.func @signs(%a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %na = maek.neg %a : tensor<4xf32>
  %nb = maek.neg %b : tensor<4xf32>
  %minus = maek.constant -1.0 : tensor<4xf32>
  // CHECK-DAG: maek.sub %[[B]], %[[A]]
  %0 = maek.add %na, %b : tensor<4xf32>
  // CHECK-DAG: maek.add %[[A]], %[[B]]
  %1 = maek.sub %a, %nb : tensor<4xf32>
  // CHECK-DAG: maek.mul %[[A]], %[[B]]
  %2 = maek.mul %na, %nb : tensor<4xf32>
  // CHECK-DAG: maek.neg %[[A]]
  %3 = maek.mul %minus, %a : tensor<4xf32>
  // CHECK-DAG: maek.div %[[A]], %[[B]]
  %4 = maek.div %na, %nb : tensor<4xf32>
  return %0, %1, %2, %3, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Arithmetic on constants is done; shape ops and conversions carry them along.
// CHECK-LABEL: func.func @constants(
// CHECK-DAG: %[[A:.*]] = maek.constant 2.000000e+00 : tensor<4x?xf32, #maek.dims<B>>
// CHECK-DAG: %[[B:.*]] = maek.constant 1.000000e+00 : tensor<2xf32>
// CHECK: return %[[A]], %[[B]]
func.func @constants() -> (tensor<4x?xf32, #maek.dims<B>>, tensor<2xf32>) {
  %three = maek.constant 3.0 : tensor<f32>
  %one = maek.constant 1.0 : tensor<f32>
  %0 = maek.sub %three, %one : tensor<f32>
  %1 = maek.broadcast %0 dims [] : tensor<f32> -> tensor<?x4xf32, #maek.dims<B>>
  %2 = maek.transpose %1 [1, 0] : tensor<?x4xf32, #maek.dims<B>>
  %true = maek.constant 1.0 : tensor<2xi1>
  %3 = maek.convert %true : tensor<2xi1> -> tensor<2xf32>
  return %2, %3 : tensor<4x?xf32, #maek.dims<B>>, tensor<2xf32>
}

// An infinity that is computed stays one; as a constant it would not.
// CHECK-LABEL: func.func @infinite(
// CHECK: maek.div
func.func @infinite() -> tensor<f32> {
  %one = maek.constant 1.0 : tensor<f32>
  %zero = maek.constant 0.0 : tensor<f32>
  %0 = maek.div %one, %zero : tensor<f32>
  return %0 : tensor<f32>
}

// One of f32 as well, where f64 has a number.
// CHECK-LABEL: func.func @infinite_in_single(
// CHECK: %[[SINGLE:.*]] = maek.mul
// CHECK: %[[DOUBLE:.*]] = maek.constant 1.{{.*}}E+60 : tensor<f64>
// CHECK: %[[ROUNDED:.*]] = maek.convert %[[DOUBLE]]
// CHECK: return %[[ROUNDED]], %[[SINGLE]], %[[DOUBLE]]
func.func @infinite_in_single() -> (tensor<f32>, tensor<f32>, tensor<f64>) {
  %large = maek.constant 1.0e30 : tensor<f32>
  %0 = maek.mul %large, %large : tensor<f32>
  %double = maek.constant 1.0e30 : tensor<f64>
  %1 = maek.mul %double, %double : tensor<f64>
  %2 = maek.convert %1 : tensor<f64> -> tensor<f32>
  return %2, %0, %1 : tensor<f32>, tensor<f32>, tensor<f64>
}

// Towards zero, where i32 holds the number.
// CHECK-LABEL: func.func @whole(
// CHECK: %[[C:.*]] = maek.constant -2.000000e+00 : tensor<i32>
// CHECK: %[[D:.*]] = maek.convert
// CHECK: return %[[C]], %[[D]]
func.func @whole() -> (tensor<i32>, tensor<i32>) {
  %small = maek.constant -2.5 : tensor<f32>
  %large = maek.constant 3.0e9 : tensor<f32>
  %0 = maek.convert %small : tensor<f32> -> tensor<i32>
  %1 = maek.convert %large : tensor<f32> -> tensor<i32>
  return %0, %1 : tensor<i32>, tensor<i32>
}

// x ^ 0 is 1 for every x.
// CHECK-LABEL: func.func @power_of_none(
// CHECK: %[[ONE:.*]] = maek.constant 1.000000e+00
// CHECK-NEXT: return %[[ONE]]
func.func @power_of_none(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = maek.constant 0.0 : tensor<4xf32>
  %0 = maek.pow %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// x ^ 2 is x * x, NaN and negative numbers included.
// CHECK-LABEL: func.func @square(
// CHECK-SAME: %[[X:[a-z0-9]*]]:
// CHECK: maek.mul %[[X]], %[[X]]
func.func @square(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = maek.constant 2.0 : tensor<4xf32>
  %0 = maek.pow %x, %two : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @select(
// CHECK-SAME: %[[C:[a-z0-9]*]]: tensor<4xi1>, %[[A:[a-z0-9]*]]: tensor<4xf32>, %[[B:[a-z0-9]*]]:
// CHECK-NEXT: return %[[B]], %[[A]]
func.func @select(%c: tensor<4xi1>, %a: tensor<4xf32>, %b: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %false = maek.constant 0.0 : tensor<4xi1>
  %0 = maek.select %false, %a, %b : tensor<4xi1>, tensor<4xf32>
  %1 = maek.select %c, %a, %a : tensor<4xi1>, tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
