// RUN: maek-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+2 {{concat needs an operand}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "maek.concat"() {dim = 0 : i64} : () -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{concat has no axis 1 in 'tensor<4xf32>'}}
  %0 = maek.concat %x, %x dim 1 : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error@+1 {{concat joins 'tensor<4xf32>' and 'tensor<4xf64>'}}
  %0 = maek.concat %x, %y dim 0 : tensor<4xf32>, tensor<4xf64>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{concat needs static sizes along axis 0, found B}}
  %0 = maek.concat %x, %x dim 0 : tensor<?xf32, #maek.dims<B>>, tensor<?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<9223372036854775807xf32>) {
  // expected-error@+1 {{concat's axis 0 becomes too large}}
  %0 = maek.concat %x, %x dim 0 : tensor<9223372036854775807xf32>, tensor<9223372036854775807xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>, %y: tensor<4x3xf32>) {
  // expected-error@+1 {{concat joins axes of size 2 and 3}}
  %0 = maek.concat %x, %y dim 0 : tensor<4x2xf32>, tensor<4x3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{needs a result}}
  "maek.split"(%x) {dim = 0 : i64} : (tensor<4xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{has no axis 4 in 'tensor<4xf32>'}}
  %0 = maek.split %x dim 4 : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{keeps the element type, found 'tensor<4xf32>' and 'tensor<4xi32>'}}
  %0 = maek.split %x dim 0 : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{keeps the rank, found 'tensor<4xf32>' and 'tensor<f32>'}}
  %0 = maek.split %x dim 0 : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{cuts axis 0 only, found 'tensor<4x2xf32>' and 'tensor<4x1xf32>'}}
  %0 = maek.split %x dim 0 : tensor<4x2xf32> -> tensor<4x1xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{needs static sizes along axis 0}}
  %0 = maek.split %x dim 0 : tensor<?xf32, #maek.dims<B>> -> tensor<?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{cuts 4 into larger parts}}
  %0:2 = maek.split %x dim 0 : tensor<4xf32> -> tensor<9223372036854775807xf32>, tensor<9223372036854775807xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{cuts 4 into parts of 3 together}}
  %0:2 = maek.split %x dim 0 : tensor<4xf32> -> tensor<1xf32>, tensor<2xf32>
  return
}

// -----

func.func @f() {
  // expected-error@+2 {{stack needs an operand}}
  // expected-error@+1 {{failed to infer returned types}}
  %0 = "maek.stack"() {dim = 0 : i64} : () -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %y: tensor<2xf32>) {
  // expected-error@+1 {{stack joins equal types, found 'tensor<4xf32>' and 'tensor<2xf32>'}}
  %0 = maek.stack %x, %y dim 0 : tensor<4xf32>, tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{stack cannot place axis 2 in 'tensor<4xf32>'}}
  %0 = maek.stack %x, %x dim 2 : tensor<4xf32>, tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{unstack needs a static axis 0 in 'tensor<?xf32, #maek.dims<B>>'}}
  %0 = maek.unstack %x dim 0 : tensor<?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<1000000000000xf32>) {
  // expected-error@+1 {{unstack gives at most 65536 results, found an axis of 1000000000000}}
  %0 = maek.unstack %x dim 0 : tensor<1000000000000xf32>
  return
}

// -----

func.func @f(%x: tensor<0x4xf32>) {
  // expected-error@+1 {{unstack needs a result, found axis 0 of size 0 in 'tensor<0x4xf32>'}}
  maek.unstack %x dim 0 : tensor<0x4xf32>
  return
}
