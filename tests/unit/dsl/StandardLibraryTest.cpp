// Part of Maek, under the MIT licence; see LICENSE.
// What the standard library computes, by the reference interpreter, against
// the same equations in C++.
#include "ir/MaekOps.h"
#include "tests/unit/dsl/ModelFixture.h"

#include <cmath>

using namespace maek;
using namespace maek::test;

namespace {
class StandardLibrary : public ModelTest {
protected:
  /// The output `y` of a model with these statements, for given arguments
  /// (those not given are random).
  Tensor run(llvm::StringRef statements, const NamedTensors &given,
             Dims dims = {{"B", 1}}) {
    auto module =
        emitText(("model M {\n" + statements + "\noutput y\n}\n").str());
    if (!module || failed(runPasses(*module, "maek-differentiate")))
      return Tensor();
    auto results = runEntry(*module, "forward", dims, 1, given);
    const Tensor *y = succeeded(results) ? find(*results, "y") : nullptr;
    EXPECT_TRUE(y);
    return y ? *y : Tensor();
  }

  /// `expr` of x, element by element, against `expected`.
  void checkScalar(llvm::StringRef expr, double (*expected)(double)) {
    std::vector<double> points{-9, -2.5, -1, -0.25, 0, 0.5, 1, 3, 8};
    Tensor x({1, int64_t(points.size())}, points);
    Tensor y = run(("input x : [9]\ny = " + expr).str(), {{"x", x}});
    ASSERT_EQ(y.size(), x.size());
    for (size_t i = 0; i < points.size(); ++i)
      EXPECT_NEAR(y.elements[i], expected(points[i]), 1e-12)
          << expr.str() << " at " << points[i];
  }
};

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
} // namespace

TEST_F(StandardLibrary, activations) {
  checkScalar("relu(x)", [](double x) { return x > 0 ? x : 0.0; });
  checkScalar("abs(x)", [](double x) { return std::abs(x); });
  checkScalar("softplus(x)", [](double x) { return std::log1p(std::exp(x)); });
  checkScalar("log1p(x / 10)", [](double x) { return std::log1p(x / 10); });
  checkScalar("10^20 * softplus(x - 50)", [](double x) {
    return 1e20 * std::exp(x - 50); // 1 + e^-50 is 1.
  });
  checkScalar("silu(x)", [](double x) { return x * sigmoid(x); });
  checkScalar("clamp(x, -1, 2)",
              [](double x) { return std::min(std::max(x, -1.0), 2.0); });
  checkScalar("gelu(x)", [](double x) {
    return 0.5 * x *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  });
}

TEST_F(StandardLibrary, errorFunction) {
  checkScalar("erf(x)", [](double x) { return std::erf(x); });
  checkScalar("gelu_exact(x)", [](double x) {
    return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
  });
}

TEST_F(StandardLibrary, powers) {
  checkScalar("x²", [](double x) { return x * x; });
  checkScalar("x³", [](double x) { return x * x * x; });
  checkScalar("x^7", [](double x) { return std::pow(x, 7); });
  checkScalar("(x + 20)⁻²", [](double x) { return std::pow(x + 20, -2); });
  checkScalar("(x + 20)^0.5", [](double x) { return std::sqrt(x + 20); });
  checkScalar("2^x", [](double x) { return std::exp2(x); });
  checkScalar("x^0", [](double) { return 1.0; });
  checkScalar("-x^2", [](double x) { return -x * x; });
}

TEST_F(StandardLibrary, softmaxDoesNotOverflow) {
  Tensor x({1, 3}, {1000, 1001, 999});
  double sum = 1 + std::exp(-1.0) + std::exp(-2.0);
  Tensor expected({1, 3},
                  {std::exp(-1.0) / sum, 1 / sum, std::exp(-2.0) / sum});
  EXPECT_LT(
      relativeError(run("input x : [3]\ny = softmax(x)", {{"x", x}}), expected),
      1e-14);
  Tensor logs({1, 3}, {-1 - std::log(sum), -std::log(sum), -2 - std::log(sum)});
  EXPECT_LT(
      relativeError(run("input x : [3]\ny = log_softmax(x)", {{"x", x}}), logs),
      1e-13);
}

