// Part of Maek, under the MIT licence; see LICENSE.
// The operations: value semantics on ranked tensors, then structure.
#ifndef MAEK_IR_MAEKOPS_TD
#define MAEK_IR_MAEKOPS_TD

include "ir/MaekDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/LoopLikeInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Maek_Float : AnyTypeOf<[F32, F64]>;
def Maek_FloatTensor : RankedTensorOf<[F32, F64]>;
def Maek_IntTensor : RankedTensorOf<[I32]>;
def Maek_BoolTensor : RankedTensorOf<[I1]>;
def Maek_Tensor : RankedTensorOf<[F32, F64, I32, I1]>;

/// A signless 64-bit integer that reads as int64_t (I64Attr reads as uint64_t).
def Maek_IntAttr : SignlessIntegerAttrBase<I64, "64-bit integer"> {
  let returnType = "int64_t";
  let convertFromStorage = "$_self.getInt()";
  let constBuilderCall = "$_builder.getI64IntegerAttr($0)";
}

class Maek_Op<string mnemonic, list<Trait> traits = []>
    : Op<Maek_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

class Maek_Unary<string mnemonic, list<Trait> traits = []>
    : Maek_Op<mnemonic, !listconcat([Pure, Elementwise,
                                     SameOperandsAndResultType], traits)> {
  let arguments = (ins Maek_FloatTensor:$operand);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

class Maek_Binary<string mnemonic, list<Trait> traits = []>
    : Maek_Op<mnemonic, !listconcat([Pure, Elementwise,
                                     SameOperandsAndResultType], traits)> {
  let arguments = (ins Maek_FloatTensor:$lhs, Maek_FloatTensor:$rhs);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($result)";
}

def Maek_NegOp : Maek_Unary<"neg"> {
  let summary = "-x";
  let hasFolder = 1;
}
def Maek_ExpOp : Maek_Unary<"exp"> { let summary = "e to the x"; }
def Maek_LogOp : Maek_Unary<"log"> { let summary = "natural logarithm"; }
def Maek_TanhOp : Maek_Unary<"tanh"> { let summary = "hyperbolic tangent"; }
def Maek_SigmoidOp : Maek_Unary<"sigmoid"> { let summary = "1 / (1 + exp(-x))"; }
def Maek_SqrtOp : Maek_Unary<"sqrt"> { let summary = "square root"; }
def Maek_SinOp : Maek_Unary<"sin"> { let summary = "sine"; }
def Maek_CosOp : Maek_Unary<"cos"> { let summary = "cosine"; }

def Maek_AddOp : Maek_Binary<"add", [Commutative]> {
  let summary = "a + b";
  let hasFolder = 1;
}
def Maek_SubOp : Maek_Binary<"sub"> {
  let summary = "a - b";
  let hasFolder = 1;
}
def Maek_MulOp : Maek_Binary<"mul", [Commutative]> {
  let summary = "a * b, element by element";
  let hasFolder = 1;
}
def Maek_DivOp : Maek_Binary<"div"> {
  let summary = "a / b, element by element";
  let hasFolder = 1;
}
def Maek_PowOp : Maek_Binary<"pow"> { let summary = "a to the b, for a >= 0"; }
def Maek_MaxOp : Maek_Binary<"max", [Commutative]> {
  let summary = "the larger of a and b";
  let description = "NaN if either operand is NaN.";
}
def Maek_MinOp : Maek_Binary<"min", [Commutative]> {
  let summary = "the smaller of a and b";
  let description = "NaN if either operand is NaN.";
}

def Maek_CompareOp : Maek_Op<"compare", [Pure, Elementwise, SameTypeOperands]> {
  let summary = "a predicate on each pair of elements";
  let description = [{
    `predicate` is one of `eq ne lt le gt ge`.

    ```mlir
    %c = maek.compare "ge" %a, %b : tensor<4xf32> -> tensor<4xi1>
    ```
  }];
  let arguments = (ins StrAttr:$predicate, Maek_Tensor:$lhs, Maek_Tensor:$rhs);
  let results = (outs Maek_BoolTensor:$result);
  let assemblyFormat =
      "$predicate $lhs `,` $rhs attr-dict `:` type($lhs) `->` type($result)";
  let hasVerifier = 1;
}

def Maek_SelectOp : Maek_Op<"select", [Pure, Elementwise,
    AllTypesMatch<["onTrue", "onFalse", "result"]>]> {
  let summary = "a where the condition holds, else b";
  let arguments = (ins Maek_BoolTensor:$condition, Maek_FloatTensor:$onTrue,
                       Maek_FloatTensor:$onFalse);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $condition `,` $onTrue `,` $onFalse attr-dict
    `:` type($condition) `,` type($result)
  }];
  let hasVerifier = 1;
}

