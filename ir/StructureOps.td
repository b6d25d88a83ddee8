// Part of Maek, under the MIT licence; see LICENSE.
// Ops with regions, the gradient, kernels' launches and the module level.
#ifndef MAEK_IR_STRUCTUREOPS_TD
#define MAEK_IR_STRUCTUREOPS_TD

include "ir/MaekOpBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/LoopLikeInterface.td"

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def Maek_StructureGroup : OpDocGroup {
  let summary = "Structure";
  let description = "Loops over time, kernels, gradients.";
}

let opDocGroup = Maek_StructureGroup in {

def Maek_YieldOp : Maek_Op<"yield", [Pure, Terminator,
    ParentOneOf<["ScanOp", "KernelOp"]>]> {
  let summary = "the values that a region gives to its op";
  let description = [{
    Ends the body of `maek.scan` and of `maek.kernel`.

    ```mlir
    %y = maek.kernel {
      %0 = maek.tanh %x : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    ```
  }];
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
    from outside:

        states = inits
        for t in 0..T (or T-1 down to 0):
          states, elements = body(sequences[t], states)
          outputs[t] = elements
        results = states, outputs

    With `segmented` each round of the loop takes a segment of the sequences,
    ⌈√T⌉ steps of which the last segment may have fewer; `segments$T` is their
    number. The body gets and yields the steps of a segment together, with the
    extent `steps$T` as axis 0. Sequences and outputs may have `segments$T`
    instead of T: of those a round has one element. `reverse` begins with the
    last segment.

    ```mlir
    %hT, %hs = maek.scan over(%xs) init(%h0) {
    ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
      %n = maek.add %x, %h : tensor<4xf32>
      maek.yield %n, %n : tensor<4xf32>, tensor<4xf32>
    } : (tensor<9x4xf32>, tensor<4xf32>) -> (tensor<4xf32>, tensor<9x4xf32>)

    %sum = maek.scan segmented over(%xs) init(%h0) {
    ^bb0(%x: tensor<?x4xf32, #maek.dims<steps$9>>, %h: tensor<4xf32>):
      %part = maek.reduce sum %x dims [0] : tensor<?x4xf32, #maek.dims<steps$9>>
      %n = maek.add %part, %h : tensor<4xf32>
      maek.yield %n : tensor<4xf32>
    } : (tensor<9x4xf32>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<Maek_Tensor>:$sequences,
                       Variadic<Maek_Tensor>:$inits, UnitAttr:$reverse,
                       UnitAttr:$segmented);
  let results = (outs Variadic<Maek_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`reverse` $reverse^)? (`segmented` $segmented^)? `over` `(` $sequences `)` `init` `(` $inits `)`
    $body attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
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
    /// T, and how often the body runs: as often, or once a segment.
    Extent getSteps();
    Extent getRounds();
    /// Whether a round gets several steps of a sequence of this type.
    bool isCut(::mlir::Type sequence);
    /// What a round has of a sequence, and the sequence of what it yields.
    ::mlir::RankedTensorType getElementType(::mlir::Type sequence);
    ::mlir::RankedTensorType getSequenceType(::mlir::Type element);
  }];
}

def Maek_KernelOp : Maek_Op<"kernel", [RecursiveMemoryEffects, SingleBlock]> {
  let summary = "what becomes one Halide pipeline";
  let description = [{
    A region without arguments that uses values from outside and yields the
    results. It means what its body means.

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
  let summary = "gradient of a scalar with respect to values";
  let description = [{
    `gradients[n][i] = ∂value / ∂parameters[n][i]`. The value is a scalar that
    is computed in the same block. Expanded by `maek-differentiate`.

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
    Calls the kernel on the buffers of its arguments and results. `scalars` are
    the extents that the kernel asks for in `maek.symbols`, in that order.

    ```mlir
    maek.launch @k(%x : memref<4xf32>) scalars(%n) into(%y : memref<4xf32>)
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyMemRef>:$inputs,
                       Variadic<Index>:$scalars, Variadic<AnyMemRef>:$outputs);
  let assemblyFormat = [{
    $kernel `(` ($inputs^ `:` type($inputs))? `)` (`scalars` `(` $scalars^ `)`)?
    `into` `(` $outputs `:` type($outputs) `)` attr-dict
  }];
}

} // opDocGroup = Maek_StructureGroup

//===----------------------------------------------------------------------===//
// Module level
//===----------------------------------------------------------------------===//

def Maek_ModuleGroup : OpDocGroup {
  let summary = "Module level";
  let description = "What the runtime must know about a model.";
}

let opDocGroup = Maek_ModuleGroup in {

def Maek_ParameterOp : Maek_Op<"parameter", [Symbol]> {
  let summary = "a trained tensor and its first value";
  let description = [{
    A static tensor of floats. A `running` one is not trained: the model itself
    gives it its next value in each step of the training, such as the running
    mean of batch normalisation.

    ```mlir
    maek.parameter @"lstm.W_f" : tensor<8x12xf32> = #maek.init<uniform, [-0.3, 0.3]>
    maek.parameter @"norm.mean" running : tensor<8xf32> = #maek.init<constant, [0.0]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Maek_InitAttr:$init, UnitAttr:$running);
  let assemblyFormat =
      "$sym_name (`running` $running^)? attr-dict `:` $type `=` $init";
  let hasVerifier = 1;
}

def Maek_StateOp : Maek_Op<"state", [
    Symbol, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "an untrained tensor that persists between steps";
  let description = [{
    An optimizer's moments, running statistics: a static tensor of floats or
    i32. Saved in every checkpoint. One that is the average of a parameter takes
    its place in the entries that update nothing.

    ```mlir
    maek.state @"adam.m.lstm.W_f" : tensor<8x12xf32> = #maek.init<constant, [0.0]>
    maek.parameter @w : tensor<4xf32> = #maek.init<constant, [1.0]>
    maek.state @average.w averages @w : tensor<4xf32> = #maek.init<constant, [0.0]>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type,
                       Maek_InitAttr:$init,
                       OptionalAttr<FlatSymbolRefAttr>:$average_of);
  let assemblyFormat = [{
    $sym_name (`averages` $average_of^)? attr-dict `:` $type `=` $init
  }];
  let hasVerifier = 1;
}

def Maek_ModelOp : Maek_Op<"model", []> {
  let summary = "the model's name and training settings";
  let description = [{
    `settings` holds what the `train` block says and the runtime needs:
    `data` (string), `batch`, `epochs`, `accumulate` (integers), and the
    learning rate `lr`. `augment` has a number for each way in which
    examples are varied: `crop`, `flip`, `erase`, `mixup`. `uses` names the
    models that this one uses: each has the name of its `model`, the `file` of
    its weights (or an empty string) and whether it is `frozen`. For readers
    alone: the `optimizer` and the `schedule` (strings), `clip_norm`, `average`.

    ```mlir
    maek.model "RowLSTM" {batch = 128 : i64, data = "fashion_mnist", epochs = 5 : i64, lr = 1.0e-3 : f64}
    ```
  }];
  let arguments = (ins StrAttr:$name, DictionaryAttr:$settings);
  let assemblyFormat = "$name $settings attr-dict";
  let hasVerifier = 1;
}

} // opDocGroup = Maek_ModuleGroup

#endif // MAEK_IR_STRUCTUREOPS_TD
