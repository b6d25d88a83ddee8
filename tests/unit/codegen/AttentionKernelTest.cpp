// Part of Maek, under the MIT licence; see LICENSE.
// Attention's kernels beside the interpreter's whole matrices of weights.
#include "tests/unit/codegen/KernelHarness.h"

#include <gtest/gtest.h>
#include <limits>

using namespace maek::test;

// Fewer rows than a tile has, tiles that are full, and columns that end within
// a step or make several.
static const std::vector<Dims> sizes = {{{"B", 1}, {"N", 1}, {"M", 1}},
                                        {{"B", 2}, {"N", 7}, {"M", 13}},
                                        {{"B", 1}, {"N", 32}, {"M", 128}},
                                        {{"B", 1}, {"N", 45}, {"M", 301}}};

static void replaceAll(std::string &text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

/// The kernels with `masks`, an op's text, and the ops that make its masks.
static std::string makeKernels(const std::string &masks,
                               const std::string &makeMasks = "",
                               const std::string &maskTypes = "") {
  std::string text = R"(
!q = tensor<?x2x?x5xf32, #maek.dims<B, N>>
!k = tensor<?x2x?x5xf32, #maek.dims<B, M>>
!v = tensor<?x2x?x12xf32, #maek.dims<B, M>>
!y = tensor<?x2x?x12xf32, #maek.dims<B, N>>
!r = tensor<?x2x?xf32, #maek.dims<B, N>>
!n = tensor<?xf32, #maek.dims<B>>
!m = tensor<?x2x?x?xi1, #maek.dims<B, N, M>>
func.func private @attention(%q: !q, %k: !k, %v: !v, %n: !n) -> !y attributes {maek.kernel} {
  $make
  %0 = maek.attention %q, %k, %v $masks : !q, !k, !v $types
  func.return %0 : !y
}
func.func private @sums(%q: !q, %k: !k, %n: !n) -> !r attributes {maek.kernel} {
  $make
  %0 = maek.attention_log_sum %q, %k $masks : !q, !k $types
  func.return %0 : !r
}
func.func private @both(%q: !q, %k: !k, %v: !v, %n: !n) -> (!y, !r) attributes {maek.kernel} {
  $make
  %0, %1 = maek.attention_with_log_sum %q, %k, %v $masks : !q, !k, !v $types
  func.return %0, %1 : !y, !r
}
func.func private @query(%q: !q, %k: !k, %v: !v, %a: !y, %s: !r, %d: !r, %n: !n)
    -> !q attributes {maek.kernel} {
  $make
  %0 = maek.attention_query_gradient %q, %k, %v, %a, %s, %d $masks
      : !q, !k, !v, !y, !r, !r $types
  func.return %0 : !q
}
func.func private @key(%q: !q, %k: !k, %v: !v, %a: !y, %s: !r, %d: !r, %n: !n)
    -> (!k, !v) attributes {maek.kernel} {
  $make
  %0, %1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d $masks
      : !q, !k, !v, !y, !r, !r $types
  func.return %0, %1 : !k, !v
}
)";
  // Devices have none.
  if (!isOnDevice)
    text += R"(
func.func private @joint(%q: !q, %k: !k, %v: !v, %a: !y, %s: !r, %d: !r, %n: !n)
    -> (!q, !k, !v) attributes {maek.kernel} {
  $make
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d $masks
      : !q, !k, !v, !y, !r, !r $types
  func.return %0, %1, %2 : !q, !k, !v
}
)";
  for (auto [from, to] :
       {std::pair<std::string, std::string>("$make", makeMasks),
        {"$masks", masks},
        {"$types", maskTypes}})
    replaceAll(text, from, to);
  return text;
}

TEST(AttentionKernels, Plain) {
  checkKernelsBothPrecisions(makeKernels("scale 0.25"), sizes);
}

/// Makes `symbol` of the kernels' sizes a number.
static void fixSize(std::string &text, const std::string &symbol,
                    const std::string &size) {
  for (const char *features : {"x5xf32", "x12xf32", "xf32"})
    replaceAll(text, "?" + (features + (", #maek.dims<B, " + symbol)) + ">",
               size + features + ", #maek.dims<B>");
  bool isQueries = symbol == "N";
  replaceAll(text, "?x?xi1, #maek.dims<B, N, M>",
             isQueries ? size + "x?xi1, #maek.dims<B, M>"
                       : "?x" + size + "xi1, #maek.dims<B, N>");
}

