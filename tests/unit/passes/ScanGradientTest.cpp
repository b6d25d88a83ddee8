// Part of Maek, under the MIT licence; see LICENSE.
// Gradients through scans against central differences, before and after the
// passes that change the adjoint scan.
#include "tests/support/Gradients.h"
#include "tests/support/TestModule.h"

#include <gtest/gtest.h>
#include <tuple>

using namespace maek;
using namespace maek::test;

namespace {

/// Types: `s` is a state [B, 3], `q` a sequence of them [T, B, 3], `w` a matrix
/// [3, 3], `v` a row [3]; each replaced in the texts below.
struct ScanCase {
  std::string name;
  /// One letter per argument and result.
  std::string arguments, results;
  std::string body;
};

std::string spellType(char letter) {
  switch (letter) {
  case 's':
    return "tensor<?x3xf64, #B>";
  case 'q':
    return "tensor<?x?x3xf64, #TB>";
  case 'w':
    return "tensor<3x3xf64>";
  default:
    return "tensor<3xf64>";
  }
}

/// `$s` becomes the type of a state, and so on.
std::string spellTypes(const std::string &text) {
  std::string spelled;
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '$')
      spelled += spellType(text[++i]);
    else
      spelled += text[i];
  return spelled;
}

std::vector<std::string> spellList(const std::string &letters) {
  std::vector<std::string> types;
  for (char letter : letters)
    types.push_back(spellType(letter));
  return types;
}

Tensor makeInput(char letter, unsigned seed) {
  Shape shape = letter == 's'   ? Shape{2, 3}
                : letter == 'q' ? Shape{5, 2, 3}
                : letter == 'w' ? Shape{3, 3}
                                : Shape{3};
  Tensor tensor{Index(shape)};
  for (size_t i = 0; i < tensor.elements.size(); ++i)
    tensor.elements[i] = 1.6 * randomNumber(seed, "input", i) - 0.8;
  return tensor;
}

/// The whole pipeline but differentiation, before and after it.
const char *const kOptimize =
    "maek-simplify,maek-split-concat-matmul,maek-merge-gate-matmuls,"
    "maek-hoist-input-projection,maek-simplify,maek-differentiate,"
    "maek-sink-weight-gradients,maek-simplify,maek-merge-gate-matmuls,"
    "maek-simplify";

const char *const kOptimizeSegments =
    "maek-simplify,maek-split-concat-matmul,maek-merge-gate-matmuls,"
    "maek-segment-scans,maek-hoist-input-projection,maek-simplify,"
    "maek-differentiate,maek-sink-weight-gradients,maek-simplify,"
    "maek-merge-gate-matmuls,maek-simplify";

const std::pair<const char *, const char *> kPipelines[] = {
    {"plain", "maek-differentiate"},
    {"sunk", "maek-differentiate,maek-sink-weight-gradients"},
    {"simplified", "maek-differentiate,maek-simplify,"
                   "maek-sink-weight-gradients,maek-simplify"},
    {"optimized", kOptimize},
    // Segments of three steps and of two.
    {"segmented", "maek-segment-scans,maek-differentiate"},
    {"optimizedSegments", kOptimizeSegments},
};

