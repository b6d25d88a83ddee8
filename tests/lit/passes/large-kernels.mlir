// RUN: maek-opt %s --maek-fuse-elementwise | FileCheck %s --check-prefix=ELEMENTWISE
// RUN: maek-opt %s --maek-fuse-epilogues | FileCheck %s --check-prefix=EPILOGUE
// RUN: maek-opt %s --maek-rematerialize | FileCheck %s --check-prefix=AGAIN
// RUN: maek-opt %s --maek-fuse-elementwise --remarks-filter=.* --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// A kernel holds 40 elementwise ops at most.

!t = tensor<4xf32>

// ELEMENTWISE-LABEL: func.func @chain
// ELEMENTWISE-NEXT: maek.kernel
// ELEMENTWISE-COUNT-40: maek.tanh
// ELEMENTWISE-NEXT: maek.yield
// ELEMENTWISE: maek.kernel
// ELEMENTWISE-NEXT: maek.tanh
// ELEMENTWISE-NEXT: maek.tanh
// ELEMENTWISE-NEXT: maek.yield
// ELEMENTWISE-NOT: maek.kernel
// ELEMENTWISE: return
// REMARK: [Missed] fuse-elementwise{{.*}}tanh is not fused with tanh: one kernel would hold too many operations
func.func @chain(%x: !t) -> !t {
  %y1 = maek.tanh %x : !t
  %y2 = maek.tanh %y1 : !t
  %y3 = maek.tanh %y2 : !t
  %y4 = maek.tanh %y3 : !t
  %y5 = maek.tanh %y4 : !t
  %y6 = maek.tanh %y5 : !t
  %y7 = maek.tanh %y6 : !t
  %y8 = maek.tanh %y7 : !t
  %y9 = maek.tanh %y8 : !t
  %y10 = maek.tanh %y9 : !t
  %y11 = maek.tanh %y10 : !t
  %y12 = maek.tanh %y11 : !t
  %y13 = maek.tanh %y12 : !t
  %y14 = maek.tanh %y13 : !t
  %y15 = maek.tanh %y14 : !t
  %y16 = maek.tanh %y15 : !t
  %y17 = maek.tanh %y16 : !t
  %y18 = maek.tanh %y17 : !t
  %y19 = maek.tanh %y18 : !t
  %y20 = maek.tanh %y19 : !t
  %y21 = maek.tanh %y20 : !t
  %y22 = maek.tanh %y21 : !t
  %y23 = maek.tanh %y22 : !t
  %y24 = maek.tanh %y23 : !t
  %y25 = maek.tanh %y24 : !t
  %y26 = maek.tanh %y25 : !t
  %y27 = maek.tanh %y26 : !t
  %y28 = maek.tanh %y27 : !t
  %y29 = maek.tanh %y28 : !t
  %y30 = maek.tanh %y29 : !t
  %y31 = maek.tanh %y30 : !t
  %y32 = maek.tanh %y31 : !t
  %y33 = maek.tanh %y32 : !t
  %y34 = maek.tanh %y33 : !t
  %y35 = maek.tanh %y34 : !t
  %y36 = maek.tanh %y35 : !t
  %y37 = maek.tanh %y36 : !t
  %y38 = maek.tanh %y37 : !t
  %y39 = maek.tanh %y38 : !t
  %y40 = maek.tanh %y39 : !t
  %y41 = maek.tanh %y40 : !t
  %y42 = maek.tanh %y41 : !t
  return %y42 : !t
}

