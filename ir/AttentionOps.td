// Part of Maek, under the MIT licence; see LICENSE.
// Attention and its gradients as whole ops.
#ifndef MAEK_IR_ATTENTIONOPS_TD
#define MAEK_IR_ATTENTIONOPS_TD

include "ir/MaekOpBase.td"

def Maek_AttentionGroup : OpDocGroup {
  let summary = "Attention";
  let description = [{
    What `maek-fuse-attention` makes of a softmax between two products, so that
    no tensor of one number per query and key is ever stored. The leading axes
    L of all operands are the same. Query i may see key j if every mask holds
    at `[l, i, j]` and, with `causal c`, if j <= i + c. The weights are

        s[l, i, j] = scale · Σ_r query[l, i, r] · key[l, j, r]
        p[l, i, j] = e^s[l, i, j] / Σ_n e^s[l, i, n]

    over the keys that query i may see; the weight of the others is 0. A query
    that may see no key has no weight but 0. Kernels hold neither `s` nor `p`
    but for a tile, and compute the masks' producers again in there.

    Queries, keys, values and adjoints are all of bf16 or none is; results, sums
    and deltas are of f32 then. Products are those of `maek.einsum`; `p` and `d`
    are rounded to bf16 where they are multiplied, in a kernel as multiples of
    some weight of the query.
  }];
}

let opDocGroup = Maek_AttentionGroup in {

def Maek_AttentionOp : Maek_Op<"attention", [Pure, Maek_RelatesAxes, InferTypeOpAdaptor]> {
  let summary = "softmax(scale · query · keyᵀ) · value";
  let description = [{
    `result[l, i, x] = Σ_j p[l, i, j] · value[l, j, x]`; 0 for a query that may
    see no key.

    ```mlir
    %y = maek.attention %q, %k, %v scale 0.5 causal 0
      : tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>
    ```
  }];
  let arguments = (ins Maek_ShortFloatTensor:$query, Maek_ShortFloatTensor:$key,
                       Maek_ShortFloatTensor:$value,
                       Variadic<Maek_BoolTensor>:$masks, F64Attr:$scale,
                       OptionalAttr<Maek_IntAttr>:$causal);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`masks` `(` $masks^ `)`)? `scale` $scale
    (`causal` $causal^)? attr-dict `:` type($query) `,` type($key) `,`
    type($value) (`masks` `(` type($masks)^ `)`)?
  }];
}

def Maek_AttentionLogSumOp : Maek_Op<"attention_log_sum", [Pure, Maek_RelatesAxes,
    InferTypeOpAdaptor]> {
  let summary = "the logarithm of each query's sum of weights";
  let description = [{
    `result[l, i] = ln Σ_j e^s[l, i, j]`, over the keys that query i may see; 0
    if there is none. What the gradients compute the weights from.

    ```mlir
    %y = maek.attention_log_sum %q, %k scale 0.5 causal 0
      : tensor<2x8x4xf32>, tensor<2x8x4xf32>
    ```
  }];
  let arguments = (ins Maek_ShortFloatTensor:$query, Maek_ShortFloatTensor:$key,
                       Variadic<Maek_BoolTensor>:$masks, F64Attr:$scale,
                       OptionalAttr<Maek_IntAttr>:$causal);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $query `,` $key (`masks` `(` $masks^ `)`)? `scale` $scale
    (`causal` $causal^)? attr-dict `:` type($query) `,` type($key)
    (`masks` `(` type($masks)^ `)`)?
  }];
}