TEST_F(StandardLibrary, sumsOfHiddenScores) {
  const double inf = std::numeric_limits<double>::infinity();
  Tensor x({3, 2}, {-inf, -inf, 2, -inf, 1000, 1000});
  Tensor y = run("input x : [2]\ny = logsumexp(x)", {{"x", x}}, {{"B", 3}});
  EXPECT_EQ(y.elements, (std::vector<double>{-inf, 2, 1000 + std::log(2.0)}));
  y = run("input x : [2]\ny = gradient(logsumexp(x), x)", {{"x", x}},
          {{"B", 3}});
  EXPECT_EQ(y.elements, (std::vector<double>{0, 0, 1, 0, 0.5, 0.5}));
}

TEST_F(StandardLibrary, meanOfNothing) {
  Tensor x({2, 3}, {4, 2, 7, 5, 9, 1}), n({2}, {0, 2});
  NamedTensors given{{"x", x}, {"n", n}};
  std::string inputs = "input x : [3]\ninput n : []\n";
  EXPECT_EQ(run(inputs + "y = mean_of_first(x, n)", given, {{"B", 2}}).elements,
            (std::vector<double>{0, 7}));
  EXPECT_EQ(
      run(inputs + "y = gradient(mean_of_first(x, n), x)", given, {{"B", 2}})
          .elements,
      (std::vector<double>{0, 0, 0, 0.5, 0.5, 0}));
}

// The bounds by which a softmax stays finite are ones that the pass takes for
// such bounds.
TEST_F(StandardLibrary, attentionIsOneOp) {
  for (llvm::StringRef function :
       {"attention(x, x, x)", "masked_attention(x, x, x, arange(N) < 2)",
        "causal_attention(x, x, x)",
        "masked_attention(x, x, x, causal_mask(arange(N), arange(N)) * m)"}) {
    ASSERT_TRUE(emitText("model M {\n  input x : [N, 4]\n  input m : [N]\n"
                         "  y = " +
                             function.str() + "\n  output y\n}\n",
                         "maek-fuse-attention"));
    unsigned count = 0;
    module->walk([&](AttentionOp attention) {
      ++count;
      EXPECT_EQ(attention.getCausal().has_value(), function.contains("causal"));
    });
    EXPECT_EQ(count, 1u) << function.str();
  }
}

// Far from 0, too, no digits are lost.
TEST_F(StandardLibrary, crossEntropy) {
  const double far = 1e6;
  Tensor z({2, 3}, {1, 2, 3, far - 1, far, far + 1}), label({2}, {2, 0});
  Tensor y = run("input z : [3]\ninput label : class(3)\n"
                 "y = cross_entropy(z, label)",
                 {{"z", z}, {"label", label}}, {{"B", 2}});
  double sum = 1 + std::exp(-1.0) + std::exp(-2.0);
  EXPECT_LT(relativeError(y, Tensor({2}, {std::log(sum), 2 + std::log(sum)})),
            1e-14);
}

TEST_F(StandardLibrary, meanSquareError) {
  Tensor a({1, 2, 2}, {1, 2, 3, 4}), b({1, 2, 2}, {1, 0, 3, 0});
  Tensor y = run("input a, b : [2, 2]\ny = mse(a, b)", {{"a", a}, {"b", b}});
  EXPECT_DOUBLE_EQ(y.elements[0], 5);
}

TEST_F(StandardLibrary, attention) {
  auto module = emitText("model M {\n"
                         "  input q : [N, 4]\n  input k : [M, 4]\n"
                         "  input v : [M, 5]\n"
                         "  y = attention(q, k, v)\n  output y\n}\n");
  ASSERT_TRUE(module);
  Dims dims{{"B", 2}, {"N", 3}, {"M", 6}};
  auto forward = module->lookupSymbol<mlir::func::FuncOp>("forward");
  auto arguments = makeArguments(forward, dims, 7);
  auto results = runEntry(*module, "forward", dims, 7);
  ASSERT_TRUE(succeeded(arguments) && succeeded(results));
  const Tensor &q = *find(*arguments, "q"), &k = *find(*arguments, "k"),
               &v = *find(*arguments, "v");
  auto weight = [&](int64_t b, int64_t n, int64_t m) {
    double dot = 0;
    for (int64_t i = 0; i < 4; ++i)
      dot += q[{b, n, i}] * k[{b, m, i}];
    return std::exp(dot / 2);
  };
  Tensor expected = Tensor::generate({2, 3, 5}, [&](Index at) {
    double total = 0, sum = 0;
    for (int64_t m = 0; m < 6; ++m) {
      double w = weight(at[0], at[1], m);
      total += w;
      sum += w * v[{at[0], m, at[2]}];
    }
    return sum / total;
  });
  EXPECT_LT(relativeError(*find(*results, "y"), expected), 1e-13);
}

