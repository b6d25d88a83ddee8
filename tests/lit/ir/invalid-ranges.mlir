// RUN: maek-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{has no axis 1 in 'tensor<4xf32>'}}
  %0 = maek.slice %x dim 1 offset 0 : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>) {
  // expected-error@+1 {{has no axis 0 in 'tensor<f32>'}}
  %0 = maek.slice %x dim 0 offset 0 : tensor<f32> -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{keeps the element type, found 'tensor<4xf32>' and 'tensor<2xf64>'}}
  %0 = maek.slice %x dim 0 offset 0 : tensor<4xf32> -> tensor<2xf64>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{keeps the rank, found 'tensor<4xf32>' and 'tensor<f32>'}}
  %0 = maek.slice %x dim 0 offset 0 : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<4x3xf32>) {
  // expected-error@+1 {{changes axis 0 only, found 'tensor<4x3xf32>' and 'tensor<2x2xf32>'}}
  %0 = maek.slice %x dim 0 offset 0 : tensor<4x3xf32> -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<T>>) {
  // expected-error@+1 {{needs a static size along axis 0}}
  %0 = maek.slice %x dim 0 offset 1 : tensor<?xf32, #maek.dims<T>> -> tensor<?xf32, #maek.dims<T>>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<T>>) {
  // expected-error@+1 {{reads past the end: 3 elements from -2}}
  %0 = maek.slice %x dim 0 offset -2 : tensor<?xf32, #maek.dims<T>> -> tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{range of 2 from 9223372036854775807 is outside of 4}}
  %0 = maek.slice %x dim 0 offset 9223372036854775807 : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{range of 2 from -9223372036854775804 is outside of 4}}
  %0 = maek.slice %x dim 0 offset -9223372036854775808 : tensor<4xf32> -> tensor<2xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error@+1 {{range of 4 from 1 is outside of 4}}
  %0 = maek.pad %x dim 0 offset 1 : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xi32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32 or f64 with named extents, but got 'tensor<4xi32>'}}
  %0 = maek.pad %x dim 0 offset 1 : tensor<4xi32> -> tensor<8xi32>
  return
}

// -----

func.func @f(%x: tensor<4x?xf32, #maek.dims<B>>) {
  // expected-error@+1 {{pack needs a static axis and a positive width, found axis 1 of 'tensor<4x?xf32, #maek.dims<B>>' and width 16}}
  %0 = maek.pack %x dim 1 width 16 order [0] : tensor<4x?xf32, #maek.dims<B>>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{pack needs a static axis and a positive width, found axis 0 of 'tensor<4x2xf32>' and width -1}}
  %0 = maek.pack %x dim 0 width -1 order [1] : tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{pack's order names axis 7 wrongly}}
  %0 = maek.pack %x dim 0 width 16 order [7] : tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2x3xf32>) {
  // expected-error@+1 {{pack's order names 1 of 2 axes}}
  %0 = maek.pack %x dim 0 width 16 order [1] : tensor<4x2x3xf32>
  return
}

// -----

// A width near the largest integer does not overflow.
func.func @f(%x: tensor<4x2xf32>) {
  %0 = maek.pack %x dim 0 width 9223372036854775807 order [1] : tensor<4x2xf32>
  // expected-error@+1 {{undoes a pack to 'tensor<1x2x16xf32>', found 'tensor<1x2x9223372036854775807xf32>'}}
  %1 = maek.unpack %0 dim 0 width 16 order [1] : tensor<1x2x9223372036854775807xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<1x2x16xf32>) {
  // expected-error@+1 {{pack's order names axis 0 wrongly}}
  %0 = maek.unpack %x dim 0 width 16 order [0] : tensor<1x2x16xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf32>) {
  // expected-error@+1 {{pack needs a static axis besides that of the panels for words, found axis 0 of 'tensor<4x2xf32>'}}
  %0 = maek.pack %x dim 0 width 16 order [1] words 0 : tensor<4x2xf32>
  return
}

// -----

func.func @f(%x: tensor<4x2xf64>) {
  // expected-error@+1 {{pack makes words of f32, bf16 or i8, not of 'tensor<4x2xf64>'}}
  %0 = maek.pack %x dim 0 width 16 order [1] words 1 : tensor<4x2xf64>
  return
}

// -----

func.func @f(%x: tensor<1x1x16xi32>) {
  // expected-error@+1 {{of words is of bf16 or i8, found 'tensor<4x2xf32>'}}
  %0 = maek.unpack %x dim 0 width 16 order [1] words 1 : tensor<1x1x16xi32> -> tensor<4x2xf32>
  return
}
