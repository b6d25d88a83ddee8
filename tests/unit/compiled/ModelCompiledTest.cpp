// Part of Maek, under the MIT licence; see LICENSE.
// Models compiled as a whole, and without each pass that may be left out.
#include "dsl/Frontend.h"
#include "passes/Pipelines.h"
#include "tests/unit/compiled/CompiledHarness.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdlib>
#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

struct Model {
  std::string name, text;
};

/// One size is no multiple of a vector, one is.
constexpr char kRecurrent[] = R"(
model M(I = 5, H = 19) {
  input xs : [T, I]
  target label : class(7)
  h = CELL(I, H)(xs)
  logits = Linear(H, 7)(h[-1])
  output logits, h
  loss = cross_entropy(logits, label)
  metric accuracy = argmax(logits) == label
}
)";

/// Where c of max(a, c), or x of max(x), is cheap, the adjoint scan computes it
/// again; p has other uses there, and so may be rounded otherwise.
constexpr char kExtremes[] = R"(
cell C(I, H) {
  param W : [H, H + I] ~ uniform(-0.3, 0.3)
  param W2 : [H, I]    ~ uniform(-0.3, 0.3)
  param V : [H, H]     ~ uniform(-0.3, 0.3)
  param u1, u2 : [H]   ~ uniform(-1, 1)
  param m : [H]        = -100
  state h : [H] = 0
  step (x : [I]) -> h {
    z = W · [h, x]
    p = z * u1
    c = p + u2
    e = p + W2 · x
    y = CHOICE
    h = 0.5 * y + 0.1 * e + 0.001 * V · h
  }
}
model M(H = 37) {
  input x : [T, 37]
  target t : []
  y = C(37, H)(x)[-1]
  output y
  loss = 0.01 * (sum(y) - t)^2
}
)";

