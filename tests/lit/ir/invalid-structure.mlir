// RUN: maek-opt --split-input-file --verify-diagnostics --allow-unregistered-dialect %s

func.func @f(%h: tensor<4xf32>) {
  // expected-error@+1 {{needs a sequence to run over}}
  %0 = maek.scan over() init(%h) {
  ^bb0(%s: tensor<4xf32>):
    maek.yield %s : tensor<4xf32>
  } : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<f32>) {
  // expected-error@+1 {{runs over axis 0, which 'tensor<f32>' lacks}}
  maek.scan over(%x) init() {
  ^bb0(%s: tensor<f32>):
    maek.yield
  } : (tensor<f32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<T>>, %y: tensor<3xf32>) {
  // expected-error@+1 {{runs over sequences of T and 3 steps}}
  maek.scan over(%x, %y) init() {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    maek.yield
  } : (tensor<?xf32, #maek.dims<T>>, tensor<3xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{needs one result per state, 1, found 0}}
  maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    maek.yield
  } : (tensor<3xf32>, tensor<f32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{body needs one argument per sequence and state, 2, found 0}}
  %0 = maek.scan over(%x) init(%h) {
    maek.yield %h : tensor<f32>
  } : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<3x2xf32>) {
  // expected-error@+1 {{body takes 'tensor<3xf32>' where one step of 'tensor<3x2xf32>' is needed}}
  maek.scan over(%x) init() {
  ^bb0(%s: tensor<3xf32>):
    maek.yield
  } : (tensor<3x2xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{body must yield 1 values}}
  %0 = maek.scan over(%x) init() {
  ^bb0(%s: tensor<f32>):
    maek.yield
  } : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

// Another terminator than maek.yield.
func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{body must yield 1 values}}
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    llvm.unreachable
  } : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{body must yield 1 values}}
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<f32>, %t: tensor<f32>):
    "unknown.end"() : () -> ()
  } : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{region with 1 blocks}}
  %0 = "maek.scan"(%x, %h) <{operandSegmentSizes = array<i32: 1, 1>}> ({
  }) : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f32>) {
  // expected-error@+1 {{state 0 is 'tensor<f32>' before the loop, 'tensor<f64>' in it and 'tensor<f64>' after it}}
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<f32>, %t: tensor<f64>):
    maek.yield %t : tensor<f64>
  } : (tensor<3xf32>, tensor<f32>) -> tensor<f64>
  return
}

// -----

func.func @f(%x: tensor<3xf32>, %h: tensor<f64>) {
  // expected-error@+1 {{0-th region iter_arg and 0-th yielded value have different type: 'tensor<f64>' != 'tensor<f32>'}}
  %0 = maek.scan over(%x) init(%h) {
  ^bb0(%s: tensor<f32>, %t: tensor<f64>):
    maek.yield %s : tensor<f32>
  } : (tensor<3xf32>, tensor<f64>) -> tensor<f64>
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{expects a non-empty block}}
  maek.scan over(%x) init() {
  ^bb0(%s: tensor<f32>):
  } : (tensor<3xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<3xf32>) {
  // expected-error@+1 {{collects 'tensor<f32>' over 3 steps as 'tensor<4xf32>'}}
  %0 = maek.scan over(%x) init() {
  ^bb0(%s: tensor<f32>):
    maek.yield %s : tensor<f32>
  } : (tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<B*T>>) {
  // expected-error@+1 {{cannot cut B*T steps}}
  maek.scan segmented over(%x) init() {
  ^bb0(%s: tensor<f32>):
    maek.yield
  } : (tensor<?xf32, #maek.dims<B*T>>) -> ()
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<T>>) {
  // expected-error@+1 {{body takes 'tensor<f32>' where one segment of 'tensor<?xf32, #maek.dims<T>>' is needed}}
  maek.scan segmented over(%x) init() {
  ^bb0(%s: tensor<f32>):
    maek.yield
  } : (tensor<?xf32, #maek.dims<T>>) -> ()
  return
}

// -----

func.func @f(%x: tensor<?xf32, #maek.dims<T>>) {
  maek.scan segmented over(%x) init() {
  ^bb0(%s: tensor<?xf32, #maek.dims<steps$T>>):
    // expected-error@+1 {{cuts the T steps that a loop around it cuts}}
    maek.scan segmented over(%x) init() {
    ^bb0(%t: tensor<?xf32, #maek.dims<steps$T>>):
      maek.yield
    } : (tensor<?xf32, #maek.dims<T>>) -> ()
    maek.yield
  } : (tensor<?xf32, #maek.dims<T>>) -> ()
  return
}
