// Part of Maek, under the MIT licence; see LICENSE.
// One product of the state and one of the input, run backwards.
func.func @forward(
    %U: tensor<4x4xf64> {maek.name = "U", maek.role = "parameter"},
    %W: tensor<4x3xf64> {maek.name = "W", maek.role = "parameter"},
    %b: tensor<4xf64> {maek.name = "b", maek.role = "parameter"},
    %x: tensor<?x?x3xf64, #maek.dims<T, B>> {maek.name = "x", maek.role = "input"})
    -> (tensor<?x4xf64, #maek.dims<B>> {maek.name = "h", maek.role = "output"}) {
  %h0 = maek.constant 0.5 : tensor<?x4xf64, #maek.dims<B>>
  %r:2 = maek.scan reverse over(%x) init(%h0) {
  ^bb0(%xt: tensor<?x3xf64, #maek.dims<B>>, %h: tensor<?x4xf64, #maek.dims<B>>):
    %0 = maek.einsum "nk,bk->bn" %U, %h : tensor<4x4xf64>, tensor<?x4xf64, #maek.dims<B>>
    %1 = maek.einsum "nk,bk->bn" %W, %xt : tensor<4x3xf64>, tensor<?x3xf64, #maek.dims<B>>
    %2 = maek.broadcast %b dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %3 = maek.add %2, %0 : tensor<?x4xf64, #maek.dims<B>>
    %4 = maek.add %1, %3 : tensor<?x4xf64, #maek.dims<B>>
    %5 = maek.tanh %4 : tensor<?x4xf64, #maek.dims<B>>
    maek.yield %5, %5 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
  } : (tensor<?x?x3xf64, #maek.dims<T, B>>, tensor<?x4xf64, #maek.dims<B>>) -> (tensor<?x4xf64, #maek.dims<B>>, tensor<?x?x4xf64, #maek.dims<T, B>>)
  %first = maek.slice %r#1 dim 0 offset 0 : tensor<?x?x4xf64, #maek.dims<T, B>> -> tensor<1x?x4xf64, #maek.dims<B>>
  %y = maek.reshape %first : tensor<1x?x4xf64, #maek.dims<B>> -> tensor<?x4xf64, #maek.dims<B>>
  return %y : tensor<?x4xf64, #maek.dims<B>>
}
