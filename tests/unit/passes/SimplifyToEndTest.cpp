// Part of Maek, under the MIT licence; see LICENSE.
// Simplifying comes to an end, whatever the patterns do.
#include "passes/SimplifyToEnd.h"

#include "ir/MaekOps.h"
#include "tests/support/TestModule.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

/// Turns the operands around, and around again.
struct SwapOperands : OpRewritePattern<SubOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(SubOp op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<SubOp>(op, op.getRhs(), op.getLhs());
    return success();
  }
};

} // namespace

TEST(SimplifyToEnd, NamesTheFunctionWhoseRewritesNeverEnd) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
func.func @turn(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %0 = maek.sub %a, %b : tensor<4xf32>
  func.return %0 : tensor<4xf32>
}
)");
  ASSERT_TRUE(module);
  RewritePatternSet patterns(context.get());
  patterns.add<SwapOperands>(context.get());
  std::string error;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    error = diagnostic.str();
    return success();
  });
  unsigned numHoisted = 0;
  auto function = module->lookupSymbol<func::FuncOp>("turn");
  EXPECT_TRUE(failed(simplifyToEnd(function, std::move(patterns), numHoisted)));
  EXPECT_EQ(error, "simplifying 'turn' comes to no end");
}
