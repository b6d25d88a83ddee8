// RUN: maek-opt %s --maek-fold-batch-norm | FileCheck %s
// RUN: maek-opt %s --maek-fold-batch-norm --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

!y = tensor<?x8x6xf32, #maek.dims<B>>
!c = tensor<6xf32>

// (x * W - m) / s * g + b: what is made of parameters goes into the weights and
// one shift.
// CHECK-LABEL: func.func @convolution
// CHECK-DAG: %[[M:.*]] = maek.neg %arg2
// CHECK-DAG: %[[SM:.*]] = maek.div %[[M]], %arg3
// CHECK-DAG: maek.mul %[[SM]], %arg4
// CHECK: %[[F:.*]] = maek.broadcast %{{.*}} dims [2] : tensor<6xf32> -> tensor<3x4x6xf32>
// CHECK: %[[V:.*]] = maek.mul %arg1, %[[F]] : tensor<3x4x6xf32>
// CHECK: %[[Y:.*]] = maek.einsum "bhic,ico->bho" %{{.*}}, %[[V]]
// CHECK: %[[Z:.*]] = maek.add %[[Y]]
// CHECK: maek.max %[[Z]]
// REMARK: :[[#@LINE+9]]:8: remark: [Passed] fold-batch-norm{{.*}}4 operations on the result are part of the weights and one shift
func.func @convolution(%x: tensor<?x8x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                       %W: tensor<3x4x6xf32> {maek.name = "W", maek.role = "parameter"},
                       %m: !c {maek.name = "m", maek.role = "parameter"},
                       %s: !c {maek.name = "s", maek.role = "parameter"},
                       %g: !c {maek.name = "g", maek.role = "parameter"},
                       %b: !c {maek.name = "b", maek.role = "parameter"}) -> !y {
  %w = maek.window %x dim 1 stride 1 dilation 1 offset -1
    : tensor<?x8x4xf32, #maek.dims<B>> -> tensor<?x8x3x4xf32, #maek.dims<B>>
  %0 = maek.einsum "bhic,ico->bho" %w, %W : tensor<?x8x3x4xf32, #maek.dims<B>>, tensor<3x4x6xf32>
  %1 = maek.broadcast %m dims [2] : !c -> !y
  %2 = maek.sub %0, %1 : !y
  %3 = maek.broadcast %s dims [2] : !c -> !y
  %4 = maek.div %2, %3 : !y
  %5 = maek.broadcast %g dims [2] : !c -> !y
  %6 = maek.mul %4, %5 : !y
  %7 = maek.broadcast %b dims [2] : !c -> !y
  %8 = maek.add %6, %7 : !y
  %9 = maek.constant 0.0 : !y
  %10 = maek.max %8, %9 : !y
  return %10 : !y
}

// A shift alone is no gain.
// CHECK-LABEL: func.func @bias
// CHECK-NEXT: maek.einsum
func.func @bias(%x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                %W: tensor<6x4xf32> {maek.name = "W", maek.role = "parameter"},
                %b: !c {maek.name = "b", maek.role = "parameter"}) -> tensor<?x6xf32, #maek.dims<B>> {
  %0 = maek.einsum "bk,nk->bn" %x, %W : tensor<?x4xf32, #maek.dims<B>>, tensor<6x4xf32>
  %1 = maek.broadcast %b dims [1] : !c -> tensor<?x6xf32, #maek.dims<B>>
  %2 = maek.add %0, %1 : tensor<?x6xf32, #maek.dims<B>>
  return %2 : tensor<?x6xf32, #maek.dims<B>>
}

// The factor is the examples' own.
// CHECK-LABEL: func.func @other_factor
// CHECK-NEXT: maek.einsum
func.func @other_factor(%x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                        %W: tensor<6x4xf32> {maek.name = "W", maek.role = "parameter"},
                        %f: !c {maek.name = "f", maek.role = "input"}) -> tensor<?x6xf32, #maek.dims<B>> {
  %0 = maek.einsum "bk,nk->bn" %x, %W : tensor<?x4xf32, #maek.dims<B>>, tensor<6x4xf32>
  %1 = maek.broadcast %f dims [1] : !c -> tensor<?x6xf32, #maek.dims<B>>
  %2 = maek.mul %0, %1 : tensor<?x6xf32, #maek.dims<B>>
  return %2 : tensor<?x6xf32, #maek.dims<B>>
}

// The factor runs along rows, which the weights do not have.
// CHECK-LABEL: func.func @rows
// CHECK-NEXT: maek.einsum
// REMARK: :[[#@LINE+4]]:8: remark: [Missed] fold-batch-norm{{.*}}the factors are not along axes of the weights alone
func.func @rows(%x: tensor<?x5x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                %W: tensor<6x4xf32> {maek.name = "W", maek.role = "parameter"},
                %f: tensor<5xf32> {maek.name = "f", maek.role = "parameter"}) -> tensor<?x5x6xf32, #maek.dims<B>> {
  %0 = maek.einsum "bpk,nk->bpn" %x, %W : tensor<?x5x4xf32, #maek.dims<B>>, tensor<6x4xf32>
  %1 = maek.broadcast %f dims [1] : tensor<5xf32> -> tensor<?x5x6xf32, #maek.dims<B>>
  %2 = maek.mul %0, %1 : tensor<?x5x6xf32, #maek.dims<B>>
  return %2 : tensor<?x5x6xf32, #maek.dims<B>>
}

// The weights are trained here.
// CHECK-LABEL: func.func @training
// CHECK-NEXT: maek.einsum
func.func @training(%x: tensor<?x4xf32, #maek.dims<B>> {maek.name = "x", maek.role = "input"},
                    %W: tensor<6x4xf32> {maek.name = "W", maek.role = "parameter"},
                    %f: !c {maek.name = "f", maek.role = "parameter"})
    -> (tensor<?x6xf32, #maek.dims<B>>, !c {maek.name = "f", maek.role = "parameter"}) {
  %0 = maek.einsum "bk,nk->bn" %x, %W : tensor<?x4xf32, #maek.dims<B>>, tensor<6x4xf32>
  %1 = maek.broadcast %f dims [1] : !c -> tensor<?x6xf32, #maek.dims<B>>
  %2 = maek.mul %0, %1 : tensor<?x6xf32, #maek.dims<B>>
  %3 = maek.add %f, %f : !c
  return %2, %3 : tensor<?x6xf32, #maek.dims<B>>, !c
}
