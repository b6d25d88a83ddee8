// What the forward passes make of whole models, product by product.
// DEFINE: %{models} = %S/../../unit/passes/models
// DEFINE: %{passes} = --maek-simplify --maek-split-concat-matmul --maek-merge-gate-matmuls --maek-hoist-input-projection --maek-simplify
// RUN: maek-opt %{models}/lstm.mlir %{passes} | FileCheck %s --check-prefix=LSTM
// RUN: maek-opt %{models}/gru.mlir %{passes} | FileCheck %s --check-prefix=GRU
// RUN: maek-opt %{models}/rnn.mlir %{passes} | FileCheck %s --check-prefix=RNN
// RUN: maek-opt %{models}/stacked.mlir %{passes} | FileCheck %s --check-prefix=STACKED
// RUN: maek-opt %{models}/attention.mlir %{passes} | FileCheck %s --check-prefix=ATTENTION
// RUN: maek-opt %{models}/lstm.mlir %{passes} --mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

// Eight products of the state and the input become one for all steps, with the
// biases, and one for each step. The third is the linear layer's.
// LSTM-COUNT-3: maek.stack
// LSTM-NOT: maek.einsum
// LSTM: %[[P:.*]] = maek.einsum "tbk,gnk->tbgn"
// LSTM: %[[B:.*]] = maek.broadcast %{{.*}} dims [2, 3] : tensor<4x4xf64>
// LSTM: %[[XS:.*]] = maek.add %[[P]], %[[B]]
// LSTM: %[[R:.*]]:2 = maek.scan over(%[[XS]])
// LSTM-NEXT: ^bb0(%[[X:.*]]: tensor<?x4x4xf64, #maek.dims<B>>, %[[H:.*]]: tensor<?x4xf64, #maek.dims<B>>, %{{.*}}):
// LSTM-NEXT: %[[Z:.*]] = maek.einsum "bk,gnk->bgn" %[[H]]
// LSTM-NEXT: %[[S:.*]] = maek.add %[[Z]], %[[X]]
// LSTM-NEXT: maek.unstack %[[S]] dim 1
// LSTM-NOT: maek.einsum
// LSTM: maek.yield
// LSTM: maek.einsum "bk,nk->bn" %[[R]]#0
// LSTM-NOT: maek.einsum

// All three input products merge; of the state's, two do.
// GRU-NOT: maek.einsum
// GRU: maek.einsum "tbk,gnk->tbgn" {{.*}} tensor<3x4x3xf64>
// GRU-NOT: maek.einsum
// GRU: maek.scan
// GRU: maek.einsum "bk,gnk->bgn" {{.*}} tensor<2x4x4xf64>
// GRU: maek.einsum "bk,nk->bn"
// GRU-NOT: maek.einsum

// RNN: maek.einsum "nk,tbk->tbn"
// RNN: maek.scan reverse
// RNN: maek.einsum "nk,bk->bn"
// RNN-NOT: maek.einsum
// RNN-NOT: maek.slice

// The layer between the cells works time first, so that nothing is transposed
// but the input. The second layer sees the last step alone.
// STACKED-COUNT-1: maek.transpose
// STACKED: maek.scan
// STACKED-NOT: maek.transpose
// STACKED: maek.einsum "tbk,nk->tbn"
// STACKED-NOT: maek.transpose
// STACKED: maek.scan
// STACKED-NOT: maek.slice

// ATTENTION: maek.einsum "btd,ghkd->bghtk"
// ATTENTION: maek.einsum "bhqk,bhtk->bhqt"
// ATTENTION: maek.einsum "bhqt,bhtk->bhqk"
// ATTENTION-NOT: maek.einsum

// The merged product has the lines of all four.
// LOC: #[[MERGED:loc[0-9]+]] = loc(fused[#loc{{[0-9]+}}, #loc{{[0-9]+}}, #loc{{[0-9]+}}, #loc{{[0-9]+}}])
// LOC: maek.einsum "bk,gnk->bgn" {{.*}} loc(#[[MERGED]])