// Few rows have narrower tiles; in the gradient by keys these are the keys.
TEST(AttentionKernels, FewRows) {
  std::string queries = makeKernels("scale 0.25 causal 2"), keys = queries;
  fixSize(queries, "N", "1");
  fixSize(keys, "M", "4");
  checkKernelsBothPrecisions(queries, sizes);
  if (!isOnDevice)
    checkKernelsBothPrecisions(keys, sizes);
}

TEST(AttentionKernels, Causal) {
  checkKernelsBothPrecisions(makeKernels("scale 0.25 causal 0"), sizes);
  // Queries that see no key, and such that see several steps of keys.
  checkKernelsBothPrecisions(makeKernels("scale 1.0 causal -3"), sizes);
  if (!isOnDevice)
    checkKernelsBothPrecisions(makeKernels("scale 1.0 causal 150"), sizes);
}

// Only keys after the first n, of which some examples have none.
TEST(AttentionKernels, Masked) {
  checkKernelsBothPrecisions(makeKernels("masks(%m) scale 0.25", R"(
  %i = maek.iota 1 : tensor<?x?xf32, #maek.dims<B, M>>
  %h = maek.constant 10.0 : tensor<?x?xf32, #maek.dims<B, M>>
  %b = maek.broadcast %n dims [0] : !n -> tensor<?x?xf32, #maek.dims<B, M>>
  %l = maek.mul %b, %h : tensor<?x?xf32, #maek.dims<B, M>>
  %c = maek.compare gt %i, %l : tensor<?x?xf32, #maek.dims<B, M>>
      -> tensor<?x?xi1, #maek.dims<B, M>>
  %m = maek.broadcast %c dims [0, 3] : tensor<?x?xi1, #maek.dims<B, M>> -> !m
)",
                                         "masks(!m)"),
                             sizes);
}

/// Runs the kernels with one NaN, in each operand in turn, at `row` of the last
/// example. Each result is NaN where the interpreter's is.
static void checkNaN(OwnKernels &own, const Dims &dims, int64_t row,
                     double tolerance) {
  for (auto kernel : own.module->getOps<mlir::func::FuncOp>()) {
    auto arguments = makeArguments(kernel, dims, 1);
    ASSERT_TRUE(succeeded(arguments));
    std::vector<maek::Tensor> tensors;
    for (auto &[name, tensor] : *arguments)
      tensors.push_back(tensor);
    for (maek::Tensor &tensor : tensors) {
      if (tensor.rank() != 4)
        continue;
      double &number = tensor[{1, 1, row, 3}];
      double before = number;
      number = std::numeric_limits<double>::quiet_NaN();
      auto expected = maek::interpret(kernel, tensors);
      ASSERT_TRUE(succeeded(expected));
      std::vector<maek::Tensor> found = own.kernels->run(kernel, tensors, dims);
      ASSERT_EQ(found.size(), expected->size());
      for (size_t i = 0; i < found.size(); ++i)
        EXPECT_LE(relativeError(found[i], (*expected)[i]), tolerance)
            << kernel.getName().str() << " result " << i << ", NaN in row "
            << row << " of operand " << &tensor - tensors.data();
      number = before;
    }
  }
}

// None becomes 0: a training that has gone astray must be seen. The joint
// gradient leaves out steps of which a tile sees nothing, whose weights of 0
// make no NaN: of causal 13 each tile sees something of each step.
TEST(AttentionKernels, NaN) {
  const Dims wide = {{"B", 2}, {"N", 45}, {"M", 301}};
  const Dims square = {{"B", 2}, {"N", 45}, {"M", 45}};
  std::string causal = makeKernels("scale 0.25 causal 0");
  std::string others =
      causal.substr(0, causal.find("func.func private @joint"));
  for (const auto &[text, dims] :
       {std::pair(makeKernels("scale 0.25"), wide),
        {others, square},
        {makeKernels("scale 0.25 causal 13"), square}})
    for (const std::string &element : elements) {
      double tolerance = element == "f32" ? 1e-5 : 1e-12;
      OwnKernels own(text, element);
      ASSERT_TRUE(own.kernels);
      for (int64_t row : {5, 40})
        checkNaN(own, dims, row, tolerance);
    }
}