TEST_F(StandardLibrary, layerNorm) {
  Tensor x({1, 2, 4}, {1, 2, 3, 4, -1, 0, 5, 8});
  Tensor gamma({4}, {1, 2, 1, 1}), beta({4}, {0, 0, 0.5, 0});
  Tensor y =
      run("input x : [T, 4]\ny = LayerNorm(4)(x)",
          {{"x", x}, {"layernorm.gamma", gamma}, {"layernorm.beta", beta}},
          {{"B", 1}, {"T", 2}});
  Tensor expected = Tensor::generate({1, 2, 4}, [&](Index at) {
    double mean = 0, variance = 0;
    for (int64_t i = 0; i < 4; ++i)
      mean += x[{0, at[1], i}] / 4;
    for (int64_t i = 0; i < 4; ++i)
      variance += std::pow(x[{0, at[1], i}] - mean, 2) / 4;
    return gamma[{at[2]}] * (x[at] - mean) / std::sqrt(variance + 1e-5) +
           beta[{at[2]}];
  });
  EXPECT_LT(relativeError(y, expected), 1e-13);
}

/// One scalar LSTM, step by step.
TEST_F(StandardLibrary, lstmStepByStep) {
  Tensor x({1, 3, 1}, {0.5, -1, 2});
  NamedTensors given{{"x", x}};
  double w[4][2] = {{0.3, -0.2}, {0.1, 0.7}, {-0.5, 0.4}, {0.9, 0.6}};
  double b[4] = {0.1, -0.3, 0.2, 0};
  for (int i = 0; i < 4; ++i) {
    std::string gate(1, "fico"[i]);
    given.emplace_back("lstm.W_" + gate, Tensor({1, 2}, {w[i][0], w[i][1]}));
    given.emplace_back("lstm.b_" + gate, Tensor({1}, b[i]));
  }
  Tensor y =
      run("input x : [T, 1]\ny = LSTM(1, 1)(x)", given, {{"B", 1}, {"T", 3}});
  double h = 0, C = 0;
  ASSERT_EQ(y.size(), 3);
  for (int64_t t = 0; t < 3; ++t) {
    double z[4];
    for (int i = 0; i < 4; ++i)
      z[i] = w[i][0] * h + w[i][1] * x.elements[t] + b[i];
    C = sigmoid(z[0]) * C + sigmoid(z[1]) * std::tanh(z[2]);
    h = sigmoid(z[3]) * std::tanh(C);
    EXPECT_NEAR(y.elements[t], h, 1e-14) << t;
  }
}

TEST_F(StandardLibrary, gruAndRnnStepByStep) {
  Tensor x({1, 2, 1}, {0.5, -1});
  NamedTensors given{{"x", x}};
  double w[4][2] = {{0.3, -0.2}, {0.1, 0.7}, {-0.5, 0.4}, {0.9, 0.6}};
  for (int i = 0; i < 3; ++i) {
    std::string gate(1, "zrh"[i]);
    given.emplace_back("gru.W_" + gate, Tensor({1, 2}, {w[i][0], w[i][1]}));
    given.emplace_back("gru.b_" + gate, Tensor({1}, 0.1));
  }
  given.emplace_back("rnn.W", Tensor({1, 2}, {w[3][0], w[3][1]}));
  given.emplace_back("rnn.b", Tensor({1}, 0.1));
  Tensor y = run("input x : [T, 1]\ny = [GRU(1, 1)(x), RNN(1, 1)(x)]", given,
                 {{"B", 1}, {"T", 2}});
  double h = 0, r = 0;
  ASSERT_EQ(y.size(), 4);
  for (int64_t t = 0; t < 2; ++t) {
    double in = x.elements[t];
    double update = sigmoid(w[0][0] * h + w[0][1] * in + 0.1);
    double reset = sigmoid(w[1][0] * h + w[1][1] * in + 0.1);
    double next = std::tanh(w[2][0] * reset * h + w[2][1] * in + 0.1);
    h = (1 - update) * h + update * next;
    r = std::tanh(w[3][0] * r + w[3][1] * in + 0.1);
    EXPECT_NEAR((y[{0, t, 0}]), h, 1e-14);
    EXPECT_NEAR((y[{0, t, 1}]), r, 1e-14);
  }
}

