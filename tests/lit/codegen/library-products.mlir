// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s "--maek-lower-host=device=true library=true tf32=true" | FileCheck %s
// RUN: maek-opt %s --maek-lower-host=device=true | FileCheck %s --check-prefix=WITHOUT

// Where a device may have a library of matrix products, a function stands
// before a kernel that is one: it calls the kernel if the library made nothing.
// WITHOUT-NOT: maek_device_product
// CHECK-DAG:   llvm.mlir.global private constant @product.product.equation("bk,nk->bn\00")
// CHECK-DAG:   llvm.func @maek_device_product(!llvm.ptr, i32, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> i32
// CHECK-LABEL: llvm.func @product.product(
// CHECK-SAME:    %[[X:[^:]*]]: !llvm.ptr, %[[W:[^:]*]]: !llvm.ptr, %[[Y:[^:]*]]: !llvm.ptr) -> i32
// CHECK-DAG:     %[[ONE:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK:         %[[S:.*]] = llvm.call @maek_device_product(%{{.*}}, %[[ONE]], %[[X]], %[[W]], %[[Y]])
// CHECK:         %[[LEFT:.*]] = llvm.icmp "eq" %[[S]], %[[ONE]]
// CHECK:         llvm.cond_br %[[LEFT]], ^[[OWN:.*]], ^[[END:.*]](%[[S]] : i32)
// CHECK:       ^[[OWN]]:
// CHECK:         %[[MADE:.*]] = llvm.call @product(%[[X]], %[[W]], %[[Y]])
// CHECK:         llvm.br ^[[END]](%[[MADE]] : i32)
// CHECK:       ^[[END]](%[[STATUS:.*]]: i32):
// CHECK:         llvm.return %[[STATUS]]
func.func private @product(%x: tensor<?x128xf32, #maek.dims<B>>, %w: tensor<64x128xf32>)
    -> tensor<?x64xf32, #maek.dims<B>> attributes {maek.kernel} {
  %0 = maek.einsum "bk,nk->bn" %x, %w : tensor<?x128xf32, #maek.dims<B>>, tensor<64x128xf32>
  return %0 : tensor<?x64xf32, #maek.dims<B>>
}

// A tensor times itself is one argument of the kernel.
// CHECK-NOT:   @square.product
func.func private @square(%x: tensor<?x128xf32, #maek.dims<B>>)
    -> tensor<?x?xf32, #maek.dims<B, B>> attributes {maek.kernel} {
  %0 = maek.einsum "bk,ck->bc" %x, %x : tensor<?x128xf32, #maek.dims<B>>, tensor<?x128xf32, #maek.dims<B>>
  return %0 : tensor<?x?xf32, #maek.dims<B, B>>
}

// Too short sums for a library.
// CHECK-NOT:   @short.product
func.func private @short(%x: tensor<?x20xf32, #maek.dims<B>>, %w: tensor<64x20xf32>)
    -> tensor<?x64xf32, #maek.dims<B>> attributes {maek.kernel} {
  %0 = maek.einsum "bk,nk->bn" %x, %w : tensor<?x20xf32, #maek.dims<B>>, tensor<64x20xf32>
  return %0 : tensor<?x64xf32, #maek.dims<B>>
}

// Too few columns.
// CHECK-NOT:   @small.product
func.func private @small(%x: tensor<?x64xf32, #maek.dims<B>>, %w: tensor<10x64xf32>)
    -> tensor<?x10xf32, #maek.dims<B>> attributes {maek.kernel} {
  %0 = maek.einsum "bk,nk->bn" %x, %w : tensor<?x64xf32, #maek.dims<B>>, tensor<10x64xf32>
  return %0 : tensor<?x10xf32, #maek.dims<B>>
}

// CHECK-LABEL: llvm.func @maek_entry_f
// CHECK:         llvm.call @product.product(
// CHECK:         llvm.call @small(
func.func @f(%x: memref<?x128xf32> {maek.dims = #maek.dims<B>}, %v: memref<64x128xf32>,
    %w: memref<10x64xf32>, %h: memref<?x64xf32> {maek.dims = #maek.dims<B>},
    %y: memref<?x10xf32> {maek.dims = #maek.dims<B>}, %arena: memref<?xi8>, %B: index)
    attributes {maek.memory = [], maek.symbols = ["B"]} {
  maek.launch @product(%x, %v : memref<?x128xf32>, memref<64x128xf32>)
    into(%h : memref<?x64xf32>)
  maek.launch @small(%h, %w : memref<?x64xf32>, memref<10x64xf32>)
    into(%y : memref<?x10xf32>)
  return
}