// One value for keys and values, rows of fixed number, other leading axes.
TEST(AttentionKernels, FixedSizes) {
  checkKernelsBothPrecisions(R"(
!x = tensor<17x8xf32>
!r = tensor<17xf32>
func.func @forward(%x: !x) -> !x {
  %0 = maek.attention %x, %x, %x scale 0.5 : !x, !x, !x
  func.return %0 : !x
}
func.func @both(%x: !x) -> (!x, !r) {
  %0, %1 = maek.attention_with_log_sum %x, %x, %x scale 0.5 : !x, !x, !x
  func.return %0, %1 : !x, !r
}
func.func @unused(%x: !x) -> !r {
  %0, %1 = maek.attention_with_log_sum %x, %x, %x scale 0.5 : !x, !x, !x
  func.return %1 : !r
}
func.func @key(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r) -> (!x, !x) {
  %0, %1 = maek.attention_key_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : !x, !x, !x, !x, !r, !r
  func.return %0, %1 : !x, !x
}
)",
                             {{}});
}

// The joint gradient's steps in several rounds, and its results of one shape,
// without leading axes, and in part.
TEST(AttentionKernels, JointGradient) {
  if (isOnDevice)
    GTEST_SKIP() << "devices have none";
  for (const char *kind : {"scale 0.25", "scale 0.25 causal -70"}) {
    std::string own = makeKernels(kind);
    size_t first = own.find("func.func");
    own.erase(first, own.find("func.func private @joint") - first);
    checkKernelsBothPrecisions(own, {{{"B", 1}, {"N", 600}, {"M", 70}},
                                     {{"B", 3}, {"N", 70}, {"M", 600}}});
  }
  std::string text = R"(
!x = tensor<$leads70x24xf32>
!r = tensor<$leads70xf32>
func.func private @whole(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r)
    -> (!x, !x, !x) attributes {maek.kernel} {
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.5
      : !x, !x, !x, !x, !r, !r
  func.return %0, %1, %2 : !x, !x, !x
}
func.func private @part(%q: !x, %k: !x, %v: !x, %a: !x, %s: !r, %d: !r)
    -> (!x, !x) attributes {maek.kernel} {
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.5 causal 3
      : !x, !x, !x, !x, !r, !r
  func.return %2, %0 : !x, !x
}
)";
  for (const char *leads : {"", "2x1x3x"}) {
    std::string own = text;
    replaceAll(own, "$leads", leads);
    checkKernelsBothPrecisions(own, {{}});
  }
}

// Rows of so many features that a device holds few of them.
TEST(AttentionKernels, WideHeads) {
  std::string text = R"(
!q = tensor<?x9x260xf32, #maek.dims<B>>
!r = tensor<?x9xf32, #maek.dims<B>>
func.func private @attention(%q: !q, %k: !q, %v: !q) -> !q attributes {maek.kernel} {
  %0 = maek.attention %q, %k, %v scale 0.25 : !q, !q, !q
  func.return %0 : !q
}
func.func private @query(%q: !q, %k: !q, %v: !q, %a: !q, %s: !r, %d: !r) -> !q attributes {maek.kernel} {
  %0 = maek.attention_query_gradient %q, %k, %v, %a, %s, %d scale 0.25
      : !q, !q, !q, !q, !r, !r
  func.return %0 : !q
}
)";
  if (!isOnDevice)
    text += R"(
func.func private @joint(%q: !q, %k: !q, %v: !q, %a: !q, %s: !r, %d: !r)
    -> (!q, !q, !q) attributes {maek.kernel} {
  %0, %1, %2 = maek.attention_gradient %q, %k, %v, %a, %s, %d scale 0.25
      : !q, !q, !q, !q, !r, !r
  func.return %0, %1, %2 : !q, !q, !q
}
)";
  checkKernels(text, {{{"B", 2}}}, 1e-5);
}

// As many features as heads have: several for each thread of a device.
TEST(AttentionKernels, HeadSizes) {
  for (auto [own, others] : {std::pair("64", "64"), {"80", "40"}}) {
    std::string text = makeKernels("scale 0.25 causal 20");
    replaceAll(text, "x5xf32", "x" + std::string(own) + "xf32");
    replaceAll(text, "x12xf32", "x" + std::string(others) + "xf32");
    checkKernels(text, {{{"B", 1}, {"N", 70}, {"M", 45}}}, 1e-5);
    // PoCL takes a minute for each.
    if (isOnDevice)
      break;
  }
}
