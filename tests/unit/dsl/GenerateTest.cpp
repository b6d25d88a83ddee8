// Part of Maek, under the MIT licence; see LICENSE.
// generate_step: what a model says of a whole sequence, piece by piece; and the
// models that have no such entry.
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "tests/unit/dsl/ModelFixture.h"

using namespace maek;
using namespace maek::test;

namespace {
class Generate : public ModelTest {
protected:
  /// Whether a model with this body over `text` has the entry.
  bool emit(llvm::StringRef statements,
            llvm::StringRef passes = "maek-make-stepwise",
            llvm::StringRef functions = "") {
    return emitText(functions.str() +
                        "model M(n = 7, d = 5) {\n"
                        "  input text : [T] of class(n)\n" +
                        statements.str() + "\n  output y\n}\n",
                    passes) &&
           module->lookupSymbol<mlir::func::FuncOp>("generate_step");
  }

  /// The part of the text from `begin` to `end`, two examples.
  static Tensor cut(const Tensor &text, int64_t begin, int64_t end) {
    return Tensor::generate(
        {2, end - begin}, [&](Index i) { return text[{i[0], begin + i[1]}]; });
  }

  /// Compares the pieces' outputs with those of the whole.
  void checkPieces(llvm::ArrayRef<int64_t> ends) {
    Tensor text = Tensor::generate({2, ends.back()}, [](Index i) {
      return double((3 * i[0] + i[1] * i[1]) % 7);
    });
    auto whole = runEntry(*module, "forward", {{"B", 2}, {"T", ends.back()}}, 1,
                          {{"text", text}});
    ASSERT_TRUE(succeeded(whole));
    const Tensor &expected = *find(*whole, "y");
    NamedTensors carried{{"state.begins", Tensor({2}, 1.0)}};
    int64_t begin = 0;
    for (int64_t end : ends) {
      NamedTensors given = carried;
      given.emplace_back("text", cut(text, begin, end));
      auto results = runEntry(*module, "generate_step",
                              {{"B", 2}, {"T", end - begin}}, 1, given);
      ASSERT_TRUE(succeeded(results));
      const Tensor &y = *find(*results, "y");
      Tensor part = Tensor::generate(Index(y.shape), [&](Index i) {
        return expected[{i[0], begin + i[1], i[2]}];
      });
      EXPECT_LT(relativeError(y, part), 1e-13) << "up to step " << end;
      carried.assign({{"state.begins", Tensor({2}, 0.0)}});
      for (auto &[name, value] : *results)
        if (llvm::StringRef(name).starts_with("state."))
          carried.emplace_back(name, value);
      begin = end;
    }
  }

  /// Compares each step's output with the whole's; there are caches, and of a
  /// source with three steps what `generate_source` gives.
  void checkSteps(int64_t capacity, unsigned caches,
                  const NamedTensors &source = {}) {
    const int64_t steps = 5;
    Dims sizes{{"B", 2}};
    NamedTensors kept;
    if (!source.empty()) {
      sizes["S"] = 3;
      auto results = runEntry(*module, "generate_source", sizes, 1, source);
      ASSERT_TRUE(succeeded(results));
      kept = *results;
      EXPECT_FALSE(kept.empty());
    }
    auto add = [](auto dims, llvm::StringRef name, int64_t size) {
      dims[name.str()] = size;
      return dims;
    };
    Tensor text = Tensor::generate({2, steps}, [](Index i) {
      return double((3 * i[0] + i[1] * i[1]) % 7);
    });
    NamedTensors all = source;
    all.emplace_back("text", text);
    auto whole = runEntry(*module, "forward", add(sizes, "T", steps), 1, all);
    ASSERT_TRUE(succeeded(whole));
    const Tensor &expected = *find(*whole, "y");
    // What the caches hold before has no meaning; here it is random.
    NamedTensors carried{{"state.begins", Tensor({2}, 1.0)}};
    for (int64_t t = 0; t < steps; ++t) {
      carried.emplace_back("state.position", Tensor(Index(), double(t)));
      carried.emplace_back("text", cut(text, t, t + 1));
      carried.insert(carried.end(), kept.begin(), kept.end());
      auto results = runEntry(*module, "generate_step",
                              add(sizes, "C", capacity), 1, carried);
      ASSERT_TRUE(succeeded(results));
      const Tensor &y = *find(*results, "y");
      Tensor part = Tensor::generate(
          Index(y.shape), [&](Index i) { return expected[{i[0], t, i[2]}]; });
      EXPECT_LT(relativeError(y, part), 1e-13) << "step " << t;
      carried.assign({{"state.begins", Tensor({2}, 0.0)}});
      unsigned count = 0;
      for (auto &[name, value] : *results)
        if (llvm::StringRef(name).starts_with("state.")) {
          carried.emplace_back(name, value);
          count += llvm::StringRef(name).starts_with("state.cache");
        }
      EXPECT_EQ(count, caches);
    }
  }
};
} // namespace

