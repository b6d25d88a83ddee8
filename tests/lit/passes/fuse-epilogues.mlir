// RUN: maek-opt %s --maek-fuse-epilogues | FileCheck %s
// RUN: maek-opt %s --maek-fuse-epilogues --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A dense layer: product, bias and activation are one kernel.
// CHECK-LABEL: func.func @dense
// CHECK-NEXT: %[[Y:.*]] = maek.kernel {
// CHECK-NEXT: maek.einsum
// CHECK-NEXT: maek.broadcast
// CHECK-NEXT: maek.add
// CHECK-NEXT: maek.tanh
// CHECK-NEXT: maek.yield
// CHECK-NEXT: }
// CHECK-NEXT: return %[[Y]]
// REMARK: :[[#@LINE+2]]:8: remark: [Passed] fuse-epilogues{{.*}}einsum takes 2 operations into its kernel, which yields 1 values
func.func @dense(%x: tensor<?x24xf32, #maek.dims<B>>, %W: tensor<10x24xf32>, %b: tensor<10xf32>) -> tensor<?x10xf32, #maek.dims<B>> {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x24xf32, #maek.dims<B>>, tensor<10x24xf32>
  %0 = maek.broadcast %b dims [1] : tensor<10xf32> -> tensor<?x10xf32, #maek.dims<B>>
  %s = maek.add %z, %0 : tensor<?x10xf32, #maek.dims<B>>
  %y = maek.tanh %s : tensor<?x10xf32, #maek.dims<B>>
  return %y : tensor<?x10xf32, #maek.dims<B>>
}

