// Part of Maek, under the MIT licence; see LICENSE.
// RUN: maek-opt %s --maek-fuse-epilogues --maek-fuse-elementwise --remarks-filter=fuse-elementwise --remark-format=emitRemark -o - 2>&1 | FileCheck %s

// A copy of the transposed keys gives rows of [b, h] as one axis to a
// product that reads each key for every query.
// CHECK: transpose is copied, so that a product walks rows as one axis
// CHECK-NOT: transpose is copied
// CHECK-LABEL: func.func @rows(
func.func @rows(%q: tensor<?x8x5x4xf32, #maek.dims<B>>,
                %k: tensor<?x6x8x4xf32, #maek.dims<B>>)
    -> tensor<?x8x5x6xf32, #maek.dims<B>> {
  %t = maek.transpose %k [0, 2, 1, 3] : tensor<?x6x8x4xf32, #maek.dims<B>>
  %s = maek.einsum "bhqd,bhkd->bhqk" %q, %t
    : tensor<?x8x5x4xf32, #maek.dims<B>>, tensor<?x8x6x4xf32, #maek.dims<B>>
  return %s : tensor<?x8x5x6xf32, #maek.dims<B>>
}

// Of one query each key is read once, where it lies.
// CHECK-LABEL: func.func @single_row(
func.func @single_row(%q: tensor<?x8x1x4xf32, #maek.dims<B>>,
                      %k: tensor<?x6x8x4xf32, #maek.dims<B>>)
    -> tensor<?x8x1x6xf32, #maek.dims<B>> {
  %t = maek.transpose %k [0, 2, 1, 3] : tensor<?x6x8x4xf32, #maek.dims<B>>
  %s = maek.einsum "bhqd,bhkd->bhqk" %q, %t
    : tensor<?x8x1x4xf32, #maek.dims<B>>, tensor<?x8x6x4xf32, #maek.dims<B>>
  return %s : tensor<?x8x1x6xf32, #maek.dims<B>>
}
