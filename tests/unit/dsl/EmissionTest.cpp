// Part of Maek, under the MIT licence; see LICENSE.
// From a model's text to its module: shapes, names, entries.
#include "dsl/Frontend.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace maek;

namespace {
class Emission : public testing::Test {
protected:
  mlir::MLIRContext context{mlir::MLIRContext::Threading::DISABLED};
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string errors;

  bool emit(llvm::StringRef text, FrontendOptions options = {}) {
    errors.clear();
    llvm::raw_string_ostream os(errors);
    module = emitModel(llvm::MemoryBuffer::getMemBufferCopy(text, "test.maek"),
                       options, context, os);
    return bool(module);
  }
  mlir::func::FuncOp entry(llvm::StringRef name) {
    return module->lookupSymbol<mlir::func::FuncOp>(name);
  }
  /// "[B, 3]" of each result of an entry.
  std::vector<std::string> shapes(llvm::StringRef name) {
    std::vector<std::string> result;
    for (mlir::Type type : entry(name).getResultTypes()) {
      std::string text = "[";
      for (const Extent &extent : getExtents(type))
        text += (text.size() > 1 ? ", " : "") + extent.str();
      result.push_back(text + "]");
    }
    return result;
  }
  /// The shapes of the outputs of a model with those inputs and equations.
  std::vector<std::string> infer(llvm::StringRef inputs,
                                 llvm::StringRef equations,
                                 llvm::StringRef outputs) {
    std::string text = "model M {\n" + inputs.str() + "\n" + equations.str() +
                       "\noutput " + outputs.str() + "\n}\n";
    if (!emit(text))
      return {errors};
    return shapes("forward");
  }
  std::vector<std::string> parameters() {
    std::vector<std::string> names;
    for (ParameterOp parameter : module->getOps<ParameterOp>())
      names.push_back(parameter.getSymName().str());
    return names;
  }
};
using Strings = std::vector<std::string>;
} // namespace

TEST_F(Emission, aLayerMaps) {
  EXPECT_EQ(infer("input x : [3]\ninput y : [T, 3]\ninput z : [S, T, 3]",
                  "l = Linear(3, 5)\na = l(x)\nb = l(y)\nc = l(z)", "a, b, c"),
            (Strings{"[B, 5]", "[B, T, 5]", "[B, S, T, 5]"}));
}

TEST_F(Emission, aCellScans) {
  EXPECT_EQ(infer("input x : [T, 3]\ninput y : [4, T, 3]",
                  "c = GRU(3, 5)\na = c(x)\nb = c(y)\nd = c(x)[-1]", "a, b, d"),
            (Strings{"[B, T, 5]", "[B, 4, T, 5]", "[B, 5]"}));
  int scans = 0;
  entry("forward").walk([&](ScanOp) { ++scans; });
  EXPECT_EQ(scans, 3);
}

TEST_F(Emission, products) {
  EXPECT_EQ(infer("input a : [3, 4]\ninput b : [4, 5]\ninput x : [4]",
                  "c = a · b\nd = a · x\ne = x · b\nf = x · x\ng = bᵀ · aᵀ",
                  "c, d, e, f, g"),
            (Strings{"[B, 3, 5]", "[B, 3]", "[B, 5]", "[B]", "[B, 5, 3]"}));
  EXPECT_EQ(infer("input a : [7, 3, 4]\ninput b : [4, 5]",
                  "c = a · b\nd = 2 · a\ne = a · 2", "c, d, e"),
            (Strings{"[B, 7, 3, 5]", "[B, 7, 3, 4]", "[B, 7, 3, 4]"}));
}

TEST_F(Emission, attentionAsInThePaper) {
  EXPECT_EQ(infer("input q : [N, 8]\ninput k, v : [M, 8]\ninput u : [2, M, 8]",
                  "a = attention(q, k, v)\nb = attention(q, k, u)", "a, b"),
            (Strings{"[B, N, 8]", "[B, 2, N, 8]"}));
}

TEST_F(Emission, indicesAndRanges) {
  EXPECT_EQ(infer("input x : [5, 6, 7]\ninput t : [T, 6]",
                  "a = x[0]\nb = x[1:]\nc = x[-2, :3]\nd = x[:, 2:-1, 3]\n"
                  "e = t[-1]\nf = t[:, 0]",
                  "a, b, c, d, e, f"),
            (Strings{"[B, 6, 7]", "[B, 4, 6, 7]", "[B, 3, 7]", "[B, 5, 3]",
                     "[B, 6]", "[B, T]"}));
}

TEST_F(Emission, reductions) {
  EXPECT_EQ(
      infer("input x : [5, 6]",
            "a = sum(x)\nb = mean(x, axis = 0)\nc = max(x, axis = -1)\n"
            "d = argmax(x)\ne = softmax(x)\nf = min(x, 3)",
            "a, b, c, d, e, f"),
      (Strings{"[B]", "[B, 6]", "[B, 5]", "[B, 5]", "[B, 5, 6]", "[B, 5, 6]"}));
}

