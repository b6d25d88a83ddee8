// Part of Maek, under the MIT licence; see LICENSE.
// The four gates with a squared error and a plain gradient step.
func.func @train_step(
    %Wf: tensor<4x7xf64> {maek.name = "Wf", maek.role = "parameter"},
    %Wi: tensor<4x7xf64> {maek.name = "Wi", maek.role = "parameter"},
    %Wc: tensor<4x7xf64> {maek.name = "Wc", maek.role = "parameter"},
    %Wo: tensor<4x7xf64> {maek.name = "Wo", maek.role = "parameter"},
    %bf: tensor<4xf64> {maek.name = "bf", maek.role = "parameter"},
    %bi: tensor<4xf64> {maek.name = "bi", maek.role = "parameter"},
    %bc: tensor<4xf64> {maek.name = "bc", maek.role = "parameter"},
    %bo: tensor<4xf64> {maek.name = "bo", maek.role = "parameter"},
    %V: tensor<5x4xf64> {maek.name = "V", maek.role = "parameter"},
    %x: tensor<?x?x3xf64, #maek.dims<B, T>> {maek.name = "x", maek.role = "input"},
    %target: tensor<?x5xf64, #maek.dims<B>> {maek.name = "target", maek.role = "input"},
    %lr: tensor<f64> {maek.name = "lr", maek.role = "scalar"}) -> (
    tensor<f64> {maek.name = "loss", maek.role = "loss"},
    tensor<4x7xf64> {maek.name = "Wf", maek.role = "parameter"},
    tensor<4x7xf64> {maek.name = "Wi", maek.role = "parameter"},
    tensor<4x7xf64> {maek.name = "Wc", maek.role = "parameter"},
    tensor<4x7xf64> {maek.name = "Wo", maek.role = "parameter"},
    tensor<4xf64> {maek.name = "bf", maek.role = "parameter"},
    tensor<4xf64> {maek.name = "bi", maek.role = "parameter"},
    tensor<4xf64> {maek.name = "bc", maek.role = "parameter"},
    tensor<4xf64> {maek.name = "bo", maek.role = "parameter"},
    tensor<5x4xf64> {maek.name = "V", maek.role = "parameter"}) {
  %xs = maek.transpose %x [1, 0, 2] : tensor<?x?x3xf64, #maek.dims<B, T>>
  %h0 = maek.constant 0.0 : tensor<?x4xf64, #maek.dims<B>>
  %c0 = maek.constant 0.0 : tensor<?x4xf64, #maek.dims<B>>
  %r:3 = maek.scan over(%xs) init(%h0, %c0) {
  ^bb0(%xt: tensor<?x3xf64, #maek.dims<B>>, %h: tensor<?x4xf64, #maek.dims<B>>, %c: tensor<?x4xf64, #maek.dims<B>>):
    %af = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pf = maek.einsum "bk,nk->bn" %af, %Wf : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qf = maek.broadcast %bf dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %sf = maek.add %pf, %qf : tensor<?x4xf64, #maek.dims<B>>
    %gf = maek.sigmoid %sf : tensor<?x4xf64, #maek.dims<B>>
    %ai = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pi = maek.einsum "bk,nk->bn" %ai, %Wi : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qi = maek.broadcast %bi dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %si = maek.add %pi, %qi : tensor<?x4xf64, #maek.dims<B>>
    %gi = maek.sigmoid %si : tensor<?x4xf64, #maek.dims<B>>
    %ac = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %pc = maek.einsum "bk,nk->bn" %ac, %Wc : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qc = maek.broadcast %bc dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %sc = maek.add %pc, %qc : tensor<?x4xf64, #maek.dims<B>>
    %gc = maek.tanh %sc : tensor<?x4xf64, #maek.dims<B>>
    %ao = maek.concat %h, %xt dim 1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x3xf64, #maek.dims<B>>
    %po = maek.einsum "bk,nk->bn" %ao, %Wo : tensor<?x7xf64, #maek.dims<B>>, tensor<4x7xf64>
    %qo = maek.broadcast %bo dims [1] : tensor<4xf64> -> tensor<?x4xf64, #maek.dims<B>>
    %so = maek.add %po, %qo : tensor<?x4xf64, #maek.dims<B>>
    %go = maek.sigmoid %so : tensor<?x4xf64, #maek.dims<B>>
    %c1 = maek.mul %gf, %c : tensor<?x4xf64, #maek.dims<B>>
    %c2 = maek.mul %gi, %gc : tensor<?x4xf64, #maek.dims<B>>
    %c3 = maek.add %c1, %c2 : tensor<?x4xf64, #maek.dims<B>>
    %c4 = maek.tanh %c3 : tensor<?x4xf64, #maek.dims<B>>
    %h1 = maek.mul %go, %c4 : tensor<?x4xf64, #maek.dims<B>>
    maek.yield %h1, %c3, %h1 : tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>
  } : (tensor<?x?x3xf64, #maek.dims<T, B>>, tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>) -> (tensor<?x4xf64, #maek.dims<B>>, tensor<?x4xf64, #maek.dims<B>>, tensor<?x?x4xf64, #maek.dims<T, B>>)
  %hs = maek.transpose %r#2 [1, 0, 2] : tensor<?x?x4xf64, #maek.dims<T, B>>
  %last = maek.slice %hs dim 1 offset -1
    : tensor<?x?x4xf64, #maek.dims<B, T>> -> tensor<?x1x4xf64, #maek.dims<B>>
  %hT = maek.reshape %last : tensor<?x1x4xf64, #maek.dims<B>> -> tensor<?x4xf64, #maek.dims<B>>
  %y = maek.einsum "bk,nk->bn" %hT, %V : tensor<?x4xf64, #maek.dims<B>>, tensor<5x4xf64>
  %d = maek.sub %y, %target : tensor<?x5xf64, #maek.dims<B>>
  %d2 = maek.mul %d, %d : tensor<?x5xf64, #maek.dims<B>>
  %s = maek.reduce sum %d2 dims [0, 1] : tensor<?x5xf64, #maek.dims<B>>
  %n = maek.extent "B" : tensor<f64>
  %loss = maek.div %s, %n : tensor<f64>
  %g:9 = maek.gradient %loss wrt(%Wf, %Wi, %Wc, %Wo, %bf, %bi, %bc, %bo, %V)
    : tensor<f64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<5x4xf64>
  %lWf = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4x7xf64>
  %mWf = maek.mul %lWf, %g#0 : tensor<4x7xf64>
  %uWf = maek.sub %Wf, %mWf : tensor<4x7xf64>
  %lWi = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4x7xf64>
  %mWi = maek.mul %lWi, %g#1 : tensor<4x7xf64>
  %uWi = maek.sub %Wi, %mWi : tensor<4x7xf64>
  %lWc = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4x7xf64>
  %mWc = maek.mul %lWc, %g#2 : tensor<4x7xf64>
  %uWc = maek.sub %Wc, %mWc : tensor<4x7xf64>
  %lWo = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4x7xf64>
  %mWo = maek.mul %lWo, %g#3 : tensor<4x7xf64>
  %uWo = maek.sub %Wo, %mWo : tensor<4x7xf64>
  %lbf = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4xf64>
  %mbf = maek.mul %lbf, %g#4 : tensor<4xf64>
  %ubf = maek.sub %bf, %mbf : tensor<4xf64>
  %lbi = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4xf64>
  %mbi = maek.mul %lbi, %g#5 : tensor<4xf64>
  %ubi = maek.sub %bi, %mbi : tensor<4xf64>
  %lbc = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4xf64>
  %mbc = maek.mul %lbc, %g#6 : tensor<4xf64>
  %ubc = maek.sub %bc, %mbc : tensor<4xf64>
  %lbo = maek.broadcast %lr dims [] : tensor<f64> -> tensor<4xf64>
  %mbo = maek.mul %lbo, %g#7 : tensor<4xf64>
  %ubo = maek.sub %bo, %mbo : tensor<4xf64>
  %lV = maek.broadcast %lr dims [] : tensor<f64> -> tensor<5x4xf64>
  %mV = maek.mul %lV, %g#8 : tensor<5x4xf64>
  %uV = maek.sub %V, %mV : tensor<5x4xf64>
  return %loss, %uWf, %uWi, %uWc, %uWo, %ubf, %ubi, %ubc, %ubo, %uV
    : tensor<f64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4x7xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<4xf64>, tensor<5x4xf64>
}
