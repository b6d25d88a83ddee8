// RUN: maek-opt %s --maek-fuse-elementwise | FileCheck %s
// RUN: maek-opt %s --maek-fuse-elementwise --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// An optimizer's step: both new values come from one kernel.
// CHECK-LABEL: func.func @momentum
// CHECK-NEXT: %[[R:.*]]:2 = maek.kernel {
// CHECK: maek.yield
// CHECK-NEXT: } : tensor<8x4xf32>, tensor<8x4xf32>
// CHECK-NEXT: return %[[R]]#1, %[[R]]#0
// REMARK: :[[#@LINE+7]]:8: remark: [Passed] fuse-elementwise{{.*}}4 operations are one kernel, which yields 2 values
func.func @momentum(%W: tensor<8x4xf32> {maek.name = "W", maek.role = "parameter"}, %m: tensor<8x4xf32> {maek.name = "m", maek.role = "state"}, %g: tensor<8x4xf32>, %lr: tensor<f32>) -> (tensor<8x4xf32> {maek.name = "W", maek.role = "parameter"}, tensor<8x4xf32> {maek.name = "m", maek.role = "state"}) {
  %c = maek.constant 0.9 : tensor<8x4xf32>
  %0 = maek.mul %m, %c : tensor<8x4xf32>
  %1 = maek.add %0, %g : tensor<8x4xf32>
  %2 = maek.broadcast %lr dims [] : tensor<f32> -> tensor<8x4xf32>
  %3 = maek.mul %1, %2 : tensor<8x4xf32>
  %4 = maek.sub %W, %3 : tensor<8x4xf32>
  return %4, %1 : tensor<8x4xf32>, tensor<8x4xf32>
}

// Softmax and log-sum-exp: rows are reduced and used in one kernel.
// CHECK-LABEL: func.func @softmax
// CHECK-NEXT: %[[R:.*]]:2 = maek.kernel {
// CHECK: maek.reduce max
// CHECK: maek.reduce sum
// CHECK: maek.yield
// CHECK-NEXT: } :
// CHECK-NEXT: return
func.func @softmax(%z: tensor<?x10xf32, #maek.dims<B>>) -> (tensor<?x10xf32, #maek.dims<B>>, tensor<?xf32, #maek.dims<B>>) {
  %m = maek.reduce max %z dims [1] : tensor<?x10xf32, #maek.dims<B>>
  %0 = maek.broadcast %m dims [0] : tensor<?xf32, #maek.dims<B>> -> tensor<?x10xf32, #maek.dims<B>>
  %d = maek.sub %z, %0 : tensor<?x10xf32, #maek.dims<B>>
  %e = maek.exp %d : tensor<?x10xf32, #maek.dims<B>>
  %s = maek.reduce sum %e dims [1] : tensor<?x10xf32, #maek.dims<B>>
  %l = maek.log %s : tensor<?xf32, #maek.dims<B>>
  %1 = maek.broadcast %s dims [0] : tensor<?xf32, #maek.dims<B>> -> tensor<?x10xf32, #maek.dims<B>>
  %p = maek.div %e, %1 : tensor<?x10xf32, #maek.dims<B>>
  return %p, %l : tensor<?x10xf32, #maek.dims<B>>, tensor<?xf32, #maek.dims<B>>
}

// Scalars are one kernel, connected or not; those of extents alone are
// repeated where they are used.
// CHECK-LABEL: func.func @scalars
// CHECK-NEXT: %[[R:.*]]:2 = maek.kernel {
// CHECK: } : tensor<f32>, tensor<f32>
// CHECK-NEXT: %[[S:.*]] = maek.kernel {
// CHECK: maek.extent "B"
// CHECK: maek.mul
// CHECK: } : tensor<?xf32, #maek.dims<B>>
// CHECK-NEXT: return
func.func @scalars(%a: tensor<f32>, %b: tensor<f32>, %x: tensor<?xf32, #maek.dims<B>>) -> (tensor<f32>, tensor<f32>, tensor<?xf32, #maek.dims<B>>) {
  %0 = maek.sqrt %a : tensor<f32>
  %1 = maek.exp %b : tensor<f32>
  %one = maek.constant 1.0 : tensor<f32>
  %B = maek.extent "B" : tensor<f32>
  %r = maek.div %one, %B : tensor<f32>
  %2 = maek.broadcast %r dims [] : tensor<f32> -> tensor<?xf32, #maek.dims<B>>
  %3 = maek.mul %x, %2 : tensor<?xf32, #maek.dims<B>>
  return %0, %1, %3 : tensor<f32>, tensor<f32>, tensor<?xf32, #maek.dims<B>>
}

