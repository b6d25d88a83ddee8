// Part of Maek, under the MIT licence; see LICENSE.
// maek-simplify: rewrites, common subexpressions and invariants of scans, until
// nothing changes.
#include "passes/Simplify.h"

#include "ir/MaekOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"
#include "passes/SimplifyToEnd.h"

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
static void removeStopGradients(func::FuncOp function) {
  bool hasGradient =
      function.walk([](GradientOp) { return WalkResult::interrupt(); })
          .wasInterrupted();
  if (hasGradient)
    return;
  function.walk([&](StopGradientOp op) {
    op.replaceAllUsesWith(op.getOperand());
    op.erase();
  });
}

static int64_t countOps(func::FuncOp function) {
  int64_t count = 0;
  function.walk([&](Operation *) { ++count; });
  return count - 1;
}

LogicalResult simplifyToEnd(func::FuncOp function,
                            const FrozenRewritePatternSet &patterns,
                            unsigned &numHoisted) {
  // A sound set of patterns needs a few rewrites of each op, and two or three
  // rounds.
  constexpr int64_t maxRounds = 64;
  GreedyRewriteConfig config;
  config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
  config.setMaxIterations(maxRounds);
  config.setMaxNumRewrites(100 * (countOps(function) + 100));
  for (int64_t round = 0; round < maxRounds; ++round) {
    // To where no pattern changes anything.
    if (failed(applyPatternsGreedily(function, patterns, config)))
      break;
    unsigned moved = 0;
    function.walk([&](ScanOp scan) { moved += hoistInvariants(scan); });
    numHoisted += moved;
    bool merged = false;
    IRRewriter rewriter(function.getContext());
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function, &merged);
    if (!merged && moved == 0)
      return success();
  }
  return function.emitError()
         << "simplifying '" << function.getName() << "' comes to no end";
}

namespace {

struct Simplify : impl::SimplifyBase<Simplify> {
  using SimplifyBase::SimplifyBase;

  LogicalResult initialize(MLIRContext *context) override {
    RewritePatternSet all(context);
    for (RegisteredOperationName op : context->getRegisteredOperations())
      if (isa<MaekDialect>(op.getDialect()))
        op.getCanonicalizationPatterns(all, context);
    populateArithmeticPatterns(all);
    populateAttentionPatterns(all);
    populateBroadcastPatterns(all);
    populateReducePatterns(all);
    populateShapePatterns(all);
    populateSlicePatterns(all);
    populateIndexingPatterns(all);
    populateScanPatterns(all);
    populateWindowPatterns(all);
    patterns = FrozenRewritePatternSet(std::move(all));
    return success();
  }

  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      int64_t before = countOps(function);
      removeStopGradients(function);
      unsigned moved = 0;
      if (failed(simplifyToEnd(function, patterns, moved)))
        return signalPassFailure();
      numHoisted += moved;
      int64_t after = countOps(function);
      if (before != after)
        remarkPassed(function, "simplify")
            << llvm::formatv("rewrote '{0}', {1} ops, as {2}",
                             function.getName(), before, after)
                   .str();
    }
  }

private:
  FrozenRewritePatternSet patterns;
};

} // namespace
} // namespace maek