const Model kModels[] = {
    {"LSTM", kRecurrent},
    {"GRU", kRecurrent},
    {"RNN", kRecurrent},
    {"MLP", R"(
model M(I = 37, H = 16) {
  input x : [I]
  target t : [3]
  h = gelu(LayerNorm(H)(Linear(I, H)(x)))
  y = Linear(H, 3)(silu(Linear(H, H)(h)) + h)
  output y
  loss = mse(y, t)
}
)"},
    {"Attention", R"(
model M(d = 12) {
  input x : [T, d]
  target label : [T] of class(5)
  param W_q, W_k, W_v : [3, d, 4] ~ normal(0, 0.3)
  a = attention(x · W_q, x · W_k, x · W_v)
  y = reshape(permute(a, [1, 0, 2]), [T, d]) + x
  logits = Linear(d, 5)(LayerNorm(d)(y))
  output logits
  loss = mean(cross_entropy(logits, label))
  metric error = 1 - mean(argmax(logits) == label)
}
)"},
    {"Convolution", R"(
model M(C = 5) {
  input image : [5, 6]
  target label : class(5)
  x = tanh(Conv2d(1, C, 3, padding = 1)(reshape(image, [5, 6, 1])))
  y = tanh(x + BatchNorm(C)(Conv2d(C, C, 3, padding = 1)(x)))
  z = Conv2d(C, 16, 3, stride = 2, padding = 2, dilation = 2)(max_pool(y, 3, stride = 1, padding = 1))
  logits = Linear(16, 5)(mean(avg_pool(max_pool(z, 2, stride = 1), 2), axis = [0, 1]))
  output logits
  loss = cross_entropy(logits, label)
}
)"},
    {"Embedding", R"(
model M(d = 12) {
  input words : [T] of class(9)
  target next : [T] of class(9)
  x = Embedding(9, d)(words)
  h = GRU(d, d)(dropout(x, 0.2)) + x
  logits = Linear(d, 9)(h)
  output logits
  loss = mean(cross_entropy(logits, next))
}
)"},
    {"Bidirectional", R"(
model M(I = 3, H = 8) {
  input xs : [T, I]
  target t : [H + H]
  ahead = ResetAfterGRU(I, H)
  back = LSTM(I, H)
  h = [ahead(xs), reverse(back(reverse(xs)))]
  y = LSTM(2 * H, 2 * H)(reverse(h))
  output y
  loss = mse(y[-1], t)
}
)"},
    {"Stacked", R"(
model M(I = 3, H = 8) {
  input xs : [S, T, I]
  target t : [H]
  h = GRU(H, H)(LSTM(I, H)(xs))
  y = mean(h[:, -1], axis = 0) + softmax(max(h[-1], axis = 0))
  output y, h
  loss = sum(abs(y - t))
}
)"},
    // Each state's next value is another one's, of which others are made, too.
    {"Optimizer", R"(
optimizer turns(lr = 0.1) {
  state a, b, c, d = 0.5
  step (p, g, lr, t) -> p {
    old = a
    a = 0.5 * b + g
    b = 0.25 * c - g
    c = 0.75 * old + p
    d = √(d² + g²)
    p = p - lr * (b + c * d)
  }
}
model M(I = 37, H = 5) {
  input x : [I]
  target t : [H]
  y = tanh(Linear(I, H)(x))
  output y
  loss = mse(y, t)
}
train M { optimizer turns() }
)"},
    // The gradient of a gradient.
    {"Penalty", R"(
model M(d = 4) {
  input x : [6, d]
  target t : []
  param W, V, U : [d, d] ~ uniform(-0.5, 0.5)
  y = sum(attention(x · W, x · V, x · U))
  g = gradient(y, x)
  output y
  loss = (y - t)^2 + sum(g * g)
}
)"},
    // What a factor of 0 or a difference of equals leaves out reads what others
    // read, too.
    {"Zeros", R"(
model M(d = 5, zero = 0, one = 1) {
  input x : [6, d]
  target label : class(d)
  z = Linear(d, d)(x[0])
  y = z + zero * sum(softmax(z) * z) + max(zero * z)
  output y
  loss = one * logsumexp(z) + zero * sum(softmax(z) * z) + sum(cross_entropy(z, label) * (z - z))
  metric a = sum(softmax(z) * (z - z)) + logsumexp(z)
  metric b = sum(attention(x, x, x * zero)) + (max(z) + sum(z)) - max(z)
}
)"},
    // None of the scores, some, and all are hidden.
    {"Infinities", R"(
model M(d = 5) {
  input x : [d]
  target t : []
  param W : [d, d] ~ normal(0, 0.3)
  z    = W · x
  none = where(x > 2, z, -inf)
  some = where(arange(d) < 3, z, -inf)
  p    = softmax(none) + softmax(some)
  l    = [reshape(logsumexp(none), [1]), reshape(logsumexp(some), [1])]
  m    = [reshape(max(none), [1]), reshape(min(-none), [1]), reshape(max(some), [1])]
  s    = log_softmax(some)
  same = (none == -inf) * (some > -inf)
  held = where(x == x, max(none), x)
  away = where(x < 9, -max(none), min(-none) + x)
  output none, some, p, l, m, s, same, held, away
  loss = sum(p²) + logsumexp(some) + t
}
)"},
    {"Choice", kExtremes},
    {"Extreme", kExtremes},
};

constexpr char kTraining[] =
    "train M { optimizer adamw(weight_decay = 0.1) clip_norm 1.0"
    " schedule cosine(warmup = 2) }\n";

mlir::OwningOpRef<mlir::ModuleOp>
emit(const Model &model, mlir::MLIRContext &context, bool doublePrecision) {
  std::string text = model.text;
  if (text.find("train M") == std::string::npos)
    text += kTraining;
  const std::pair<std::string, std::string> places[] = {
      {"CELL", model.name},
      {"CHOICE",
       model.name == "Choice" ? "max(V · h + m, c)" : "max(c) + 0.01 * m"}};
  for (const auto &[place, words] : places)
    if (size_t at = text.find(place); at != std::string::npos)
      text.replace(at, place.size(), words);
  FrontendOptions options;
  options.doublePrecision = doublePrecision;
  return emitModel(llvm::MemoryBuffer::getMemBufferCopy(text, model.name),
                   options, context, llvm::errs());
}

/// MAEK_THOROUGH=1 compiles every model in every way, for some minutes.
bool isThorough() { return std::getenv("MAEK_THOROUGH") != nullptr; }

/// These cover what the others have in them.
bool isAlwaysTested(const Model &model) {
  return model.name == "LSTM" || model.name == "GRU" ||
         model.name == "Attention" || model.name == "Convolution";
}

