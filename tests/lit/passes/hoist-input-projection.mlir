// RUN: maek-opt %s --maek-hoist-input-projection | FileCheck %s
// RUN: maek-opt %s --maek-hoist-input-projection --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// A plain RNN: the input's product and the bias leave the loop, the state's
// product stays.
// CHECK-LABEL: func.func @rnn
// CHECK-SAME: %[[XS:[a-z0-9]+]]: tensor<?x2x3xf32
// CHECK: %[[P:.*]] = maek.einsum "tbk,nk->tbn" %[[XS]], %{{.*}}
// CHECK: %[[B:.*]] = maek.broadcast %{{.*}} dims [2] : tensor<4xf32> -> tensor<?x2x4xf32, #maek.dims<T>>
// CHECK: %[[S:.*]] = maek.add %[[P]], %[[B]]
// CHECK: maek.scan over(%[[S]])
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<2x4xf32>, %[[H:.*]]: tensor<2x4xf32>):
// CHECK-NEXT: %[[Q:.*]] = maek.einsum "bk,nk->bn" %[[H]]
// CHECK-NEXT: %[[Z:.*]] = maek.add %[[Q]], %[[X]]
// CHECK-NEXT: maek.tanh %[[Z]]
// REMARK: :[[#@LINE+6]]:10: remark: [Passed] hoist-input-projection{{.*}}moved a product out of the loop
// REMARK: :[[#@LINE+4]]:10: remark: [Missed] hoist-input-projection{{.*}}it depends on the loop's state
func.func @rnn(%U: tensor<4x4xf32>, %W: tensor<4x3xf32>, %b: tensor<4xf32>, %xs: tensor<?x2x3xf32, #maek.dims<T>>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %0 = maek.einsum "bk,nk->bn" %h, %U : tensor<2x4xf32>, tensor<4x4xf32>
    %1 = maek.einsum "bk,nk->bn" %x, %W : tensor<2x3xf32>, tensor<4x3xf32>
    %2 = maek.add %0, %1 : tensor<2x4xf32>
    %3 = maek.broadcast %b dims [1] : tensor<4xf32> -> tensor<2x4xf32>
    %4 = maek.add %2, %3 : tensor<2x4xf32>
    %n = maek.tanh %4 : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<?x2x3xf32, #maek.dims<T>>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// Two users of the merged input product: it enters once, the views stay. What
// follows element by element goes along, and so does what it needs.
// CHECK-LABEL: func.func @gates_of_input
// CHECK: %[[D:.*]] = maek.mul %arg1, %arg1 : tensor<9x2x3xf32>
// CHECK: %[[P:.*]] = maek.einsum "tbk,gnk->tbgn" %[[D]], %arg0
// CHECK: %[[S:.*]] = maek.tanh %[[P]] : tensor<9x2x2x4xf32>
// CHECK: maek.scan over(%[[S]])
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<2x2x4xf32>, %{{.*}}: tensor<2x4xf32>):
// CHECK-NEXT: maek.unstack %[[X]] dim 1
func.func @gates_of_input(%W: tensor<2x4x3xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %d = maek.mul %x, %x : tensor<2x3xf32>
    %p = maek.einsum "bk,gnk->bgn" %d, %W : tensor<2x3xf32>, tensor<2x4x3xf32>
    %t = maek.tanh %p : tensor<2x2x4xf32>
    %g:2 = maek.unstack %t dim 1 : tensor<2x2x4xf32>
    %a = maek.mul %g#0, %h : tensor<2x4xf32>
    %n = maek.add %a, %g#1 : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// Biases of one gate stay with the kernel that reads the gate.
// CHECK-LABEL: func.func @bias_of_part
// CHECK: %[[P:.*]] = maek.einsum "tbk,gnk->tbgn" %arg3, %arg0
// CHECK-NEXT: maek.scan over(%[[P]])
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<2x2x4xf32>, %{{.*}}: tensor<2x4xf32>):
// CHECK: %[[G:.*]]:2 = maek.unstack %[[X]] dim 1
// CHECK: %[[B:.*]] = maek.add %[[G]]#0, %{{.*}}
// CHECK-NEXT: maek.add %[[B]], %{{.*}}
func.func @bias_of_part(%W: tensor<2x4x3xf32>, %b: tensor<4xf32>, %d: tensor<4xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %p = maek.einsum "bk,gnk->bgn" %x, %W : tensor<2x3xf32>, tensor<2x4x3xf32>
    %g:2 = maek.unstack %p dim 1 : tensor<2x2x4xf32>
    %c = maek.broadcast %b dims [1] : tensor<4xf32> -> tensor<2x4xf32>
    %e = maek.broadcast %d dims [1] : tensor<4xf32> -> tensor<2x4xf32>
    %r = maek.add %g#0, %c : tensor<2x4xf32>
    %s = maek.add %r, %e : tensor<2x4xf32>
    %a = maek.mul %s, %h : tensor<2x4xf32>
    %n = maek.add %a, %g#1 : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// Without a product there is nothing to gain: more memory for the same work.
// CHECK-LABEL: func.func @elementwise
// CHECK-NEXT: maek.scan over(%arg0)
// CHECK: maek.tanh
func.func @elementwise(%xs: tensor<9x2x4xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x4xf32>, %h: tensor<2x4xf32>):
    %t = maek.tanh %x : tensor<2x4xf32>
    %n = maek.add %t, %h : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// Both operands change from step to step: one product for all steps still.
// CHECK-LABEL: func.func @both_sequences
// CHECK: maek.einsum "tbk,tnk->tbn" %arg0, %arg1
// CHECK: maek.scan
func.func @both_sequences(%xs: tensor<9x2x3xf32>, %ys: tensor<9x4x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs, %ys) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %y: tensor<4x3xf32>, %h: tensor<2x4xf32>):
    %p = maek.einsum "bk,nk->bn" %x, %y : tensor<2x3xf32>, tensor<4x3xf32>
    %n = maek.mul %p, %h : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<9x4x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}

