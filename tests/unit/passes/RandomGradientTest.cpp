// Part of Maek, under the MIT licence; see LICENSE.
// Gradients of random programs, against central differences and whatever
// passes run before and after. A failure prints the seed and the program.
#include "RandomProgram.h"
#include "tests/support/Gradients.h"
#include "tests/support/Seeds.h"
#include "tests/support/TestModule.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

/// Makes @forward give Σ tanh(result / 8), then the gradients of its arguments.
void addGradients(func::FuncOp forward, bool gradients) {
  Operation *end = forward.getBody().front().getTerminator();
  OpBuilder builder(end);
  Location loc = forward.getLoc();
  auto constant = [&](Type type, double number) {
    return ConstantOp::create(builder, loc, type,
                              builder.getF64FloatAttr(number));
  };
  Value loss = constant(getTensorType({}, builder.getF64Type()), 0);
  for (Value result : end->getOperands()) {
    Type type = result.getType();
    Value small = MulOp::create(builder, loc, result, constant(type, 0.125));
    Value sum = ReduceOp::create(builder, loc, ReduceKind::Sum,
                                 TanhOp::create(builder, loc, small),
                                 llvm::to_vector(llvm::seq(getRank(type))));
    loss = AddOp::create(builder, loc, loss, sum);
  }
  SmallVector<Value> results{loss};
  if (gradients)
    llvm::append_range(results,
                       GradientOp::create(builder, loc, loss,
                                          ValueRange(forward.getArguments()))
                           .getResults());
  end->setOperands(results);
  forward.setFunctionType(builder.getFunctionType(
      forward.getArgumentTypes(), ValueRange(results).getTypes()));
}

/// The results of @forward with gradients after the passes.
FailureOr<NamedTensors> runWithGradients(MLIRContext &context,
                                         const std::string &program,
                                         StringRef pipeline, const Dims &dims) {
  auto module = parseModule(context, program);
  if (!module)
    return failure();
  addGradients(module->lookupSymbol<func::FuncOp>("forward"), true);
  if (failed(runPasses(*module, pipeline)))
    return failure();
  return runEntry(*module, "forward", dims);
}

/// Within `tolerance` of the largest element, or of 1 if all are smaller.
bool areClose(const Tensor &actual, const Tensor &expected, double tolerance) {
  double scale = 1;
  for (double element : expected.elements)
    scale = std::max(scale, std::abs(element));
  for (auto [a, b] : llvm::zip(actual.elements, expected.elements))
    if (!(std::abs(a - b) <= tolerance * scale))
      return false;
  return actual.shape == expected.shape;
}

void expectCentralDifferences(MLIRContext &context, const std::string &program,
                              const Dims &dims, const NamedTensors &results) {
  auto module = parseModule(context, program);
  auto forward = module->lookupSymbol<func::FuncOp>("forward");
  addGradients(forward, false);
  FailureOr<NamedTensors> arguments = makeArguments(forward, dims, 1);
  ASSERT_TRUE(succeeded(arguments));
  std::vector<Tensor> inputs;
  for (auto &[name, tensor] : *arguments)
    inputs.push_back(tensor);
  for (size_t i = 0; i < inputs.size(); ++i) {
    FailureOr<Tensor> expected = differentiateNumerically(forward, inputs, i);
    ASSERT_TRUE(succeeded(expected));
    EXPECT_TRUE(areClose(results[i + 1].second, *expected, 1e-5))
        << "argument " << i << " of\n"
        << program;
  }
}

} // namespace

TEST(RandomGradients, AreCentralDifferencesWithAnyPasses) {
  for (uint64_t seed : getSeeds(60)) {
    SCOPED_TRACE("MAEK_RANDOM_SEED=" + std::to_string(seed));
    std::string program = makeRandomProgram(seed);
    auto context = makeTestContext();
    Dims dims{{"B", 2}, {"T", int64_t(1 + seed % 3)}};
    auto plain =
        runWithGradients(*context, program, "maek-differentiate", dims);
    ASSERT_TRUE(succeeded(plain)) << program;
    // A difference goes through stop_gradient.
    if (program.find("stop_gradient") == std::string::npos)
      expectCentralDifferences(*context, program, dims, *plain);
    for (StringRef pipeline :
         {"maek-differentiate,maek-sink-weight-gradients",
          "maek-simplify,maek-split-concat-matmul,maek-merge-gate-matmuls,"
          "maek-hoist-input-projection,maek-simplify,maek-differentiate,"
          "maek-sink-weight-gradients,maek-simplify,maek-merge-gate-matmuls,"
          "maek-simplify",
          "maek-simplify,maek-segment-scans,maek-hoist-input-projection,"
          "maek-simplify,maek-differentiate,maek-sink-weight-gradients,"
          "maek-simplify"}) {
      auto other = runWithGradients(*context, program, pipeline, dims);
      ASSERT_TRUE(succeeded(other)) << program;
      for (auto [a, b] : llvm::zip(*other, *plain))
        EXPECT_TRUE(areClose(a.second, b.second, 1e-9))
            << a.first << " after " << pipeline.str() << "\n"
            << program;
    }
  }
}
