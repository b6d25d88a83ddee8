// Part of Maek, under the MIT licence; see LICENSE.
// Attention as one op: the same as its equations, its gradients those of
// finite differences, and 0 for queries that may see no key.
#include "tests/support/Gradients.h"
#include "tests/support/TestModule.h"

#include "ir/MaekOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

namespace {

/// softmax(mask(q · kᵀ / 2)) · v with a causal mask and one of lengths, as std
/// writes it, and the gradients of its sum of squares.
constexpr const char *kEquations = R"(
!q = tensor<?x2x5x4xf64, #maek.dims<B>>
!k = tensor<?x2x6x4xf64, #maek.dims<B>>
!v = tensor<?x2x6x3xf64, #maek.dims<B>>
!y = tensor<?x2x5x3xf64, #maek.dims<B>>
!s = tensor<?x2x5x6xf64, #maek.dims<B>>
!r = tensor<?x2x5xf64, #maek.dims<B>>
!m = tensor<?x2x5x6xi1, #maek.dims<B>>
!l = tensor<?x6xf64, #maek.dims<B>>
func.func @forward(%q: !q {maek.name = "q", maek.role = "parameter"},
    %k: !k {maek.name = "k", maek.role = "parameter"},
    %v: !v {maek.name = "v", maek.role = "parameter"},
    %n: tensor<?xf64, #maek.dims<B>> {maek.name = "n", maek.role = "input"})
    -> (!y {maek.name = "y", maek.role = "output"},
        !q {maek.name = "dq", maek.role = "output"},
        !k {maek.name = "dk", maek.role = "output"},
        !v {maek.name = "dv", maek.role = "output"}) {
  %s0 = maek.einsum "bhqd,bhkd->bhqk" %q, %k : !q, !k
  %half = maek.constant 0.5 : !s
  %s1 = maek.mul %s0, %half : !s
  %i = maek.iota 2 : !s
  %j = maek.iota 3 : !s
  %c = maek.compare le %j, %i : !s -> !m
  %inf = maek.constant 0xFFF0000000000000 : !s
  %s2 = maek.select %c, %s1, %inf : !m, !s
  %p = maek.iota 1 : !l
  %nb = maek.broadcast %n dims [0] : tensor<?xf64, #maek.dims<B>> -> !l
  %f = maek.compare lt %p, %nb : !l -> tensor<?x6xi1, #maek.dims<B>>
  %fb = maek.broadcast %f dims [0, 3] : tensor<?x6xi1, #maek.dims<B>> -> !m
  %s = maek.select %fb, %s2, %inf : !m, !s
  %x = maek.reduce max %s dims [3] : !s
  %low = maek.constant -1.0e37 : !r
  %x1 = maek.max %x, %low : !r
  %x2 = maek.stop_gradient %x1 : !r
  %xb = maek.broadcast %x2 dims [0, 1, 2] : !r -> !s
  %d = maek.sub %s, %xb : !s
  %e = maek.exp %d : !s
  %t = maek.reduce sum %e dims [3] : !s
  %tiny = maek.constant 1.0e-37 : !r
  %t1 = maek.max %t, %tiny : !r
  %tb = maek.broadcast %t1 dims [0, 1, 2] : !r -> !s
  %w = maek.div %e, %tb : !s
  %y = maek.einsum "bhqk,bhkv->bhqv" %w, %v : !s, !v
  %y2 = maek.mul %y, %y : !y
  %loss = maek.reduce sum %y2 dims [0, 1, 2, 3] : !y
  %g:3 = maek.gradient %loss wrt(%q, %k, %v) : tensor<f64>, !q, !k, !v
  return %y, %g#0, %g#1, %g#2 : !y, !q, !k, !v
}
)";

unsigned countAttentions(ModuleOp module) {
  unsigned count = 0;
  module.walk([&](AttentionOp) { ++count; });
  return count;
}

// Of three examples, the first has no key at all.
const NamedTensors kLengths{{"n", Tensor(Index({3}), {0, 4, 6})}};

TEST(Attention, IsItsEquations) {
  auto context = makeTestContext();
  auto plain = parseModule(*context, kEquations);
  auto fused = parseModule(*context, kEquations);
  ASSERT_TRUE(plain && fused);
  ASSERT_TRUE(succeeded(runPasses(*plain, "maek-differentiate")));
  ASSERT_TRUE(
      succeeded(runPasses(*fused, "maek-fuse-attention,maek-differentiate")));
  EXPECT_EQ(countAttentions(*fused), 1u);
  auto expected = runEntry(*plain, "forward", {{"B", 3}}, 1, kLengths);
  auto actual = runEntry(*fused, "forward", {{"B", 3}}, 1, kLengths);
  ASSERT_TRUE(succeeded(expected) && succeeded(actual));
  EXPECT_EQ(describeDifference(*actual, *expected, 1e-12), "");
}

// One op gives what the gradients need of the forward one.
TEST(Attention, GivesItsSums) {
  auto context = makeTestContext();
  auto apart = parseModule(*context, kEquations);
  auto joined = parseModule(*context, kEquations);
  ASSERT_TRUE(apart && joined);
  std::string passes = "maek-fuse-attention,maek-differentiate";
  ASSERT_TRUE(succeeded(runPasses(*apart, passes)));
  ASSERT_TRUE(succeeded(runPasses(*joined, passes + ",maek-simplify")));
  unsigned numSums = 0, numJoined = 0;
  joined->walk([&](AttentionLogSumOp) { ++numSums; });
  joined->walk([&](AttentionWithLogSumOp) { ++numJoined; });
  EXPECT_EQ(countAttentions(*joined), 0u);
  EXPECT_EQ(numSums, 0u);
  EXPECT_EQ(numJoined, 1u);
  auto expected = runEntry(*apart, "forward", {{"B", 3}}, 1, kLengths);
  auto actual = runEntry(*joined, "forward", {{"B", 3}}, 1, kLengths);
  ASSERT_TRUE(succeeded(expected) && succeeded(actual));
  EXPECT_EQ(describeDifference(*actual, *expected, 1e-12), "");
}

TEST(Attention, IsZeroWithoutKeys) {
  auto context = makeTestContext();
  auto module = parseModule(*context, kEquations);
  ASSERT_TRUE(module);
  ASSERT_TRUE(
      succeeded(runPasses(*module, "maek-fuse-attention,maek-differentiate")));
  auto results = runEntry(*module, "forward", {{"B", 3}}, 1, kLengths);
  ASSERT_TRUE(succeeded(results));
  for (const auto &[name, tensor] : *results)
    for (int64_t i = 0; i < tensor.size() / 3; ++i)
      EXPECT_EQ(tensor.elements[i], 0) << name;
}

/// Random numbers of the given shape.
Tensor makeInput(std::vector<int64_t> shape, uint64_t seed) {
  uint64_t i = 0;
  return Tensor::generate(Index(shape),
                          [&](Index) { return randomNumber(seed, "x", i++); });
}

/// Masks of `keys` places: %f is that of lengths, %a3, and %o lets no query see
/// place 1.
std::string makeMasks(int64_t keys) {
  std::string size = std::to_string(keys);
  std::string row = "tensor<3x" + size + "xf64>";
  std::string rowMask = "tensor<3x" + size + "xi1>";
  std::string mask = "tensor<3x4x" + size + "xi1>";
  auto widen = [&](const std::string &from, const std::string &to) {
    return to + " = maek.broadcast " + from + " dims [0, 2] : " + rowMask +
           " -> " + mask + "\n";
  };
  return "%i = maek.iota 1 : " + row +
         "\n%n = maek.broadcast %a3 dims [0] : tensor<3xf64> -> " + row +
         "\n%f1 = maek.compare lt %i, %n : " + row + " -> " + rowMask +
         "\n%one = maek.constant 1.0 : " + row +
         "\n%o1 = maek.compare ne %i, %one : " + row + " -> " + rowMask + "\n" +
         widen("%f1", "%f") + widen("%o1", "%o");
}

/// Four queries of fewer keys and of more; queries that may see none, by the
/// causal mask, by the example's length and by both.
TEST(Attention, GradientIsFiniteDifference) {
  auto context = makeTestContext();
  for (int64_t keys : {3, 6})
    for (std::string how :
         {"scale 0.5", "scale 1.0 causal 1", "scale 0.7 causal -2",
          "masks(%f) scale 0.5", "masks(%f, %o) scale 1.0",
          "masks(%f) scale 0.7 causal 0",
          "masks(%o, %f) scale 0.7 causal -1"}) {
      std::string size = std::to_string(keys);
      std::string q = "tensor<3x4x3xf64>", k = "tensor<3x" + size + "x3xf64>",
                  v = "tensor<3x" + size + "x2xf64>", y = "tensor<3x4x2xf64>",
                  mask = "tensor<3x4x" + size + "xi1>";
      std::string types = ": " + q + ", " + k + ", " + v;
      if (size_t count = llvm::StringRef(how).count('%'))
        types += " masks(" + mask + (count > 1 ? ", " + mask : "") + ")";
      GradientProblem problem{
          "",
          {q, k, v, "tensor<3xf64>"},
          {y},
          makeMasks(keys) + "%r0 = maek.attention %a0, %a1, %a2 " + how + types,
          {0, 1, 2}};
      EXPECT_EQ(
          checkGradient(*context, problem,
                        {makeInput({3, 4, 3}, 1), makeInput({3, keys, 3}, 2),
                         makeInput({3, keys, 2}, 3),
                         Tensor(Index({3}), {0, 2, double(keys)})}),
          "")
          << how << " of " << keys << " keys";
    }
}

} // namespace