const ScanCase kCases[] = {
    {"forward", "qsw", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.tanh %z : $s
    %y = maek.mul %n, %x : $s
    maek.yield %n, %y : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    {"reverse", "qsw", "sq", R"(
  %r0, %r1 = maek.scan reverse over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.tanh %z : $s
    %y = maek.mul %n, %h : $s
    maek.yield %n, %y : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // The output sequence is not used.
    {"finalOnly", "qsw", "s", R"(
  %r0, %hs = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.sigmoid %z : $s
    maek.yield %n, %n : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // The final state is not used.
    {"outputsOnly", "qsw", "q", R"(
  %last, %r0 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.sigmoid %z : $s
    maek.yield %n, %n : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // One state's results are not used, but the other state needs it.
    {"coupledStates", "qssw", "s", R"(
  %r0, %unused = maek.scan over(%a0) init(%a1, %a2) {
  ^bb0(%x: $s, %h: $s, %c: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a3 : $s, $w
    %i = maek.sigmoid %p : $s
    %fc = maek.mul %i, %c : $s
    %d = maek.add %fc, %x : $s
    %t = maek.tanh %d : $s
    %n = maek.mul %i, %t : $s
    maek.yield %n, %d : $s, $s
  } : ($q, $s, $s) -> ($s, $s)
)"},
    // The second state never reaches a result.
    {"idleState", "qss", "s", R"(
  %r0, %unused = maek.scan over(%a0) init(%a1, %a2) {
  ^bb0(%x: $s, %h: $s, %c: $s):
    %n = maek.mul %h, %x : $s
    %d = maek.mul %c, %h : $s
    maek.yield %n, %d : $s, $s
  } : ($q, $s, $s) -> ($s, $s)
)"},
    // The new state forgets the old one, which only an output sees.
    {"forgottenState", "qs", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %n = maek.sin %x : $s
    %y = maek.mul %h, %x : $s
    maek.yield %n, %y : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // States that change places.
    {"swappedStates", "qss", "ss", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1, %a2) {
  ^bb0(%x: $s, %h: $s, %c: $s):
    %n = maek.mul %c, %x : $s
    maek.yield %n, %h : $s, $s
  } : ($q, $s, $s) -> ($s, $s)
)"},
    // Captured values are yielded as they are.
    {"capturedYields", "qss", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    maek.yield %a2, %a2 : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // Arguments of the body are yielded as they are.
    {"passedOn", "qs", "sqq", R"(
  %r0, %r1, %r2 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    maek.yield %x, %h, %x : $s, $s, $s
  } : ($q, $s) -> ($s, $q, $q)
)"},
    // Neither a residual nor an adjoint of an output runs over the steps.
    {"noSequences", "qsv", "s", R"(
  %b = maek.broadcast %a2 dims [1] : $v -> $s
  %r0 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %n = maek.add %h, %b : $s
    maek.yield %n : $s
  } : ($q, $s) -> $s
)"},
    // One sequence twice, one captured value twice, one value yielded twice.
    {"repeatedUses", "qsw", "sqq", R"(
  %r0, %r1, %r2 = maek.scan over(%a0, %a0) init(%a1) {
  ^bb0(%x: $s, %y: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %q = maek.einsum "bk,kn->bn" %x, %a2 : $s, $w
    %z = maek.add %p, %q : $s
    %t = maek.tanh %z : $s
    %n = maek.mul %t, %y : $s
    maek.yield %n, %n, %n : $s, $s, $s
  } : ($q, $q, $s) -> ($s, $q, $q)
)"},
    // Residuals of type i1, constants, choices.
    {"choices", "qsw", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %zero = maek.constant 0.0 : $s
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %q = maek.einsum "bk,kn->bn" %x, %a2 : $s, $w
    %big = maek.compare gt %p, %q : $s -> tensor<?x3xi1, #B>
    %z = maek.select %big, %p, %x : tensor<?x3xi1, #B>, $s
    %l = maek.max %q, %zero : $s
    %n = maek.add %l, %z : $s
    %y = maek.min %n, %h : $s
    maek.yield %n, %y : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // Parts and wholes; one result of the unstack is not used.
    {"parts", "qsv", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %st = maek.stack %x, %h, %x dim 1 : $s, $s, $s
    %e = maek.exp %st : tensor<?x3x3xf64, #B>
    %u0, %u1, %u2 = maek.unstack %e dim 1 : tensor<?x3x3xf64, #B>
    %l, %r = maek.split %u1 dim 1 : $s -> tensor<?x1xf64, #B>, tensor<?x2xf64, #B>
    %c = maek.concat %r, %l dim 1 : tensor<?x2xf64, #B>, tensor<?x1xf64, #B>
    %k = maek.slice %x dim 1 offset -1 : $s -> tensor<?x1xf64, #B>
    %d = maek.pad %k dim 1 offset 1 : tensor<?x1xf64, #B> -> $s
    %b = maek.broadcast %a2 dims [1] : $v -> $s
    %m = maek.mul %c, %b : $s
    %q = maek.mul %u2, %d : $s
    %s = maek.add %m, %q : $s
    %n = maek.sigmoid %s : $s
    maek.yield %n, %c : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // A softmax of each step.
    {"softmax", "qs", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %z = maek.add %x, %h : $s
    %m = maek.reduce max %z dims [1] : $s
    %mb = maek.broadcast %m dims [0] : tensor<?xf64, #maek.dims<B>> -> $s
    %d = maek.sub %z, %mb : $s
    %e = maek.exp %d : $s
    %t = maek.reduce sum %e dims [1] : $s
    %tb = maek.broadcast %t dims [0] : tensor<?xf64, #maek.dims<B>> -> $s
    %n = maek.div %e, %tb : $s
    %lt = maek.log %n : $s
    %y = maek.neg %lt : $s
    maek.yield %n, %y : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // Nothing goes through %f.
    {"powers", "qs", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %two = maek.constant 2.0 : $s
    %p = maek.exp %h : $s
    %a = maek.pow %p, %x : $s
    %b = maek.pow %p, %two : $s
    %r = maek.sqrt %b : $s
    %c = maek.cos %x : $s
    %s = maek.mul %a, %c : $s
    %d = maek.div %s, %r : $s
    %n = maek.tanh %d : $s
    maek.yield %n, %a : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // One scan over the outputs of another, in the other direction.
    {"stacked", "qsw", "sq", R"(
  %h0, %hs = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.tanh %z : $s
    maek.yield %n, %n : $s, $s
  } : ($q, $s) -> ($s, $q)
  %r0, %r1 = maek.scan reverse over(%hs, %a0) init(%h0) {
  ^bb0(%y: $s, %x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.mul %p, %y : $s
    %n = maek.add %z, %x : $s
    maek.yield %n, %p : $s, $s
  } : ($q, $q, $s) -> ($s, $q)
)"},
    // One scan over the outputs of another, which have another use before it.
    {"stackedAhead", "qsw", "sqq", R"(
  %h0, %hs = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.add %p, %x : $s
    %n = maek.tanh %z : $s
    maek.yield %n, %n : $s, $s
  } : ($q, $s) -> ($s, $q)
  %r2 = maek.exp %hs : $q
  %r0, %r1 = maek.scan over(%hs, %a0) init(%a1) {
  ^bb0(%y: $s, %x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %z = maek.mul %p, %y : $s
    %n = maek.add %z, %x : $s
    maek.yield %n, %p : $s, $s
  } : ($q, $q, $s) -> ($s, $q)
)"},
    // The inner scan runs over the whole sequence at each step of the outer
    // one; both use the weights, and the inner one a value of the outer step.
    {"nested", "qsw", "sq", R"(
  %r0, %r1 = maek.scan over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %p = maek.einsum "bk,nk->bn" %h, %a2 : $s, $w
    %t = maek.tanh %p : $s
    %i, %is = maek.scan over(%a0) init(%x) {
    ^bb0(%y: $s, %g: $s):
      %q = maek.einsum "bk,nk->bn" %g, %a2 : $s, $w
      %z = maek.mul %q, %t : $s
      %s = maek.add %z, %y : $s
      %m = maek.sigmoid %s : $s
      maek.yield %m, %z : $s, $s
    } : ($q, $s) -> ($s, $q)
    %sum = maek.reduce sum %is dims [0] : $q
    %n = maek.mul %i, %sum : $s
    maek.yield %n, %i : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
    // The inner scan runs back over a sequence that the outer step computes.
    {"nestedReverse", "qsv", "sq", R"(
  %r0, %r1 = maek.scan reverse over(%a0) init(%a1) {
  ^bb0(%x: $s, %h: $s):
    %b = maek.broadcast %x dims [1, 2] : $s -> $q
    %xs = maek.mul %b, %a0 : $q
    %es = maek.exp %xs : $q
    %i, %is = maek.scan reverse over(%es, %a0) init(%h) {
    ^bb0(%e: $s, %y: $s, %g: $s):
      %w = maek.broadcast %a2 dims [1] : $v -> $s
      %z = maek.mul %g, %w : $s
      %s = maek.add %z, %e : $s
      %m = maek.tanh %s : $s
      maek.yield %m, %g : $s, $s
    } : ($q, $q, $s) -> ($s, $q)
    %sum = maek.reduce sum %is dims [0] : $q
    %n = maek.add %i, %x : $s
    maek.yield %n, %sum : $s, $s
  } : ($q, $s) -> ($s, $q)
)"},
};

class ScanGradientTest
    : public testing::TestWithParam<
          std::tuple<ScanCase, std::pair<const char *, const char *>>> {};

} // namespace

TEST_P(ScanGradientTest, isFiniteDifference) {
  auto [scan, pipeline] = GetParam();
  GradientProblem problem{"#B = #maek.dims<B>\n#TB = #maek.dims<T, B>\n",
                          spellList(scan.arguments),
                          spellList(scan.results),
                          spellTypes(scan.body),
                          {},
                          pipeline.second};
  std::vector<Tensor> inputs;
  for (unsigned i = 0; i < scan.arguments.size(); ++i) {
    problem.differentiable.push_back(i);
    inputs.push_back(makeInput(scan.arguments[i], i));
  }
  auto context = makeTestContext();
  EXPECT_EQ(checkGradient(*context, problem, inputs), "");
}

INSTANTIATE_TEST_SUITE_P(All, ScanGradientTest,
                         testing::Combine(testing::ValuesIn(kCases),
                                          testing::ValuesIn(kPipelines)),
                         [](const auto &test) {
                           return std::get<0>(test.param).name + "_" +
                                  std::get<1>(test.param).first;
                         });