TEST_F(Emission, concatenation) {
  EXPECT_EQ(infer("input x : [2, 3]\ninput y : [2, 4]\ninput s : []",
                  "a = [x, y]\nb = [s, s, 1]\nc = [x[0], s]", "a, b, c"),
            (Strings{"[B, 2, 7]", "[B, 3]", "[B, 4]"}));
}

TEST_F(Emission, trainingIsANumberOfTheEntry) {
  ASSERT_TRUE(emit("model M {\n  input x : [3]\n  param w : [3] = 1\n"
                   "  y = where(training, exp(w * x), w * x)\n  output y\n"
                   "  loss = sum(y)\n}\n"
                   "train M {\n  optimizer sgd\n}\n"))
      << errors;
  auto countExp = [&](llvm::StringRef name) {
    int count = 0;
    entry(name).walk([&](ExpOp) { ++count; });
    return count;
  };
  EXPECT_EQ(countExp("forward"), 0);
  EXPECT_EQ(countExp("evaluate"), 0);
  EXPECT_EQ(countExp("train_step"), 1);
}

TEST_F(Emission, aClassIndexesATable) {
  EXPECT_EQ(infer("input a : [T] of class(9)\ninput b : class(9)\n"
                  "input x : [9]\ninput y : [T, 9]\nparam E : [9, 4] = 1\n"
                  "param F : [9, 2, 3] = 1",
                  "c = E[a]\nd = E[b]\ne = F[a, 0]\nf = x[b]\n"
                  "g = Embedding(9, 5)(a)\nh = x[a]",
                  "c, d, e, f, g, h"),
            (Strings{"[B, T, 4]", "[B, 4]", "[B, T, 3]", "[B]", "[B, T, 5]",
                     "[B, T]"}));
  // Of each position's scores that of its own class.
  ASSERT_TRUE(emit("fn pick(z : [C], c : class(C)) = z[c]\n"
                   "model M {\n  input y : [T, 9]\n"
                   "  input a : [T] of class(9)\n  p = pick(y, a)\n"
                   "  output p\n}\n"))
      << errors;
  EXPECT_EQ(shapes("forward"), (Strings{"[B, T]"}));
}

/// Operand number `n` of each random op of an entry.
static std::vector<mlir::Value> getRandomOperands(mlir::func::FuncOp entry,
                                                  unsigned n) {
  std::vector<mlir::Value> operands;
  entry.walk([&](RandomOp op) { operands.push_back(op->getOperand(n)); });
  return operands;
}

TEST_F(Emission, dropoutIsForTraining) {
  ASSERT_TRUE(emit("cell Noisy(I, H) {\n  param W : [H, I] = 1\n"
                   "  state h : [H] = 0\n  step (x : [I]) -> h {\n"
                   "    h = dropout(h, 0.1) + W · x\n  }\n}\n"
                   "model M {\n  input x : [T, 3]\n"
                   "  y = dropout(Noisy(3, 4)(dropout(x, 0.2)), 0.3)\n"
                   "  z = dropout(y, 0)\n  output z\n  loss = mean(z)\n}\n"
                   "train M {\n  optimizer sgd\n}\n"))
      << errors;
  EXPECT_TRUE(getRandomOperands(entry("forward"), 0).empty());
  EXPECT_TRUE(getRandomOperands(entry("evaluate"), 0).empty());
  mlir::func::FuncOp step = entry("train_step");
  // Each asks for other numbers: by streams of its own and, in the cell, by the
  // step in time.
  auto streams = getRandomOperands(step, 2), times = getRandomOperands(step, 3);
  ASSERT_EQ(streams.size(), 3u);
  EXPECT_NE(streams[0], streams[1]);
  EXPECT_NE(streams[1], streams[2]);
  EXPECT_TRUE(times[0].getDefiningOp<ConstantOp>());
  EXPECT_TRUE(isa<mlir::BlockArgument>(times[1]));
  EXPECT_TRUE(times[2].getDefiningOp<ConstantOp>());
  // The key is what the runtime gives.
  auto key = cast<mlir::BlockArgument>(getRandomOperands(step, 1)[1]);
  EXPECT_EQ(getArgName(step, key.getArgNumber()), "key_high");
  EXPECT_EQ(getArgRole(step, key.getArgNumber()), "scalar");
}