// Each op reads the one before twice: the paths to it double, the work does not.
// CHECK-LABEL: func.func @many_paths
// CHECK-COUNT-48: maek.mul {{.*}} : tensor<9x2x3xf32>
// CHECK: maek.einsum "tbk,nk->tbn"
// CHECK: maek.scan
func.func @many_paths(%W: tensor<4x3xf32>, %xs: tensor<9x2x3xf32>, %h0: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %hT = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
    %0 = maek.mul %x, %x : tensor<2x3xf32>
    %1 = maek.mul %0, %0 : tensor<2x3xf32>
    %2 = maek.mul %1, %1 : tensor<2x3xf32>
    %3 = maek.mul %2, %2 : tensor<2x3xf32>
    %4 = maek.mul %3, %3 : tensor<2x3xf32>
    %5 = maek.mul %4, %4 : tensor<2x3xf32>
    %6 = maek.mul %5, %5 : tensor<2x3xf32>
    %7 = maek.mul %6, %6 : tensor<2x3xf32>
    %8 = maek.mul %7, %7 : tensor<2x3xf32>
    %9 = maek.mul %8, %8 : tensor<2x3xf32>
    %10 = maek.mul %9, %9 : tensor<2x3xf32>
    %11 = maek.mul %10, %10 : tensor<2x3xf32>
    %12 = maek.mul %11, %11 : tensor<2x3xf32>
    %13 = maek.mul %12, %12 : tensor<2x3xf32>
    %14 = maek.mul %13, %13 : tensor<2x3xf32>
    %15 = maek.mul %14, %14 : tensor<2x3xf32>
    %16 = maek.mul %15, %15 : tensor<2x3xf32>
    %17 = maek.mul %16, %16 : tensor<2x3xf32>
    %18 = maek.mul %17, %17 : tensor<2x3xf32>
    %19 = maek.mul %18, %18 : tensor<2x3xf32>
    %20 = maek.mul %19, %19 : tensor<2x3xf32>
    %21 = maek.mul %20, %20 : tensor<2x3xf32>
    %22 = maek.mul %21, %21 : tensor<2x3xf32>
    %23 = maek.mul %22, %22 : tensor<2x3xf32>
    %24 = maek.mul %23, %23 : tensor<2x3xf32>
    %25 = maek.mul %24, %24 : tensor<2x3xf32>
    %26 = maek.mul %25, %25 : tensor<2x3xf32>
    %27 = maek.mul %26, %26 : tensor<2x3xf32>
    %28 = maek.mul %27, %27 : tensor<2x3xf32>
    %29 = maek.mul %28, %28 : tensor<2x3xf32>
    %30 = maek.mul %29, %29 : tensor<2x3xf32>
    %31 = maek.mul %30, %30 : tensor<2x3xf32>
    %32 = maek.mul %31, %31 : tensor<2x3xf32>
    %33 = maek.mul %32, %32 : tensor<2x3xf32>
    %34 = maek.mul %33, %33 : tensor<2x3xf32>
    %35 = maek.mul %34, %34 : tensor<2x3xf32>
    %36 = maek.mul %35, %35 : tensor<2x3xf32>
    %37 = maek.mul %36, %36 : tensor<2x3xf32>
    %38 = maek.mul %37, %37 : tensor<2x3xf32>
    %39 = maek.mul %38, %38 : tensor<2x3xf32>
    %40 = maek.mul %39, %39 : tensor<2x3xf32>
    %41 = maek.mul %40, %40 : tensor<2x3xf32>
    %42 = maek.mul %41, %41 : tensor<2x3xf32>
    %43 = maek.mul %42, %42 : tensor<2x3xf32>
    %44 = maek.mul %43, %43 : tensor<2x3xf32>
    %45 = maek.mul %44, %44 : tensor<2x3xf32>
    %46 = maek.mul %45, %45 : tensor<2x3xf32>
    %47 = maek.mul %46, %46 : tensor<2x3xf32>
    %p = maek.einsum "bk,nk->bn" %47, %W : tensor<2x3xf32>, tensor<4x3xf32>
    %n = maek.mul %p, %h : tensor<2x4xf32>
    maek.yield %n : tensor<2x4xf32>
  } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  return %hT : tensor<2x4xf32>
}