// Other shapes are other kernels.
// CHECK-LABEL: func.func @shapes
// CHECK-COUNT-2: maek.kernel
// REMARK: :[[#@LINE+4]]:8: remark: [Missed] fuse-elementwise{{.*}}mul is not fused with exp: their shapes differ
func.func @shapes(%a: tensor<4xf32>, %b: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %0 = maek.exp %a : tensor<4xf32>
  %1 = maek.broadcast %0 dims [1] : tensor<4xf32> -> tensor<3x4xf32>
  %2 = maek.mul %1, %b : tensor<3x4xf32>
  return %2 : tensor<3x4xf32>
}

// A value that a loop computes from the kernel's results comes back too late.
// CHECK-LABEL: func.func @aroundScan
// CHECK: maek.kernel
// CHECK: maek.scan
// CHECK: maek.kernel
// CHECK: maek.kernel
// REMARK: :[[#@LINE+9]]:8: remark: [Missed] fuse-elementwise{{.*}}add is not fused with exp: a value would leave the kernel and come back
func.func @aroundScan(%a: tensor<4xf32>, %xs: tensor<5x4xf32>) -> tensor<4xf32> {
  %0 = maek.exp %a : tensor<4xf32>
  %1 = maek.scan over(%xs) init(%0) {
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
    %3 = maek.mul %x, %h : tensor<4xf32>
    maek.yield %3 : tensor<4xf32>
  } : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<4xf32>

  %2 = maek.add %0, %1 : tensor<4xf32>
  return %2 : tensor<4xf32>
}

// A mask of attention that the host reads too has a kernel of its own.
// CHECK-LABEL: func.func @maskOfHost
// CHECK-NEXT: %[[Y:.*]] = maek.kernel {
// CHECK: maek.compare
// CHECK: maek.attention
// CHECK: } : tensor<8x4xf32>
// CHECK-NEXT: %[[M:.*]] = maek.kernel {
// CHECK: maek.compare
// CHECK: } : tensor<8x8xi1>
// CHECK-NEXT: return %[[Y]], %[[M]]
func.func @maskOfHost(%q: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x8xi1>) {
  %i = maek.iota 0 : tensor<8x8xi32>
  %j = maek.iota 1 : tensor<8x8xi32>
  %m = maek.compare ne %i, %j : tensor<8x8xi32> -> tensor<8x8xi1>
  %y = maek.attention %q, %q, %q masks(%m) scale 1.0 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32> masks(tensor<8x8xi1>)
  return %y, %m : tensor<8x4xf32>, tensor<8x8xi1>
}

// A mask of attention outside of a loop is repeated in the loop's kernel.
// CHECK-LABEL: func.func @maskInScan
// CHECK-NEXT: maek.kernel {
// CHECK: maek.compare
// CHECK: maek.attention
// CHECK: } : tensor<8x4xf32>
// CHECK-NEXT: maek.scan
// CHECK-NEXT: ^bb0
// CHECK-NEXT: maek.kernel {
// CHECK: maek.compare
// CHECK-NEXT: maek.select
func.func @maskInScan(%q: tensor<8x4xf32>, %n: tensor<8x8xf32>, %xs: tensor<5x8x8xf32>) -> (tensor<8x4xf32>, tensor<8x8xf32>) {
  %zero = maek.constant 0.0 : tensor<8x8xf32>
  %m = maek.compare gt %n, %zero : tensor<8x8xf32> -> tensor<8x8xi1>
  %y = maek.attention %q, %q, %q masks(%m) scale 1.0 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32> masks(tensor<8x8xi1>)
  %s = maek.scan over(%xs) init(%n) {
  ^bb0(%x: tensor<8x8xf32>, %h: tensor<8x8xf32>):
    %0 = maek.select %m, %x, %h : tensor<8x8xi1>, tensor<8x8xf32>
    maek.yield %0 : tensor<8x8xf32>
  } : (tensor<5x8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %y, %s : tensor<8x4xf32>, tensor<8x8xf32>
}

// What is no tensor is nothing that parameters determine.
// CHECK-LABEL: func.func @index
// CHECK: maek.kernel
func.func @index(%a: index, %w: tensor<4xf32> {maek.name = "w", maek.role = "parameter"}) -> (index, tensor<4xf32>) {
  %b = arith.addi %a, %a : index
  %c = maek.tanh %w : tensor<4xf32>
  return %b, %c : index, tensor<4xf32>
}