// Scalars do not count.
// ELEMENTWISE-LABEL: func.func @scalars
// ELEMENTWISE-NEXT: maek.kernel
// ELEMENTWISE-NOT: maek.kernel
// ELEMENTWISE: return
func.func @scalars(%x: tensor<f32>) -> tensor<f32> {
  %y1 = maek.tanh %x : tensor<f32>
  %y2 = maek.tanh %y1 : tensor<f32>
  %y3 = maek.tanh %y2 : tensor<f32>
  %y4 = maek.tanh %y3 : tensor<f32>
  %y5 = maek.tanh %y4 : tensor<f32>
  %y6 = maek.tanh %y5 : tensor<f32>
  %y7 = maek.tanh %y6 : tensor<f32>
  %y8 = maek.tanh %y7 : tensor<f32>
  %y9 = maek.tanh %y8 : tensor<f32>
  %y10 = maek.tanh %y9 : tensor<f32>
  %y11 = maek.tanh %y10 : tensor<f32>
  %y12 = maek.tanh %y11 : tensor<f32>
  %y13 = maek.tanh %y12 : tensor<f32>
  %y14 = maek.tanh %y13 : tensor<f32>
  %y15 = maek.tanh %y14 : tensor<f32>
  %y16 = maek.tanh %y15 : tensor<f32>
  %y17 = maek.tanh %y16 : tensor<f32>
  %y18 = maek.tanh %y17 : tensor<f32>
  %y19 = maek.tanh %y18 : tensor<f32>
  %y20 = maek.tanh %y19 : tensor<f32>
  %y21 = maek.tanh %y20 : tensor<f32>
  %y22 = maek.tanh %y21 : tensor<f32>
  %y23 = maek.tanh %y22 : tensor<f32>
  %y24 = maek.tanh %y23 : tensor<f32>
  %y25 = maek.tanh %y24 : tensor<f32>
  %y26 = maek.tanh %y25 : tensor<f32>
  %y27 = maek.tanh %y26 : tensor<f32>
  %y28 = maek.tanh %y27 : tensor<f32>
  %y29 = maek.tanh %y28 : tensor<f32>
  %y30 = maek.tanh %y29 : tensor<f32>
  %y31 = maek.tanh %y30 : tensor<f32>
  %y32 = maek.tanh %y31 : tensor<f32>
  %y33 = maek.tanh %y32 : tensor<f32>
  %y34 = maek.tanh %y33 : tensor<f32>
  %y35 = maek.tanh %y34 : tensor<f32>
  %y36 = maek.tanh %y35 : tensor<f32>
  %y37 = maek.tanh %y36 : tensor<f32>
  %y38 = maek.tanh %y37 : tensor<f32>
  %y39 = maek.tanh %y38 : tensor<f32>
  %y40 = maek.tanh %y39 : tensor<f32>
  %y41 = maek.tanh %y40 : tensor<f32>
  %y42 = maek.tanh %y41 : tensor<f32>
  return %y42 : tensor<f32>
}

// EPILOGUE-LABEL: func.func @product
// EPILOGUE: maek.einsum
// EPILOGUE-COUNT-40: maek.tanh
// EPILOGUE-NEXT: maek.yield
// EPILOGUE-COUNT-2: maek.tanh
// EPILOGUE-NEXT: return
func.func @product(%x: !t, %W: tensor<4x4xf32>) -> !t {
  %0 = maek.einsum "k,nk->n" %x, %W : !t, tensor<4x4xf32>
  %y1 = maek.tanh %0 : !t
  %y2 = maek.tanh %y1 : !t
  %y3 = maek.tanh %y2 : !t
  %y4 = maek.tanh %y3 : !t
  %y5 = maek.tanh %y4 : !t
  %y6 = maek.tanh %y5 : !t
  %y7 = maek.tanh %y6 : !t
  %y8 = maek.tanh %y7 : !t
  %y9 = maek.tanh %y8 : !t
  %y10 = maek.tanh %y9 : !t
  %y11 = maek.tanh %y10 : !t
  %y12 = maek.tanh %y11 : !t
  %y13 = maek.tanh %y12 : !t
  %y14 = maek.tanh %y13 : !t
  %y15 = maek.tanh %y14 : !t
  %y16 = maek.tanh %y15 : !t
  %y17 = maek.tanh %y16 : !t
  %y18 = maek.tanh %y17 : !t
  %y19 = maek.tanh %y18 : !t
  %y20 = maek.tanh %y19 : !t
  %y21 = maek.tanh %y20 : !t
  %y22 = maek.tanh %y21 : !t
  %y23 = maek.tanh %y22 : !t
  %y24 = maek.tanh %y23 : !t
  %y25 = maek.tanh %y24 : !t
  %y26 = maek.tanh %y25 : !t
  %y27 = maek.tanh %y26 : !t
  %y28 = maek.tanh %y27 : !t
  %y29 = maek.tanh %y28 : !t
  %y30 = maek.tanh %y29 : !t
  %y31 = maek.tanh %y30 : !t
  %y32 = maek.tanh %y31 : !t
  %y33 = maek.tanh %y32 : !t
  %y34 = maek.tanh %y33 : !t
  %y35 = maek.tanh %y34 : !t
  %y36 = maek.tanh %y35 : !t
  %y37 = maek.tanh %y36 : !t
  %y38 = maek.tanh %y37 : !t
  %y39 = maek.tanh %y38 : !t
  %y40 = maek.tanh %y39 : !t
  %y41 = maek.tanh %y40 : !t
  %y42 = maek.tanh %y41 : !t
  return %y42 : !t
}

