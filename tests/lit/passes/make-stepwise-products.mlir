// RUN: maek-opt %s --maek-make-stepwise --split-input-file | FileCheck %s --allow-empty

!text = tensor<?x?xi32, #maek.dims<B, T>>
!x = tensor<?x?x7xf32, #maek.dims<B, T>>

// The one operand is the other one, too, all of whose steps are added up.
// CHECK-NOT: func.func @gram
func.func @gram(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!x {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %s = maek.einsum "btd,bsd->bt" %x, %x : !x, !x
  %y = maek.einsum "bt,btd->btd" %s, %x : tensor<?x?xf32, #maek.dims<B, T>>, !x
  return %y : !x
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!m = tensor<?x?x2x2xf32, #maek.dims<B, T>>

// Each product asks for its operand once, or this would take forever.
// CHECK-NOT: func.func @powers
func.func @powers(%E: tensor<7x2x2xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!m {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x2x2xf32>, !text
  %0 = maek.reverse %x dim 1 : !m
  %1 = maek.einsum "btij,btjk->btik" %0, %0 : !m, !m
  %2 = maek.einsum "btij,btjk->btik" %1, %1 : !m, !m
  %3 = maek.einsum "btij,btjk->btik" %2, %2 : !m, !m
  %4 = maek.einsum "btij,btjk->btik" %3, %3 : !m, !m
  %5 = maek.einsum "btij,btjk->btik" %4, %4 : !m, !m
  %6 = maek.einsum "btij,btjk->btik" %5, %5 : !m, !m
  %7 = maek.einsum "btij,btjk->btik" %6, %6 : !m, !m
  %8 = maek.einsum "btij,btjk->btik" %7, %7 : !m, !m
  %9 = maek.einsum "btij,btjk->btik" %8, %8 : !m, !m
  %10 = maek.einsum "btij,btjk->btik" %9, %9 : !m, !m
  %11 = maek.einsum "btij,btjk->btik" %10, %10 : !m, !m
  %12 = maek.einsum "btij,btjk->btik" %11, %11 : !m, !m
  %13 = maek.einsum "btij,btjk->btik" %12, %12 : !m, !m
  %14 = maek.einsum "btij,btjk->btik" %13, %13 : !m, !m
  %15 = maek.einsum "btij,btjk->btik" %14, %14 : !m, !m
  %16 = maek.einsum "btij,btjk->btik" %15, %15 : !m, !m
  %17 = maek.einsum "btij,btjk->btik" %16, %16 : !m, !m
  %18 = maek.einsum "btij,btjk->btik" %17, %17 : !m, !m
  %19 = maek.einsum "btij,btjk->btik" %18, %18 : !m, !m
  %20 = maek.einsum "btij,btjk->btik" %19, %19 : !m, !m
  %21 = maek.einsum "btij,btjk->btik" %20, %20 : !m, !m
  %22 = maek.einsum "btij,btjk->btik" %21, %21 : !m, !m
  %23 = maek.einsum "btij,btjk->btik" %22, %22 : !m, !m
  %24 = maek.einsum "btij,btjk->btik" %23, %23 : !m, !m
  %25 = maek.einsum "btij,btjk->btik" %24, %24 : !m, !m
  %26 = maek.einsum "btij,btjk->btik" %25, %25 : !m, !m
  %27 = maek.einsum "btij,btjk->btik" %26, %26 : !m, !m
  %28 = maek.einsum "btij,btjk->btik" %27, %27 : !m, !m
  %29 = maek.einsum "btij,btjk->btik" %28, %28 : !m, !m
  %30 = maek.einsum "btij,btjk->btik" %29, %29 : !m, !m
  %31 = maek.einsum "btij,btjk->btik" %30, %30 : !m, !m
  %32 = maek.einsum "btij,btjk->btik" %31, %31 : !m, !m
  return %32 : !m
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!x = tensor<?x?x7xf32, #maek.dims<B, T>>
!v = tensor<?x?xf32, #maek.dims<B, T>>
!s = tensor<?x?x?xf32, #maek.dims<B, T, T>>

// Which keys count says nothing of the other sum, over all of the text.
// CHECK-NOT: func.func @other_sum
func.func @other_sum(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!x {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %0 = maek.einsum "bqd,bkd->bqk" %x, %x : !x, !x
  %i = maek.iota 1 : tensor<?x?x?xi32, #maek.dims<B, T, T>>
  %j = maek.iota 2 : tensor<?x?x?xi32, #maek.dims<B, T, T>>
  %c = maek.compare le %j, %i : tensor<?x?x?xi32, #maek.dims<B, T, T>> -> tensor<?x?x?xi1, #maek.dims<B, T, T>>
  %zero = maek.constant 0.0 : !s
  %w = maek.select %c, %0, %zero : tensor<?x?x?xi1, #maek.dims<B, T, T>>, !s
  %v = maek.reduce sum %x dims [2] : !x
  %1 = maek.einsum "bqk,bs->bqk" %w, %v : !s, !v
  %2 = maek.select %c, %1, %zero : tensor<?x?x?xi1, #maek.dims<B, T, T>>, !s
  %y = maek.einsum "bqk,bkd->bqd" %2, %x : !s, !x
  return %y : !x
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!x = tensor<?x?x7xf32, #maek.dims<B, T>>
!v = tensor<?x?xf32, #maek.dims<B, T>>
!s = tensor<?x?x?xf32, #maek.dims<B, T, T>>

// The same with each key's own number.
// CHECK-LABEL: func.func @same_keys
func.func @same_keys(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!x {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %0 = maek.einsum "bqd,bkd->bqk" %x, %x : !x, !x
  %i = maek.iota 1 : tensor<?x?x?xi32, #maek.dims<B, T, T>>
  %j = maek.iota 2 : tensor<?x?x?xi32, #maek.dims<B, T, T>>
  %c = maek.compare le %j, %i : tensor<?x?x?xi32, #maek.dims<B, T, T>> -> tensor<?x?x?xi1, #maek.dims<B, T, T>>
  %zero = maek.constant 0.0 : !s
  %w = maek.select %c, %0, %zero : tensor<?x?x?xi1, #maek.dims<B, T, T>>, !s
  %v = maek.reduce sum %x dims [2] : !x
  %1 = maek.einsum "bqk,bk->bqk" %w, %v : !s, !v
  %2 = maek.select %c, %1, %zero : tensor<?x?x?xi1, #maek.dims<B, T, T>>, !s
  %y = maek.einsum "bqk,bkd->bqd" %2, %x : !s, !x
  return %y : !x
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!x = tensor<?x?x7xf32, #maek.dims<B, T>>
!i = tensor<?x?x?xi32, #maek.dims<B, T, T>>
!m = tensor<?x?x?xi1, #maek.dims<B, T, T>>
!s = tensor<?x?x?xf32, #maek.dims<B, T, T>>

// Whether a key is not the first one is no place: later ones count, too.
// CHECK-NOT: func.func @flags
func.func @flags(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!x {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %0 = maek.einsum "bqd,bkd->bqk" %x, %x : !x, !x
  %i = maek.iota 1 : !i
  %j = maek.iota 2 : !i
  %jb = maek.convert %j : !i -> !m
  %jn = maek.convert %jb : !m -> !i
  %c = maek.compare le %jn, %i : !i -> !m
  %zero = maek.constant 0.0 : !s
  %w = maek.select %c, %0, %zero : !m, !s
  %y = maek.einsum "bqk,bkd->bqd" %w, %x : !s, !x
  return %y : !x
}

// -----

!text = tensor<?x?xi32, #maek.dims<B, T>>
!x = tensor<?x?x7xf32, #maek.dims<B, T>>

// Rows of all steps are added up at their classes.
// CHECK-NOT: func.func @counts
func.func @counts(%E: tensor<7x7xf32> {maek.name = "E", maek.role = "parameter"}, %text: !text {maek.name = "text", maek.role = "input"})
    -> (!x {maek.name = "y", maek.role = "output"}) attributes {maek.text = "text"} {
  %x = maek.gather %E at %text : tensor<7x7xf32>, !text
  %s = maek.scatter_add %x at %text : !x, !text -> tensor<7x7xf32>
  %y = maek.gather %s at %text : tensor<7x7xf32>, !text
  return %y : !x
}
