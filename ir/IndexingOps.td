// Part of Maek, under the MIT licence; see LICENSE.
// Ops whose places in a tensor come from another tensor.
#ifndef MAEK_IR_INDEXINGOPS_TD
#define MAEK_IR_INDEXINGOPS_TD

include "ir/MaekOpBase.td"

def Maek_IndexingGroup : OpDocGroup {
  let summary = "Indexing operations";
  let description = [{
    Places along one axis of a tensor come from another tensor of numbers. A number
    outside of the axis is an error of the caller: the runtime checks classes
    when it reads them.
  }];
}

let opDocGroup = Maek_IndexingGroup in {

def Maek_GatherOp : Maek_Op<"gather", [Pure, Maek_NamesAxes, InferTypeOpAdaptor]> {
  let summary = "rows of a table by their numbers";
  let description = [{
    `result[b, i, r] = table[b, indices[b, i], r]`: `b` are the first `batch`
    axes, which table and indices share (none by default), `i` the other axes of
    the indices, `r` the axes of a row.

    ```mlir
    // the rows of T words: [T, 16]
    %x = maek.gather %E at %words
      : tensor<1000x16xf32>, tensor<?xi32, #maek.dims<T>>
    // of each row of z its own element: [B]
    %s = maek.gather %z at %label batch 1
      : tensor<?x10xf32, #maek.dims<B>>, tensor<?xi32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$table, Maek_IntTensor:$indices,
                       DefaultValuedAttr<Maek_IntAttr, "0">:$batch);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $table `at` $indices (`batch` $batch^)? attr-dict
    `:` type($table) `,` type($indices)
  }];
}

def Maek_ScatterAddOp : Maek_Op<"scatter_add", [Pure, Maek_NamesAxes]> {
  let summary = "rows summed up at their places in a table";
  let description = [{
    The adjoint of `maek.gather`: `result[b, n, r]` is the sum of
    `updates[b, i, r]` over all `i` with `indices[b, i] = n`, added in the order
    of `i` whatever the number of threads; 0 where there is none.

    ```mlir
    %dE = maek.scatter_add %dx at %words
      : tensor<?x16xf32, #maek.dims<T>>, tensor<?xi32, #maek.dims<T>>
      -> tensor<1000x16xf32>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$updates, Maek_IntTensor:$indices,
                       DefaultValuedAttr<Maek_IntAttr, "0">:$batch);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $updates `at` $indices (`batch` $batch^)? attr-dict
    `:` type($updates) `,` type($indices) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Maek_UpdateSliceOp : Maek_Op<"update_slice", [Pure, Maek_NamesAxes,
    AllTypesMatch<["operand", "result"]>]> {
  let summary = "one place of an axis given anew";
  let description = [{
    `result[..., n, ...] = slice[..., 0, ...]` where `n`, which stands at axis
    `dim`, is `position`, else `operand[..., n, ...]`. The slice has the
    operand's shape but for its size 1 at axis `dim`.

    Where the operand is an argument that the result is written over and
    nothing else reads, and the position is an argument, nothing but the slice
    is written, and it is computed right in its place.

    ```mlir
    // the keys seen so far, with those of the present step
    %keys = maek.update_slice %cache, %key at %position dim 0
      : tensor<?x8xf32, #maek.dims<C>>, tensor<1x8xf32>, tensor<i32>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$operand, Maek_FloatTensor:$slice,
                       Maek_IntTensor:$position, Maek_IntAttr:$dim);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $operand `,` $slice `at` $position `dim` $dim attr-dict
    `:` type($operand) `,` type($slice) `,` type($position)
  }];
  let hasVerifier = 1;
}

} // opDocGroup = Maek_IndexingGroup

#endif // MAEK_IR_INDEXINGOPS_TD
