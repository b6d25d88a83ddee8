// Part of Maek, under the MIT licence; see LICENSE.
// maek-simplify: rewrites, common subexpressions and invariants of scans, until
// nothing changes.
#include "passes/Simplify.h"

#include "ir/MaekOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_DEF_SIMPLIFY
#include "passes/Passes.h.inc"

/// Without a gradient left to take, stop_gradient(x) -> x.
static bool removeStopGradients(func::FuncOp function) {
  bool hasGradient =
      function.walk([](GradientOp) { return WalkResult::interrupt(); })
          .wasInterrupted();
  if (hasGradient)
    return false;
  bool changed = false;
  function.walk([&](StopGradientOp op) {
    op.replaceAllUsesWith(op.getOperand());
    op.erase();
    changed = true;
  });
  return changed;
}

static int64_t countOps(func::FuncOp function) {
  int64_t count = 0;
  function.walk([&](Operation *op) { ++count; });
  return count - 1;
}

namespace {

struct Simplify : impl::SimplifyBase<Simplify> {
  using SimplifyBase::SimplifyBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    populateArithmeticPatterns(all);
    populateBroadcastPatterns(all);
    populateReducePatterns(all);
    populateShapePatterns(all);
    populateSlicePatterns(all);
    populateJoinPatterns(all);
    populateIndexingPatterns(all);
    populateScanPatterns(all);
    populateWindowPatterns(all);
    patterns = FrozenRewritePatternSet(std::move(all));
    return success();
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      int64_t before = countOps(function);
      simplify(function);
      int64_t after = countOps(function);
      if (before != after)
        remarkPassed(function.getLoc(), "simplify")
            << llvm::formatv("rewrote '{0}', {1} ops, as {2}",
                             function.getName(), before, after)
                   .str();
    }
  }

private:
  void simplify(func::FuncOp function) {
    bool changed = removeStopGradients(function);
    GreedyRewriteConfig config;
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    do {
      changed = false;
      (void)applyPatternsGreedily(function, patterns, config, &changed);
      unsigned moved = 0;
      function.walk([&](ScanOp scan) { moved += hoistInvariants(scan); });
      numHoisted += moved;
      bool merged = false;
      IRRewriter rewriter(&getContext());
      DominanceInfo dominance(function);
      eliminateCommonSubExpressions(rewriter, dominance, function, &merged);
      changed |= merged || moved != 0;
    } while (changed);
  }

  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace maek
