// RUN: maek-opt %s --maek-simplify | FileCheck %s

// The last step of what is also the state is the final state; the output
// disappears with it.
// CHECK-LABEL: func.func @last_is_final
// CHECK: %[[H:.*]] = maek.scan over(%{{.*}}) init(%arg1)
// CHECK: maek.yield %{{.*}} : tensor<?x3xf64, #maek.dims<B>>
// CHECK: return %[[H]]
func.func @last_is_final(%x: tensor<?x?x3xf64, #maek.dims<B, T>>, %h0: tensor<?x3xf64, #maek.dims<B>>) -> tensor<?x3xf64, #maek.dims<B>> {
  %xs = maek.transpose %x [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<B, T>>
  %r:2 = maek.scan over(%xs) init(%h0) {
  ^bb0(%xt: tensor<?x3xf64, #maek.dims<B>>, %h: tensor<?x3xf64, #maek.dims<B>>):
    %n = maek.add %h, %xt : tensor<?x3xf64, #maek.dims<B>>
    maek.yield %n, %n : tensor<?x3xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
  } : (tensor<?x?x3xf64, #maek.dims<T, B>>, tensor<?x3xf64, #maek.dims<B>>) -> (tensor<?x3xf64, #maek.dims<B>>, tensor<?x?x3xf64, #maek.dims<T, B>>)
  %hs = maek.transpose %r#1 [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<T, B>>
  %s = maek.slice %hs dim 1 offset -1 : tensor<?x?x3xf64, #maek.dims<B, T>> -> tensor<?x1x3xf64, #maek.dims<B>>
  %y = maek.reshape %s : tensor<?x1x3xf64, #maek.dims<B>> -> tensor<?x3xf64, #maek.dims<B>>
  return %y : tensor<?x3xf64, #maek.dims<B>>
}

// Backwards, the last step is step 0; step -1 is the first one.
// CHECK-LABEL: func.func @reversed
// CHECK: %[[R:.*]]:2 = maek.scan reverse
// CHECK-DAG: maek.reshape %[[R]]#0
// CHECK-DAG: maek.slice %[[R]]#1 dim 0 offset -1
func.func @reversed(%xs: tensor<5x3xf64>, %h0: tensor<3xf64>) -> (tensor<1x3xf64>, tensor<1x3xf64>) {
  %r:2 = maek.scan reverse over(%xs) init(%h0) {
  ^bb0(%x: tensor<3xf64>, %h: tensor<3xf64>):
    %n = maek.mul %h, %x : tensor<3xf64>
    maek.yield %n, %n : tensor<3xf64>, tensor<3xf64>
  } : (tensor<5x3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<5x3xf64>)
  %a = maek.slice %r#1 dim 0 offset 0 : tensor<5x3xf64> -> tensor<1x3xf64>
  %b = maek.slice %r#1 dim 0 offset -1 : tensor<5x3xf64> -> tensor<1x3xf64>
  return %a, %b : tensor<1x3xf64>, tensor<1x3xf64>
}

// A state that no step changes, one that nothing reads, one that is another
// one's twin; a sequence twice, one unread; an output twice, one that is a
// sequence and one that is the same in every step.
// CHECK-LABEL: func.func @carried_in_vain
// CHECK: %[[K:.*]] = maek.broadcast %arg3 dims [1]
// CHECK: %[[R:.*]]:2 = maek.scan over(%arg0) init(%arg2)
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<3xf64>, %[[H:.*]]: tensor<3xf64>):
// CHECK-NEXT: %[[A:.*]] = maek.add %[[X]], %[[X]]
// CHECK-NEXT: %[[B:.*]] = maek.mul %[[A]], %[[H]]
// CHECK-NEXT: %[[C:.*]] = maek.add %[[B]], %arg3
// CHECK-NEXT: maek.yield %[[C]], %[[B]]
// CHECK: return %[[R]]#0, %[[R]]#0, %arg3, %[[R]]#1, %[[R]]#1, %arg0, %[[K]]
func.func @carried_in_vain(%xs: tensor<5x3xf64>, %ys: tensor<5x3xf64>, %h0: tensor<3xf64>, %k: tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>) {
  %r:8 = maek.scan over(%xs, %xs, %ys) init(%h0, %h0, %k, %h0) {
  ^bb0(%x: tensor<3xf64>, %x2: tensor<3xf64>, %y: tensor<3xf64>, %h: tensor<3xf64>, %h2: tensor<3xf64>, %c: tensor<3xf64>, %d: tensor<3xf64>):
    %a = maek.add %x, %x2 : tensor<3xf64>
    %b = maek.mul %a, %h2 : tensor<3xf64>
    %n = maek.add %b, %c : tensor<3xf64>
    %e = maek.mul %d, %y : tensor<3xf64>
    maek.yield %n, %n, %c, %e, %b, %b, %x, %k : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
  } : (tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>)
  return %r#0, %r#1, %r#2, %r#4, %r#5, %r#6, %r#7 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>, tensor<5x3xf64>
}

// tanh(k) leaves the loop; the broadcast, which costs nothing, stays. A
// sequence that repeats one value needs no buffer.
// CHECK-LABEL: func.func @invariants
// CHECK: %[[T:.*]] = maek.tanh %arg1
// CHECK: maek.scan over(%arg0)
// CHECK-NEXT: ^bb0(%{{.*}}: tensor<2x3xf64>, %{{.*}}: tensor<2x3xf64>):
// CHECK: maek.broadcast %[[T]]
// CHECK: maek.yield
func.func @invariants(%xs: tensor<5x2x3xf64>, %k: tensor<3xf64>, %h0: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %ks = maek.broadcast %k dims [2] : tensor<3xf64> -> tensor<5x2x3xf64>
  %r = maek.scan over(%xs, %ks) init(%h0) {
  ^bb0(%x: tensor<2x3xf64>, %kt: tensor<2x3xf64>, %h: tensor<2x3xf64>):
    %a = maek.tanh %kt : tensor<2x3xf64>
    %b = maek.mul %h, %a : tensor<2x3xf64>
    %n = maek.add %b, %x : tensor<2x3xf64>
    maek.yield %n : tensor<2x3xf64>
  } : (tensor<5x2x3xf64>, tensor<5x2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  return %r : tensor<2x3xf64>
}

// Everything is needed: states that feed one another, one sequence unread but
// the only one.
// CHECK-LABEL: func.func @all_needed
// CHECK: maek.scan over(%arg0) init(%arg1, %arg2)
func.func @all_needed(%xs: tensor<5x2xf64>, %a0: tensor<3xf64>, %b0: tensor<3xf64>) -> tensor<3xf64> {
  %r:2 = maek.scan over(%xs) init(%a0, %b0) {
  ^bb0(%x: tensor<2xf64>, %a: tensor<3xf64>, %b: tensor<3xf64>):
    %s = maek.add %a, %b : tensor<3xf64>
    maek.yield %b, %s : tensor<3xf64>, tensor<3xf64>
  } : (tensor<5x2xf64>, tensor<3xf64>, tensor<3xf64>) -> (tensor<3xf64>, tensor<3xf64>)
  return %r#0 : tensor<3xf64>
}

// Read from the end and turned round again: a scan that runs backwards.
// CHECK-LABEL: func.func @backwards
// CHECK-NOT: maek.reverse
// CHECK: %[[R:.*]]:2 = maek.scan reverse over(%{{.*}}) init(%arg1)
// CHECK-NOT: maek.reverse
// CHECK: return
func.func @backwards(%x: tensor<?x?x3xf64, #maek.dims<B, T>>, %h0: tensor<?x3xf64, #maek.dims<B>>) -> tensor<?x?x3xf64, #maek.dims<B, T>> {
  %b = maek.reverse %x dim 1 : tensor<?x?x3xf64, #maek.dims<B, T>>
  %xs = maek.transpose %b [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<B, T>>
  %r:2 = maek.scan over(%xs) init(%h0) {
  ^bb0(%xt: tensor<?x3xf64, #maek.dims<B>>, %h: tensor<?x3xf64, #maek.dims<B>>):
    %a = maek.mul %h, %xt : tensor<?x3xf64, #maek.dims<B>>
    %n = maek.tanh %a : tensor<?x3xf64, #maek.dims<B>>
    maek.yield %n, %a : tensor<?x3xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
  } : (tensor<?x?x3xf64, #maek.dims<T, B>>, tensor<?x3xf64, #maek.dims<B>>) -> (tensor<?x3xf64, #maek.dims<B>>, tensor<?x?x3xf64, #maek.dims<T, B>>)
  %hs = maek.transpose %r#1 [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<T, B>>
  %y = maek.reverse %hs dim 1 : tensor<?x?x3xf64, #maek.dims<B, T>>
  return %y : tensor<?x?x3xf64, #maek.dims<B, T>>
}

// One sequence alone the other way round: the elements must move.
// CHECK-LABEL: func.func @against_one_another
// CHECK: maek.reverse %arg0 dim 0
// CHECK: maek.scan over
func.func @against_one_another(%x: tensor<5x3xf64>, %h0: tensor<3xf64>) -> tensor<3xf64> {
  %b = maek.reverse %x dim 0 : tensor<5x3xf64>
  %h = maek.scan over(%x, %b) init(%h0) {
  ^bb0(%xt: tensor<3xf64>, %bt: tensor<3xf64>, %h: tensor<3xf64>):
    %p = maek.mul %xt, %bt : tensor<3xf64>
    %n = maek.add %h, %p : tensor<3xf64>
    %t = maek.tanh %n : tensor<3xf64>
    maek.yield %t : tensor<3xf64>
  } : (tensor<5x3xf64>, tensor<5x3xf64>, tensor<3xf64>) -> tensor<3xf64>
  return %h : tensor<3xf64>
}
