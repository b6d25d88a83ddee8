// Part of Maek, under the MIT licence; see LICENSE.
// Ops that sum or choose over axes.
#ifndef MAEK_IR_CONTRACTIONOPS_TD
#define MAEK_IR_CONTRACTIONOPS_TD

include "ir/MaekOpBase.td"

def Maek_ReduceKind : Maek_Enum<"ReduceKind", "what elements are reduced to", [
    I64EnumAttrCase<"Sum", 0, "sum">,
    I64EnumAttrCase<"Max", 1, "max">,
    I64EnumAttrCase<"Min", 2, "min">]>;

def Maek_ContractionGroup : OpDocGroup {
  let summary = "Contractions and reductions";
  let description = [{
    The order in which numbers are summed is not promised. NaN is no maximum and
    no minimum.
  }];
}

let opDocGroup = Maek_ContractionGroup in {

def Maek_EinsumOp : Maek_Op<"einsum", [Pure, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "sum of products over contracted letters";
  let description = [{
    `result[r] = Σ lhs[l] · rhs[m]` over the values of all letters that are not
    in the result, where `r`, `l` and `m` are the letters' values in the three
    terms of the equation. One letter per axis; each letter stands at most once
    in each term; every letter of the result is in an operand; equal letters
    have equal extents.

    Operands of bf16 have a result of f32: their products are exact in f32, and
    are summed there. A compiled kernel may take numbers below the smallest
    normal one, 2^-126, for 0, among them those that it sums. One of ui8 and one
    of i8 also have a result of f32: the exact sum, which is within i32,
    converted.

    ```mlir
    // z[b, n] = sum over k of x[b, k] * W[n, k]
    %z = maek.einsum "bk,nk->bn" %x, %W
      : tensor<?x4xf32, #maek.dims<B>>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Maek_EinsumAttr:$equation, Maek_FactorTensor:$lhs,
                       Maek_FactorTensor:$rhs);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat =
      "$equation $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Maek_ReduceOp : Maek_Op<"reduce", [Pure, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "sum, maximum or minimum over some axes";
  let description = [{
    `result[kept] = kind over the axes in dims of operand`, where `kind` is
    `sum`, `max` or `min`; the axes in `dims` (increasing) disappear. Over no
    elements: 0, -infinity, +infinity. Where one of the elements is NaN, a sum
    is NaN, and a maximum or minimum is unspecified.

    ```mlir
    %s = maek.reduce sum %x dims [1] : tensor<4x10xf32>   // 4
    ```
  }];
  let arguments = (ins Maek_ReduceKind:$kind, Maek_FloatTensor:$operand,
                       DenseI64ArrayAttr:$dims);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$kind $operand `dims` $dims attr-dict `:` type($operand)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_ArgmaxOp : Maek_Op<"argmax", [Pure, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "index of the largest element along one axis";
  let description = [{
    The smallest index along axis `dim` whose element is the largest; the axis
    disappears and has at least one element. Unspecified where one is NaN.

    ```mlir
    %i = maek.argmax %x dim 1 : tensor<4x10xf32>   // tensor<4xi32>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Maek_IntTensor:$result);
  let assemblyFormat = "$operand `dim` $dim attr-dict `:` type($operand)";
}

} // opDocGroup = Maek_ContractionGroup

#endif // MAEK_IR_CONTRACTIONOPS_TD
