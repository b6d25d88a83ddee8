// RUN: maek-interpret %s --entry counts --dim T=1 | FileCheck %s --check-prefix=ONE
// RUN: maek-interpret %s --entry counts --dim T=7 | FileCheck %s --check-prefix=SEVEN
// RUN: maek-interpret %s --entry counts --dim T=9 | FileCheck %s --check-prefix=NINE

// The steps before each segment; the steps of the last segment; how many of the
// whole each step's segment has.
// ONE: before: [1] = 0
// ONE-NEXT: last: [] = 1
// ONE-NEXT: own: [1] = 1
// SEVEN: before: [3] = 0 3 6
// SEVEN-NEXT: last: [] = 1
// SEVEN-NEXT: own: [7] = 3 3 3 3 3 3 1
// NINE: before: [3] = 0 3 6
// NINE-NEXT: last: [] = 3
// NINE-NEXT: own: [9] = 3 3 3 3 3 3 3 3 3
func.func @counts(%x: tensor<?xf32, #maek.dims<T>> {maek.name = "x", maek.role = "input"})
    -> (tensor<?xf32, #maek.dims<segments$T>> {maek.name = "before", maek.role = "output"},
        tensor<f32> {maek.name = "last", maek.role = "output"},
        tensor<?xf32, #maek.dims<T>> {maek.name = "own", maek.role = "output"}) {
  %zero = maek.constant 0.0 : tensor<f32>
  %all:4 = maek.scan segmented over(%x) init(%zero, %zero) {
  ^bb0(%part: tensor<?xf32, #maek.dims<steps$T>>, %before: tensor<f32>, %last: tensor<f32>):
    %steps = maek.extent "steps$T" : tensor<f32>
    %after = maek.add %before, %steps : tensor<f32>
    %own = maek.broadcast %steps dims [] : tensor<f32> -> tensor<?xf32, #maek.dims<steps$T>>
    maek.yield %after, %steps, %own, %before : tensor<f32>, tensor<f32>, tensor<?xf32, #maek.dims<steps$T>>, tensor<f32>
  } : (tensor<?xf32, #maek.dims<T>>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<f32>, tensor<?xf32, #maek.dims<T>>, tensor<?xf32, #maek.dims<segments$T>>)
  return %all#3, %all#1, %all#2 : tensor<?xf32, #maek.dims<segments$T>>, tensor<f32>, tensor<?xf32, #maek.dims<T>>
}
