// Part of Maek, under the MIT licence; see LICENSE.
// Two cells with a layer between them: batch first there, time first in
// the cells.
func.func @forward(
    %W1: tensor<4x8xf64> {maek.name = "W1", maek.role = "parameter"},
    %W2: tensor<4x8xf64> {maek.name = "W2", maek.role = "parameter"},
    %V: tensor<4x4xf64> {maek.name = "V", maek.role = "parameter"},
    %b: tensor<4xf64> {maek.name = "b", maek.role = "parameter"},
    %x: tensor<?x?x4xf64, #maek.dims<B, T>> {maek.name = "x", maek.role = "input"})
    -> (tensor<?x4xf64, #maek.dims<B>> {maek.name = "y", maek.role = "output"}) {
  %zero = maek.constant 0.0 : tensor<?x4xf64, #maek.dims<B>>
  %xs1 = maek.transpose %x [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<B, T>>
  %r1:2 = maek.scan over(%xs1) init(%zero) {
  ^bb0(%xt: tensor<?x4xf64, #maek.dims<B>>, %h: tensor<?x4xf64, #maek.dims<B>>):
    %0 = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
    %1 = maek.einsum "bk,nk->bn" %0, %W1 : tensor<?x8xf64, #maek.dims<B>>, tensor<4x8xf64>
    %2 = maek.tanh %1 : tensor<?x4xf64, #maek.dims<B>>
    maek.yield %2, %2 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
  } : (tensor<?x?x4xf64, #maek.dims<T, B>>, tensor<?x4xf64, #maek.dims<B>>) -> (tensor<?x4xf64, #maek.dims<B>>, tensor<?x?x4xf64, #maek.dims<T, B>>)
  %hs1 = maek.transpose %r1#1 [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<T, B>>
  %p1 = maek.einsum "btk,nk->btn" %hs1, %V : tensor<?x?x4xf64, #maek.dims<B, T>>, tensor<4x4xf64>
  %q1 = maek.broadcast %b dims [2] : tensor<4xf64> -> tensor<?x?x4xf64, #maek.dims<B, T>>
  %l1 = maek.add %p1, %q1 : tensor<?x?x4xf64, #maek.dims<B, T>>
  %xs2 = maek.transpose %l1 [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<B, T>>
  %r2:2 = maek.scan over(%xs2) init(%zero) {
  ^bb0(%xt: tensor<?x4xf64, #maek.dims<B>>, %h: tensor<?x4xf64, #maek.dims<B>>):
    %0 = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
    %1 = maek.einsum "bk,nk->bn" %0, %W2 : tensor<?x8xf64, #maek.dims<B>>, tensor<4x8xf64>
    %2 = maek.tanh %1 : tensor<?x4xf64, #maek.dims<B>>
    maek.yield %2, %2 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
  } : (tensor<?x?x4xf64, #maek.dims<T, B>>, tensor<?x4xf64, #maek.dims<B>>) -> (tensor<?x4xf64, #maek.dims<B>>, tensor<?x?x4xf64, #maek.dims<T, B>>)
  %hs2 = maek.transpose %r2#1 [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<T, B>>
  %p2 = maek.einsum "btk,nk->btn" %hs2, %V : tensor<?x?x4xf64, #maek.dims<B, T>>, tensor<4x4xf64>
  %q2 = maek.broadcast %b dims [2] : tensor<4xf64> -> tensor<?x?x4xf64, #maek.dims<B, T>>
  %l2 = maek.add %p2, %q2 : tensor<?x?x4xf64, #maek.dims<B, T>>
  %last = maek.slice %l2 dim 1 offset -1 : tensor<?x?x4xf64, #maek.dims<B, T>> -> tensor<?x1x4xf64, #maek.dims<B>>
  %y = maek.reshape %last : tensor<?x1x4xf64, #maek.dims<B>> -> tensor<?x4xf64, #maek.dims<B>>
  return %y : tensor<?x4xf64, #maek.dims<B>>
}