def Maek_AttentionWithLogSumOp : Maek_Op<"attention_with_log_sum", [Pure,
    Maek_RelatesAxes, InferTypeOpAdaptor]> {
  let summary = "attention and the logarithm of each query's sum of weights";
  let description = [{
    What `maek.attention` and `maek.attention_log_sum` of the same operands
    give, in one kernel.

    ```mlir
    %y, %s = maek.attention_with_log_sum %q, %k, %v scale 0.5 causal 0
      : tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>
    ```
  }];
  let arguments = (ins Maek_ShortFloatTensor:$query, Maek_ShortFloatTensor:$key,
                       Maek_ShortFloatTensor:$value,
                       Variadic<Maek_BoolTensor>:$masks, F64Attr:$scale,
                       OptionalAttr<Maek_IntAttr>:$causal);
  let results = (outs Maek_FloatTensor:$result, Maek_FloatTensor:$logSum);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`masks` `(` $masks^ `)`)? `scale` $scale
    (`causal` $causal^)? attr-dict `:` type($query) `,` type($key) `,`
    type($value) (`masks` `(` type($masks)^ `)`)?
  }];
}

class Maek_AttentionGradient<string mnemonic,
                             TypeConstraint factor = Maek_ShortFloatTensor>
    : Maek_Op<mnemonic, [Pure, Maek_RelatesAxes, InferTypeOpAdaptor]> {
  let arguments = (ins factor:$query, factor:$key, factor:$value, factor:$adjoint,
                       Maek_FloatTensor:$logSum, Maek_FloatTensor:$delta,
                       Variadic<Maek_BoolTensor>:$masks, F64Attr:$scale,
                       OptionalAttr<Maek_IntAttr>:$causal);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $adjoint `,` $logSum `,` $delta
    (`masks` `(` $masks^ `)`)? `scale` $scale (`causal` $causal^)? attr-dict
    `:` type($query) `,` type($key) `,` type($value) `,` type($adjoint) `,`
    type($logSum) `,` type($delta) (`masks` `(` type($masks)^ `)`)?
  }];
}

def Maek_AttentionQueryGradientOp
    : Maek_AttentionGradient<"attention_query_gradient"> {
  let summary = "the gradient of attention by its query";
  let description = [{
    With the adjoint `a` of the result, the weights `p` computed again from
    `logSum`, and `delta[l, i] = Σ_x a[l, i, x] · result[l, i, x]`:

        d[l, i, j] = p[l, i, j] · (Σ_x a[l, i, x] · value[l, j, x] - delta[l, i])
        result[l, i, r] = scale · Σ_j d[l, i, j] · key[l, j, r]

    ```mlir
    %dq = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : tensor<8x4xf32>, tensor<9x4xf32>, tensor<9x4xf32>, tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>
    ```
  }];
  let results = (outs Maek_FloatTensor:$result);
}

def Maek_AttentionKeyGradientOp
    : Maek_AttentionGradient<"attention_key_gradient"> {
  let summary = "the gradients of attention by its key and its value";
  let description = [{
    With `d` as `maek.attention_query_gradient` has it:

        keyGradient[l, j, r] = scale · Σ_i d[l, i, j] · query[l, i, r]
        valueGradient[l, j, x] = Σ_i p[l, i, j] · a[l, i, x]

    ```mlir
    %dk, %dv = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : tensor<8x4xf32>, tensor<9x4xf32>, tensor<9x4xf32>, tensor<8x4xf32>, tensor<8xf32>, tensor<8xf32>
    ```
  }];
  let results = (outs Maek_FloatTensor:$keyGradient,
                      Maek_FloatTensor:$valueGradient);
}

def Maek_AttentionGradientOp
    : Maek_AttentionGradient<"attention_gradient", Maek_FloatTensor> {
  let summary = "the gradients of attention by query, key and value";
  let description = [{
    What `maek.attention_query_gradient` and `maek.attention_key_gradient` of
    the same operands give, in one kernel, which computes `p` and `d` once.
    `maek-join-attention-gradients` makes it; for devices there is none.

    ```mlir
    %dq, %dk, %dv = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : tensor<4x8x4xf32>, tensor<4x9x4xf32>, tensor<4x9x4xf32>, tensor<4x8x4xf32>, tensor<4x8xf32>, tensor<4x8xf32>
    ```
  }];
  let results = (outs Maek_FloatTensor:$queryGradient,
                      Maek_FloatTensor:$keyGradient,
                      Maek_FloatTensor:$valueGradient);
}

} // opDocGroup = Maek_AttentionGroup

#endif // MAEK_IR_ATTENTIONOPS_TD