// The gates of an LSTM: the unstack joins, all results have the parts' shape.
// What works for the epilogue alone (exp) joins, too.
// CHECK-LABEL: func.func @gates
// CHECK: maek.scan
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[H:.*]]:2 = maek.kernel {
// CHECK: maek.unstack
// CHECK: maek.exp
// CHECK: maek.yield {{.*}} : tensor<2x24xf32>, tensor<2x24xf32>
// CHECK-NEXT: }
// CHECK-NEXT: maek.yield %[[H]]#{{[01]}}, %[[H]]#{{[01]}}
func.func @gates(%xs: tensor<9x2x2x24xf32>, %W: tensor<2x24x24xf32>, %h0: tensor<2x24xf32>) -> tensor<2x24xf32> {
  %hT, %cT = maek.scan over(%xs) init(%h0, %h0) {
  ^bb0(%x: tensor<2x2x24xf32>, %h: tensor<2x24xf32>, %c: tensor<2x24xf32>):
    %z = maek.einsum "bk,gnk->bgn" %h, %W : tensor<2x24xf32>, tensor<2x24x24xf32>
    %s = maek.add %z, %x : tensor<2x2x24xf32>
    %f, %i = maek.unstack %s dim 1 : tensor<2x2x24xf32>
    %e = maek.exp %c : tensor<2x24xf32>
    %0 = maek.sigmoid %f : tensor<2x24xf32>
    %n = maek.mul %0, %e : tensor<2x24xf32>
    %m = maek.add %n, %i : tensor<2x24xf32>
    maek.yield %m, %n : tensor<2x24xf32>, tensor<2x24xf32>
  } : (tensor<9x2x2x24xf32>, tensor<2x24xf32>, tensor<2x24xf32>) -> (tensor<2x24xf32>, tensor<2x24xf32>)
  return %hT : tensor<2x24xf32>
}

// The whole is needed, too: then the parts are not in the kernel.
// CHECK-LABEL: func.func @whole
// CHECK: maek.kernel
// CHECK-NOT: maek.unstack
// CHECK: }
// CHECK: maek.unstack
// CHECK: maek.tanh
// REMARK: :[[#@LINE+3]]:12: remark: [Missed] fuse-epilogues{{.*}}unstack stays out of the einsum's kernel: the joined result is used as a whole too
func.func @whole(%x: tensor<2x24xf32>, %W: tensor<2x24x24xf32>) -> (tensor<2x24xf32>, tensor<2x2x24xf32>) {
  %z = maek.einsum "bk,gnk->bgn" %x, %W : tensor<2x24xf32>, tensor<2x24x24xf32>
  %f, %i = maek.unstack %z dim 1 : tensor<2x2x24xf32>
  %t = maek.tanh %f : tensor<2x24xf32>
  return %t, %z : tensor<2x24xf32>, tensor<2x2x24xf32>
}

// An unstack at the end is a view of the kernel's result.
// CHECK-LABEL: func.func @views
// CHECK: %[[Z:.*]] = maek.kernel
// CHECK: } : tensor<2x2x24xf32>
// CHECK: maek.unstack %[[Z]]
func.func @views(%x: tensor<2x24xf32>, %W: tensor<2x24x24xf32>) -> (tensor<2x24xf32>, tensor<2x24xf32>) {
  %z = maek.einsum "bk,gnk->bgn" %x, %W : tensor<2x24xf32>, tensor<2x24x24xf32>
  %f, %i = maek.unstack %z dim 1 : tensor<2x2x24xf32>
  return %f, %i : tensor<2x24xf32>, tensor<2x24xf32>
}

// Softmax needs its row's maximum first: the value would leave and come back.
// CHECK-LABEL: func.func @softmax
// CHECK: %[[Z:.*]] = maek.kernel {
// CHECK-NEXT: maek.einsum
// CHECK-NEXT: maek.yield
// CHECK: maek.reduce max %[[Z]]
// REMARK: :[[#@LINE+5]]:8: remark: [Missed] fuse-epilogues{{.*}}sub stays out of the einsum's kernel: it also needs a value that is computed from the result elsewhere
func.func @softmax(%x: tensor<?x24xf32, #maek.dims<B>>, %W: tensor<10x24xf32>) -> tensor<?x10xf32, #maek.dims<B>> {
  %z = maek.einsum "bk,nk->bn" %x, %W : tensor<?x24xf32, #maek.dims<B>>, tensor<10x24xf32>
  %m = maek.reduce max %z dims [1] : tensor<?x10xf32, #maek.dims<B>>
  %0 = maek.broadcast %m dims [0] : tensor<?xf32, #maek.dims<B>> -> tensor<?x10xf32, #maek.dims<B>>
  %d = maek.sub %z, %0 : tensor<?x10xf32, #maek.dims<B>>
  %e = maek.exp %d : tensor<?x10xf32, #maek.dims<B>>
  return %e : tensor<?x10xf32, #maek.dims<B>>
}

// The square for the norm is the reduction's; the new value of a parameter is
// written over it by a kernel of its own.
// CHECK-LABEL: func.func @update
// CHECK: %[[G:.*]] = maek.kernel {
// CHECK-NEXT: maek.einsum
// CHECK-NEXT: maek.yield
// CHECK: maek.sub %arg0, %[[G]]
// CHECK: maek.kernel {
// CHECK-NEXT: maek.mul %[[G]], %[[G]]
// CHECK-NEXT: maek.reduce
// CHECK-NEXT: maek.yield
// REMARK: :[[#@LINE+3]]:8: remark: [Missed] fuse-epilogues{{.*}}sub stays out of the einsum's kernel: it is written over a parameter or state
func.func @update(%W: tensor<10x24xf32> {maek.name = "W", maek.role = "parameter"}, %dz: tensor<?x10xf32, #maek.dims<B>>, %x: tensor<?x24xf32, #maek.dims<B>>) -> (tensor<10x24xf32> {maek.name = "W", maek.role = "parameter"}, tensor<f32> {maek.name = "grad_norm", maek.role = "report"}) {
  %g = maek.einsum "bn,bk->nk" %dz, %x : tensor<?x10xf32, #maek.dims<B>>, tensor<?x24xf32, #maek.dims<B>>
  %n = maek.sub %W, %g : tensor<10x24xf32>
  %0 = maek.mul %g, %g : tensor<10x24xf32>
  %s = maek.reduce sum %0 dims [0, 1] : tensor<10x24xf32>
  return %n, %s : tensor<10x24xf32>, tensor<f32>
}

// A mean: the division joins the sum. A chain over several sums does not.
// CHECK-LABEL: func.func @sums
// CHECK: maek.kernel {
// CHECK-NEXT: maek.reduce
// CHECK-NEXT: maek.extent
// CHECK-NEXT: maek.div
// CHECK-NEXT: maek.yield
// CHECK: maek.kernel {
// CHECK-NEXT: maek.reduce
// CHECK-NEXT: maek.yield
// CHECK: maek.add
func.func @sums(%x: tensor<?xf32, #maek.dims<B>>, %y: tensor<?xf32, #maek.dims<B>>) -> tensor<f32> {
  %s = maek.reduce sum %x dims [0] : tensor<?xf32, #maek.dims<B>>
  %B = maek.extent "B" : tensor<f32>
  %m = maek.div %s, %B : tensor<f32>
  %t = maek.reduce sum %y dims [0] : tensor<?xf32, #maek.dims<B>>
  %r = maek.add %m, %t : tensor<f32>
  return %r : tensor<f32>
}

// A GRU's candidate needs all of the reset gate's row: two products, two
// kernels, and the second takes the new state.
// CHECK-LABEL: func.func @twoProducts
// CHECK: %[[R:.*]] = maek.kernel {
// CHECK-NEXT: maek.einsum
// CHECK-NEXT: maek.sigmoid
// CHECK-NEXT: maek.mul
// CHECK-NEXT: maek.yield
// CHECK: maek.kernel {
// CHECK-NEXT: maek.einsum "bk,nk->bn" %[[R]]
// CHECK: maek.tanh
// CHECK-NEXT: maek.add
func.func @twoProducts(%h: tensor<2x24xf32>, %U: tensor<24x24xf32>, %V: tensor<24x24xf32>) -> tensor<2x24xf32> {
  %0 = maek.einsum "bk,nk->bn" %h, %U : tensor<2x24xf32>, tensor<24x24xf32>
  %r = maek.sigmoid %0 : tensor<2x24xf32>
  %1 = maek.mul %r, %h : tensor<2x24xf32>
  %2 = maek.einsum "bk,nk->bn" %1, %V : tensor<2x24xf32>, tensor<24x24xf32>
  %3 = maek.tanh %2 : tensor<2x24xf32>
  %4 = maek.add %3, %1 : tensor<2x24xf32>
  return %4 : tensor<2x24xf32>
}

// What a product's kernel yields is the input of a reduction's.
// CHECK-LABEL: func.func @sumOfProduct
// CHECK: %[[T:.*]] = maek.kernel {
// CHECK-NEXT: maek.einsum
// CHECK-NEXT: maek.tanh
// CHECK-NEXT: maek.yield
// CHECK: maek.kernel {
// CHECK-NEXT: maek.reduce sum %[[T]] dims [0]
func.func @sumOfProduct(%x: tensor<2x24xf32>, %W: tensor<10x24xf32>) -> tensor<10xf32> {
  %0 = maek.einsum "bk,nk->bn" %x, %W : tensor<2x24xf32>, tensor<10x24xf32>
  %1 = maek.tanh %0 : tensor<2x10xf32>
  %2 = maek.reduce sum %1 dims [0] : tensor<2x10xf32>
  return %2 : tensor<10xf32>
}
