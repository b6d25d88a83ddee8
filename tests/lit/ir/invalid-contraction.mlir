// RUN: maek-opt --split-input-file --verify-diagnostics %s

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{expected 'lhs,rhs->result', found 'bk->b'}}
  %0 = maek.einsum "bk->b" %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{',' is not a letter}}
  %0 = maek.einsum "bk,n,m->b" %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x2xf32>) {
  // expected-error@+1 {{letter 'b' stands twice in the term 'bb'}}
  %0 = maek.einsum "bb,bk->b" %x, %x : tensor<2x2xf32>, tensor<2x2xf32>
  return
}

// -----

// More letters than there are: one stands twice.
func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{letter 'a' stands twice in the term 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZa'}}
  %0 = maek.einsum "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZa,a->a" %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{letter 'n' of the result is in no operand}}
  %0 = maek.einsum "bk,bk->n" %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>, %y: tensor<2x3xf64>) {
  // expected-error@+1 {{einsum multiplies 'tensor<2x3xf32>' by 'tensor<2x3xf64>', which have no product}}
  %0 = maek.einsum "bk,bk->b" %x, %y : tensor<2x3xf32>, tensor<2x3xf64>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{einsum: 'b' names 1 axes of 'tensor<2x3xf32>'}}
  %0 = maek.einsum "bk,b->b" %x, %x : tensor<2x3xf32>, tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<?x3xf32, #maek.dims<B>>, %y: tensor<?x3xf32, #maek.dims<T>>) {
  // expected-error@+1 {{einsum: 'b' is B in 'tensor<?x3xf32, #maek.dims<B>>' and T in 'tensor<?x3xf32, #maek.dims<T>>'}}
  %0 = maek.einsum "bk,bk->b" %x, %y : tensor<?x3xf32, #maek.dims<B>>, tensor<?x3xf32, #maek.dims<T>>
  return
}

// -----

func.func @f(%x: tensor<*xf32>) {
  // expected-error@+1 {{invalid kind of type specified}}
  %0 = maek.einsum "b,b->b" %x, %x : tensor<*xf32>, tensor<*xf32>
  return
}

// -----

func.func @f(%x: tensor<2xi32>) {
  // expected-error@+1 {{operand #0 must be ranked tensor of f32, f64, bf16, i8 or ui8 with named extents, but got 'tensor<2xi32>'}}
  %0 = maek.einsum "b,b->b" %x, %x : tensor<2xi32>, tensor<2xi32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{expected string or keyword containing one of the following enum values for attribute 'kind' [sum, max, min]}}
  %0 = maek.reduce mean %x dims [0] : tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{reduce needs increasing axes of 'tensor<2x3xf32>', found 2}}
  %0 = maek.reduce sum %x dims [0, 2] : tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x3xf32>) {
  // expected-error@+1 {{argmax has no axis -1 in 'tensor<2x3xf32>'}}
  %0 = maek.argmax %x dim -1 : tensor<2x3xf32>
  return
}

// -----

func.func @f(%x: tensor<2x0xf32>) {
  // expected-error@+1 {{argmax needs an element along axis 1 of 'tensor<2x0xf32>'}}
  %0 = maek.argmax %x dim 1 : tensor<2x0xf32>
  return
}

// -----

func.func @f(%q: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{attention needs a causal offset of 32 bits, found 9223372036854775807}}
  %y = maek.attention %q, %q, %q scale 0.5 causal 9223372036854775807 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @f(%q: tensor<2x4xf32>, %v: tensor<3x4xf32>) -> tensor<2xf32> {
  // expected-error@+1 {{attention needs values of 'tensor<2x4xf32>', found 'tensor<3x4xf32>'}}
  %y, %s = maek.attention_with_log_sum %q, %q, %v scale 0.5 : tensor<2x4xf32>, tensor<2x4xf32>, tensor<3x4xf32>
  return %s : tensor<2xf32>
}

// -----

// Two signed ones.
func.func @f(%x: tensor<4xi8>) {
  // expected-error@+1 {{einsum multiplies 'tensor<4xi8>' by 'tensor<4xi8>', which have no product}}
  %0 = maek.einsum "k,k->" %x, %x : tensor<4xi8>, tensor<4xi8>
  return
}
