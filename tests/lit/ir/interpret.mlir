// RUN: maek-interpret %s --entry softmax --dim B=2 --digits 4 | FileCheck %s --check-prefix=SOFTMAX
// RUN: maek-opt --canonicalize --cse %s | maek-interpret - --entry softmax --dim B=2 --digits 4 | FileCheck %s --check-prefix=SOFTMAX
// RUN: maek-interpret %s --entry softmax --dim B=2 --seed 2 --digits 4 | FileCheck %s --check-prefix=SEED
// RUN: maek-interpret %s --entry softmax --dim B=1 --arguments --digits 4 | FileCheck %s --check-prefix=ARGUMENTS
// RUN: not maek-interpret %s --entry softmax 2>&1 | FileCheck %s --check-prefix=DIM
// RUN: not maek-interpret %s --entry nothing 2>&1 | FileCheck %s --check-prefix=ENTRY
// RUN: not maek-interpret %s --dim B=two 2>&1 | FileCheck %s --check-prefix=SIZE
// RUN: not maek-interpret %s --input x=%t.npy 2>&1 | FileCheck %s --check-prefix=NPY

// Rows of probabilities: numbers decided by the argument's name and the seed.
// SOFTMAX: y: [2, 3] = {{0.[0-9]+}} {{0.[0-9]+}} {{0.[0-9]+}} {{0.[0-9]+}} {{0.[0-9]+}} {{0.[0-9]+}}
// SOFTMAX-NEXT: sums: [2] = 1 1
// SOFTMAX-NEXT: result2: [] = 2
// SEED: sums: [2] = 1 1
// ARGUMENTS: x: [1, 3] =
// ARGUMENTS-NEXT: step: [] = 3
// DIM: interpret.mlir:[[#@LINE+4]]:1: error: the value of B in 'tensor<?x3xf32, #maek.dims<B>>' of x is not given
// ENTRY: there is no function nothing
// SIZE: maek-interpret: expected a size, found 'two'
// NPY: No such file or directory
func.func @softmax(%x: tensor<?x3xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                   %step: tensor<f32> {maek.name = "step", maek.role = "scalar"})
    -> (tensor<?x3xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"},
        tensor<?xf32, #maek.dims<B>> {maek.name = "sums", maek.role = "report"}, tensor<f32>) {
  %e = maek.exp %x : tensor<?x3xf32, #maek.dims<B>>
  %s = maek.reduce sum %e dims [1] : tensor<?x3xf32, #maek.dims<B>>
  %sb = maek.broadcast %s dims [0] : tensor<?xf32, #maek.dims<B>> -> tensor<?x3xf32, #maek.dims<B>>
  %y = maek.div %e, %sb : tensor<?x3xf32, #maek.dims<B>>
  %sums = maek.reduce sum %y dims [1] : tensor<?x3xf32, #maek.dims<B>>
  %b = maek.extent "B" : tensor<f32>
  return %y, %sums, %b : tensor<?x3xf32, #maek.dims<B>>, tensor<?xf32, #maek.dims<B>>, tensor<f32>
}
