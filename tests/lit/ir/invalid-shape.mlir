// RUN: maek-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs one axis per operand axis, found 2 for 'tensor<4xf32>'}}
  %0 = maek.broadcast %x dims [0, 1] : tensor<4xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{has no axis -1 in 'tensor<4x4xf32>'}}
  %0 = maek.broadcast %x dims [-1] : tensor<4xf32> -> tensor<4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x4xf32>) {
  // expected-error@+1 {{needs increasing axes}}
  %0 = maek.broadcast %x dims [1, 1] : tensor<4x4xf32> -> tensor<4x4x4xf32>
  return
}

// -----

func.func @f(%x: tensor<1xf32>) {
  // expected-error@+1 {{maps axis 0 of size 1 to axis 0 of size B}}
  %0 = maek.broadcast %x dims [0] : tensor<1xf32> -> tensor<?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{keeps the element type, found 'tensor<4xf32>' and 'tensor<4xf64>'}}
  %0 = maek.broadcast %x dims [0] : tensor<4xf32> -> tensor<4xf64>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{the permutation has 1 axes, the operand 2}}
  %0 = maek.transpose %x [0] : tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{axis 2 makes this no permutation}}
  %0 = maek.transpose %x [2, 0] : tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{expected a ranked tensor with named extents, found 'tensor<?x2xf32>'}}
  %0 = maek.transpose %x [1, 0] : tensor<?x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?x2xf32, #maek.dims<B>>) {
  // expected-error@+1 {{keeps the number of elements, found 2*B and 2*T}}
  %0 = maek.reshape %x : tensor<?x2xf32, #maek.dims<B>> -> tensor<?xf32, #maek.dims<2*T>>
  return
}

// -----

func.func @f(%x: tensor<4611686018427387904x4xf32>) {
  // expected-error@+1 {{has too many elements in 'tensor<4611686018427387904x4xf32>' or 'tensor<0xf32>'}}
  %0 = maek.reshape %x : tensor<4611686018427387904x4xf32> -> tensor<0xf32>
  return
}
