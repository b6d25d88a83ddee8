// Part of Maek, under the MIT licence; see LICENSE.
// Every pass: its flag, what it does, its options and statistics.
#ifndef MAEK_PASSES_PASSES_TD
#define MAEK_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

def MakeStepwise : Pass<"maek-make-stepwise", "::mlir::ModuleOp"> {
  let summary = "Makes the entry that goes on with a text compute its next steps alone.";
  let description = [{
    An entry with the attribute `maek.text`, which names one of its inputs,
    computes a whole text. If no step needs another one but for the states that
    scans carry, the entry stays as it is: a text can be read piece by piece.
    Otherwise it becomes one of a single step, the one whose number is the input
    `state.position`. What attention needs of the steps before is kept: carried
    tensors `state.cache`, `state.cache_2`, ... with room for any number of steps,
    C.

    ```mlir
    func.func @generate_step(
        %text: tensor<?x?xi32, #maek.dims<B, T>> {maek.name = "text", ...})
        -> (tensor<?x?x7xf32, #maek.dims<B, T>> {...})
        attributes {maek.text = "text"}
    ```
    becomes
    ```mlir
    func.func @generate_step(
        %text: tensor<?x1xi32, #maek.dims<B>> {...},
        %number: tensor<i32> {maek.name = "state.position", ...},
        %cache: tensor<?x?x7xf32, #maek.dims<B, C>> {...})
        -> (tensor<?x1x7xf32, #maek.dims<B>> {...},
            tensor<?x?x7xf32, #maek.dims<B, C>> {...})
    ```

    What other inputs than the text decide for all steps is computed once, by an
    entry `generate_source`, whose outputs `state.source`, `state.source_2`, ...
    take those inputs' place. An entry of which a step depends on later ones, on
    their number, or in a way that is not known, is erased.
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numWhole", "num-whole", "entries that read pieces as they are">,
    Statistic<"numStepwise", "num-stepwise", "entries of single steps">,
    Statistic<"numErased", "num-erased", "entries erased">,
  ];
}

def Differentiate : Pass<"maek-differentiate", "::mlir::ModuleOp"> {
  let summary = "Expands each gradient by reverse-mode differentiation.";
  let description = [{
    Walks back from the value over the ops of the same block that lie on a path
    from the parameters, and builds the adjoint of each by the rule that the op
    brings (the interface `Differentiable`). A parameter on which the value does
    not depend gets zeros. An op on the path without a rule is an error.

    ```mlir
    %y = maek.tanh %x : tensor<f32>
    %g = maek.gradient %y wrt(%x) : tensor<f32>, tensor<f32>
    ```
    becomes
    ```mlir
    %y = maek.tanh %x : tensor<f32>
    %one = maek.constant 1.0 : tensor<f32>
    %0 = maek.mul %y, %y : tensor<f32>
    %1 = maek.sub %one, %0 : tensor<f32>
    %g = maek.mul %one, %1 : tensor<f32>
    ```

    The adjoint of a scan is a scan that runs the other way. The values of a
    step that it needs are recomputed in it where that is cheap, and otherwise
    become output sequences of the forward scan. That of a segmented scan keeps
    the state before each segment alone, and runs the segment's ops again.
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numGradients", "num-gradients", "gradients expanded">,
  ];
}

def FoldBatchNorm : Pass<"maek-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "Puts factors that parameters alone decide into a product's weights.";
  let description = [{
    Outside of training, batch normalisation multiplies and shifts each column
    of a product by numbers that parameters alone determine. The factors become
    part of the weights, which are then computed once, the shifts become one.
    The result differs by rounding.

    ```mlir
    %z = maek.einsum "bk,nk->bn" %x, %W
      : tensor<?x8xf32, #maek.dims<B>>, tensor<6x8xf32>
    %f = maek.broadcast %scale dims [1]
      : tensor<6xf32> -> tensor<?x6xf32, #maek.dims<B>>
    %y = maek.mul %z, %f : tensor<?x6xf32, #maek.dims<B>>
    ```
    becomes
    ```mlir
    %f = maek.broadcast %scale dims [0] : tensor<6xf32> -> tensor<6x8xf32>
    %V = maek.mul %W, %f : tensor<6x8xf32>
    %y = maek.einsum "bk,nk->bn" %x, %V
      : tensor<?x8xf32, #maek.dims<B>>, tensor<6x8xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numFolded", "num-folded", "products with other weights">,
  ];
}

def JoinAttentionGradients : Pass<"maek-join-attention-gradients", "::mlir::func::FuncOp"> {
  let summary = "Makes the gradients of attention one kernel.";
  let description = [{
    maek.attention_query_gradient and maek.attention_key_gradient of the same
    operands in one block, both of them used, become a maek.attention_gradient:
    five products of queries and keys in place of seven. Its threads share
    leading indices alone, so these are dynamic or 4 at least. Factors of bf16,
    few rows and few features stay with the two kernels, which are faster then,
    and so does all that runs on a device.

    ```mlir
    %q = maek.attention_query_gradient %0, %1, %2, %3, %4, %5 scale 0.5
      : tensor<4x32x16xf32>, ...
    %k, %v = maek.attention_key_gradient %0, %1, %2, %3, %4, %5 scale 0.5
      : tensor<4x32x16xf32>, ...
    ```
    becomes
    ```mlir
    %q, %k, %v = maek.attention_gradient %0, %1, %2, %3, %4, %5 scale 0.5
      : tensor<4x32x16xf32>, ...
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numJoined", "num-joined", "pairs of gradients that are one">,
  ];
}

def FuseEpilogues : Pass<"maek-fuse-epilogues", "::mlir::func::FuncOp"> {
  let summary = "Puts each product or reduction into a kernel with its epilogue.";
  let description = [{
    An einsum, or a reduce that is not along rows, becomes the anchor of a
    maek.kernel. Elementwise ops and unstacks that use its result join it while
    all that the kernel yields keeps one shape; so do the elementwise ops that
    work for those alone, and those that work for a reduction alone. An op stays
    out if a value would leave the kernel and come back, if it only added an
    output that its users can compute themselves, if it is the new value of a
    parameter or state, or if the kernel holds 40 elementwise ops already.
    With `library`, a large product of matrices stays alone.

    ```mlir
    %z = maek.einsum "bk,nk->bn" %x, %W : tensor<4x8xf32>, tensor<6x8xf32>
    %y = maek.tanh %z : tensor<4x6xf32>
    ```
    becomes
    ```mlir
    %y = maek.kernel {
      %z = maek.einsum "bk,nk->bn" %x, %W : tensor<4x8xf32>, tensor<6x8xf32>
      %0 = maek.tanh %z : tensor<4x6xf32>
      maek.yield %0 : tensor<4x6xf32>
    } : tensor<4x6xf32>
    ```
  }];
  let options = [Option<"library", "library", "bool", /*default=*/"false",
                        "A library makes large products of matrices.">];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "kernels made">,
    Statistic<"numFused", "num-fused", "ops that joined an anchor">,
  ];
}

def Rematerialize : Pass<"maek-rematerialize", "::mlir::func::FuncOp"> {
  let summary = "Computes again what is cheaper to compute than to store.";
  let description = [{
    A result of a maek.kernel that other kernels of the block read element by
    element, and no product, reduction or return does, is computed by those if
    it is made element by element of results that stay. So of a GELU between two
    products two tensors are stored for its gradient, its operand and its
    result, not every step between them. Those kernels, too, hold 40 elementwise
    ops with axes at most.

    ```mlir
    %x, %t = maek.kernel { ... maek.yield %0, %1 }   // %1 = maek.tanh %0
    %d = maek.kernel { ... maek.mul %a, %t ... }
    ```
    becomes
    ```mlir
    %x = maek.kernel { ... maek.yield %0 }
    %d = maek.kernel {
      %t = maek.tanh %x
      ... maek.mul %a, %t ...
    }
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numRematerialized", "num-rematerialized",
              "results that are computed again">,
  ];
}

def FuseAttention : Pass<"maek-fuse-attention", "::mlir::ModuleOp"> {
  let summary = "Makes a softmax between two products one operation.";
  let description = [{
    A product of queries and keys, multiplied by a number or not, masked by
    selecting -infinity or not, whose softmax along the last axis is multiplied
    by values, becomes `maek.attention`, whose kernels store nothing of one
    number per query and key. Queries, keys and values share all leading axes.
    A mask that says key <= query + number becomes `causal`: kernels leave out
    what it hides. A single query's softmax stays, as a row is all there is of
    it: the attention's kernel has queries side by side in vectors. With
    `single-queries` it does not stay. A softmax whose scores or weights are
    used elsewhere stays, and one whose gradient the value of another gradient
    is made of. A floor of the sum or of the maximum must be one that never
    counts: at most 1e-30, and at most -1e30.
    Where a query may see no key, the result is 0.

    ```mlir
    %s = maek.einsum "hqd,hkd->hqk" %q, %k
      : tensor<2x5x4xf32>, tensor<2x7x4xf32>
    %m = maek.reduce max %s dims [2] : tensor<2x5x7xf32>
    %n = maek.broadcast %m dims [0, 1]
      : tensor<2x5xf32> -> tensor<2x5x7xf32>
    %d = maek.sub %s, %n : tensor<2x5x7xf32>
    %e = maek.exp %d : tensor<2x5x7xf32>
    %t = maek.reduce sum %e dims [2] : tensor<2x5x7xf32>
    %u = maek.broadcast %t dims [0, 1]
      : tensor<2x5xf32> -> tensor<2x5x7xf32>
    %p = maek.div %e, %u : tensor<2x5x7xf32>
    %y = maek.einsum "hqk,hkv->hqv" %p, %v
      : tensor<2x5x7xf32>, tensor<2x7x4xf32>
    ```
    becomes
    ```mlir
    %y = maek.attention %q, %k, %v scale 1.0
      : tensor<2x5x4xf32>, tensor<2x7x4xf32>, tensor<2x7x4xf32>
    ```
  }];
  let options = [
    Option<"singleQueries", "single-queries", "bool", "false",
           "also where there is one query: for devices, which have one kernel "
           "to launch then in place of three">,
  ];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numFused", "num-fused", "attentions made one operation">,
  ];
}

def FuseElementwise : Pass<"maek-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuses elementwise work and row reductions into kernels.";
  let description = [{
    What is not in a kernel yet becomes one: elementwise ops of one shape that
    depend on one another or read the same value together, reductions along rows
    with the elementwise ops on either side of them, all scalars together. An op
    that only moves elements stays on the host where it is a view, and else
    becomes a kernel too; a stack or concat is a view if one of its operands can
    be computed in place. Constants and broadcasts are repeated in each kernel,
    which holds 40 elementwise ops with axes at most: more take long to compile.

    ```mlir
    %a = maek.exp %x : tensor<4x6xf32>
    %s = maek.reduce sum %a dims [1] : tensor<4x6xf32>
    %l = maek.log %s : tensor<4xf32>
    ```
    becomes
    ```mlir
    %l = maek.kernel {
      %a = maek.exp %x : tensor<4x6xf32>
      %s = maek.reduce sum %a dims [1] : tensor<4x6xf32>
      %0 = maek.log %s : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let options = [
    Option<"merge", "merge", "bool", "true",
           "Put more than one op into a kernel.">,
  ];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "kernels made">,
    Statistic<"numFused", "num-fused", "ops that joined another">,
  ];
}

def HoistInputProjection
    : Pass<"maek-hoist-input-projection", "::mlir::ModuleOp"> {
  let summary = "Computes what depends on a scan's sequences alone before it.";
  let description = [{
    A product in a scan's body that reads the sequences and not the state, with
    the terms of its sum that do not read the state either and the elementwise
    ops that follow, is computed for all steps at once: one large product. It
    enters the scan as a sequence.

    ```mlir
    %hT = maek.scan over(%xs) init(%h0) {
    ^bb0(%x: tensor<2x3xf32>, %h: tensor<2x4xf32>):
      %p = maek.einsum "bk,nk->bn" %x, %W : tensor<2x3xf32>, tensor<4x3xf32>
      %n = maek.add %p, %h : tensor<2x4xf32>
      maek.yield %n : tensor<2x4xf32>
    } : (tensor<9x2x3xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
    ```
    becomes
    ```mlir
    %ps = maek.einsum "tbk,nk->tbn" %xs, %W : tensor<9x2x3xf32>, tensor<4x3xf32>
    %hT = maek.scan over(%ps) init(%h0) {
    ^bb0(%p: tensor<2x4xf32>, %h: tensor<2x4xf32>):
      %n = maek.add %p, %h : tensor<2x4xf32>
      maek.yield %n : tensor<2x4xf32>
    } : (tensor<9x2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numHoisted", "num-hoisted", "products moved out of a loop">,
  ];
}

def MaterializeCopies : Pass<"maek-materialize-copies", "::mlir::ModuleOp"> {
  let summary = "Inserts the copies without which a tensor lies at two places.";
  let description = [{
    A tensor is computed where it is used: in the result's buffer, in its part
    of a concat or stack, in its row of a scan's output. Where that cannot be
    (an argument is returned, a value is wanted at two places, a new parameter
    would overwrite one that is still read), a kernel that copies is called. A
    view op whose operand has no such view, and any op that computes, becomes a
    kernel.

    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      return %x : tensor<4xf32>
    }
    ```
    becomes
    ```mlir
    func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
      %0 = call @copy_0(%x) : (tensor<4xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numCopies", "num-copies", "copies inserted">,
    Statistic<"numKernels", "num-kernels", "ops that became kernels">,
  ];
}

def MergeGateMatmuls : Pass<"maek-merge-gate-matmuls", "::mlir::ModuleOp"> {
  let summary = "Merges products that share an operand into one product.";
  let description = [{
    Einsums of one block with a shared operand, alike equations and other
    operands of one type become one einsum on the stacked other operands, which
    are weights: known outside of the loop, or of static size. No merged product
    needs another one's result. Sums of each part with alike values follow, and
    in scans each sum first takes together the terms that do not depend on the
    state.

    ```mlir
    %f = maek.einsum "bk,nk->bn" %x, %Wf : tensor<2x3xf32>, tensor<4x3xf32>
    %i = maek.einsum "bk,nk->bn" %x, %Wi : tensor<2x3xf32>, tensor<4x3xf32>
    ```
    becomes
    ```mlir
    %W = maek.stack %Wf, %Wi dim 0 : tensor<4x3xf32>, tensor<4x3xf32>
    %z = maek.einsum "bk,gnk->bgn" %x, %W : tensor<2x3xf32>, tensor<2x4x3xf32>
    %f, %i = maek.unstack %z dim 1 : tensor<2x2x4xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numMerged", "num-merged", "products made from several">,
  ];
}

def PlanMemory : Pass<"maek-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Turns entries on tensors into entries on buffers and one arena.";
  let description = [{
    An entry takes buffers for its arguments and results, the arena, and the
    symbols of its extents by name. Kernel calls become maek.launch, scans
    become scf.for, views become strided memrefs. Tensors whose lifetimes do not
    overlap share a slot of the arena; `maek.memory` lists slots with sizes,
    tensors and lifetimes, and `@<entry>$arena` computes the arena's bytes, or
    -1 for extents with which the entry cannot run.

    ```mlir
    func.func @f(%x: tensor<?x4xf32, #maek.dims<B>>)
        -> tensor<?x4xf32, #maek.dims<B>> {
      %0 = call @k(%x) : (tensor<?x4xf32, #maek.dims<B>>)
          -> tensor<?x4xf32, #maek.dims<B>>
      return %0 : tensor<?x4xf32, #maek.dims<B>>
    }
    ```
    becomes
    ```mlir
    func.func @f(%x: memref<?x4xf32>, %y: memref<?x4xf32>,
                 %arena: memref<?xi8>, %B: index) {
      maek.launch @k(%x : memref<?x4xf32>) into(%y : memref<?x4xf32>)
      return
    }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::maek::MaekDialect"];
  let options = [
    Option<"share", "share", "bool", "true",
           "let tensors share memory; off for debugging">,
  ];
  let statistics = [
    Statistic<"numTensors", "num-tensors", "tensors in arenas">,
    Statistic<"numSlots", "num-slots", "slots that they share">,
  ];
}

def SegmentScans : Pass<"maek-segment-scans", "::mlir::ModuleOp"> {
  let summary = "Cuts scans into segments, which gradients compute again.";
  let description = [{
    A scan of T steps, in no other loop, becomes a segmented scan of scans over
    ⌈√T⌉ steps. Products that leave the steps then stay in their segment. Of a
    segmented scan `maek-differentiate` keeps the states between segments and
    nothing of a step: the adjoint computes each segment's steps again before it
    goes back through them. The memory that steps need then grows with √T, not
    with T, for one more forward pass of a gradient. A scan that reads another
    one's outputs, in their order, goes through segments together with it, so
    that of those no more than a segment need be known either. Part of the
    pipeline when memory is limited. A fixed number of steps below 16 stays
    whole, and so do the loops of an entry that is called with few steps at a
    time.

    ```mlir
    %hT = maek.scan over(%xs) init(%h0) {
    ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
      %p = maek.mul %x, %w : tensor<4xf32>
      %n = maek.add %p, %h : tensor<4xf32>
      maek.yield %n : tensor<4xf32>
    } : (tensor<?x4xf32, #maek.dims<T>>, tensor<4xf32>) -> tensor<4xf32>
    ```
    becomes
    ```mlir
    %hT = maek.scan segmented over(%xs) init(%h0) {
    ^bb0(%part: tensor<?x4xf32, #maek.dims<steps$T>>, %before: tensor<4xf32>):
      %after = maek.scan over(%part) init(%before) {
      ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
        %p = maek.mul %x, %w : tensor<4xf32>
        %n = maek.add %p, %h : tensor<4xf32>
        maek.yield %n : tensor<4xf32>
      } : (tensor<?x4xf32, #maek.dims<steps$T>>, tensor<4xf32>) -> tensor<4xf32>
      maek.yield %after : tensor<4xf32>
    } : (tensor<?x4xf32, #maek.dims<T>>, tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numSegmented", "num-segmented", "scans cut into segments">,
    Statistic<"numJoined", "num-joined",
              "scans that go through segments with another one">,
  ];
}

def Simplify : Pass<"maek-simplify", "::mlir::ModuleOp"> {
  let summary = "Rewrites values as cheaper equal ones.";
  let description = [{
    Until nothing changes: constants folded; reshapes, transposes and
    broadcasts composed and cancelled; work done before a broadcast rather than
    after it; slices moved towards the sources, the last step of a scan's
    output becoming its final state; what a scan carries, yields or reads in
    vain removed, and what no step changes moved out of it; attention and the
    sums of its weights, which the gradients read, computed as one; common
    subexpressions merged. stop_gradient disappears once no gradient is left to
    take in the function.

    ```mlir
    %a = maek.transpose %x [1, 0] : tensor<2x3xf32>
    %b = maek.tanh %a : tensor<3x2xf32>
    %y = maek.transpose %b [1, 0] : tensor<3x2xf32>
    ```
    becomes
    ```mlir
    %y = maek.tanh %x : tensor<2x3xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numHoisted", "num-hoisted", "invariant ops moved out of scans">,
  ];
}

def SplitConcatMatmul : Pass<"maek-split-concat-matmul", "::mlir::ModuleOp"> {
  let summary = "Splits products with a concatenated operand where a part can leave the loop.";
  let description = [{
    An einsum in a scan that sums over the axis of a concat becomes the sum of
    one einsum for each operand of the concat, on a split of the other operand,
    if some of the parts depend on the loop's state and some do not.

    ```mlir
    %a = maek.concat %h, %x dim 1 : tensor<2x4xf32>, tensor<2x3xf32>
    %z = maek.einsum "bk,nk->bn" %a, %W : tensor<2x7xf32>, tensor<4x7xf32>
    ```
    becomes
    ```mlir
    %Wh, %Wx = maek.split %W dim 1
      : tensor<4x7xf32> -> tensor<4x4xf32>, tensor<4x3xf32>
    %p = maek.einsum "bk,nk->bn" %h, %Wh : tensor<2x4xf32>, tensor<4x4xf32>
    %q = maek.einsum "bk,nk->bn" %x, %Wx : tensor<2x3xf32>, tensor<4x3xf32>
    %z = maek.add %p, %q : tensor<2x4xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numSplit", "num-split", "products split">,
  ];
}

def SinkWeightGradients
    : Pass<"maek-sink-weight-gradients", "::mlir::ModuleOp"> {
  let summary = "Moves sums over the steps of a scan behind it.";
  let description = [{
    A state to which each step adds a term, and of which nothing else is used
    but the final value, leaves the scan: the operands of the term become output
    sequences, and one einsum or reduce over all steps follows. The adjoint scan
    sums the gradients of captured weights that way.

    ```mlir
    %x0, %dW = maek.scan over(%dz, %h) init(%zero) {
    ^bb0(%dzt: tensor<?x8xf32, #maek.dims<B>>, %ht: tensor<?x4xf32, #maek.dims<B>>, %sum: tensor<8x4xf32>):
      %0 = maek.einsum "bn,bk->nk" %dzt, %ht : ...
      %1 = maek.add %sum, %0 : tensor<8x4xf32>
      maek.yield %1 : tensor<8x4xf32>
    } : ...
    ```
    becomes
    ```mlir
    %dW = maek.einsum "tbn,tbk->nk" %dz, %h : ...
    ```

    The order of the additions changes.
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numSunk", "num-sunk", "sums moved out of a scan">,
  ];
}

def OutlineKernels : Pass<"maek-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Turns each kernel into a private function, equal ones into one.";
  let description = [{
    What a maek.kernel uses from outside becomes the function's arguments, in
    the order of their first use. The name says the kind of work: `product`,
    `reduction`, `rows` (reductions along rows), `elementwise` or `layout`
    (elements only moved). A function that stands for several kernels carries
    the locations of all.

    ```mlir
    %y = maek.kernel {
      %0 = maek.tanh %x : tensor<4xf32>
      maek.yield %0 : tensor<4xf32>
    } : tensor<4xf32>
    ```
    becomes
    ```mlir
    %y = func.call @elementwise_0(%x) : (tensor<4xf32>) -> tensor<4xf32>

    func.func private @elementwise_0(%x: tensor<4xf32>) -> tensor<4xf32>
        attributes {maek.kernel, maek.symbols = []} {
      %0 = maek.tanh %x : tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect", "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numKernels", "num-kernels", "kernel functions made">,
    Statistic<"numShared", "num-shared", "kernels that reuse a function">,
  ];
}

def KeepReference : Pass<"maek-keep-reference", "::mlir::ModuleOp"> {
  let summary = "Keeps a copy of the evaluation, to compare with.";
  let description = [{
    Before products are made shorter, `reference` becomes a copy of `evaluate`,
    or of `forward` where there is no such entry. maek-lower-precision leaves it
    as it is.
  }];
}

def Quantize : Pass<"maek-quantize", "::mlir::ModuleOp"> {
  let summary = "Has products of weights multiply codes of 8 bits.";
  let description = [{
    Products of weights, which parameters alone determine, and activations, on
    the same terms as by maek-lower-precision. Weights have codes of i8, with a
    scale for each column; activations of ui8, with 128 for 0, or 0 where none
    is negative, and a scale that is a parameter of its own: `W.input_range` is
    the largest magnitude of what W is multiplied by. The entry `reference`, see
    maek-keep-reference, gives these parameters the largest magnitude that it
    sees. Products whose weights
    it does not have stay as they are. Training entries go: codes are for
    inference.

    ```mlir
    %z = maek.einsum "bk,nk->bn" %x, %W
      : tensor<?x64xf32, #maek.dims<B>>, tensor<32x64xf32>
    ```
    becomes
    ```mlir
    %p = maek.einsum "bk,nk->bn" %code_x, %code_W
      : tensor<?x64xui8, #maek.dims<B>>, tensor<32x64xi8>
    %0 = maek.mul %p, %steps : tensor<?x32xf32, #maek.dims<B>>
    %z = maek.sub %0, %sums : tensor<?x32xf32, #maek.dims<B>>
    ```
    where `maek.quantize` makes the codes, and parameters alone determine
    `%code_W`, `%steps` and `%sums`. Windows that reach beyond their operand do
    so into zeros that are put around it. The codes of activations are made
    where the numbers are, as conversions to bf16 are.
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "products of codes">,
  ];
}

def LowerPrecision : Pass<"maek-lower-precision", "::mlir::func::FuncOp"> {
  let summary = "Has products read their operands in bf16 where that pays.";
  let description = [{
    Both operands of a product of f32 are converted to bf16; the products are
    exact in f32 and are summed there. It pays for products of weights that sum
    32 numbers or more and have 16 columns or more, convolutions too, and for
    those of two operands that change, weight gradients above all, that sum 1024
    or more or read through windows, and for attention of 8 features or more.
    The others stay as they are, and so does all else: losses,
    reductions, parameters and their updates are of f32.

    ```mlir
    %z = maek.einsum "bk,nk->bn" %x, %W
      : tensor<?x64xf32, #maek.dims<B>>, tensor<32x64xf32>
    ```
    becomes
    ```mlir
    %0 = maek.convert %x
      : tensor<?x64xf32, #maek.dims<B>> -> tensor<?x64xbf16, #maek.dims<B>>
    %1 = maek.convert %W : tensor<32x64xf32> -> tensor<32x64xbf16>
    %z = maek.einsum "bk,nk->bn" %0, %1
      : tensor<?x64xbf16, #maek.dims<B>>, tensor<32x64xbf16>
    ```

    A conversion moves to where the number is made: above stacks, concats,
    reshapes and windows, in front of a scan whose sequence it reads, into a scan whose
    output it reads. A scan carries a state that its steps convert in bf16, too.
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let statistics = [
    Statistic<"numLowered", "num-lowered", "products of bf16">,
  ];
}

def PrepackWeights : Pass<"maek-prepack-weights", "::mlir::func::FuncOp"> {
  let summary = "Packs the weights of products into panels, outside of loops.";
  let description = [{
    Weights are an operand that parameters alone determine, or that no step of
    the surrounding scan changes. The product reads them through an unpack; the
    pack stands where the weights are made. The panels run over the result's
    last axis; within one the summed axes come first, so that the sums of all
    gates go on together, or, with sums-innermost, last. Weights of bf16
    and i8 are packed in words along the other operand's innermost summed axis;
    the pack rounds to bf16 itself.

    ```mlir
    %z = maek.einsum "bk,gnk->bgn" %h, %W
      : tensor<?x24xf32, #maek.dims<B>>, tensor<4x24x24xf32>
    ```
    becomes
    ```mlir
    // [n / 16, k, g, n % 16]
    %p = maek.pack %W dim 1 width 16 order [2, 0] : tensor<4x24x24xf32>
    %u = maek.unpack %p dim 1 width 16 order [2, 0]
      : tensor<2x24x4x16xf32> -> tensor<4x24x24xf32>
    %z = maek.einsum "bk,gnk->bgn" %h, %u
      : tensor<?x24xf32, #maek.dims<B>>, tensor<4x24x24xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect"];
  let options = [
    Option<"panelBytes", "panel-bytes", "int64_t", "64",
           "Width of a panel in bytes: one vector of the target.">,
    Option<"sumsInnermost", "sums-innermost", "bool", "false",
           "Order of a panel for few registers: one gate after another.">,
  ];
  let statistics = [
    Statistic<"numPacked", "num-packed", "products that read panels">,
  ];
}

def CollapseKernelAxes : Pass<"maek-collapse-kernel-axes", "::mlir::ModuleOp"> {
  let summary = "Makes axes one that always go together in a kernel.";
  let description = [{
    Two axes become one if every value of the kernel has both, next to one
    another, or neither, no op needs one of them as it is, and the buffers at
    every call allow it. Calls get reshapes, which are views. Kernels that are
    equal after that become one.

    ```mlir
    %y = func.call @elementwise_0(%x) : (tensor<4x6xf32>) -> tensor<4x6xf32>
    ```
    becomes
    ```mlir
    %0 = maek.reshape %x : tensor<4x6xf32> -> tensor<24xf32>
    %1 = func.call @elementwise_0(%0) : (tensor<24xf32>) -> tensor<24xf32>
    %y = maek.reshape %1 : tensor<24xf32> -> tensor<4x6xf32>
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect", "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numCollapsed", "num-collapsed", "pairs of axes made one">,
  ];
}

def PrepareParameters : Pass<"maek-prepare-parameters", "::mlir::ModuleOp"> {
  let summary = "Computes what parameters alone determine in an entry `prepare`.";
  let description = [{
    Kernels of entries that update nothing, and stacks and concats of their
    results, move to the entry `prepare` if they depend on parameters alone. Its
    results have the role `prepared`; the other entries take them as further
    arguments. Entries share equal ones. The signature keeps parameters that
    nothing uses any more.

    ```mlir
    func.func @forward(%W: tensor<8x4xf32> {maek.name = "W", maek.role = "parameter"},
                       ...) {
      %p = func.call @layout_0(%W) : (tensor<8x4xf32>) -> tensor<1x4x16xf32>
    ```
    becomes
    ```mlir
    func.func @prepare(%W: tensor<8x4xf32> {maek.name = "W", maek.role = "parameter"})
        -> (tensor<1x4x16xf32> {maek.name = "prepared.0", maek.role = "prepared"})
    func.func @forward(%W: ..., %p: tensor<1x4x16xf32>
                           {maek.name = "prepared.0", maek.role = "prepared"}) {
    ```
  }];
  let dependentDialects = ["::maek::MaekDialect", "::mlir::func::FuncDialect"];
  let statistics = [
    Statistic<"numPrepared", "num-prepared", "values computed by prepare">,
  ];
}

def VerifyHostForm : Pass<"maek-verify-host-form", "::mlir::ModuleOp"> {
  let summary = "Checks what code generation takes for granted.";
  let description = [{
    In host functions only calls of kernels, scans and views; kernels of pure
    value ops that yield each value once and none of their arguments, with
    outputs of one shape unless they reduce.
  }];
}

#endif // MAEK_PASSES_PASSES_TD
