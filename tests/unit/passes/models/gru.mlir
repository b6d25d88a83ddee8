// Part of Maek, under the MIT licence; see LICENSE.
// The candidate needs the reset gate: its state product stays apart.
func.func @forward(
    %Wz: tensor<4x7xf64> {maek.name = "Wz", maek.role = "parameter"},
    %Wr: tensor<4x7xf64> {maek.name = "Wr", maek.role = "parameter"},
    %Wn: tensor<4x7xf64> {maek.name = "Wn", maek.role = "parameter"},
    %bz: tensor<4xf64> {maek.name = "bz", maek.role = "parameter"},
    %br: tensor<4xf64> {maek.name = "br", maek.role = "parameter"},
    %bn: tensor<4xf64> {maek.name = "bn", maek.role = "parameter"},
    %x: tensor<?x?x3xf64, #maek.dims<B, T>> {maek.name = "x", maek.role = "input"})
    -> (tensor<?x?x4xf64, #maek.dims<T, B>> {maek.name = "hs", maek.role = "output"}) {
  %xs = maek.transpose %x [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<B, T>>
  %h0 = maek.constant 0.0 : tensor<?x4xf64, #maek.dims<B>>
  %r:2 = maek.scan over(%xs) init(%h0) {
  ^bb0(%xt: tensor<?x3xf64, #maek.dims<B>>, %h: tensor<?x4xf64, #maek.dims<B>>):
    %one = maek.constant 1.0 : tensor<?x4xf64, #maek.dims<B>>
    %az = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pz = maek.einsum "bk,nk->bn" %az, %Wz : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qz = maek.broadcast %bz dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %sz = maek.add %pz, %qz : tensor<?x4xf64, #maek.dims<B>>
    %gz = maek.sigmoid %sz : tensor<?x4xf64, #maek.dims<B>>
    %ar = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pr = maek.einsum "bk,nk->bn" %ar, %Wr : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qr = maek.broadcast %br dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %sr = maek.add %pr, %qr : tensor<?x4xf64, #maek.dims<B>>
    %gr = maek.sigmoid %sr : tensor<?x4xf64, #maek.dims<B>>
    %rh = maek.mul %gr, %h : tensor<?x4xf64, #maek.dims<B>>
    %an = maek.concat %rh, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pn = maek.einsum "bk,nk->bn" %an, %Wn : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qn = maek.broadcast %bn dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %sn = maek.add %pn, %qn : tensor<?x4xf64, #maek.dims<B>>
    %gn = maek.tanh %sn : tensor<?x4xf64, #maek.dims<B>>
    %zc = maek.sub %one, %gz : tensor<?x4xf64, #maek.dims<B>>
    %h1 = maek.mul %zc, %gn : tensor<?x4xf64, #maek.dims<B>>
    %h2 = maek.mul %gz, %h : tensor<?x4xf64, #maek.dims<B>>
    %h3 = maek.add %h1, %h2 : tensor<?x4xf64, #maek.dims<B>>
    maek.yield %h3, %h3 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
  } : (tensor<?x?x3xf64, #maek.dims<T, B>>, tensor<?x4xf64, #maek.dims<B>>) -> (tensor<?x4xf64, #maek.dims<B>>, tensor<?x?x4xf64, #maek.dims<T, B>>)
  return %r#1 : tensor<?x?x4xf64, #maek.dims<T, B>>
}