TEST_F(Generate, goesOnFromTheStates) {
  ASSERT_TRUE(emit("x = Embedding(n, d)(text)\n"
                   "for l in 1..2 { x = LSTM(d, d)(x) + x }\n"
                   "y = Linear(d, n)(GRU(d, d)(LayerNorm(d)(x)))"));
  checkPieces({1, 2, 6, 7});
  // The tensors by which a call hands on to the next.
  auto step = module->lookupSymbol<mlir::func::FuncOp>("generate_step");
  EXPECT_EQ(step.getNumResults(), 6u);
}

TEST_F(Generate, beginsWithTheStatesOwnValues) {
  ASSERT_TRUE(emit("param a : [d] = 0.5\n"
                   "y = Linear(d, n)(RNN(d, d)(one_hot(text)[:, :5] + a))"));
  checkPieces({3, 4});
}

TEST_F(Generate, oneCellTwiceHasTwoStates) {
  ASSERT_TRUE(emit("c = RNN(n, n)\ny = c(c(one_hot(text)))"));
  checkPieces({2, 5});
}

TEST_F(Generate, needsNoCell) {
  ASSERT_TRUE(emit("y = Embedding(n, n)(text)"));
  checkPieces({2, 5});
}

TEST_F(Generate, attentionKeepsKeysAndValues) {
  ASSERT_TRUE(
      emit("x = PositionalEncoding(8)(Embedding(n, 8)(text))\n"
           "for l in 1..2 { x = TransformerBlock(8, 2, causal = 1)(x) }\n"
           "y = Linear(8, n)(LayerNorm(8)(x))"));
  checkSteps(6, 4);
  checkSteps(5, 4);
  ASSERT_TRUE(emit("q = Embedding(n, d)(text)\nk = Embedding(n, d)(text)\n"
                   "h = causal_attention(q, k, q)\n"
                   "y = Linear(d, n)(GRU(d, d)(h))"));
  checkSteps(7, 2);
}

TEST_F(Generate, writesNoRowsOfAllKeys) {
  ASSERT_TRUE(
      emit("x = PositionalEncoding(8)(Embedding(n, 8)(text))\n"
           "for l in 1..2 { x = TransformerBlock(8, 2, causal = 1)(x) }\n"
           "y = Linear(8, n)(LayerNorm(8)(x))",
           "maek-pipeline"));
  auto step = module->lookupSymbol<mlir::func::FuncOp>("generate_step");
  unsigned updates = 0, calls = 0;
  step.walk([&](mlir::Operation *op) {
    updates += mlir::isa<UpdateSliceOp>(op);
    if (!mlir::isa<mlir::func::CallOp>(op))
      return;
    ++calls;
    // A number per head and key, as scores and weights are, but no rows.
    for (mlir::Type type : op->getResultTypes()) {
      int64_t numbersPerKey = 1;
      bool isOfAllKeys = false;
      for (const Extent &extent : getExtents(type)) {
        numbersPerKey *= extent.factor;
        isOfAllKeys |= llvm::is_contained(extent.symbols, "C");
      }
      EXPECT_FALSE(isOfAllKeys && numbersPerKey > 2);
    }
  });
  EXPECT_EQ(updates, 4u);
  EXPECT_GT(calls, 4u);
  checkSteps(6, 4);
}

// Masks in whatever way they are written, the ones that fuse-attention knows.
// Queries, keys and values are one here: one cache.
TEST_F(Generate, knowsCausalMasks) {
  const char *passes = "maek-make-stepwise";
  const std::string words = "x = Embedding(n, d)(text)\ni = arange(T)\n";
  for (std::string mask : {"early(i, i)", "near(i, i)", "near(i, i) > 0",
                           "causal_mask(i, i) * (i < 3)",
                           "(i < 3) * causal_mask(i, i)", "2 * near(i, i)"}) {
    SCOPED_TRACE(mask);
    ASSERT_TRUE(emit(words + "y = Linear(d, n)(masked_attention(x, x, x, " +
                         mask + "))",
                     passes,
                     "fn early(i : [], j : [M]) = j < i + 1\n"
                     "fn near(i : [], j : [M]) = (j <= i) * (j > i - 3)\n"));
    checkSteps(7, 1);
  }
  // One mask in the other.
  ASSERT_TRUE(emit(words +
                   "s = where(causal_mask(i, i), x · xᵀ, -inf)\n"
                   "y = Linear(d, n)(softmax(where(i < 3, s, -inf)) · x)"));
  checkSteps(7, 1);
  // A key behind the query; none of the two alone.
  EXPECT_FALSE(emit(words + "y = masked_attention(x, x, x, late(i, i))", passes,
                    "fn late(i : [], j : [M]) = j < i + 2\n"));
  EXPECT_FALSE(emit(words + "y = masked_attention(x, x, x, or(i, i))", passes,
                    "fn or(i : [], j : [M]) = (j <= i) + (j < 3)\n"));
}

TEST_F(Generate, takesOneValueAsQueriesAndKeys) {
  ASSERT_TRUE(emit("x = Embedding(n, d)(text)\n"
                   "s = einsum(\"td, sd -> ts\", x, x)\n"
                   "w = where(causal_mask(arange(T), arange(T)), s, 0)\n"
                   "y = Linear(d, n)(w · x)"));
  checkSteps(7, 1);
}