/// A layer of a sequence is the layer of each element; a cell of sequences is
/// the cell of each sequence.
TEST_F(StandardLibrary, mappingIsApplyingToEach) {
  Tensor difference =
      run("input x : [2, 3, 4]\n"
          "l = Linear(4, 5)\nc = GRU(5, 2)\n"
          "whole = c(l(x))\n"
          "first = c([l(x[0])])\n"
          "second = c(l(x[1]))\n"
          "y = sum(abs(whole[0] - first)) + sum(abs(whole[1] - second)) + "
          "sum(abs(l(x)[1, 2] - l(x[1, 2])))",
          {}, {{"B", 3}});
  ASSERT_EQ(difference.size(), 3);
  for (double element : difference.elements)
    EXPECT_LT(element, 1e-13);
}

TEST_F(StandardLibrary, schedules) {
  auto at = [&](llvm::StringRef schedule, double step) {
    std::string call = schedule.str();
    Tensor s({1}, step), n({1}, 100.0);
    return run("input step, steps : []\ny = " + call,
               {{"step", s}, {"steps", n}})
        .elements[0];
  };
  EXPECT_NEAR(at("constant(step, steps)", 50), 1, 1e-14);
  EXPECT_NEAR(at("constant(step, steps, warmup = 10)", 5), 0.5, 1e-14);
  llvm::StringRef cosine = "cosine(step, steps, warmup = 10, floor = 0.1)";
  EXPECT_NEAR(at(cosine, 1), 0.1, 1e-14);
  EXPECT_NEAR(at(cosine, 10), 1, 1e-14);
  EXPECT_NEAR(at(cosine, 11), 1, 1e-14);
  EXPECT_NEAR(at(cosine, 56), 0.55, 1e-14);
  // The last update still moves: the floor would come after it.
  EXPECT_GT(at(cosine, 100), 0.1 + 1e-5);
  EXPECT_NEAR(at(cosine, 101), 0.1, 1e-14);
  EXPECT_NEAR(at("linear(step, steps)", 26), 0.75, 1e-14);
  llvm::StringRef decay = "step_decay(step, steps, every = 30)";
  EXPECT_NEAR(at(decay, 30), 1, 1e-14);
  EXPECT_NEAR(at(decay, 31), 0.1, 1e-14);
  EXPECT_NEAR(at(decay, 100), 0.001, 1e-14);
}

namespace {
/// One update of w = [1, -2] with the gradient [3, 4], whose norm is 5.
struct Update {
  NamedTensors results;
  double get(llvm::StringRef name, int64_t i) {
    const Tensor *tensor = maek::test::find(results, name);
    return tensor ? tensor->elements[i] : NAN;
  }
};
} // namespace

static Update update(StandardLibrary *, mlir::ModuleOp module,
                     const NamedTensors &states) {
  NamedTensors given{{"w", Tensor({2}, {1, -2})},
                     {"x", Tensor({2, 2}, {2, 4, 4, 4})},
                     {"lr", Tensor({}, 0.1)},
                     {"step", Tensor({}, 3)},
                     {"steps", Tensor({}, 10)}};
  given.insert(given.end(), states.begin(), states.end());
  EXPECT_TRUE(succeeded(runPasses(module, "maek-differentiate")));
  auto results = runEntry(module, "train_step", {{"B", 2}}, 1, given);
  EXPECT_TRUE(succeeded(results));
  return {succeeded(results) ? *results : NamedTensors()};
}

static std::string trained(llvm::StringRef settings) {
  return ("model M {\n input x : [2]\n param w : [2] = 0\n y = w · x\n"
          " output y\n loss = y\n}\ntrain M { " +
          settings + " }\n")
      .str();
}

