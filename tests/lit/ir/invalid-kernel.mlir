// RUN: maek-opt --split-input-file --verify-diagnostics --allow-unregistered-dialect %s

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{body takes no arguments}}
  maek.kernel {
  ^bb0(%y: tensor<3xf32>):
    maek.yield
  }
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{body must yield the result types}}
  %0 = maek.kernel {
    maek.yield %x : tensor<3xf32>
  } : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{'maek.yield' op expects parent op to be one of 'maek.scan, maek.kernel'}}
  maek.yield %x : tensor<3xf32>
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{needs a scalar, found 'tensor<3xf32>'}}
  %0 = maek.gradient %x wrt(%x) : tensor<3xf32>, tensor<3xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>) {
  // expected-error@+1 {{needs a value to differentiate by}}
  "maek.gradient"(%x) : (tensor<f32>) -> ()
  return
}
