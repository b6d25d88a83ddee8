// RUN: maek-opt %s --maek-fuse-attention --canonicalize | FileCheck %s

// Places are compared as floats: the same order.
// CHECK-LABEL: func.func @as_floats(
// CHECK: maek.attention %{{.*}}, %{{.*}}, %{{.*}} scale 1.000000e+00 causal 0 :
func.func @as_floats(%q: tensor<6x4xf32>, %k: tensor<6x4xf32>, %v: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %s = maek.einsum "ik,jk->ij" %q, %k : tensor<6x4xf32>, tensor<6x4xf32>
  %i = maek.iota 0 : tensor<6x6xi32>
  %j = maek.iota 1 : tensor<6x6xi32>
  %fi = maek.convert %i : tensor<6x6xi32> -> tensor<6x6xf32>
  %fj = maek.convert %j : tensor<6x6xi32> -> tensor<6x6xf32>
  %m = maek.compare le %fj, %fi : tensor<6x6xf32> -> tensor<6x6xi1>
  %inf = maek.constant 0xFFF0000000000000 : tensor<6x6xf32>
  %w = maek.select %m, %s, %inf : tensor<6x6xi1>, tensor<6x6xf32>
  %max = maek.reduce max %w dims [1] : tensor<6x6xf32>
  %mb = maek.broadcast %max dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %d = maek.sub %w, %mb : tensor<6x6xf32>
  %e = maek.exp %d : tensor<6x6xf32>
  %sum = maek.reduce sum %e dims [1] : tensor<6x6xf32>
  %sb = maek.broadcast %sum dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %p = maek.div %e, %sb : tensor<6x6xf32>
  %y = maek.einsum "ij,jd->id" %p, %v : tensor<6x6xf32>, tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}

// Whether the key is not the first one: no place.
// CHECK-LABEL: func.func @as_flags(
// CHECK: maek.attention %{{.*}}, %{{.*}}, %{{.*}} masks(%{{.*}}) scale 1.000000e+00 :
func.func @as_flags(%q: tensor<6x4xf32>, %k: tensor<6x4xf32>, %v: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %s = maek.einsum "ik,jk->ij" %q, %k : tensor<6x4xf32>, tensor<6x4xf32>
  %i = maek.iota 0 : tensor<6x6xi32>
  %j = maek.iota 1 : tensor<6x6xi32>
  %jb = maek.convert %j : tensor<6x6xi32> -> tensor<6x6xi1>
  %jn = maek.convert %jb : tensor<6x6xi1> -> tensor<6x6xi32>
  %m = maek.compare le %jn, %i : tensor<6x6xi32> -> tensor<6x6xi1>
  %inf = maek.constant 0xFFF0000000000000 : tensor<6x6xf32>
  %w = maek.select %m, %s, %inf : tensor<6x6xi1>, tensor<6x6xf32>
  %max = maek.reduce max %w dims [1] : tensor<6x6xf32>
  %mb = maek.broadcast %max dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %d = maek.sub %w, %mb : tensor<6x6xf32>
  %e = maek.exp %d : tensor<6x6xf32>
  %sum = maek.reduce sum %e dims [1] : tensor<6x6xf32>
  %sb = maek.broadcast %sum dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %p = maek.div %e, %sb : tensor<6x6xf32>
  %y = maek.einsum "ij,jd->id" %p, %v : tensor<6x6xf32>, tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}

// A half less, then cut off: the first two keys are both 0.
// CHECK-LABEL: func.func @truncated(
// CHECK: maek.attention %{{.*}}, %{{.*}}, %{{.*}} masks(%{{.*}}) scale 1.000000e+00 :
func.func @truncated(%q: tensor<6x4xf32>, %k: tensor<6x4xf32>, %v: tensor<6x4xf32>) -> tensor<6x4xf32> {
  %s = maek.einsum "ik,jk->ij" %q, %k : tensor<6x4xf32>, tensor<6x4xf32>
  %i = maek.iota 0 : tensor<6x6xi32>
  %j = maek.iota 1 : tensor<6x6xf32>
  %half = maek.constant 0.5 : tensor<6x6xf32>
  %less = maek.sub %j, %half : tensor<6x6xf32>
  %jn = maek.convert %less : tensor<6x6xf32> -> tensor<6x6xi32>
  %m = maek.compare le %jn, %i : tensor<6x6xi32> -> tensor<6x6xi1>
  %inf = maek.constant 0xFFF0000000000000 : tensor<6x6xf32>
  %w = maek.select %m, %s, %inf : tensor<6x6xi1>, tensor<6x6xf32>
  %max = maek.reduce max %w dims [1] : tensor<6x6xf32>
  %mb = maek.broadcast %max dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %d = maek.sub %w, %mb : tensor<6x6xf32>
  %e = maek.exp %d : tensor<6x6xf32>
  %sum = maek.reduce sum %e dims [1] : tensor<6x6xf32>
  %sb = maek.broadcast %sum dims [0] : tensor<6xf32> -> tensor<6x6xf32>
  %p = maek.div %e, %sb : tensor<6x6xf32>
  %y = maek.einsum "ij,jd->id" %p, %v : tensor<6x6xf32>, tensor<6x4xf32>
  return %y : tensor<6x4xf32>
}
