// RUN: maek-opt %s --maek-verify-host-form --split-input-file --verify-diagnostics

// Calls of kernels, scans, views.
func.func @host(%x: tensor<5x4xf32>, %h: tensor<4xf32>) -> tensor<2x2xf32> {
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<4xf32>, %g: tensor<4xf32>):
    %1 = func.call @elementwise_0(%s) : (tensor<4xf32>) -> tensor<4xf32>
    maek.yield %1 : tensor<4xf32>
  } : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = maek.reshape %0 : tensor<4xf32> -> tensor<2x2xf32>
  return %2 : tensor<2x2xf32>
}
func.func private @elementwise_0(%a: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %a : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @computes(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'maek.exp' op computes outside of a kernel}}
  %0 = maek.exp %x : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @movesInnermost(%x: tensor<3x4xf32>) -> tensor<4x3xf32> {
  // expected-error @+1 {{'maek.transpose' op computes outside of a kernel}}
  %0 = maek.transpose %x [1, 0] : tensor<3x4xf32>
  return %0 : tensor<4x3xf32>
}

// -----

func.func @interleaves(%x: tensor<4xf32>) -> tensor<4x2xf32> {
  // expected-error @+1 {{'maek.stack' op computes outside of a kernel}}
  %0 = maek.stack %x, %x dim 1 : tensor<4xf32>, tensor<4xf32>
  return %0 : tensor<4x2xf32>
}

// -----

func.func @calls(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'func.call' op calls 'other', which is no kernel}}
  %0 = func.call @other(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @other(tensor<4xf32>) -> tensor<4xf32>

// -----

// expected-error @+1 {{'func.func' op yields its argument 0}}
func.func private @argument(%a: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  return %a : tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' op yields a value twice}}
func.func private @twice(%a: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %a : tensor<4xf32>
  return %0, %0 : tensor<4xf32>, tensor<4xf32>
}

// -----

// expected-error @+1 {{'func.func' op yields 'tensor<4xf32>' and 'tensor<3xf32>'}}
func.func private @shapes(%a: tensor<4xf32>, %b: tensor<3xf32>) -> (tensor<4xf32>, tensor<3xf32>) attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %a : tensor<4xf32>
  %1 = maek.exp %b : tensor<3xf32>
  return %0, %1 : tensor<4xf32>, tensor<3xf32>
}

// -----

// expected-error @+1 {{'func.func' op lists other symbols than it needs}}
func.func private @symbols() -> tensor<f32> attributes {maek.kernel, maek.symbols = ["T"]} {
  %0 = maek.extent "B" : tensor<f32>
  return %0 : tensor<f32>
}

// -----

// expected-error @+1 {{'func.func' op is a kernel without a body}}
func.func private @declared(tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []}

// -----

func.func private @scans(%x: tensor<5x4xf32>, %h: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  // expected-error @+1 {{'maek.scan' op is no value op, but in a kernel}}
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<4xf32>, %g: tensor<4xf32>):
    maek.yield %g : tensor<4xf32>
  } : (tensor<5x4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Nobody could tell how large T is.
func.func @unknown_size() -> tensor<f32> {
  // expected-error @+1 {{'func.call' op passes the size T, which no tensor of the function has}}
  %0 = call @extent() : () -> tensor<f32>
  return %0 : tensor<f32>
}
func.func private @extent() -> tensor<f32> attributes {maek.kernel, maek.symbols = ["T"]} {
  %0 = maek.extent "T" : tensor<f32>
  return %0 : tensor<f32>
}

// -----

// The gradients of attention have other shapes than one another.
func.func @gradients(%q: tensor<2x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x3xf32>, %y: tensor<2x3xf32>, %s: tensor<2xf32>) -> (tensor<5x4xf32>, tensor<5x3xf32>) {
  %0:2 = call @attention_0(%q, %k, %v, %y, %s) : (tensor<2x4xf32>, tensor<5x4xf32>, tensor<5x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> (tensor<5x4xf32>, tensor<5x3xf32>)
  return %0#0, %0#1 : tensor<5x4xf32>, tensor<5x3xf32>
}
func.func private @attention_0(%q: tensor<2x4xf32>, %k: tensor<5x4xf32>, %v: tensor<5x3xf32>, %y: tensor<2x3xf32>, %s: tensor<2xf32>) -> (tensor<5x4xf32>, tensor<5x3xf32>) attributes {maek.kernel, maek.symbols = []} {
  %0, %1 = maek.attention_key_gradient %q, %k, %v, %y, %s, %s scale 0.5 : tensor<2x4xf32>, tensor<5x4xf32>, tensor<5x3xf32>, tensor<2x3xf32>, tensor<2xf32>, tensor<2xf32>
  return %0, %1 : tensor<5x4xf32>, tensor<5x3xf32>
}