TEST_F(StandardLibrary, sgd) {
  auto module = emitText(trained("optimizer sgd(momentum = 0.9)"));
  ASSERT_TRUE(module);
  Update u = update(this, *module, {{"sgd.v.w", Tensor({2}, {1, 2})}});
  EXPECT_NEAR(u.get("new sgd.v.w", 0), 0.9 + 3, 1e-14);
  EXPECT_NEAR(u.get("new w", 1), -2 - 0.1 * (1.8 + 4), 1e-14);
  EXPECT_NEAR(u.get("loss", 0), 3 - 8, 1e-14);
}

TEST_F(StandardLibrary, adam) {
  auto module = emitText(trained("optimizer adam  clip_norm 2.5"));
  ASSERT_TRUE(module);
  Update u = update(this, *module,
                    {{"adam.m.w", Tensor({2}, {0.1, 0.2})},
                     {"adam.v.w", Tensor({2}, {0.3, 0.4})}});
  // The clipped gradient is [1.5, 2].
  double m = 0.9 * 0.1 + 0.1 * 1.5, v = 0.999 * 0.3 + 0.001 * 2.25;
  EXPECT_NEAR(u.get("grad_norm", 0), 5, 1e-14);
  EXPECT_NEAR(u.get("new adam.m.w", 0), m, 1e-14);
  EXPECT_NEAR(u.get("new adam.v.w", 0), v, 1e-14);
  double step = (m / (1 - std::pow(0.9, 3))) /
                (std::sqrt(v / (1 - std::pow(0.999, 3))) + 1e-8);
  EXPECT_NEAR(u.get("new w", 0), 1 - 0.1 * step, 1e-13);
}

TEST_F(StandardLibrary, adamwAndSchedule) {
  auto module = emitText(trained("optimizer adamw(weight_decay = 0.5)  "
                                 "schedule linear(6)"));
  ASSERT_TRUE(module);
  // By position or by name, a setting says the name.
  auto model = *module->getOps<ModelOp>().begin();
  EXPECT_EQ(model.getSettings().getAs<mlir::StringAttr>("schedule").getValue(),
            "linear(warmup = 6)");
  // For the runtime, defaults as well.
  auto numbers =
      model.getSettings().getAs<mlir::DictionaryAttr>("schedule_arguments");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(numbers.getAs<mlir::FloatAttr>("warmup").getValueAsDouble(), 6);
  EXPECT_EQ(numbers.getAs<mlir::FloatAttr>("floor").getValueAsDouble(), 0);
  Update u = update(this, *module,
                    {{"adamw.m.w", Tensor({2}, {0.1, 0.2})},
                     {"adamw.v.w", Tensor({2}, {0.3, 0.4})}});
  double m = 0.9 * 0.1 + 0.1 * 3, v = 0.999 * 0.3 + 0.001 * 9;
  double step = (m / (1 - std::pow(0.9, 3))) /
                    (std::sqrt(v / (1 - std::pow(0.999, 3))) + 1e-8) +
                0.5 * 1;
  // Update 3 of 6 that warm up: half of lr.
  EXPECT_NEAR(u.get("new w", 0), 1 - 0.05 * step, 1e-13);
}

/// Groups of parameters: the last pattern that fits counts.
TEST_F(StandardLibrary, exceptions) {
  auto module =
      emitText("model M {\n input x : [2]\n"
               " param w, v : [2] = 0\n param u : [2] = 0\n"
               " y = w · x + v · x + u · x\n output y\n loss = y\n}\n"
               "train M {\n optimizer sgd(lr = 0.2, weight_decay = 0.5)\n"
               " except \"*\" (weight_decay = 0.25)\n"
               " except \"v\", \"u\" (weight_decay = 0, lr = 0.1)\n"
               " except \"u*\" (lr = 0.6)\n}\n");
  ASSERT_TRUE(module);
  Tensor start({2}, {1, -2});
  Update u = update(this, *module, {{"v", start}, {"u", start}});
  // The rate is set to 0.1, half of what the file says; the gradient is [3, 4].
  EXPECT_NEAR(u.get("new w", 0), 1 - 0.1 * (3 + 0.25 * 1), 1e-14);
  EXPECT_NEAR(u.get("new w", 1), -2 - 0.1 * (4 + 0.25 * -2), 1e-14);
  EXPECT_NEAR(u.get("new v", 1), -2 - 0.05 * 4, 1e-14);
  EXPECT_NEAR(u.get("new u", 1), -2 - 0.3 * 4, 1e-14);
}
