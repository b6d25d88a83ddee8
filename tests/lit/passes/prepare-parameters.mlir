// RUN: maek-opt %s --maek-prepare-parameters --split-input-file | FileCheck %s
// RUN: maek-opt %s --maek-prepare-parameters --split-input-file --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// What two entries compute from parameters is computed once for both; views of
// parameters stay where they are used. An entry that updates keeps its own.
// CHECK-LABEL: func.func @forward
// CHECK-SAME: %arg2: tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"})
// CHECK-NOT: layout_0
// CHECK: maek.split %arg0
// CHECK: call @product_0(%arg1, %arg2
// REMARK: :[[#@LINE+3]]:8: remark: [Passed] prepare-parameters{{.*}}computed once, as prepared.0
func.func @forward(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}) -> (tensor<?x8xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %y = func.call @product_0(%x, %p, %h) : (tensor<?x4xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  return %y : tensor<?x8xf32, #maek.dims<B>>
}
// CHECK-LABEL: func.func @evaluate
// CHECK-SAME: %arg2: tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"}, %arg3: tensor<1x4x16xf32> {maek.name = "prepared.1", maek.role = "prepared"})
// CHECK-NOT: layout_0
// CHECK: call @product_0(%arg1, %arg2
// CHECK: call @product_1(%{{.*}}, %arg3
// REMARK: :[[#@LINE+4]]:8: remark: [Passed] prepare-parameters{{.*}}computed once, as prepared.0
// REMARK: :[[#@LINE+4]]:8: remark: [Passed] prepare-parameters{{.*}}computed once, as prepared.1
func.func @evaluate(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}, %x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"}) -> (tensor<?x8xf32, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %q = func.call @elementwise_0(%p) : (tensor<1x4x16xf32>) -> tensor<1x4x16xf32>
  %z = func.call @product_0(%x, %p, %h) : (tensor<?x4xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  %y = func.call @product_1(%z, %q, %h) : (tensor<?x8xf32, #maek.dims<B>>, tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>>
  return %y : tensor<?x8xf32, #maek.dims<B>>
}
// CHECK-LABEL: func.func @train_step
// CHECK: call @layout_0
func.func @train_step(%W: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}) -> (tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"}) {
  %h, %i = maek.split %W dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
  %p = func.call @layout_0(%i) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
  %w = func.call @layout_1(%p, %h) : (tensor<1x4x16xf32>, tensor<8x8xf32>) -> tensor<8x12xf32>
  return %w : tensor<8x12xf32>
}
// Behind the entries, whose numbers stay.
// CHECK-LABEL: func.func @prepare
// CHECK-SAME: (%arg0: tensor<8x12xf32> {maek.name = "W", maek.role = "parameter"})
// CHECK-SAME: -> (tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"}, tensor<1x4x16xf32> {maek.name = "prepared.1", maek.role = "prepared"})
// CHECK-NEXT: %[[S:.*]]:2 = maek.split %arg0
// CHECK-NEXT: %[[P:.*]] = call @layout_0(%[[S]]#1)
// CHECK-NEXT: %[[Q:.*]] = call @elementwise_0(%[[P]])
// CHECK-NEXT: return %[[P]], %[[Q]]
func.func private @layout_0(%W: tensor<8x4xf32>) -> tensor<1x4x16xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.pack %W dim 0 width 16 order [1] : tensor<8x4xf32>
  return %0 : tensor<1x4x16xf32>
}
func.func private @elementwise_0(%W: tensor<1x4x16xf32>) -> tensor<1x4x16xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.exp %W : tensor<1x4x16xf32>
  return %0 : tensor<1x4x16xf32>
}
func.func private @product_0(%x: tensor<?x4xf32, #maek.dims<B>>, %p: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.unpack %p dim 0 width 16 order [1] : tensor<1x4x16xf32> -> tensor<8x4xf32>
  %1 = maek.einsum "bk,nk->bn" %x, %0 : tensor<?x4xf32, #maek.dims<B>>, tensor<8x4xf32>
  %2 = maek.reduce sum %h dims [0] : tensor<8x8xf32>
  %3 = maek.broadcast %2 dims [1] : tensor<8xf32> -> tensor<?x8xf32, #maek.dims<B>>
  %4 = maek.add %1, %3 : tensor<?x8xf32, #maek.dims<B>>
  return %4 : tensor<?x8xf32, #maek.dims<B>>
}
func.func private @product_1(%z: tensor<?x8xf32, #maek.dims<B>>, %q: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<?x8xf32, #maek.dims<B>> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.reduce max %q dims [0, 1, 2] : tensor<1x4x16xf32>
  %1 = maek.broadcast %0 dims [] : tensor<f32> -> tensor<8x8xf32>
  %2 = maek.add %h, %1 : tensor<8x8xf32>
  %3 = maek.einsum "bk,nk->bn" %z, %2 : tensor<?x8xf32, #maek.dims<B>>, tensor<8x8xf32>
  return %3 : tensor<?x8xf32, #maek.dims<B>>
}
func.func private @layout_1(%p: tensor<1x4x16xf32>, %h: tensor<8x8xf32>) -> tensor<8x12xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.unpack %p dim 0 width 16 order [1] : tensor<1x4x16xf32> -> tensor<8x4xf32>
  %1 = maek.concat %h, %0 dim 1 : tensor<8x8xf32>, tensor<8x4xf32>
  return %1 : tensor<8x12xf32>
}