TEST_F(Generate, dividesScoresByWhatAllKeysShare) {
  ASSERT_TRUE(emit("x = Embedding(n, d)(text)\ns = x · xᵀ\n"
                   "m = where(causal_mask(arange(T), arange(T)), s, 0)\n"
                   "y = Linear(d, n)((m / 2 / √d) · x)"));
  // x and xᵀ are kept as one.
  checkSteps(7, 1);
}

TEST_F(Generate, looksAtPlacesOnce) {
  // The paths to arange are 2^48.
  ASSERT_TRUE(emit("x = one_hot(text)\ni = arange(T) / 9\n"
                   "for l in 1..48 { i = sin(i) * cos(i) }\n"
                   "s = where(i > 0.1, x · xᵀ, 1)\n"
                   "y = where(causal_mask(arange(T), arange(T)), s, 0) · x"));
  checkSteps(7, 1);
}

TEST_F(Generate, computesOfASourceWhatStaysOnce) {
  NamedTensors source{{"source", Tensor({2, 3}, {0, 3, 1, 2, 2, 0})},
                      {"m", Tensor({2}, {2, 3})}};
  ASSERT_TRUE(
      emit("input source : [S] of class(4)\ninput m : []\n"
           "valid = arange(S) < m\n"
           "e = PositionalEncoding(8)(Embedding(4, 8)(source))\n"
           "u = TransformerBlock(8, 2)(e, valid)\n"
           "x = PositionalEncoding(8)(Embedding(n, 8)(text))\n"
           "y = Linear(8, n - 1)(DecoderBlock(8, 2)(x, u, valid) / S)"));
  checkSteps(6, 2, source);
  // The step reads the text, its number, and what is kept; not the source.
  auto step = module->lookupSymbol<mlir::func::FuncOp>("generate_step");
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    if (getArgRole(step, i) == "input" && getArgName(step, i) != "text") {
      EXPECT_TRUE(getArgName(step, i).starts_with("state."));
    }
  // Where the cell begins, what attention of a cell's states looks at.
  ASSERT_TRUE(emit("input source : [S] of class(4)\ninput m : []\n"
                   "h = GRU(4, d)(one_hot(source))\n"
                   "x = GRU(n, d)(one_hot(text)) + h[m - 1]\n"
                   "y = Linear(d, n)(attention(x, h, h))"));
  EXPECT_TRUE(module->lookupSymbol("generate_source"));
}

TEST_F(Generate, isForCausalLanguageModelsOnly) {
  // Other steps than those before, the number of steps, other classes.
  EXPECT_FALSE(emit("y = reverse(LSTM(n, n)(reverse(one_hot(text))))"));
  EXPECT_FALSE(emit("y = one_hot(text) - mean(one_hot(text), axis = 0)"));
  EXPECT_FALSE(emit("y = one_hot(text) + one_hot(text)[-1]"));
  EXPECT_FALSE(emit("y = one_hot(text) / T"));
  EXPECT_FALSE(emit("x = one_hot(text)\ny = attention(x, x, x)"));
  // Scores of later steps, by a mask that lets them through.
  EXPECT_FALSE(emit("x = one_hot(text)\n"
                    "y = masked_attention(x, x, x, arange(T) < 3)"));
  EXPECT_FALSE(emit("x = one_hot(text)\ns = x · xᵀ\n"
                    "y = where(arange(T) > 2, s, 0) · x"));
  // Of empty caches: 0 / 0, and -inf less the logarithm of 0.
  EXPECT_FALSE(emit("x = one_hot(text)\ns = x · xᵀ\n"
                    "m = where(causal_mask(arange(T), arange(T)), s, 0)\n"
                    "y = (m / s) · x"));
  EXPECT_FALSE(emit("x = one_hot(text)\ns = x · xᵀ\n"
                    "m = where(causal_mask(arange(T), arange(T)), s, -inf)\n"
                    "y = exp(m - log(s)) · x"));
  EXPECT_FALSE(emit("y = Embedding(n, d)(text)"));
  EXPECT_FALSE(emit("y = LSTM(n, n)(one_hot(text))[-1]"));
  EXPECT_FALSE(emit("input z : [T, n]\ny = one_hot(text) + z"));
  // Keys that are places alone: no cache says how many there are.
  EXPECT_FALSE(
      emit("c = sum(where(causal_mask(arange(T), arange(T)), 1, 0), axis = 1)"
           "\ny = einsum(\"t,tn->tn\", c, Embedding(n, n)(text))"));
  // Places behind the step may be no numbers, and 0 times those are none.
  EXPECT_FALSE(emit("x = one_hot(text)\n"
                    "A = where(causal_mask(arange(T), arange(T)), 1, 0)\n"
                    "c = A · log(4 - arange(T))\n"
                    "y = einsum(\"t,tn->tn\", c, A · x)"));
  // No more steps than a table has rows, where nothing is kept.
  EXPECT_FALSE(emit("y = LearnedPositions(9, n)(one_hot(text))"));
}