// EPILOGUE-LABEL: func.func @sum
// EPILOGUE-COUNT-2: maek.tanh
// EPILOGUE-NEXT: maek.kernel
// EPILOGUE-COUNT-40: maek.tanh
// EPILOGUE-NEXT: maek.reduce
// EPILOGUE: return
func.func @sum(%x: !t) -> tensor<f32> {
  %y1 = maek.tanh %x : !t
  %y2 = maek.tanh %y1 : !t
  %y3 = maek.tanh %y2 : !t
  %y4 = maek.tanh %y3 : !t
  %y5 = maek.tanh %y4 : !t
  %y6 = maek.tanh %y5 : !t
  %y7 = maek.tanh %y6 : !t
  %y8 = maek.tanh %y7 : !t
  %y9 = maek.tanh %y8 : !t
  %y10 = maek.tanh %y9 : !t
  %y11 = maek.tanh %y10 : !t
  %y12 = maek.tanh %y11 : !t
  %y13 = maek.tanh %y12 : !t
  %y14 = maek.tanh %y13 : !t
  %y15 = maek.tanh %y14 : !t
  %y16 = maek.tanh %y15 : !t
  %y17 = maek.tanh %y16 : !t
  %y18 = maek.tanh %y17 : !t
  %y19 = maek.tanh %y18 : !t
  %y20 = maek.tanh %y19 : !t
  %y21 = maek.tanh %y20 : !t
  %y22 = maek.tanh %y21 : !t
  %y23 = maek.tanh %y22 : !t
  %y24 = maek.tanh %y23 : !t
  %y25 = maek.tanh %y24 : !t
  %y26 = maek.tanh %y25 : !t
  %y27 = maek.tanh %y26 : !t
  %y28 = maek.tanh %y27 : !t
  %y29 = maek.tanh %y28 : !t
  %y30 = maek.tanh %y29 : !t
  %y31 = maek.tanh %y30 : !t
  %y32 = maek.tanh %y31 : !t
  %y33 = maek.tanh %y32 : !t
  %y34 = maek.tanh %y33 : !t
  %y35 = maek.tanh %y34 : !t
  %y36 = maek.tanh %y35 : !t
  %y37 = maek.tanh %y36 : !t
  %y38 = maek.tanh %y37 : !t
  %y39 = maek.tanh %y38 : !t
  %y40 = maek.tanh %y39 : !t
  %y41 = maek.tanh %y40 : !t
  %y42 = maek.tanh %y41 : !t
  %0 = maek.reduce sum %y42 dims [0] : !t
  return %0 : tensor<f32>
}

