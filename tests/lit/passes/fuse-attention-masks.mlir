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

// A product of comparisons is their and; numbers count where they are above 0.
// CHECK-LABEL: func.func @products(
// CHECK-SAME: %[[N:[a-z0-9]+]]: tensor<6xi1>, %[[U:[a-z0-9]+]]: tensor<6xf32>)
// CHECK-DAG: %[[NB:.*]] = maek.broadcast %[[N]] dims [1] : tensor<6xi1> -> tensor<6x6xi1>
// CHECK-DAG: %[[UC:.*]] = maek.compare gt %[[U]], %{{.*}} : tensor<6xf32> -> tensor<6xi1>
// CHECK-DAG: %[[UB:.*]] = maek.broadcast %[[UC]] dims [1] : tensor<6xi1> -> tensor<6x6xi1>
// CHECK: maek.attention %{{.*}}, %{{.*}}, %{{.*}} masks(%[[NB]], %[[UB]]) scale 1.000000e+00 causal 0 :
func.func @products(%q: tensor<6x4xf32>, %k: tensor<6x4xf32>, %v: tensor<6x4xf32>, %n: tensor<6xi1>, %u: tensor<6xf32>) -> tensor<6x4xf32> {
  %s = maek.einsum "ik,jk->ij" %q, %k : tensor<6x4xf32>, tensor<6x4xf32>
  %i = maek.iota 0 : tensor<6x6xi32>
  %j = maek.iota 1 : tensor<6x6xi32>
  %c = maek.compare le %j, %i : tensor<6x6xi32> -> tensor<6x6xi1>
  %fc = maek.convert %c : tensor<6x6xi1> -> tensor<6x6xf32>
  %fn = maek.convert %n : tensor<6xi1> -> tensor<6xf32>
  %nu = maek.mul %fn, %u : tensor<6xf32>
  %nub = maek.broadcast %nu dims [1] : tensor<6xf32> -> tensor<6x6xf32>
  %f = maek.mul %fc, %nub : tensor<6x6xf32>
  %zero = maek.constant 0.0 : tensor<6x6xf32>
  %m = maek.compare gt %f, %zero : tensor<6x6xf32> -> tensor<6x6xi1>
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

// Of two numbers both may be negative.
// CHECK-LABEL: func.func @product_of_numbers(
// CHECK: maek.attention %{{.*}} masks(%{{[a-z0-9]+}}) scale 1.000000e+00 :
func.func @product_of_numbers(%q: tensor<6x4xf32>, %k: tensor<6x4xf32>, %v: tensor<6x4xf32>, %a: tensor<6x6xf32>, %b: tensor<6x6xf32>) -> tensor<6x4xf32> {
  %s = maek.einsum "ik,jk->ij" %q, %k : tensor<6x4xf32>, tensor<6x4xf32>
  %f = maek.mul %a, %b : tensor<6x6xf32>
  %zero = maek.constant 0.0 : tensor<6x6xf32>
  %m = maek.compare gt %f, %zero : tensor<6x6xf32> -> tensor<6x6xi1>
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