// -----

// Nothing to prepare: all depends on the input.
// CHECK-NOT: @prepare
// CHECK-LABEL: func.func @forward
func.func @forward(%b: tensor<4xf32> {maek.name = "b", maek.role = "parameter"}, %x: tensor<4xf32> {maek.name = "x", maek.role = "input"}) -> (tensor<4xf32> {maek.name = "y", maek.role = "output"}) {
  %y = func.call @elementwise_0(%b, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @elementwise_0(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.add %a, %b : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// Each kernel reads the two before: the paths to the first are as many as
// Fibonacci's numbers, the calls are not.
// CHECK-LABEL: func.func @forward
// CHECK-LABEL: func.func @prepare
// CHECK-COUNT-60: call @add_0
// CHECK-NOT: call
func.func @forward(%0: tensor<4xf32> {maek.name = "a", maek.role = "parameter"}, %1: tensor<4xf32> {maek.name = "b", maek.role = "parameter"}, %x: tensor<4xf32> {maek.name = "x", maek.role = "input"}) -> (tensor<4xf32> {maek.name = "y", maek.role = "output"}) {
  %2 = func.call @add_0(%0, %1) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = func.call @add_0(%1, %2) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %4 = func.call @add_0(%2, %3) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = func.call @add_0(%3, %4) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %6 = func.call @add_0(%4, %5) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %7 = func.call @add_0(%5, %6) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %8 = func.call @add_0(%6, %7) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %9 = func.call @add_0(%7, %8) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %10 = func.call @add_0(%8, %9) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %11 = func.call @add_0(%9, %10) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %12 = func.call @add_0(%10, %11) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %13 = func.call @add_0(%11, %12) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %14 = func.call @add_0(%12, %13) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %15 = func.call @add_0(%13, %14) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %16 = func.call @add_0(%14, %15) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %17 = func.call @add_0(%15, %16) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %18 = func.call @add_0(%16, %17) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %19 = func.call @add_0(%17, %18) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %20 = func.call @add_0(%18, %19) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %21 = func.call @add_0(%19, %20) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %22 = func.call @add_0(%20, %21) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %23 = func.call @add_0(%21, %22) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %24 = func.call @add_0(%22, %23) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %25 = func.call @add_0(%23, %24) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %26 = func.call @add_0(%24, %25) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %27 = func.call @add_0(%25, %26) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %28 = func.call @add_0(%26, %27) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %29 = func.call @add_0(%27, %28) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %30 = func.call @add_0(%28, %29) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %31 = func.call @add_0(%29, %30) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %32 = func.call @add_0(%30, %31) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %33 = func.call @add_0(%31, %32) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %34 = func.call @add_0(%32, %33) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %35 = func.call @add_0(%33, %34) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %36 = func.call @add_0(%34, %35) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %37 = func.call @add_0(%35, %36) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %38 = func.call @add_0(%36, %37) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %39 = func.call @add_0(%37, %38) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %40 = func.call @add_0(%38, %39) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %41 = func.call @add_0(%39, %40) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %42 = func.call @add_0(%40, %41) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %43 = func.call @add_0(%41, %42) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %44 = func.call @add_0(%42, %43) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %45 = func.call @add_0(%43, %44) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %46 = func.call @add_0(%44, %45) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %47 = func.call @add_0(%45, %46) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %48 = func.call @add_0(%46, %47) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %49 = func.call @add_0(%47, %48) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %50 = func.call @add_0(%48, %49) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %51 = func.call @add_0(%49, %50) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %52 = func.call @add_0(%50, %51) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %53 = func.call @add_0(%51, %52) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %54 = func.call @add_0(%52, %53) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %55 = func.call @add_0(%53, %54) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %56 = func.call @add_0(%54, %55) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %57 = func.call @add_0(%55, %56) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %58 = func.call @add_0(%56, %57) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %59 = func.call @add_0(%57, %58) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %60 = func.call @add_0(%58, %59) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %61 = func.call @add_0(%59, %60) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %y = func.call @add_0(%61, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
func.func private @add_0(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> attributes {maek.kernel, maek.symbols = []} {
  %0 = maek.add %a, %b : tensor<4xf32>
  return %0 : tensor<4xf32>
}
