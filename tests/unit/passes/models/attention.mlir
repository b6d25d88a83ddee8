// Part of Maek, under the MIT licence; see LICENSE.
// Two heads; the products that give query, key and value share their input.
func.func @forward(
    %Wq: tensor<2x3x6xf64> {maek.name = "Wq", maek.role = "parameter"},
    %Wk: tensor<2x3x6xf64> {maek.name = "Wk", maek.role = "parameter"},
    %Wv: tensor<2x3x6xf64> {maek.name = "Wv", maek.role = "parameter"},
    %x: tensor<?x?x6xf64, #maek.dims<B, T>> {maek.name = "x", maek.role = "input"})
    -> (tensor<?x2x?x3xf64, #maek.dims<B, T>> {maek.name = "y", maek.role = "output"}) {
  %q = maek.einsum "btd,hkd->bhtk" %x, %Wq : tensor<?x?x6xf64, #maek.dims<B, T>>, tensor<2x3x6xf64>
  %k = maek.einsum "btd,hkd->bhtk" %x, %Wk : tensor<?x?x6xf64, #maek.dims<B, T>>, tensor<2x3x6xf64>
  %v = maek.einsum "btd,hkd->bhtk" %x, %Wv : tensor<?x?x6xf64, #maek.dims<B, T>>, tensor<2x3x6xf64>
  %kt = maek.transpose %k [0, 1, 3, 2] : tensor<?x2x?x3xf64, #maek.dims<B, T>>
  %s0 = maek.einsum "bhqk,bhkt->bhqt" %q, %kt : tensor<?x2x?x3xf64, #maek.dims<B, T>>, tensor<?x2x3x?xf64, #maek.dims<B, T>>
  %d = maek.constant 1.7320508075688772 : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %s1 = maek.div %s0, %d : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %m = maek.reduce max %s1 dims [3] : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %m1 = maek.stop_gradient %m : tensor<?x2x?xf64, #maek.dims<B, T>>
  %m2 = maek.broadcast %m1 dims [0, 1, 2] : tensor<?x2x?xf64, #maek.dims<B, T>> -> tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %s2 = maek.sub %s1, %m2 : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %e = maek.exp %s2 : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %t = maek.reduce sum %e dims [3] : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %t1 = maek.broadcast %t dims [0, 1, 2] : tensor<?x2x?xf64, #maek.dims<B, T>> -> tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %p = maek.div %e, %t1 : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>
  %y = maek.einsum "bhqt,bhtk->bhqk" %p, %v : tensor<?x2x?x?xf64, #maek.dims<B, T, T>>, tensor<?x2x?x3xf64, #maek.dims<B, T>>
  return %y : tensor<?x2x?x3xf64, #maek.dims<B, T>>
}
