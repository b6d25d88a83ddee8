// Part of Maek, under the MIT licence; see LICENSE.
// Ops that look at an axis through overlapping windows: convolution is a window
// and an einsum, pooling a window and a reduce.
#ifndef MAEK_IR_WINDOWOPS_TD
#define MAEK_IR_WINDOWOPS_TD

include "ir/MaekOpBase.td"

def Maek_WindowGroup : OpDocGroup {
  let summary = "Window operations";
  let description = [{
    A convolution is an einsum of windows and weights, a pooling a reduce of
    windows. Neither op costs memory: kernels read the operand where the window
    lies.
  }];
}

class Maek_WindowBase<string mnemonic, Type tensor>
    : Maek_Op<mnemonic, [Pure, Maek_Linear, Maek_NamesAxes]> {
  let arguments = (ins tensor:$operand, Maek_IntAttr:$dim,
                       Maek_IntAttr:$stride, Maek_IntAttr:$dilation,
                       Maek_IntAttr:$offset);
  let results = (outs tensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `stride` $stride `dilation` $dilation `offset` $offset
    attr-dict `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
}

let opDocGroup = Maek_WindowGroup in {

def Maek_WindowOp : Maek_WindowBase<"window", Maek_FactorTensor> {
  let summary = "overlapping ranges along one axis";
  let description = [{
    Axis `dim` of the operand becomes two: the window, and the place within it,
    whose size is static.

        result[..., i, j, ...] =
            operand[..., i · stride + j · dilation + offset, ...]

    where `i` stands at axis `dim`; 0 where that is outside of the operand. The
    stride is positive, the dilation not 0. How many windows there are, the
    result says.

    ```mlir
    // Three neighbours of each element, zeros around.
    %w = maek.window %x dim 1 stride 1 dilation 1 offset -1
      : tensor<?x28xf32, #maek.dims<B>> -> tensor<?x28x3xf32, #maek.dims<B>>
    ```
  }];
  let hasCanonicalizeMethod = 1;
}

def Maek_FoldOp : Maek_WindowBase<"fold", Maek_FloatTensor> {
  let summary = "sum of overlapping ranges";
  let description = [{
    The adjoint of the `maek.window` with the same attributes: axes `dim` and
    `dim + 1` of the operand, window and place, become one.

        result[..., n, ...] = Σ operand[..., i, j, ...]
            over all i, j with i · stride + j · dilation + offset = n

    ```mlir
    %x = maek.fold %w dim 1 stride 1 dilation 1 offset -1
      : tensor<?x28x3xf32, #maek.dims<B>> -> tensor<?x28xf32, #maek.dims<B>>
    ```
  }];
  let hasCanonicalizeMethod = 1;
}

} // opDocGroup = Maek_WindowGroup

#endif // MAEK_IR_WINDOWOPS_TD