TEST_F(Emission, reverse) {
  EXPECT_EQ(infer("input x : [T, 3]\ninput c : [T] of class(5)",
                  "a = reverse(x)\nb = reverse(x, axis = -1)\nd = reverse(c)",
                  "a, b, d"),
            (Strings{"[B, T, 3]", "[B, T, 3]", "[B, T]"}));
  std::vector<int64_t> dims;
  entry("forward").walk([&](ReverseOp op) { dims.push_back(op.getDim()); });
  EXPECT_EQ(dims, (std::vector<int64_t>{1, 2, 1}));
}

TEST_F(Emission, sizesAreValues) {
  EXPECT_EQ(infer("input x : [T, 4]\ninput y : [2, T]",
                  "a = sum(x) / T\nb = reshape(x, [2 * T, 2])\n"
                  "c = arange(T) + y",
                  "a, b, c"),
            (Strings{"[B]", "[B, 2*T, 2]", "[B, 2, T]"}));
}

TEST_F(Emission, ownAxesAlignAtTheLast) {
  EXPECT_EQ(infer("input x : [5, 6]\ninput y : [6]",
                  "a = x + y\nb = y * x\nc = where(y > 0, x, 1)", "a, b, c"),
            (Strings{"[B, 5, 6]", "[B, 5, 6]", "[B, 5, 6]"}));
}

TEST_F(Emission, outputsThatNeedNoInputHaveTheBatchToo) {
  EXPECT_EQ(infer("input x : [3]", "a = arange(4)\nb = 2", "x, a, b"),
            (Strings{"[B, 3]", "[B, 4]", "[B]"}));
}

TEST_F(Emission, parameterNames) {
  ASSERT_TRUE(emit("layer Pair(d) {\n"
                   "  first = Linear(d, d)\n"
                   "  param s : [d] = 1\n"
                   "  apply (x : [d]) = s * Linear(d, d)(first(x))\n"
                   "}\n"
                   "model M {\n"
                   "  input x : [3]\n"
                   "  a = Linear(3, 3)(x)\n"
                   "  linear = Linear(3, 3)\n"
                   "  c = linear(a)\n"
                   "  p = Pair(3)\n"
                   "  b = p(p(c))\n"
                   "  for l in 1..2 { b = Pair(3)(Linear(3, 3)(b)) }\n"
                   "  output b\n"
                   "}\n"))
      << errors;
  EXPECT_EQ(parameters(), (Strings{"linear_2.W",
                                   "linear_2.b",
                                   "linear.W",
                                   "linear.b",
                                   "p.first.W",
                                   "p.first.b",
                                   "p.s",
                                   "p.linear.W",
                                   "p.linear.b",
                                   "1.pair.first.W",
                                   "1.pair.first.b",
                                   "1.pair.s",
                                   "1.linear.W",
                                   "1.linear.b",
                                   "1.pair.linear.W",
                                   "1.pair.linear.b",
                                   "2.pair.first.W",
                                   "2.pair.first.b",
                                   "2.pair.s",
                                   "2.linear.W",
                                   "2.linear.b",
                                   "2.pair.linear.W",
                                   "2.pair.linear.b"}));
}

TEST_F(Emission, userDefinitionsComeFirst) {
  ASSERT_TRUE(emit("fn relu(x) = x[0:1]\n"
                   "model M { \n input x : [3]\n y = relu(x)\n output y\n}\n"))
      << errors;
  EXPECT_EQ(shapes("forward"), (Strings{"[B, 1]"}));
}

TEST_F(Emission, entries) {
  llvm::StringRef model = "model M(H = 3) {\n"
                          "  input x : [H]\n"
                          "  target t : []\n"
                          "  y = sum(Linear(H, 1)(x))\n"
                          "  output y\n"
                          "  loss = mse(y, t)\n"
                          "  metric e = abs(y - t)\n"
                          "}\n";
  ASSERT_TRUE(emit(model)) << errors;
  EXPECT_TRUE(entry("forward"));
  EXPECT_TRUE(entry("evaluate"));
  EXPECT_FALSE(entry("train_step"));
  ASSERT_TRUE(emit((model + "train M { optimizer sgd(lr = 0.1) }").str()))
      << errors;
  auto step = entry("train_step");
  ASSERT_TRUE(step);
  Strings roles, results;
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    roles.push_back((getArgRole(step, i) + " " + getArgName(step, i)).str());
  for (unsigned i = 0; i < step.getNumResults(); ++i)
    results.push_back(
        (getResultRole(step, i) + " " + getResultName(step, i)).str());
  EXPECT_EQ(roles, (Strings{"parameter linear.W", "parameter linear.b",
                            "state sgd.v.linear.W", "state sgd.v.linear.b",
                            "scalar step", "scalar lr", "scalar steps",
                            "input x", "target t"}));
  EXPECT_EQ(results, (Strings{"loss loss", "metric e", "parameter linear.W",
                              "parameter linear.b", "state sgd.v.linear.W",
                              "state sgd.v.linear.b"}));
}