/// These are of numbers that the others do not meet.
bool hasOwnNumbers(const Model &model) {
  return model.name == "Optimizer" || model.name == "Zeros" ||
         model.name == "Infinities" || model.text == kExtremes;
}

/// Batches and steps of all kinds. The interpreter takes its time: all of them
/// for the LSTM, the smaller ones for the others.
std::vector<Dims> getSizes(const Model &model) {
  bool hasSteps = model.text.find("[T") != std::string::npos ||
                  model.text.find("T,") != std::string::npos;
  bool isWhole = model.name == "LSTM" || isThorough();
  std::vector<Dims> sizes;
  for (int64_t batch : {1, 2, 7, 64})
    for (int64_t steps : {1, 2, 5, 100})
      if ((isWhole || batch * steps <= 200) && (hasSteps || steps == 1))
        sizes.push_back({{"B", batch}, {"T", steps}, {"S", 2}});
  return sizes;
}

class CompiledModel : public testing::TestWithParam<Model> {};

TEST_P(CompiledModel, KeepsResults) {
  if (!isAlwaysTested(GetParam()) && !hasOwnNumbers(GetParam()) &&
      !isThorough())
    GTEST_SKIP() << "MAEK_THOROUGH=1 runs it";
  for (bool doublePrecision : {false, true}) {
    if (doublePrecision && !isThorough())
      continue;
    auto context = makeCompilerContext();
    auto module = emit(GetParam(), *context, doublePrecision);
    ASSERT_TRUE(module);
    CompiledCheck check;
    check.sizes = getSizes(GetParam());
    check.tolerance = doublePrecision ? 1e-10 : 1e-5;
    check.asserts = doublePrecision;
    checkCompiled(*module, check);
  }
}

/// One segment and several, of equal lengths and not, of one step and more.
TEST_P(CompiledModel, KeepsResultsRecomputed) {
  const Model &model = GetParam();
  bool isTested = model.name == "LSTM" || model.name == "Bidirectional";
  if (!isTested && !isThorough())
    GTEST_SKIP() << "MAEK_THOROUGH=1 runs it";
  auto context = makeCompilerContext();
  auto module = emit(model, *context, false);
  ASSERT_TRUE(module);
  CompiledCheck check;
  for (int64_t steps : {1, 2, 3, 5, 13, 16})
    check.sizes.push_back({{"B", 3}, {"T", steps}, {"S", 2}});
  check.sizes.push_back({{"B", 1}, {"T", 101}, {"S", 17}});
  check.recompute = true;
  checkCompiled(*module, check);
}

/// Without Halide's checks a kernel that reads beside its buffers may give
/// right numbers.
TEST_P(CompiledModel, StaysInItsBuffers) {
  if (!isAlwaysTested(GetParam()) && !isThorough())
    GTEST_SKIP() << "MAEK_THOROUGH=1 runs it";
  auto context = makeCompilerContext();
  auto module = emit(GetParam(), *context, false);
  ASSERT_TRUE(module);
  CompiledCheck check;
  check.sizes = {{{"B", 1}, {"T", 1}, {"S", 1}},
                 {{"B", 7}, {"T", 5}, {"S", 2}}};
  check.asserts = true;
  checkCompiled(*module, check);
}

TEST_P(CompiledModel, KeepsResultsWithoutAPass) {
  if (!isAlwaysTested(GetParam()) && !isThorough())
    GTEST_SKIP() << "MAEK_THOROUGH=1 runs it";
  for (llvm::StringRef name : getOptionalPasses()) {
    SCOPED_TRACE("without " + name.str());
    auto context = makeCompilerContext();
    auto module = emit(GetParam(), *context, false);
    ASSERT_TRUE(module);
    CompiledCheck check;
    check.sizes = {{{"B", 1}, {"T", 5}, {"S", 1}},
                   {{"B", 7}, {"T", 2}, {"S", 2}}};
    check.disabled = {name.str()};
    checkCompiled(*module, check);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, CompiledModel, testing::ValuesIn(kModels),
                         [](const testing::TestParamInfo<Model> &tested) {
                           return tested.param.name;
                         });

} // namespace
