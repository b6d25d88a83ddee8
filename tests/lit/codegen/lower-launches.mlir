// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s --maek-lower-host --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,HOST
// RUN: maek-opt %s --maek-lower-host=device=true --split-input-file --verify-diagnostics | FileCheck %s --check-prefixes=CHECK,DEVICE

func.func private @k(%x: tensor<?x4xf32, #maek.dims<B>>, %i: tensor<i32>)
    -> tensor<?x4xf32, #maek.dims<B>>
    attributes {maek.kernel, maek.symbols = ["B"]} {
  return %x : tensor<?x4xf32, #maek.dims<B>>
}

// The kernel's signature, and the entry's; element types, ranks and sizes of
// the descriptors, which are one constant; buffers of one shape share their
// dimensions; the error of a kernel is returned. The descriptors lie in memory
// of their own: the stack holds its address alone.
// CHECK:       llvm.mlir.global private constant @[[IMAGE:.*]](dense<[0, 0, 0, 0, 0, 0, 0, 0, 73730, 2, 0, 0, 0, 0,
// CHECK-SAME:    0, 4, 1, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 73728, 0, 0, 0, 0, 0,
// CHECK-SAME:    0, 0, 0, 0, 0, 0, 0, 0, 73730, 2, 0, 0, 0, 0]>
// CHECK:       llvm.func @k(!llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> i32
// CHECK-LABEL: llvm.func @maek_entry_f(
// CHECK-SAME:    %[[BUFFERS:[^:]*]]: !llvm.ptr {llvm.noalias}, %[[DIMS:[^:]*]]: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %[[MEMORY:[^:]*]]: !llvm.ptr {llvm.noalias}) -> i32
// CHECK:         %[[SIZE:.*]] = llvm.mlir.constant(200 : i64) : i64
// CHECK:         %[[HOLDER:.*]] = llvm.alloca %{{.*}} x !llvm.ptr
// CHECK-NOT:     llvm.alloca
// CHECK:         "llvm.intr.memcpy"(%[[MEMORY]], %{{.*}}, %[[SIZE]])
// CHECK:         %[[B:.*]] = llvm.load %[[DIMS]] : !llvm.ptr -> i64
// CHECK:         %[[B32:.*]] = llvm.trunc %[[B]] : i64 to i32
// The address of %i, whose descriptor begins at 88: the processor's, or a
// device's.
// HOST:          llvm.getelementptr %[[MEMORY]][104]
// DEVICE:        llvm.getelementptr %[[MEMORY]][88]
// CHECK:         %[[BASE:.*]] = llvm.load volatile %[[HOLDER]]
// CHECK-DAG:     llvm.getelementptr %[[BASE]][88]
// CHECK-DAG:     llvm.getelementptr %[[BASE]][144]
// CHECK:         %[[RC:.*]] = llvm.call @k(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> i32
// CHECK-NEXT:    %[[BAD:.*]] = llvm.icmp "ne" %[[RC]], %
// CHECK-NEXT:    llvm.cond_br %[[BAD]], ^[[END:.*]](%[[RC]] : i32), ^[[END]](%{{.*}} : i32)
// CHECK:       ^[[END]](%[[STATUS:.*]]: i32):
// CHECK-NEXT:    llvm.return %[[STATUS]] : i32
func.func @f(%x: memref<?x4xf32> {maek.dims = #maek.dims<B>}, %i: memref<i32>,
    %y: memref<?x4xf32> {maek.dims = #maek.dims<B>}, %arena: memref<?xi8>,
    %B: index) attributes {maek.memory = [], maek.symbols = ["B"]} {
  maek.launch @k(%x, %i : memref<?x4xf32>, memref<i32>) scalars(%B)
    into(%y : memref<?x4xf32>)
  return
}

// CHECK-LABEL: llvm.func @maek_arena_f(%{{.*}}: !llvm.ptr) -> i64
// CHECK:         %[[SLOTS:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK:         llvm.return %[[SLOTS]]
func.func private @f_arena(%B: index) -> index
    attributes {maek.arena_of = @f, maek.symbols = ["B"]} {
  return %B : index
}

// -----

func.func private @k(%x: tensor<4xf32>) -> tensor<4xf32>
    attributes {maek.kernel} {
  return %x : tensor<4xf32>
}

// In a loop only the address is stored; sizes and strides are stored once.
// CHECK-LABEL: llvm.func @maek_entry_loop(
// CHECK:         llvm.br ^[[HEAD:.*]](%{{.*}} : i64)
// CHECK:       ^[[HEAD]](%{{.*}}: i64):
// CHECK:         llvm.cond_br
// CHECK:       ^{{.*}}:
// CHECK-COUNT-2: llvm.store %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK-NOT:     llvm.store
// CHECK:         llvm.call @k(
// CHECK-NOT:     llvm.store
func.func @loop(%x: memref<9x4xf32>, %y: memref<9x4xf32>, %arena: memref<?xi8>)
    attributes {maek.memory = [], maek.symbols = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c9 = arith.constant 9 : index
  scf.for %t = %c0 to %c9 step %c1 {
    %0 = arith.muli %t, %c4 : index
    %1 = memref.reinterpret_cast %x to offset: [%0], sizes: [4], strides: [1]
      : memref<9x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    %2 = memref.reinterpret_cast %y to offset: [%0], sizes: [4], strides: [1]
      : memref<9x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    maek.launch @k(%1 : memref<4xf32, strided<[1], offset: ?>>)
      into(%2 : memref<4xf32, strided<[1], offset: ?>>)
  }
  return
}

// -----

func.func private @k(%x: tensor<?x?xf32, #maek.dims<M, N>>) -> tensor<4xf32>
    attributes {maek.kernel} {
  %0 = maek.constant 0.0 : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// Sizes that loops compute are stored where all of them are known: the first
// one in the inner loop, the second one in the outer one.
// CHECK-LABEL: llvm.func @maek_entry_nested(
// CHECK:       ^{{.*}}(%[[S:.*]]: i64):
// CHECK:       ^{{.*}}(%[[T:.*]]: i64):
// CHECK-DAG:     %[[T32:.*]] = llvm.trunc %[[T]] : i64 to i32
// CHECK-DAG:     llvm.store %[[T32]]
// CHECK-DAG:     %[[S32:.*]] = llvm.trunc %[[S]] : i64 to i32
// CHECK-DAG:     llvm.store %[[S32]]
// CHECK:         llvm.call @k(
func.func @nested(%x: memref<9x9xf32>, %y: memref<4xf32>, %arena: memref<?xi8>)
    attributes {maek.memory = [], maek.symbols = []} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %s = %c0 to %c9 step %c1 {
    scf.for %t = %c0 to %c9 step %c1 {
      %0 = memref.reinterpret_cast %x to offset: [0], sizes: [%t, %s], strides: [9, 1]
        : memref<9x9xf32> to memref<?x?xf32, strided<[9, 1]>>
      maek.launch @k(%0 : memref<?x?xf32, strided<[9, 1]>>) into(%y : memref<4xf32>)
    }
  }
  return
}

// -----

func.func private @k(%x: tensor<4xf32>) -> tensor<4xf32>
    attributes {maek.kernel} {
  return %x : tensor<4xf32>
}

// A number that the host program reads of an argument comes behind the symbols:
// the argument itself may be in a device's memory.
// CHECK:       module attributes {{.*}}maek.host_reads = {row = array<i64: 1>}
// CHECK-LABEL: llvm.func @maek_entry_row(
// CHECK-SAME:    %[[BUFFERS:[^:]*]]: !llvm.ptr {llvm.noalias}, %[[DIMS:[^:]*]]: !llvm.ptr {llvm.noalias}
// CHECK:         %[[PLACE:.*]] = llvm.getelementptr %[[DIMS]][1] : (!llvm.ptr) -> !llvm.ptr, i64
// CHECK:         %[[WORD:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
// CHECK:         %[[NUMBER:.*]] = llvm.trunc %[[WORD]] : i64 to i32
// CHECK-NOT:     llvm.getelementptr %[[BUFFERS]][1]
func.func @row(%x: memref<?x4xf32> {maek.dims = #maek.dims<B>}, %at: memref<i32>,
    %y: memref<4xf32>, %arena: memref<?xi8>, %B: index)
    attributes {maek.memory = [], maek.symbols = ["B"]} {
  %0 = memref.load %at[] : memref<i32>
  %c4 = arith.constant 4 : index
  %1 = arith.index_cast %0 : i32 to index
  %2 = arith.muli %1, %c4 : index
  %3 = memref.reinterpret_cast %x to offset: [%2], sizes: [4], strides: [1]
    : memref<?x4xf32> to memref<4xf32, strided<[1], offset: ?>>
  maek.launch @k(%3 : memref<4xf32, strided<[1], offset: ?>>) into(%y : memref<4xf32>)
  return
}

// -----

// expected-error @below {{is not in buffer form; run maek-plan-memory}}
func.func @tensors(%x: tensor<4xf32>) {
  return
}
