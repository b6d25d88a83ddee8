// What the passes make of a training step, product by product.
// DEFINE: %{models} = %S/../../unit/passes/models
// DEFINE: %{forward} = --maek-simplify --maek-split-concat-matmul --maek-merge-gate-matmuls --maek-hoist-input-projection --maek-simplify
// DEFINE: %{backward} = --maek-differentiate --maek-sink-weight-gradients --maek-simplify --maek-merge-gate-matmuls --maek-simplify
// RUN: maek-opt %{models}/lstm_training.mlir %{forward} %{backward} | FileCheck %s

// Forward: one product for all steps, one for each step, the linear layer's.
// CHECK-NOT: maek.einsum
// CHECK: maek.einsum "tbk,gnk->tbgn"
// CHECK-NOT: maek.einsum
// CHECK: maek.scan over
// CHECK: maek.einsum "bk,gnk->bgn"
// CHECK-NOT: maek.einsum
// CHECK: maek.yield
// CHECK: maek.einsum "bk,nk->bn"

// Backward: two of the linear layer, one for each step, and one after the loop
// for the weights of the state and of the input, each of all gates.
// CHECK-COUNT-2: maek.einsum
// CHECK: maek.scan reverse
// CHECK-NOT: maek.einsum
// CHECK: maek.einsum "bgn,gnk->bk"
// CHECK-NOT: maek.einsum
// CHECK: maek.yield
// CHECK-COUNT-2: maek.einsum "tbgn,tbk->gnk"
// CHECK-NOT: maek.einsum
