// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s --maek-fuse-epilogues=library=true | FileCheck %s
// RUN: maek-opt %s --maek-fuse-epilogues=library=true --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A product that a library may make stays alone; what it would be too small for
// takes its epilogue.
// CHECK-LABEL: func.func @large
// CHECK:       maek.kernel {
// CHECK-NEXT:    maek.einsum
// CHECK-NEXT:    maek.yield
// REMARK: fuse-epilogues{{.*}}left the product to a library of matrix products, alone
// REMARK-NOT: left the product
func.func @large(%x: tensor<?x128xf32, #maek.dims<B>>, %W: tensor<64x128xf32>) -> tensor<?x64xf32, #maek.dims<B>> {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x128xf32, #maek.dims<B>>, tensor<64x128xf32>
  %y = maek.tanh %z : tensor<?x64xf32, #maek.dims<B>>
  return %y : tensor<?x64xf32, #maek.dims<B>>
}

// CHECK-LABEL: func.func @small
// CHECK:       maek.kernel {
// CHECK-NEXT:    maek.einsum
// CHECK-NEXT:    maek.tanh
func.func @small(%x: tensor<?x128xf32, #maek.dims<B>>, %W: tensor<63x128xf32>) -> tensor<?x63xf32, #maek.dims<B>> {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x128xf32, #maek.dims<B>>, tensor<63x128xf32>
  %y = maek.tanh %z : tensor<?x63xf32, #maek.dims<B>>
  return %y : tensor<?x63xf32, #maek.dims<B>>
}

// In a loop a step's product and its epilogue are one launch.
// CHECK-LABEL: func.func @steps
// CHECK:       maek.kernel {
// CHECK-NEXT:    maek.einsum
// CHECK-NEXT:    maek.tanh
func.func @steps(%x: tensor<9x?x128xf32, #maek.dims<B>>, %h: tensor<?x128xf32, #maek.dims<B>>, %W: tensor<128x128xf32>) -> tensor<?x128xf32, #maek.dims<B>> {
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<?x128xf32, #maek.dims<B>>, %c: tensor<?x128xf32, #maek.dims<B>>):
    %z = maek.einsum "bk,nk->bn" %c, %W : tensor<?x128xf32, #maek.dims<B>>, tensor<128x128xf32>
    %y = maek.tanh %z : tensor<?x128xf32, #maek.dims<B>>
    maek.yield %y : tensor<?x128xf32, #maek.dims<B>>
  } : (tensor<9x?x128xf32, #maek.dims<B>>, tensor<?x128xf32, #maek.dims<B>>) -> tensor<?x128xf32, #maek.dims<B>>
  return %0 : tensor<?x128xf32, #maek.dims<B>>
}
