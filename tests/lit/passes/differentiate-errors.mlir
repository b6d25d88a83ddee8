// RUN: maek-opt %s --maek-differentiate -verify-diagnostics -split-input-file

// A call on the path from the parameter to the value.
func.func private @other(tensor<4xf32>) -> tensor<4xf32>
func.func @call(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'func.call' op has no gradient}}
  %y = func.call @other(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %s = maek.reduce sum %y dims [0] : tensor<4xf32>
  // expected-note @+1 {{which is needed here}}
  %g = maek.gradient %s wrt(%x) : tensor<f32>, tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// A kernel in the body of a scan: kernels are made after gradients.
func.func @kernel(%xs: tensor<9x4xf32>, %h0: tensor<4xf32>, %w: tensor<4xf32>) -> tensor<4xf32> {
  %h = maek.scan over(%xs) init(%h0) {
  ^bb0(%x: tensor<4xf32>, %s: tensor<4xf32>):
    // expected-error @+1 {{'maek.kernel' op has no gradient}}
    %n = maek.kernel {
      %0 = maek.mul %s, %w : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    maek.yield %n : tensor<4xf32>
  } : (tensor<9x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %s = maek.reduce sum %h dims [0] : tensor<4xf32>
  // expected-note @+1 {{which is needed here}}
  %g = maek.gradient %s wrt(%w) : tensor<f32>, tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// Off the path, or without the parameter, anything may stand.
func.func private @other(tensor<4xf32>) -> tensor<4xf32>
func.func @aside(%x: tensor<4xf32>, %w: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = func.call @other(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %y = maek.mul %a, %w : tensor<4xf32>
  %b = func.call @other(%w) : (tensor<4xf32>) -> tensor<4xf32>
  %s = maek.reduce sum %y dims [0] : tensor<4xf32>
  %g = maek.gradient %s wrt(%w) : tensor<f32>, tensor<4xf32>
  return %g, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

// The value is computed outside of the loop.
func.func @outside(%xs: tensor<9xf32>, %w: tensor<f32>) -> tensor<9xf32> {
  %y = maek.exp %w : tensor<f32>
  %gs = maek.scan over(%xs) init() {
  ^bb0(%x: tensor<f32>):
    // expected-error @+1 {{'maek.gradient' op needs a value that is computed in its block}}
    %g = maek.gradient %y wrt(%w) : tensor<f32>, tensor<f32>
    maek.yield %g : tensor<f32>
  } : (tensor<9xf32>) -> tensor<9xf32>
  return %gs : tensor<9xf32>
}

// -----

// Factors of bf16: gradients come first, of f32.
func.func @short(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = maek.convert %x : tensor<4xf32> -> tensor<4xbf16>
  // expected-error @+1 {{'maek.convert' op has no gradient}}
  %1 = maek.convert %0 : tensor<4xbf16> -> tensor<4xf32>
  %s = maek.reduce sum %1 dims [0] : tensor<4xf32>
  // expected-note @+1 {{which is needed here}}
  %g = maek.gradient %s wrt(%x) : tensor<f32>, tensor<4xf32>
  return %g : tensor<4xf32>
}

// -----

// Segments in another loop.
func.func @inner(%xs: tensor<?x?xf32, #maek.dims<S, T>>, %w: tensor<f32>) -> tensor<f32> {
  %all = maek.scan over(%xs) init(%w) {
  ^bb0(%row: tensor<?xf32, #maek.dims<T>>, %s: tensor<f32>):
    // expected-error @+1 {{'maek.scan' op in another loop has no gradient}}
    %h = maek.scan segmented over(%row) init(%s) {
    ^bb0(%part: tensor<?xf32, #maek.dims<steps$T>>, %before: tensor<f32>):
      %sum = maek.reduce sum %part dims [0] : tensor<?xf32, #maek.dims<steps$T>>
      %n = maek.mul %sum, %before : tensor<f32>
      maek.yield %n : tensor<f32>
    } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>) -> tensor<f32>
    maek.yield %h : tensor<f32>
  } : (tensor<?x?xf32, #maek.dims<S, T>>, tensor<f32>) -> tensor<f32>
  %g = maek.gradient %all wrt(%w) : tensor<f32>, tensor<f32>
  return %g : tensor<f32>
}