// Two more are not done again where there are 39, and are where there are 38.
// AGAIN-LABEL: func.func @full
// AGAIN: } : tensor<4xf32>, tensor<4xf32>
// AGAIN-NEXT: maek.kernel
// AGAIN: return
func.func @full(%x: !t) -> (!t, !t) {
  %k:2 = maek.kernel {
    %0 = maek.exp %x : !t
    %1 = maek.tanh %0 : !t
    %2 = maek.tanh %1 : !t
    maek.yield %0, %2 : !t, !t
  } : !t, !t
  %l = maek.kernel {
    %y1 = maek.tanh %k#1 : !t
    %y2 = maek.tanh %y1 : !t
    %y3 = maek.tanh %y2 : !t
    %y4 = maek.tanh %y3 : !t
    %y5 = maek.tanh %y4 : !t
    %y6 = maek.tanh %y5 : !t
    %y7 = maek.tanh %y6 : !t
    %y8 = maek.tanh %y7 : !t
    %y9 = maek.tanh %y8 : !t
    %y10 = maek.tanh %y9 : !t
    %y11 = maek.tanh %y10 : !t
    %y12 = maek.tanh %y11 : !t
    %y13 = maek.tanh %y12 : !t
    %y14 = maek.tanh %y13 : !t
    %y15 = maek.tanh %y14 : !t
    %y16 = maek.tanh %y15 : !t
    %y17 = maek.tanh %y16 : !t
    %y18 = maek.tanh %y17 : !t
    %y19 = maek.tanh %y18 : !t
    %y20 = maek.tanh %y19 : !t
    %y21 = maek.tanh %y20 : !t
    %y22 = maek.tanh %y21 : !t
    %y23 = maek.tanh %y22 : !t
    %y24 = maek.tanh %y23 : !t
    %y25 = maek.tanh %y24 : !t
    %y26 = maek.tanh %y25 : !t
    %y27 = maek.tanh %y26 : !t
    %y28 = maek.tanh %y27 : !t
    %y29 = maek.tanh %y28 : !t
    %y30 = maek.tanh %y29 : !t
    %y31 = maek.tanh %y30 : !t
    %y32 = maek.tanh %y31 : !t
    %y33 = maek.tanh %y32 : !t
    %y34 = maek.tanh %y33 : !t
    %y35 = maek.tanh %y34 : !t
    %y36 = maek.tanh %y35 : !t
    %y37 = maek.tanh %y36 : !t
    %y38 = maek.tanh %y37 : !t
    %y39 = maek.tanh %y38 : !t
    maek.yield %y39 : !t
  } : !t
  return %k#0, %l : !t, !t
}

// AGAIN-LABEL: func.func @room
// AGAIN-NOT: } : tensor<4xf32>, tensor<4xf32>
// AGAIN: maek.kernel
// AGAIN: } : tensor<4xf32>
// AGAIN-NEXT: maek.kernel
// AGAIN-COUNT-40: maek.tanh
// AGAIN-NEXT: maek.yield
func.func @room(%x: !t) -> (!t, !t) {
  %k:2 = maek.kernel {
    %0 = maek.exp %x : !t
    %1 = maek.tanh %0 : !t
    %2 = maek.tanh %1 : !t
    maek.yield %0, %2 : !t, !t
  } : !t, !t
  %l = maek.kernel {
    %y1 = maek.tanh %k#1 : !t
    %y2 = maek.tanh %y1 : !t
    %y3 = maek.tanh %y2 : !t
    %y4 = maek.tanh %y3 : !t
    %y5 = maek.tanh %y4 : !t
    %y6 = maek.tanh %y5 : !t
    %y7 = maek.tanh %y6 : !t
    %y8 = maek.tanh %y7 : !t
    %y9 = maek.tanh %y8 : !t
    %y10 = maek.tanh %y9 : !t
    %y11 = maek.tanh %y10 : !t
    %y12 = maek.tanh %y11 : !t
    %y13 = maek.tanh %y12 : !t
    %y14 = maek.tanh %y13 : !t
    %y15 = maek.tanh %y14 : !t
    %y16 = maek.tanh %y15 : !t
    %y17 = maek.tanh %y16 : !t
    %y18 = maek.tanh %y17 : !t
    %y19 = maek.tanh %y18 : !t
    %y20 = maek.tanh %y19 : !t
    %y21 = maek.tanh %y20 : !t
    %y22 = maek.tanh %y21 : !t
    %y23 = maek.tanh %y22 : !t
    %y24 = maek.tanh %y23 : !t
    %y25 = maek.tanh %y24 : !t
    %y26 = maek.tanh %y25 : !t
    %y27 = maek.tanh %y26 : !t
    %y28 = maek.tanh %y27 : !t
    %y29 = maek.tanh %y28 : !t
    %y30 = maek.tanh %y29 : !t
    %y31 = maek.tanh %y30 : !t
    %y32 = maek.tanh %y31 : !t
    %y33 = maek.tanh %y32 : !t
    %y34 = maek.tanh %y33 : !t
    %y35 = maek.tanh %y34 : !t
    %y36 = maek.tanh %y35 : !t
    %y37 = maek.tanh %y36 : !t
    %y38 = maek.tanh %y37 : !t
    maek.yield %y38 : !t
  } : !t
  return %k#0, %l : !t, !t
}
