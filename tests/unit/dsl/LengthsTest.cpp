// Part of Maek, under the MIT licence; see LICENSE.
// Sequences of different lengths in one batch: outputs and training steps are
// those of the sequences alone, whatever stands behind their ends.
#include "tests/unit/dsl/ModelFixture.h"

using namespace maek;
using namespace maek::test;

namespace {
class Lengths : public ModelTest {
protected:
  /// A model with these equations for `last` and for `each` step.
  void emit(llvm::StringRef equations) {
    ASSERT_TRUE(
        emitText("model M(I = 3, H = 4) {\n"
                 "  input  x : [T, I]\n"
                 "  input  n : []\n"
                 "  target y : [T]\n" +
                     equations.str() +
                     "\n  output last\n"
                     "  loss = mean_of_first((each - y)², n) + sum(last²)\n}\n"
                     "train M { optimizer sgd(lr = 1) }\n",
                 "maek-differentiate"));
  }

  /// Examples first to last, cut to `steps`, with 40 and -70 behind their ends.
  static NamedTensors makeExamples(int64_t first, int64_t last, int64_t steps) {
    auto number = [](llvm::StringRef name, int64_t example, int64_t at) {
      return 2 * randomNumber(7, name, uint64_t(example * 1000 + at)) - 1;
    };
    int64_t count = last - first + 1;
    Tensor x = Tensor::generate({count, steps, 3}, [&](Index i) {
      int64_t example = first + i[0];
      return i[1] < lengths[example] ? number("x", example, i[1] * 3 + i[2])
                                     : 40;
    });
    Tensor y = Tensor::generate({count, steps}, [&](Index i) {
      int64_t example = first + i[0];
      return i[1] < lengths[example] ? number("y", example, i[1]) : -70;
    });
    Tensor n = Tensor::generate(
        {count}, [&](Index i) { return double(lengths[first + i[0]]); });
    return {{"x", x}, {"y", y}, {"n", n}};
  }

  NamedTensors run(llvm::StringRef entry, int64_t first, int64_t last,
                   int64_t steps) {
    auto results =
        runEntry(*module, entry, {{"B", last - first + 1}, {"T", steps}}, 1,
                 makeExamples(first, last, steps));
    EXPECT_TRUE(succeeded(results));
    return succeeded(results) ? *results : NamedTensors();
  }

  /// A step of size 1 takes the gradient away, so the new weights of the batch
  /// are the mean of those of its examples.
  void check() {
    int64_t count = std::size(lengths), longest = 7;
    NamedTensors outputs = run("forward", 0, count - 1, longest);
    NamedTensors stepped = run("train_step", 0, count - 1, longest);
    ASSERT_TRUE(!outputs.empty() && !stepped.empty());
    std::vector<NamedTensors> alone;
    const Tensor &last = *find(outputs, "last");
    for (int64_t i = 0; i < count; ++i) {
      NamedTensors own = run("forward", i, i, lengths[i]);
      ASSERT_FALSE(own.empty());
      Tensor part = Tensor::generate({1, last.shape[1]},
                                     [&](Index j) { return last[{i, j[1]}]; });
      EXPECT_LT(relativeError(part, *find(own, "last")), 1e-12) << i;
      alone.push_back(run("train_step", i, i, lengths[i]));
      ASSERT_EQ(alone.back().size(), stepped.size());
    }
    for (size_t r = 0; r < stepped.size(); ++r) {
      const auto &[name, value] = stepped[r];
      Tensor mean(Index(value.shape));
      for (const NamedTensors &own : alone)
        for (size_t i = 0; i < mean.elements.size(); ++i)
          mean.elements[i] += own[r].second.elements[i] / double(count);
      // Not relative: the keys' bias has no gradient but what rounding leaves.
      for (size_t i = 0; i < mean.elements.size(); ++i)
        ASSERT_NEAR(value.elements[i], mean.elements[i], 1e-12) << name;
    }
  }

  static constexpr int64_t lengths[] = {7, 1, 4, 7, 2};
};
} // namespace

TEST_F(Lengths, cellsInBothDirections) {
  for (llvm::StringRef cell : {"RNN", "LSTM", "GRU", "ResetAfterGRU"}) {
    std::string layer = (cell + "(I, H)").str();
    emit("  h    = " + layer + "(x)\n  g    = reverse_first(" + layer +
         "(reverse_first(x, n)), n)\n  last = [h[n - 1], g[0]]\n"
         "  each = Linear(2 * H, 1)([h, g])[:, 0]\n");
    check();
  }
}

TEST_F(Lengths, maskedAttention) {
  emit("  valid = arange(T) < n\n"
       "  z    = PositionalEncoding(H)(Linear(I, H)(x))\n"
       "  u    = TransformerBlock(H, 2)(z, valid)\n"
       "  v    = PostNormBlock(H, 2, causal = 1)(u, valid)\n"
       "  last = DecoderBlock(H, 2)(z, v, valid)[n - 1]\n"
       "  each = Linear(H, 1)(v)[:, 0]\n");
  check();
}

// What is not masked sees what stands behind the ends.
TEST_F(Lengths, differWithoutAMask) {
  emit("  u    = TransformerBlock(3, 1)(x)\n  last = u[n - 1]\n"
       "  each = Linear(I, 1)(u)[:, 0]\n");
  NamedTensors all = run("forward", 0, 4, 7), own = run("forward", 2, 2, 4);
  const Tensor &last = *find(all, "last");
  Tensor part =
      Tensor::generate({1, 3}, [&](Index j) { return last[{2, j[1]}]; });
  EXPECT_GT(relativeError(part, *find(own, "last")), 1e-3);
}
