// What differentiation makes of a whole model after the forward passes, product
// by product, in the model's training entry.
// DEFINE: %{forward} = --maek-simplify --maek-split-concat-matmul --maek-merge-gate-matmuls --maek-hoist-input-projection --maek-simplify
// DEFINE: %{backward} = --maek-differentiate --maek-sink-weight-gradients --maek-simplify --maek-merge-gate-matmuls --maek-simplify
// RUN: maek-opt %S/../../unit/passes/models/lstm_training.mlir %{forward} %{backward} | FileCheck %s

// Forward: one product for all steps and one for each. Its new outputs are the
// state h and the cell C before each step, the four gates, and nothing else.
// CHECK-LABEL: func.func @train_step
// CHECK-NOT: maek.einsum
// CHECK: %[[XS:.*]] = maek.transpose
// CHECK: maek.einsum "tbk,gnk->tbgn" %[[XS]]
// CHECK-NOT: maek.einsum
// CHECK: %[[F:.*]]:8 = maek.scan over
// CHECK-NEXT: ^bb0(%{{.*}}, %[[H:.*]]: tensor<?x4xf64, #maek.dims<B>>, %[[C:.*]]: tensor<?x4xf64, #maek.dims<B>>):
// CHECK-NEXT: maek.einsum "bk,gnk->bgn" %[[H]], %[[U:[a-z0-9]*]]
// CHECK-NOT: maek.einsum
// CHECK: %[[GF:.*]] = maek.sigmoid
// CHECK: %[[GI:.*]] = maek.sigmoid
// CHECK: %[[GC:.*]] = maek.tanh
// CHECK: %[[GO:.*]] = maek.sigmoid
// CHECK: maek.yield %{{[a-z0-9]*}}, %{{[a-z0-9]*}}, %[[H]], %[[C]], %[[GF]], %[[GI]], %[[GC]], %[[GO]]

// The linear layer, forward and back.
// CHECK: maek.einsum "bk,nk->bn" %[[F]]#0
// CHECK: %[[DH:.*]] = maek.einsum "bn,nk->bk"
// CHECK: maek.einsum "bn,bk->nk" %{{.*}}, %[[F]]#0

// Back: one product for each step, for the state; tanh(C) is recomputed; no sum
// over the steps is left, and the gates' adjoints are the only output.
// CHECK-NOT: maek.einsum
// CHECK: %[[A:.*]]:3 = maek.scan reverse over(%[[F]]#7, %[[F]]#6, %[[F]]#5, %[[F]]#3, %[[F]]#4) init(%[[DH]], %{{[a-z0-9]*}}) {
// CHECK: maek.tanh
// CHECK-NOT: maek.tanh
// CHECK: %[[DZ:.*]] = maek.stack
// CHECK-NEXT: %[[NEXT:.*]] = maek.einsum "bgn,gnk->bk" %[[DZ]], %[[U]]
// CHECK-NEXT: maek.yield %[[NEXT]], %{{[a-z0-9]*}}, %[[DZ]]

// After the loop: the gradients of both halves of the weights and of the biases
// are sums over steps and examples at once.
// CHECK: maek.einsum "tbgn,tbk->gnk" %[[A]]#2, %[[F]]#2
// CHECK: maek.reduce sum %[[A]]#2 dims [0, 1]
// CHECK: maek.einsum "tbgn,tbk->gnk" %[[A]]#2, %[[XS]]
// CHECK-NOT: maek.einsum
// CHECK: return
