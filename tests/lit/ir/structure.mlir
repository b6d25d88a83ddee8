// RUN: maek-opt %s | maek-opt | FileCheck %s
// RUN: maek-opt --mlir-print-op-generic %s | maek-opt | FileCheck %s

// What the runtime must know of a model.
// CHECK: maek.model "RowLSTM" {batch = 128 : i64, data = "fashion_mnist", epochs = 5 : i64, lr = 1.000000e-03 : f64}
maek.model "RowLSTM" {batch = 128 : i64, data = "fashion_mnist", epochs = 5 : i64, lr = 1.0e-3 : f64}
// CHECK: maek.parameter @lstm.W_f : tensor<8x12xf32> = <uniform, [-3.000000e-01, 3.000000e-01]>
maek.parameter @"lstm.W_f" : tensor<8x12xf32> = #maek.init<uniform, [-0.3, 0.3]>
// CHECK: maek.parameter @b : tensor<8xf64> = <normal, [0.000000e+00, 2.000000e-02]>
maek.parameter @b : tensor<8xf64> = #maek.init<normal, [0.0, 0.02]>
// CHECK: maek.state @average.b averages @b : tensor<8xf64> = <constant, [0.000000e+00]>
maek.state @average.b averages @b : tensor<8xf64> = #maek.init<constant, [0.0]>
// CHECK: maek.state @steps : tensor<i32> = <constant, [0.000000e+00]>
maek.state @steps : tensor<i32> = #maek.init<constant, [0.0]>

// CHECK-LABEL: func.func @loops
func.func @loops(%xs: tensor<?x?x4xf32, #maek.dims<T, B>>, %h: tensor<?x4xf32, #maek.dims<B>>) {
  // CHECK: maek.scan over(%{{.*}}) init(%{{.*}}) {
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x4xf32, #maek.dims<B>>, %[[H:.*]]: tensor<?x4xf32, #maek.dims<B>>):
  // CHECK-NEXT: %[[N:.*]] = maek.add %[[X]], %[[H]]
  // CHECK-NEXT: maek.yield %[[N]], %[[N]] : tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  // CHECK-NEXT: } : (tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x4xf32, #maek.dims<B>>) -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x?x4xf32, #maek.dims<T, B>>)
  %0:2 = maek.scan over(%xs) init(%h) {
  ^bb0(%x: tensor<?x4xf32, #maek.dims<B>>, %s: tensor<?x4xf32, #maek.dims<B>>):
    %n = maek.add %x, %s : tensor<?x4xf32, #maek.dims<B>>
    maek.yield %n, %n : tensor<?x4xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
  } : (tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x4xf32, #maek.dims<B>>) -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x?x4xf32, #maek.dims<T, B>>)
  // CHECK: maek.scan reverse over(%{{.*}}, %{{.*}}) init() {
  // CHECK: } {note = "kept"} : (
  %1 = maek.scan reverse over(%xs, %xs) init() {
  ^bb0(%x: tensor<?x4xf32, #maek.dims<B>>, %y: tensor<?x4xf32, #maek.dims<B>>):
    maek.yield %x : tensor<?x4xf32, #maek.dims<B>>
  } {note = "kept"} : (tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x?x4xf32, #maek.dims<T, B>>) -> tensor<?x?x4xf32, #maek.dims<T, B>>
  // CHECK: maek.scan reverse segmented over(%{{.*}}) init(%{{.*}}) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x?x4xf32, #maek.dims<steps$T, B>>, %{{.*}}: tensor<?x4xf32, #maek.dims<B>>):
  // CHECK: -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x?x4xf32, #maek.dims<segments$T, B>>)
  %2:3 = maek.scan reverse segmented over(%xs) init(%h) {
  ^bb0(%x: tensor<?x?x4xf32, #maek.dims<steps$T, B>>, %s: tensor<?x4xf32, #maek.dims<B>>):
    maek.yield %s, %x, %s : tensor<?x4xf32, #maek.dims<B>>, tensor<?x?x4xf32, #maek.dims<steps$T, B>>, tensor<?x4xf32, #maek.dims<B>>
  } : (tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x4xf32, #maek.dims<B>>) -> (tensor<?x4xf32, #maek.dims<B>>, tensor<?x?x4xf32, #maek.dims<T, B>>, tensor<?x?x4xf32, #maek.dims<segments$T, B>>)
  return
}

// CHECK-LABEL: func.func @kernels
func.func @kernels(%x: tensor<4xf32>, %w: tensor<8xf32>) {
  // CHECK: maek.kernel {
  // CHECK-NEXT: maek.tanh
  // CHECK-NEXT: maek.yield %{{.*}} : tensor<4xf32>
  // CHECK-NEXT: } : tensor<4xf32>
  %0 = maek.kernel {
    %y = maek.tanh %x : tensor<4xf32>
    maek.yield %y : tensor<4xf32>
  } : tensor<4xf32>
  // CHECK: maek.kernel {
  // CHECK-NEXT: maek.yield
  // CHECK-NEXT: }
  maek.kernel {
    maek.yield
  }
  // CHECK: %[[L:.*]] = maek.reduce
  %loss = maek.reduce sum %0 dims [0] : tensor<4xf32>
  // CHECK-NEXT: maek.gradient %[[L]] wrt(%{{.*}}, %{{.*}}) : tensor<f32>, tensor<4xf32>, tensor<8xf32>
  %g:2 = maek.gradient %loss wrt(%x, %w) : tensor<f32>, tensor<4xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: func.func private @elementwise_0
// CHECK-SAME: attributes {maek.kernel, maek.symbols = ["B"]}
func.func private @elementwise_0(tensor<?xf32, #maek.dims<B>>) -> tensor<f32>
  attributes {maek.kernel, maek.symbols = ["B"]}

// CHECK-LABEL: func.func @launches
func.func @launches(%x: memref<4xf32>, %y: memref<?xf32>, %n: index) {
  // CHECK: maek.launch @k(%{{.*}} : memref<4xf32>) scalars(%{{.*}}) into(%{{.*}} : memref<?xf32>)
  maek.launch @k(%x : memref<4xf32>) scalars(%n) into(%y : memref<?xf32>)
  // CHECK-NEXT: maek.launch @k() into(%{{.*}} : memref<4xf32>)
  maek.launch @k() into(%x : memref<4xf32>)
  return
}

// Names of extents: sorted, with a factor in front, quoted where they are no
// identifier.
// CHECK-LABEL: func.func @extents
// CHECK-SAME: tensor<?x3xf32, #maek.dims<2*B*T>>
// CHECK-SAME: tensor<?x?xf32, #maek.dims<B*B, "\CE\B1">>
func.func @extents(%a: tensor<?x3xf32, #maek.dims<2*T*B>>, %b: tensor<?x?xf32, #maek.dims<B*B, "\CE\B1">>) {
  return
}

// The result that updates a parameter names it.
// CHECK-LABEL: func.func @train_step
// CHECK-SAME: maek.classes = 10 : i64
func.func @train_step(%w: tensor<4xf32> {maek.name = "w", maek.role = "parameter"},
                      %l: tensor<?xi32, #maek.dims<B>> {maek.classes = 10 : i64, maek.name = "l", maek.role = "target"})
    -> (tensor<4xf32> {maek.name = "w", maek.role = "parameter"}) {
  return %w : tensor<4xf32>
}