TEST_F(Emission, options) {
  llvm::StringRef model = "model M(H) {\n input x : [H]\n output x\n}\n"
                          "model N {\n input x : [2]\n output x\n}\n";
  FrontendOptions options;
  options.model = "M";
  options.hyperparameters = {{"H", "7"}};
  options.doublePrecision = true;
  ASSERT_TRUE(emit(model, options)) << errors;
  EXPECT_EQ(shapes("forward"), (Strings{"[B, 7]"}));
  EXPECT_TRUE(getElementType(entry("forward").getResultTypes()[0]).isF64());
}

TEST_F(Emission, whichModel) {
  llvm::StringRef models = "model M {\n input x : [3]\n output x\n}\n"
                           "model N {\n input x : [2]\n output x\n}\n";
  EXPECT_FALSE(emit(models));
  EXPECT_NE(errors.find("the file has 2 models"), std::string::npos);
  // The one that is trained, if there is one.
  llvm::StringRef train = "model T {\n input x : []\n param w : [] = 0\n"
                          " y = w * x\n output y\n loss = y\n}\n"
                          "train T { optimizer sgd }\n";
  ASSERT_TRUE(emit((models + train).str())) << errors;
  EXPECT_EQ(shapes("forward"), (Strings{"[B]"}));
  FrontendOptions options;
  options.model = "O";
  EXPECT_FALSE(emit(models, options));
  EXPECT_NE(errors.find("test.maek:1:1: error: the file has no model 'O'"),
            std::string::npos);
}

TEST_F(Emission, files) {
  std::string text;
  llvm::raw_string_ostream os(text);
  EXPECT_FALSE(emitModelFile("not/there.maek", {}, context, os));
  EXPECT_FALSE(checkModelFile("/", {}, os));
  EXPECT_EQ(text, "not/there.maek: error: cannot read the file: no such file "
                  "or directory\n/: error: not a file\n");
}

TEST_F(Emission, imports) {
  FrontendOptions options;
  options.allowImports = false;
  EXPECT_FALSE(emit("import \"x.maek\"", options));
  EXPECT_NE(errors.find("an import is not allowed here"), std::string::npos);
}

TEST_F(Emission, importsHaveALimit) {
  llvm::SmallString<128> folder;
  ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("maek-imports", folder));
  auto getPath = [&](int i) {
    return (folder + "/f" + llvm::Twine(i) + ".maek").str();
  };
  for (int i = 0; i < 120; ++i) {
    std::error_code code;
    llvm::raw_fd_ostream file(getPath(i), code);
    file << "import \"f" << i + 1 << ".maek\"\nfn g" << i << "(x) = x\n";
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  EXPECT_FALSE(checkModelFile(getPath(0), {}, os));
  EXPECT_EQ(llvm::StringRef(text).split('\n').first.str(),
            getPath(100) + ":1:1: error: imports nest too deeply");
  [[maybe_unused]] std::error_code ignored =
      llvm::sys::fs::remove_directories(folder);
}

TEST_F(Emission, ignoredTensorsOfLoops) {
  ASSERT_TRUE(emit("model M(depth = 2) {\n"
                   "  input x : [3]\n  y = Linear(3, 2)(x)\n  output y\n}\n"
                   "weights other of M {\n"
                   "  ignore \"a.*\"\n"
                   "  for l in 1..depth { ignore \"blocks.{l - 1}.mask\" }\n"
                   "}\n"))
      << errors;
  auto import = module->lookupSymbol<mlir::func::FuncOp>("import_other");
  ASSERT_TRUE(import);
  std::string patterns;
  for (auto pattern : import->getAttrOfType<mlir::ArrayAttr>(kIgnoreAttr)
                          .getAsRange<mlir::StringAttr>())
    patterns += pattern.str() + ' ';
  EXPECT_EQ(patterns, "a.* blocks.0.mask blocks.1.mask ");
}

TEST_F(Emission, locationsAreTheModelFiles) {
  ASSERT_TRUE(emit("fn twice(x) = x + x\n"
                   "model M {\n"
                   "  input x : [3]\n"
                   "  y = twice(x)\n"
                   "  z = softmax(y)\n"
                   "  output z\n"
                   "}\n"))
      << errors;
  module->walk([&](mlir::Operation *op) {
    auto file = op->getLoc()->findInstanceOf<mlir::FileLineColLoc>();
    ASSERT_TRUE(file) << op->getName().getStringRef().str();
    EXPECT_EQ(file.getFilename().getValue(), "test.maek");
    if (llvm::isa<AddOp>(op)) {
      EXPECT_EQ(file.getLine(), 1u);
      EXPECT_EQ(file.getColumn(), 17u);
    }
    if (llvm::isa<ExpOp>(op)) {
      EXPECT_EQ(file.getLine(), 5u);
    }
  });
}
