// RUN: maek-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: tensor<?xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32 or f64 with named extents, but got 'tensor<?xf32>'}}
  %0 = maek.neg %x : tensor<?xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32, #maek.dims<B>>) { // expected-error {{the encoding names 1 extents, the shape has 0 dynamic ones}}
  return
}

// -----

func.func @f(%x: tensor<4xi32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32 or f64 with named extents, but got 'tensor<4xi32>'}}
  %0 = maek.exp %x : tensor<4xi32>
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error@+1 {{invalid kind of type specified}}
  %0 = maek.exp %x : f32
  return
}

// -----

// Shapes that only look compatible are refused: B x 4 is not 4 x B.
func.func @f(%x: tensor<?x4xf32, #maek.dims<B>>, %y: tensor<4x?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{failed to verify that all of {lhs, rhs, result} have same type}}
  %0 = "maek.add"(%x, %y) : (tensor<?x4xf32, #maek.dims<B>>, tensor<4x?xf32, #maek.dims<B>>) -> tensor<?x4xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{expected string or keyword containing one of the following enum values for attribute 'predicate' [eq, ne, lt, le, gt, ge]}}
  %0 = maek.compare less %x, %x : tensor<4xf32> -> tensor<4xi1>
  return
}

// -----

func.func @f(%x: tensor<?x4xf32, #maek.dims<B>>) {
  // expected-error@+1 {{needs equal shapes, found 'tensor<?x4xf32, #maek.dims<B>>' and 'tensor<4x4xi1>'}}
  %0 = maek.compare lt %x, %x : tensor<?x4xf32, #maek.dims<B>> -> tensor<4x4xi1>
  return
}

// -----

func.func @f(%c: tensor<f32>, %x: tensor<4xf32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of i1 with named extents, but got 'tensor<f32>'}}
  %0 = maek.select %c, %x, %x : tensor<f32>, tensor<4xf32>
  return
}

// -----

func.func @f(%c: tensor<?xi1, #maek.dims<T>>, %x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{needs equal shapes, found 'tensor<?xi1, #maek.dims<T>>' and 'tensor<?xf32, #maek.dims<B>>'}}
  %0 = maek.select %c, %x, %x : tensor<?xi1, #maek.dims<T>>, tensor<?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{needs equal shapes, found 'tensor<?xf32, #maek.dims<B>>' and 'tensor<?xi32, #maek.dims<T>>'}}
  %0 = maek.convert %x : tensor<?xf32, #maek.dims<B>> -> tensor<?xi32, #maek.dims<T>>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{has no value 5.000000e-01 : f64 in 'tensor<4xi32>'}}
  %0 = maek.constant 0.5 : tensor<4xi32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{has no value 0x7FF8000000000000 : f64 in 'tensor<4xi1>'}}
  %0 = maek.constant 0x7FF8000000000000 : tensor<4xi1>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{result #0 must be ranked tensor of f32, f64, bf16, i8, ui8, i32 or i1 with named extents, but got 'f32'}}
  %0 = maek.constant 1.0 : f32
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{has no axis 1 in 'tensor<4xi32>'}}
  %0 = maek.iota 1 : tensor<4xi32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{gives a scalar, not 'tensor<1xf32>'}}
  %0 = maek.extent "B" : tensor<1xf32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{needs a sorted product of symbols, found 'T*B'}}
  %0 = maek.extent "T*B" : tensor<f32>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{counts in numbers, not in 'tensor<4xi1>'}}
  %0 = maek.iota 0 : tensor<4xi1>
  return
}

// -----

func.func @f(%x: tensor<4xi32>) {
  // expected-error@+1 {{makes bf16 of f32 and f32 of bf16, found 'tensor<4xi32>' and 'tensor<4xbf16>'}}
  %0 = maek.convert %x : tensor<4xi32> -> tensor<4xbf16>
  return
}

// -----

func.func @f(%x: tensor<4xbf16>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32 or f64 with named extents, but got 'tensor<4xbf16>'}}
  %0 = maek.add %x, %x : tensor<4xbf16>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{has no code -1 in 'tensor<4xui8>'}}
  %0 = maek.quantize %x by %x zero -1 : tensor<4xf32> -> tensor<4xui8>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{needs equal shapes, found 'tensor<?xf32, #maek.dims<B>>' and 'tensor<?xi8, #maek.dims<C>>'}}
  %0 = maek.quantize %x by %x zero 0 : tensor<?xf32, #maek.dims<B>> -> tensor<?xi8, #maek.dims<C>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{makes f32 of codes and no codes, found 'tensor<4xf32>' and 'tensor<4xi8>'}}
  %0 = maek.convert %x : tensor<4xf32> -> tensor<4xi8>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{has no value 2.560000e+02 : f64 in 'tensor<4xui8>'}}
  %0 = maek.constant 256.0 : tensor<4xui8>
  return
}
