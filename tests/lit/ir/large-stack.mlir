// RUN: python3 -c "n = 65537; print('func.func @f(%x: tensor<f32>) {\n  maek.stack', ', '.join(['%x'] * n), 'dim 0 :', ', '.join(['tensor<f32>'] * n), '\n  return\n}')" | not maek-opt 2>&1 | FileCheck %s

// A stack has no more parts than an unstack, so that the one undoes the other.
// CHECK: stack joins at most 65536 operands, found 65537