def Maek_ConvertOp : Maek_Op<"convert", [Pure, Elementwise]> {
  let summary = "change the element type";
  let description = "`i1` gives 0 or 1. Same shape on both sides.";
  let arguments = (ins Maek_Tensor:$operand);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($operand) `->` type($result)";
  let hasVerifier = 1;
}

def Maek_StopGradientOp : Maek_Op<"stop_gradient", [Pure, Elementwise,
    SameOperandsAndResultType]> {
  let summary = "x, of which no gradient is taken";
  let arguments = (ins Maek_Tensor:$operand);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Sources
//===----------------------------------------------------------------------===//

def Maek_ConstantOp : Maek_Op<"constant", [Pure]> {
  let summary = "a tensor whose elements are all one number";
  let description = [{
    ```mlir
    %c = maek.constant 0.5 : tensor<?x256xf32, #maek.dims<B>>
    ```
  }];
  let arguments = (ins F64Attr:$value);
  let results = (outs Maek_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
}

def Maek_IotaOp : Maek_Op<"iota", [Pure]> {
  let summary = "each element's index along one axis";
  let description = [{
    ```mlir
    %i = maek.iota 1 : tensor<4x10xi32>    // every row is 0, 1, ..., 9
    ```
  }];
  let arguments = (ins Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Maek_ExtentOp : Maek_Op<"extent", [Pure]> {
  let summary = "the value of an extent's symbol, as a scalar";
  let description = [{
    ```mlir
    %b = maek.extent "B" : tensor<f32>
    ```
  }];
  let arguments = (ins StrAttr:$symbol);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$symbol attr-dict `:` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Shape
//===----------------------------------------------------------------------===//

def Maek_BroadcastOp : Maek_Op<"broadcast", [Pure]> {
  let summary = "repeat a tensor along new or unit axes";
  let description = [{
    Axis `i` of the operand becomes axis `dims[i]` of the result; `dims` is
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
}

def Maek_TransposeOp : Maek_Op<"transpose", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "permute the axes";
  let description = "Axis `i` of the result is axis `permutation[i]` of the operand.";
  let arguments = (ins Maek_Tensor:$operand, DenseI64ArrayAttr:$permutation);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operand $permutation attr-dict `:` type($operand)";
  let hasFolder = 1;
}

def Maek_ReshapeOp : Maek_Op<"reshape", [Pure]> {
  let summary = "the same elements in row-major order, another shape";
  let description = [{
    The products of extents are equal, as polynomials in the symbols.

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
}

def Maek_ConcatOp : Maek_Op<"concat", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "join tensors along one axis";
  let arguments = (ins Variadic<Maek_Tensor>:$operands, Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operands `dim` $dim attr-dict `:` type($operands)";
}

def Maek_SplitOp : Maek_Op<"split", [Pure]> {
  let summary = "cut a tensor along one axis into the results";
  let description = [{
    ```mlir
    %h, %x = maek.split %w dim 1 : tensor<8x12xf32> -> tensor<8x8xf32>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Variadic<Maek_Tensor>:$outputs);
  let assemblyFormat =
      "$operand `dim` $dim attr-dict `:` type($operand) `->` type($outputs)";
  let hasVerifier = 1;
}

def Maek_StackOp : Maek_Op<"stack", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "join equal tensors along a new axis";
  let description = [{
    ```mlir
    %w = maek.stack %f, %i dim 0 : tensor<8x4xf32>, tensor<8x4xf32>  // 2x8x4
    ```
  }];
  let arguments = (ins Variadic<Maek_Tensor>:$operands, Maek_IntAttr:$dim);
  let results = (outs Maek_Tensor:$result);
  let assemblyFormat = "$operands `dim` $dim attr-dict `:` type($operands)";
}

def Maek_UnstackOp : Maek_Op<"unstack", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "take one static axis apart, one result per index";
  let arguments = (ins Maek_Tensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Variadic<Maek_Tensor>:$outputs);
  let assemblyFormat = "$operand `dim` $dim attr-dict `:` type($operand)";
}

def Maek_SliceOp : Maek_Op<"slice", [Pure]> {
  let summary = "a contiguous range along one axis";
  let description = [{
    Elements `offset .. offset + size` of axis `dim`, where the size is the
    result's extent. A negative offset counts from the end.

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
}

def Maek_PadOp : Maek_Op<"pad", [Pure]> {
  let summary = "zeros around a range along one axis: slice's adjoint";
  let description = "The operand lies at `offset` of axis `dim`; the rest is 0.";
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$offset);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `offset` $offset attr-dict
    `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Contraction and reduction
//===----------------------------------------------------------------------===//

def Maek_EinsumOp : Maek_Op<"einsum", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "sum of products over the letters that the result lacks";
  let description = [{
    One letter per axis. Each letter stands at most once in each term; every
    letter of the result is in an operand; a letter that is not in the result
    is summed over.

    ```mlir
    // z[b, n] = sum over k of x[b, k] * W[n, k]
    %z = maek.einsum "bk,nk->bn" %x, %W
      : tensor<?x4xf32, #maek.dims<B>>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$equation, Maek_FloatTensor:$lhs,
                       Maek_FloatTensor:$rhs);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat =
      "$equation $lhs `,` $rhs attr-dict `:` type($lhs) `,` type($rhs)";
}

def Maek_ReduceOp : Maek_Op<"reduce", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "sum, maximum or minimum over some axes";
  let description = [{
    `kind` is `sum`, `max` or `min`; the axes in `dims` (increasing) disappear.

    ```mlir
    %s = maek.reduce "sum" %x dims [1] : tensor<4x10xf32>   // 4
    ```
  }];
  let arguments = (ins StrAttr:$kind, Maek_FloatTensor:$operand,
                       DenseI64ArrayAttr:$dims);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = "$kind $operand `dims` $dims attr-dict `:` type($operand)";
  let hasFolder = 1;
}

def Maek_ArgmaxOp : Maek_Op<"argmax", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "index of the largest element along one axis";
  let description = "The first one where several are equal.";
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim);
  let results = (outs Maek_IntTensor:$result);
  let assemblyFormat = "$operand `dim` $dim attr-dict `:` type($operand)";
}

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

def Maek_PackOp : Maek_Op<"pack", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "cut one axis into panels, padded with zeros";
  let description = [{
    Axis `dim` (static extent D) is cut into panels of `width` elements. The
    result's axes are: the panel, the operand's other axes in the order of
    `order`, the element within the panel. Elements past D are 0.

    ```mlir
    // [n, k] -> [n / 16, k, n % 16]
    %p = maek.pack %w dim 0 width 16 order [1] : tensor<24x4xf32>   // 2x4x16
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$width,
                       DenseI64ArrayAttr:$order);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `width` $width `order` $order attr-dict
    `:` type($operand)
  }];
}

def Maek_UnpackOp : Maek_Op<"unpack", [Pure]> {
  let summary = "the tensor that was packed: pack's inverse";
  let arguments = (ins Maek_FloatTensor:$operand, Maek_IntAttr:$dim, Maek_IntAttr:$width,
                       DenseI64ArrayAttr:$order);
  let results = (outs Maek_FloatTensor:$result);
  let assemblyFormat = [{
    $operand `dim` $dim `width` $width `order` $order attr-dict
    `:` type($operand) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def Maek_YieldOp : Maek_Op<"yield", [Pure, Terminator,
    ParentOneOf<["ScanOp", "KernelOp"]>]> {
  let summary = "the values that a region gives to its op";
  let arguments = (ins Variadic<Maek_Tensor>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def Maek_ScanOp : Maek_Op<"scan", [AttrSizedOperandSegments,
    RecursiveMemoryEffects, SingleBlock,
    DeclareOpInterfaceMethods<LoopLikeOpInterface, [
        "getInitsMutable", "getLoopResults", "getRegionIterArgs",
        "getYieldedValuesMutable"]>]> {
  let summary = "a time loop with carried states";
  let description = [{
    Axis 0 of every sequence is time, T steps, the same for all. Step t gets
    `sequence[t]` of each sequence, then the states; it yields the new states,
    then one element of each output sequence. The results are the final states,
    then the output sequences with time as axis 0. With `reverse` the steps
    run from T-1 down to 0 (outputs keep their index). The body may use values
    from outside.

    ```mlir
    %hT, %hs = maek.scan over(%xs) init(%h0) {
    ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
      %n = maek.add %x, %h : tensor<4xf32>
      maek.yield %n, %n : tensor<4xf32>, tensor<4xf32>
    } : (tensor<9x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)
    ```
  }];
  let arguments = (ins Variadic<Maek_Tensor>:$sequences,
                       Variadic<Maek_Tensor>:$inits, UnitAttr:$reverse);
  let results = (outs Variadic<Maek_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)? `over` `(` $sequences `)` `init` `(` $inits `)`
    $body attr-dict `:` functional-type(operands, results)
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    unsigned getNumStates() { return getInits().size(); }
    unsigned getNumSequences() { return getSequences().size(); }
    unsigned getNumOutputs() { return getNumResults() - getNumStates(); }
    ::mlir::ResultRange getFinals() { return getResults().take_front(getNumStates()); }
    ::mlir::ResultRange getOutputs() { return getResults().drop_front(getNumStates()); }
    ::mlir::Block::BlockArgListType getElements() {
      return getBody().front().getArguments().take_front(getNumSequences());
    }
    ::mlir::Block::BlockArgListType getStates() {
      return getBody().front().getArguments().drop_front(getNumSequences());
    }
    YieldOp getYield();
  }];
}

def Maek_KernelOp : Maek_Op<"kernel", [RecursiveMemoryEffects, SingleBlock]> {
  let summary = "what becomes one Halide pipeline";
  let description = [{
    A region without arguments that uses values from outside and yields the
    results.

    ```mlir
    %y = maek.kernel {
      %0 = maek.tanh %x : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    ```
  }];
  let results = (outs Variadic<Maek_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$body attr-dict (`:` type($results)^)?";
  let hasRegionVerifier = 1;
}

def Maek_GradientOp : Maek_Op<"gradient", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "the gradient of a scalar with respect to values";
  let description = [{
    Expanded by `maek-differentiate`. The value is computed in the same block.

    ```mlir
    %dW, %db = maek.gradient %loss wrt(%W, %b)
      : tensor<f32>, tensor<8x4xf32>, tensor<8xf32>
    ```
  }];
  let arguments = (ins Maek_FloatTensor:$value,
                       Variadic<Maek_FloatTensor>:$parameters);
  let results = (outs Variadic<Maek_FloatTensor>:$gradients);
  let assemblyFormat = [{
    $value `wrt` `(` $parameters `)` attr-dict
    `:` type($value) `,` type($parameters)
  }];
  let hasVerifier = 1;
}

def Maek_LaunchOp : Maek_Op<"launch", [AttrSizedOperandSegments]> {
  let summary = "run a compiled kernel on buffers";
  let description = [{
    `scalars` are the extents that the kernel asks for in `maek.symbols`.

    ```mlir
    maek.launch @k(%x, %n : memref<4xf32>, index) into(%y : memref<4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$inputs,
                       Variadic<Index>:$scalars, Variadic<AnyMemRef>:$outputs);
  let assemblyFormat = [{
    $kernel `(` $inputs `:` type($inputs) `)` (`scalars` `(` $scalars^ `)`)?
    `into` `(` $outputs `:` type($outputs) `)` attr-dict
  }];
}

//===----------------------------------------------------------------------===//
// Module level
//===----------------------------------------------------------------------===//

def Maek_ParameterOp : Maek_Op<"parameter", [Symbol]> {
  let summary = "a trained tensor, its dotted name and its first value";
  let description = [{
    ```mlir
    maek.parameter @"lstm.W_f" : tensor<8x12xf32> = #maek.init<uniform, [-0.3, 0.3]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Maek_InitAttr:$init);
  let assemblyFormat = "$sym_name attr-dict `:` $type `=` $init";
  let hasVerifier = 1;
}

def Maek_StateOp : Maek_Op<"state", [Symbol]> {
  let summary = "a tensor that persists between steps and is not trained";
  let description = [{
    An optimizer's moments, running statistics. Saved in every checkpoint.

    ```mlir
    maek.state @"adam.m.lstm.W_f" : tensor<8x12xf32> = #maek.init<constant, [0.0]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Maek_InitAttr:$init);
  let assemblyFormat = "$sym_name attr-dict `:` $type `=` $init";
  let hasVerifier = 1;
}

def Maek_ModelOp : Maek_Op<"model", []> {
  let summary = "the model's name and training settings";
  let description = [{
    `settings` holds what the `train` block says and the runtime needs:
    `data` (string), `batch`, `epochs` (integers), and the learning rate `lr`.

    ```mlir
    maek.model "RowLSTM" {batch = 128 : i64, data = "fashion_mnist", epochs = 5 : i64, lr = 1.0e-3 : f64}
    ```
  }];
  let arguments = (ins StrAttr:$name, DictionaryAttr:$settings);
  let assemblyFormat = "$name $settings attr-dict";
}

#endif // MAEK_IR_MAEKOPS_TD
