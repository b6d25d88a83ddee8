// Part of Maek, under the MIT licence; see LICENSE.
// Ops that move elements about and compute nothing.
#ifndef MAEK_IR_SHAPEOPS_TD
#define MAEK_IR_SHAPEOPS_TD

include "ir/MaekOpBase.td"

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

def Maek_ShapeGroup : OpDocGroup {
  let summary = "Shape operations";
  let description = [{
    They move elements about and compute nothing. Axes are counted from 0, the
    outermost; element types stay as they are.
  }];
}

let opDocGroup = Maek_ShapeGroup in {

def Maek_BroadcastOp : Maek_Op<"broadcast", [Pure, Maek_Linear, Maek_NamesAxes,
    Maek_TriviallyRematerializable]> {
  let summary = "repeat a tensor along new axes";
  let description = [{
    `result[i] = operand[i[dims[0]], i[dims[1]], ...]`, for each index `i`.
    Axis `a` of the operand becomes axis `dims[a]` of the result; `dims` is
    strictly increasing and the extents are equal. The result's other axes
    repeat.

    ```mlir
    %y = maek.broadcast %b dims [1]
      : tensor<256xf32> -> tensor<?x256xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, DenseI64ArrayAttr:$dims);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat =
      "$operand `dims` $dims attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_TransposeOp : Maek_Op<"transpose", [Pure, Maek_Linear, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "permute the axes";
  let description = [{
    Axis `a` of the result is axis `permutation[a]` of the operand:
    `result[i] = operand[j]` where `j[permutation[a]] = i[a]`.

    ```mlir
    // [B, T, 4] -> [T, B, 4]
    %y = maek.transpose %x [1, 0, 2] : tensor<?x?x4xf32, #maek.dims<B, T>>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand $permutation attr-dict `:` type($operand)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_ReshapeOp : Maek_Op<"reshape", [Pure, Maek_Linear, Maek_RelatesAxes]> {
  let summary = "the same elements in row-major order, another shape";
  let description = [{
    The n-th element of the result is the n-th of the operand, both counted in
    row-major order (the last axis fastest). The products of extents are equal,
    as monomials in the symbols.

    ```mlir
    %y = maek.reshape %x
      : tensor<?x28x28xf32, #maek.dims<B>> -> tensor<?x784xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_ConcatOp : Maek_Op<"concat", [Pure, Maek_Linear, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "join tensors along one axis";
  let description = [{
    The operands stand one behind the other along axis `dim`, whose sizes are
    static; the other extents are equal.

    ```mlir
    // [h, x]: 8 + 4 = 12 columns
    %y = maek.concat %h, %x dim 1
      : tensor<?x8xf32, #maek.dims<B>>, tensor<?x4xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Variadic<Maek_Tensor>:$operands, Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operands `dim` $dim attr-dict `:` type($operands)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_SplitOp : Maek_Op<"split", [Pure, Maek_Linear, Maek_NamesAxes]> {
  let summary = "cut a tensor along one axis";
  let description = [{
    The inverse of `maek.concat`: the results are consecutive ranges of axis
    `dim` that cover it, their sizes static.

    ```mlir
    %h, %x = maek.split %w dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Variadic<Maek_Tensor>:$outputs);
  let assemblyFormat =
      "$operand `dim` $dim attr-dict `:` type($operand) `->` type($outputs)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_StackOp : Maek_Op<"stack", [Pure, Maek_Linear, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "join equal tensors along a new axis";
  let description = [{
    `result[..., n, ...] = operands[n][...]`, where `n` stands at axis `dim` of
    the result. The operands have one type.

    ```mlir
    %w = maek.stack %f, %i dim 0 : tensor<8x4xf32>, tensor<8x4xf32>  // 2x8x4
    ```
  }];
  let arguments = (ins Variadic<Maek_Tensor>:$operands, Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operands `dim` $dim attr-dict `:` type($operands)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_UnstackOp : Maek_Op<"unstack", [Pure, Maek_Linear, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "take one axis apart, one result per index";
  let description = [{
    The inverse of `maek.stack`: result number `n` is `operand[..., n, ...]`,
    where `n` stands at axis `dim`, whose size is static and at most 65536.

    ```mlir
    %f, %i = maek.unstack %z dim 1 : tensor<?x2x8xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Variadic<Maek_Tensor>:$outputs);
  let assemblyFormat = "$operand `dim` $dim attr-dict `:` type($operand)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_SliceOp : Maek_Op<"slice", [Pure, Maek_Linear, Maek_NamesAxes]> {
  let summary = "a contiguous range along one axis";
  let description = [{
    `result[..., n, ...] = operand[..., offset + n, ...]`, where `n` stands at
    axis `dim` and is below the result's extent there, which is static unless
    the slice is the whole axis. A negative offset counts from the end. The
    other extents are equal. A range that is outside at run time is an error of
    the caller (an empty sequence has no last element).

    ```mlir
    %last = maek.slice %h dim 0 offset -1
      : tensor<?x8xf32, #maek.dims<T>> -> tensor<1x8xf32>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$offset);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `offset` $offset attr-dict
    `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Maek_ReverseOp : Maek_Op<"reverse", [Pure, Maek_Linear, Maek_NamesAxes,
    SameOperandsAndResultType, AllTypesMatch<["operand", "result"]>]> {
  let summary = "one axis from its end to its start";
  let description = [{
    `result[..., n, ...] = operand[..., N - 1 - n, ...]`, where `n` stands at
    axis `dim`, which has N elements.

    ```mlir
    %y = maek.reverse %x dim 0 : tensor<?x8xf32, #maek.dims<T>>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand `dim` $dim attr-dict `:` type($operand)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Maek_PadOp : Maek_Op<"pad", [Pure, Maek_Linear, Maek_NamesAxes]> {
  let summary = "zeros around a range along one axis";
  let description = [{
    The adjoint of `maek.slice`: `result[..., offset + n, ...] =
    operand[..., n, ...]`, where `n` stands at axis `dim`; the result's other
    elements are 0. A negative offset counts from the end.

    ```mlir
    %y = maek.pad %x dim 0 offset -1
      : tensor<1x8xf32> -> tensor<?x8xf32, #maek.dims<T>>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$offset);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `offset` $offset attr-dict
    `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

} // opDocGroup = Maek_ShapeGroup

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

def Maek_LayoutGroup : OpDocGroup {
  let summary = "Layout operations";
  let description = [{
    They say in which order a kernel's operand lies in memory. `maek.unpack` of
    `maek.pack` is not folded: the pair is how `maek-prepack-weights` asks for
    a layout.
  }];
}

let opDocGroup = Maek_LayoutGroup in {

def Maek_PackOp : Maek_Op<"pack", [Pure, Maek_Linear, Maek_NamesAxes,
    InferTypeOpAdaptor]> {
  let summary = "cut one axis into panels, padded with zeros";
  let description = [{
    Axis `dim` (static extent D) is cut into panels of `width` elements. The
    result's axes are: the panel, the operand's other axes in the order of
    `order`, the element within the panel. Elements past D are 0:
    `result[p, ..., e] = operand[..., p · width + e, ...]`.

    With `words`, another static axis, an element of the result is an i32 that
    holds neighbours along that axis, the first in the lowest bits: two of bf16,
    to which f32 is rounded as by `maek.convert`, or four of i8. The axis has as
    many elements as there are words; past its end stands 0.

    ```mlir
    // [n, k] -> [n / 16, k, n % 16]
    %p = maek.pack %w dim 0 width 16 order [1] : tensor<24x4xf32>   // 2x4x16
    // [n, k] -> [n / 16, k / 2, n % 16]: tensor<2x2x16xi32>
    %q = maek.pack %w dim 0 width 16 order [1] words 1 : tensor<24x4xf32>
    ```
  }];
  let arguments = (ins Maek_FactorTensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$width,
                       DenseI64ArrayAttr:$order, OptionalAttr<Maek_IntAttr>:$words);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `width` $width `order` $order (`words` $words^)? attr-dict
    `:` type($operand)
  }];
}

def Maek_UnpackOp : Maek_Op<"unpack", [Pure, Maek_NamesAxes]> {
  let summary = "the tensor that was packed";
  let description = [{
    The inverse of the `maek.pack` with the same attributes:
    `result[..., n, ...] = operand[n / width, ..., n % width]`, where `n` stands
    at axis `dim` of the result. With `words` the result is of bf16
    or i8.

    ```mlir
    %w = maek.unpack %p dim 0 width 16 order [1]
      : tensor<2x4x16xf32> -> tensor<24x4xf32>
    %v = maek.unpack %q dim 0 width 16 order [1] words 1
      : tensor<2x2x16xi32> -> tensor<24x4xbf16>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$width,
                       DenseI64ArrayAttr:$order, OptionalAttr<Maek_IntAttr>:$words);
  let results = (outs Maek_FactorTensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `width` $width `order` $order (`words` $words^)? attr-dict
    `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
}

} // opDocGroup = Maek_LayoutGroup

#endif // MAEK_IR_SHAPEOPS_TD
