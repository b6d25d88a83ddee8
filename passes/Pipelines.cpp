// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Pipelines.h"

#include "passes/Passes.h"

#include "mlir/Pass/PassRegistry.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace maek {

ArrayRef<StringLiteral> getOptionalPasses() {
  static constexpr StringLiteral names[] = {"collapse-kernel-axes",
                                            "fold-batch-norm",
                                            "fuse-attention",
                                            "fuse-elementwise",
                                            "fuse-epilogues",
                                            "hoist-input-projection",
                                            "join-attention-gradients",
                                            "merge-gate-matmuls",
                                            "prepack-weights",
                                            "prepare-parameters",
                                            "rematerialize",
                                            "simplify",
                                            "sink-weight-gradients",
                                            "split-concat-matmul"};
  return names;
}

std::optional<Factors> findFactors(StringRef name) {
  for (Factors factors : {Factors::BFloat16, Factors::Int8, Factors::TF32})
    if (getFactorsName(factors) == name)
      return factors;
  return std::nullopt;
}

StringRef getFactorsName(Factors factors) {
  switch (factors) {
  case Factors::Full:
    return "";
  case Factors::BFloat16:
    return "bf16";
  case Factors::Int8:
    return "int8";
  case Factors::TF32:
    return "tf32";
  }
  llvm_unreachable("unknown factors");
}

namespace {
/// Changes nothing. Neighbouring passes on functions otherwise run function by
/// function, all of them on one before the next.
struct Separator : PassWrapper<Separator, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Separator)
  void runOnOperation() override { markAllAnalysesPreserved(); }
};
} // namespace

void buildPipeline(OpPassManager &manager, const PipelineOptions &options) {
  auto isDisabled = [&](StringRef name) {
    return llvm::is_contained(options.disable, name);
  };
  auto add = [&](std::unique_ptr<Pass> pass) {
    StringRef name = pass->getArgument();
    name.consume_front("maek-");
    if (isDisabled(name) && name != "fuse-elementwise")
      return;
    std::optional<StringRef> root = pass->getOpName();
    bool isNested = root && *root != ModuleOp::getOperationName();
    (isNested ? manager.nest(*root) : manager).addPass(std::move(pass));
    if (isNested && options.separate)
      manager.addPass(std::make_unique<Separator>());
  };

  // The entries. What follows sees single steps, of which it makes other
  // kernels than of whole texts.
  add(createMakeStepwise());

  // The equations. Simplifying first makes equal operands one value, by which
  // the later passes know that products share it, and takes transposes and
  // slices from between layers.
  add(createSimplify());
  // Splitting comes before merging: the halves of [h, x] then merge across the
  // gates, also where gates concatenate different things (GRU's [r * h, x]).
  add(createSplitConcatMatmul());
  add(createMergeGateMatmuls());
  // Before hoisting: what leaves the steps then stays in their segment.
  if (options.recompute)
    add(createSegmentScans());
  // Hoisting comes after merging: one large product leaves the loop, not four.
  add(createHoistInputProjection());
  add(createSimplify());

  // Before the gradients: attention has a gradient of its own, and of the
  // softmax's the same could not be made.
  add(createFuseAttention({/*singleQueries=*/options.singleQueries}));
  add(createSimplify());

  // The gradients. Differentiating after the passes above gives their adjoints
  // the same form: one product per step for the states, and with the sums sunk
  // one product per weight after the loop.
  add(createDifferentiate());
  add(createSinkWeightGradients());
  add(createSimplify());
  // The products that differentiation made, where they share an operand.
  add(createMergeGateMatmuls());
  add(createSimplify());

  // Before the weights are packed: it gives them other numbers.
  add(createFoldBatchNorm());
  add(createSimplify());

  // After the gradients, whose products are lowered as well while parameters
  // stay what they are; before the weights are packed, which are packed as what
  // they become.
  if (options.factors == Factors::BFloat16 ||
      options.factors == Factors::Int8) {
    add(createKeepReference());
    if (options.factors == Factors::Int8)
      add(createQuantize());
    add(createLowerPrecision());
    add(createSimplify());
  }

  // After the factors of products are what they stay: those of bf16 have two
  // kernels.
  add(createJoinAttentionGradients());

  // The kernels. Packing comes first: an unpack is part of the product's
  // kernel, the pack one of its own that leaves the loop.
  add(createPrepackWeights(
      PrepackWeightsOptions{.sumsInnermost = options.sumsInnermost}));
  add(createSimplify());
  // A product takes its epilogue before the rest is shared out.
  add(createFuseEpilogues({/*library=*/options.library}));
  // Without merging it still has to make a kernel of each op.
  add(createFuseElementwise({/*merge=*/!isDisabled("fuse-elementwise")}));
  add(createRematerialize());
  add(createOutlineKernels());
  // What parameters alone determine leaves the entries before axes merge, so
  // that entries share it whatever their kernels look like.
  add(createPrepareParameters());
  add(createCollapseKernelAxes());
  add(createVerifyHostForm());
  // Last: it looks at where every tensor will lie.
  add(createMaterializeCopies());
}

void registerPipelines() {
  auto build =
      [](OpPassManager &manager, StringRef text,
         function_ref<LogicalResult(const Twine &)> report) -> LogicalResult {
    PipelineOptions options;
    SmallVector<StringRef> words;
    text.split(words, ' ', -1, /*KeepEmpty=*/false);
    for (StringRef word : words) {
      if (StringRef name = word; name.consume_front("precision=")) {
        if (std::optional<Factors> factors = findFactors(name)) {
          options.factors = *factors;
          continue;
        }
      }
      if (word == "recompute") {
        options.recompute = true;
        continue;
      }
      if (word == "library") {
        options.library = true;
        continue;
      }
      if (!word.consume_front("disable="))
        return report("maek-pipeline: expected disable=pass,pass, recompute, "
                      "library, precision=bf16, int8 or tf32, found '" +
                      word + "'");
      SmallVector<StringRef> list;
      word.split(list, ',', -1, /*KeepEmpty=*/false);
      for (StringRef name : list) {
        if (!llvm::is_contained(getOptionalPasses(), name))
          return report("maek-pipeline: '" + name +
                        "' is no optional pass; there are " +
                        llvm::join(getOptionalPasses(), ", "));
        options.disable.push_back(name.str());
      }
    }
    buildPipeline(manager, options);
    return success();
  };
  registerPassPipeline(
      "maek-pipeline",
      "Runs all passes in order; disable=pass,pass leaves some out, "
      "precision=bf16 adds maek-lower-precision, precision=int8 also "
      "maek-quantize, recompute maek-segment-scans; library leaves large "
      "products of matrices alone.",
      build, [](function_ref<void(const detail::PassOptions &)>) {});
}

} // namespace maek
