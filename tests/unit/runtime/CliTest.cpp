// Part of Maek, under the MIT licence; see LICENSE.
// The commands of a generated program where all goes well.
#include "Pictures.h"
#include "Run.h"
#include "Scratch.h"
#include "runtime/cli/Progress.h"
#include "runtime/core/Json.h"
#include "runtime/core/Safetensors.h"
#include "runtime/data/Npy.h"

#include <cstring>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>
#include <utility>

using namespace maek::fake;
using namespace maek::runtime;

namespace {
class CliTest : public testing::Test {
protected:
  void SetUp() override {
    knobs() = Knobs();
    writeNpyData(scratch);
  }
  Result train(std::vector<std::string> more) {
    std::vector<std::string> arguments = {"train", "--data", "npy",
                                          "--data-dir", scratch.path()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  /// Trains and saves weights; their path.
  std::string weights() {
    std::string path = scratch / "w.safetensors";
    Result result = train({"--save", path, "--epochs", "5", "--quiet"});
    EXPECT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
    return path;
  }

  Scratch scratch;
};
} // namespace

TEST_F(CliTest, TrainPrintsALineForEachEpoch) {
  std::string path = scratch / "w.safetensors";
  Result result = train({"--save", path, "--threads", "1"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(hideTimes(result.out),
            "epoch 1/2: loss #, accuracy #; test loss #, "
            "accuracy #; # s, # samples/s\n"
            "epoch 2/2: loss #, accuracy #; test loss #, "
            "accuracy #; # s, # samples/s\n"
            "saved " +
                path + " at step 14\n");
  EXPECT_TRUE(exists(path));
}

TEST_F(CliTest, TrainSaysThatNothingIsKept) {
  Result result = train({"--epochs", "1"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(hideTimes(result.out),
            "epoch 1/1: loss #, accuracy #; test loss #, "
            "accuracy #; # s, # samples/s\n"
            "the weights are not kept: there was no --save\n");
  EXPECT_EQ(train({"--epochs", "1", "--quiet"}).out, "");
}

TEST_F(CliTest, AWarmupLongerThanTheRunIsToldOnce) {
  auto warning = [&](const std::string &numbers) {
    std::string json = logisticJson(), name = "\"cosine\"";
    json.insert(json.find(name) + name.size(),
                ", \"schedule_arguments\": {" + numbers + "}");
    maek_module_t module = logistic();
    module.json = json.data();
    module.json_size = json.size();
    Result result = run({"train", "--data", "npy", "--data-dir", scratch.path(),
                         "--epochs", "2", "--quiet"},
                        module);
    EXPECT_EQ(result.code, 0);
    return result.err;
  };
  EXPECT_EQ(warning("\"floor\": 100, \"warmup\": 200"),
            "fake: warning: the warm-up of 200 updates is longer than the run "
            "of 14\n");
  EXPECT_EQ(warning("\"warmup\": 14"), "");
  EXPECT_EQ(warning(""), "");
}

/// Each field behind the third that is not empty becomes #, but in the head.
static std::string hideFigures(const std::string &csv) {
  std::string out;
  size_t commas = 0, line = 0;
  for (char c : csv) {
    bool ends = c == ',' || c == '\n';
    if (!ends && line > 0 && commas >= 3) {
      if (out.back() != '#')
        out += '#';
      continue;
    }
    out += c;
    commas = c == '\n' ? 0 : commas + (c == ',');
    line += c == '\n';
  }
  return out;
}

TEST_F(CliTest, TrainWritesLogs) {
  std::string csv = scratch / "log.csv", jsonl = scratch / "log.jsonl";
  Result result = train(
      {"--log-csv", csv, "--log-jsonl", jsonl, "--log-every", "5", "--quiet"});
  ASSERT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(hideFigures(readFile(csv)),
            "epoch,step,split,loss,accuracy,grad_norm,seconds,"
            "samples_per_second\n"
            "1,5,step,#,#,#,#,#\n"
            "1,7,train,#,#,#,#,#\n"
            "1,7,test,#,#,,#,#\n"
            "2,10,step,#,#,#,#,#\n"
            "2,14,train,#,#,#,#,#\n"
            "2,14,test,#,#,,#,#\n");
  std::string lines = readFile(jsonl);
  size_t count = 0;
  for (size_t at = 0; at < lines.size(); ++count) {
    size_t end = lines.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    auto row = parseJson(std::string_view(lines).substr(at, end - at));
    ASSERT_TRUE(row) << lines.substr(at, end - at);
    EXPECT_TRUE(row->find("loss")->isNumber());
    EXPECT_TRUE(row->find("samples_per_second")->isNumber());
    at = end + 1;
  }
  EXPECT_EQ(count, 6u);
}

TEST_F(CliTest, EvalPrintsFigures) {
  std::string path = weights();
  std::vector<std::string> arguments = {
      "eval", "--weights", path, "--data", "npy", "--data-dir", scratch.path()};
  Result result = run(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(hideTimes(result.out), "loss #, accuracy #, 50 examples\n");
  arguments.push_back("--json");
  result = run(arguments);
  auto json = parseJson(result.out);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("examples")->integer, 50);
  EXPECT_GT(json->find("accuracy")->number, 0.9);
  // Another batch size, the last batch partial or not: the same means.
  double loss = json->find("loss")->number;
  arguments.insert(arguments.end(), {"--batch", "13"});
  json = parseJson(run(arguments).out);
  ASSERT_TRUE(json);
  EXPECT_NEAR(json->find("loss")->number, loss, 1e-6);
}

TEST_F(CliTest, PredictWritesTheOutputs) {
  std::string path = weights(), out = scratch / "y.npy";
  std::vector<std::string> arguments = {
      "predict",  "--weights", path,     "--input", scratch / "test-image.npy",
      "--output", out,         "--batch"};
  std::string first;
  for (const char *batch : {"50", "7", "1", "1000"}) {
    arguments.push_back(batch);
    Result result = run(arguments);
    arguments.pop_back();
    ASSERT_EQ(result.code, 0) << result.err;
    EXPECT_EQ(result.out + result.err, "");
    if (first.empty())
      first = readFile(out);
    EXPECT_EQ(readFile(out), first) << batch;
  }
  auto array = maek::runtime::readNpy(out);
  ASSERT_TRUE(array);
  EXPECT_EQ(array->shape, (std::vector<int64_t>{50, 3}));
}

TEST_F(CliTest, EvalTakesSomeOfTheExamples) {
  std::vector<std::string> arguments = {
      "eval",       "--weights",    weights(), "--data",    "npy",
      "--data-dir", scratch.path(), "--json",  "--examples"};
  auto evaluate = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    Result result = run(more);
    EXPECT_EQ(result.err, "");
    return result.out;
  };
  EXPECT_EQ(parseJson(evaluate({"20"}))->find("examples")->integer, 20);
  EXPECT_EQ(evaluate({"20"}), evaluate({"20", "--seed", "0"}));
  EXPECT_NE(evaluate({"20"}), evaluate({"20", "--seed", "1"}));
  arguments.push_back("51");
  EXPECT_EQ(run(arguments).err,
            "fake: error: the data set has 50 examples, not 51\n");
}

// Nothing is told by such weights, which another program may have written.
TEST_F(CliTest, WeightsThatAreNotFiniteAreWarnedOf) {
  std::string path = weights(), content = readFile(path);
  float nan = std::numeric_limits<float>::quiet_NaN();
  uint64_t header;
  std::memcpy(&header, content.data(), sizeof(header));
  // Behind the 48 numbers of linear.W.
  std::memcpy(&content[sizeof(header) + header + 48 * sizeof(nan)], &nan,
              sizeof(nan));
  writeFile(path, content);
  std::string warning = "fake: warning: " + path +
                        ": 'linear.b' has numbers that are not finite, so "
                        "what comes of it means nothing\n";
  Result result = run({"eval", "--weights", path, "--data", "npy", "--data-dir",
                       scratch.path()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, warning);
  EXPECT_TRUE(result.out.starts_with("loss nan, accuracy ")) << result.out;
  EXPECT_EQ(run({"predict", "--weights", path, "--input",
                 scratch / "test-image.npy", "--output", scratch / "y.npy"})
                .err,
            warning);
}

/// The file with its floats as f64, the first of them multiplied.
static void widen(const std::string &from, const std::string &to,
                  double factor = 1) {
  auto file = SafetensorsFile::open(from);
  ASSERT_TRUE(file);
  std::vector<std::vector<double>> numbers;
  std::vector<maek_tensor_t> tensors;
  for (const FileTensor &tensor : file->header().tensors) {
    TensorRead wanted[] = {{&tensor, MAEK_F64}};
    auto content = file->readAll(wanted);
    ASSERT_TRUE(content);
    const double *values = content->as<double>();
    numbers.emplace_back(values, values + *countElements(tensor.shape));
    numbers.back()[0] *= std::exchange(factor, 1);
    tensors.push_back({tensor.name.c_str(), MAEK_F64,
                       static_cast<int32_t>(tensor.shape.size()),
                       tensor.shape.data(), numbers.back().data()});
  }
  EXPECT_FALSE(writeSafetensors(to, tensors, file->header().metadata));
}

TEST_F(CliTest, WeightsOfTheOtherPrecisionAreConverted) {
  std::string path = weights(), wide = scratch / "wide.safetensors";
  auto evaluate = [&](const std::string &file) {
    return run({"eval", "--weights", file, "--data", "npy", "--data-dir",
                scratch.path()});
  };
  widen(path, wide);
  EXPECT_EQ(evaluate(wide).err, "");
  EXPECT_EQ(evaluate(wide).out, evaluate(path).out);
  EXPECT_EQ(run({"train", "--data-dir", scratch.path(), "--resume", wide}).err,
            "fake: error: " + wide +
                ": is a run in F64, which a program in F32 cannot go on with; "
                "--weights begins a new run with its weights\n");
  widen(path, wide, 1e300);
  EXPECT_EQ(evaluate(wide).err,
            "fake: error: " + wide +
                ": tensor 'linear.W' has a number that is too large for F32\n");
}

// uint8 images are pixels, uint8 labels classes: what NumPy users save.
TEST_F(CliTest, BytesAreWhatTheirPortTakes) {
  auto writeBytes = [&](const std::string &name, const std::string &shape,
                        const std::string &bytes) {
    std::string header =
        "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + ", }\n";
    writeFile(scratch / name, std::string("\x93NUMPY\x01\x00", 8) +
                                  static_cast<char>(header.size()) + '\0' +
                                  header + bytes);
  };
  std::string bytes(50 * 16, '\0'), labels(50, '\0');
  std::vector<float> numbers;
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(i * 37);
    numbers.push_back(static_cast<float>(static_cast<unsigned char>(bytes[i])) /
                      255);
  }
  for (size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<char>(i % 3);
  std::string path = weights();
  auto evaluate = [&] {
    return run({"eval", "--weights", path, "--data", "npy", "--data-dir",
                scratch.path()})
        .out;
  };
  auto predict = [&] {
    Result result =
        run({"predict", "--weights", path, "--input",
             scratch / "test-image.npy", "--output", scratch / "y.npy"});
    EXPECT_EQ(result.err, "");
    return readFile(scratch / "y.npy");
  };
  writeBytes("test-label.npy", "(50,)", labels);
  writeFile(
      scratch / "test-image.npy",
      maek::runtime::makeNpyHeader(MAEK_F32, std::vector<int64_t>{50, 4, 4}) +
          std::string(reinterpret_cast<const char *>(numbers.data()),
                      numbers.size() * sizeof(float)));
  std::string figures = evaluate(), outputs = predict();
  EXPECT_NE(figures, "");
  writeBytes("test-image.npy", "(50, 4, 4)", bytes);
  EXPECT_EQ(evaluate(), figures);
  EXPECT_EQ(predict(), outputs);
}

TEST_F(CliTest, PredictShowsTheClassesOfAPicture) {
  std::string picture = scratch / "picture", labels = scratch / "labels";
  writeFile(picture, makePng(9, 7, 3));
  writeFile(labels, "cat\ndog\r\nbird");
  std::string path = weights();
  Result result = run({"predict", "--weights", path, "--input", picture});
  EXPECT_EQ(result.err, "");
  // Three classes, from the likeliest on; together they are certain.
  double sum = 0, before = 1;
  std::istringstream lines(result.out);
  std::string probability, index;
  int count = 0;
  for (; lines >> probability >> index; ++count) {
    EXPECT_LE(std::stod(probability), before);
    before = std::stod(probability);
    sum += before;
  }
  EXPECT_EQ(count, 3);
  EXPECT_NEAR(sum, 1, 2e-4);
  std::string first = result.out.substr(0, result.out.find('\n'));
  result = run({"predict", "--weights", path, "--input", picture, "--top", "1",
                "--labels", labels, "--output", scratch / "y.npy"});
  std::string names[] = {"cat", "dog", "bird"};
  EXPECT_EQ(result.out,
            first + "  " + names[std::stoi(first.substr(8))] + "\n");
  EXPECT_TRUE(exists(scratch / "y.npy"));
  // Of several examples each has its number.
  result = run({"predict", "--weights", path, "--input",
                scratch / "test-image.npy", "--top", "1", "--batch", "3"});
  EXPECT_EQ(result.out.substr(0, 10), "example 0\n");
  EXPECT_NE(result.out.find("\nexample 4\n"), std::string::npos);
}

TEST_F(CliTest, PredictTakesInputsByName) {
  int64_t xShape[] = {2, 3, 2}, nShape[] = {6};
  std::string x = maek::runtime::makeNpyHeader(MAEK_F32, xShape);
  std::string n = maek::runtime::makeNpyHeader(MAEK_I32, nShape);
  for (int32_t i = 0; i < 12; ++i) {
    float value = 1;
    x.append(reinterpret_cast<const char *>(&value), sizeof(value));
    int32_t index = i % 5;
    if (i < 6)
      n.append(reinterpret_cast<const char *>(&index), sizeof(index));
  }
  writeFile(scratch / "x.npy", x);
  writeFile(scratch / "n.npy", n);
  writeFile(scratch / "empty.safetensors",
            std::string("\2\0\0\0\0\0\0\0{}", 10));
  Result result =
      run({"predict", "--weights", scratch / "empty.safetensors", "--input",
           "n=" + scratch / "n.npy", "--input", "x=" + scratch / "x.npy",
           "--output", "total=" + scratch / "total.npy", "--output",
           "y=" + scratch / "y.npy", "--batch", "1"},
          lengths());
  ASSERT_EQ(result.code, 0) << result.err;
  auto y = maek::runtime::readNpy(scratch / "y.npy");
  auto total = maek::runtime::readNpy(scratch / "total.npy");
  ASSERT_TRUE(y);
  ASSERT_TRUE(total);
  EXPECT_EQ(y->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(total->shape, std::vector<int64_t>());
  float sum;
  std::memcpy(&sum, total->data.data(), sizeof(sum));
  EXPECT_EQ(sum, 22.0f);
}

TEST_F(CliTest, BenchPrintsTimes) {
  Result result = run({"bench", "--entry", "train_step", "--batch", "4",
                       "--threads", "1", "--repeat", "3"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(hideTimes(result.out), "train_step, B = 4, 1 thread: min # ms, "
                                   "median # ms, mean # ms, # runs; # MB of "
                                   "memory\n");
  result = run({"bench", "--batch", "4", "--dim", "T=3", "--threads", "2",
                "--repeat", "4", "--json"},
               lengths());
  EXPECT_EQ(result.code, 0) << result.err;
  auto json = parseJson(result.out);
  ASSERT_TRUE(json) << result.out;
  EXPECT_EQ(json->find("model")->string, "Lengths");
  EXPECT_EQ(json->find("entry")->string, "forward");
  EXPECT_EQ(json->find("dims")->find("B")->integer, 4);
  EXPECT_EQ(json->find("dims")->find("T")->integer, 3);
  EXPECT_EQ(json->find("threads")->integer, 2);
  EXPECT_EQ(json->find("repeats")->integer, 4);
  EXPECT_LE(json->find("min_ms")->number, json->find("median_ms")->number);
  EXPECT_GT(json->find("processor_ms")->number, 0);
  EXPECT_GT(json->find("memory_mb")->number, 1);
}

TEST_F(CliTest, InfoShowsTheModule) {
  std::string head =
      "Logistic\n"
      "  source     models/logistic.maek\n"
      "  target     x86-64-linux\n"
      "  precision  f32\n"
      "  versions   maek 0.1.0, llvm 22.1, module ABI 2\n"
      "  training   data fashion_mnist, batch 8, epochs 2, lr 0.1, seed 0\n"
      "  optimizer  momentum, schedule cosine, clip_norm 1.5\n"
      "\n";
  std::string forward = "\n"
                        "entry forward(image: f32[B, 4, 4])\n"
                        "  -> logits: f32[B, 3]\n";
  std::string others =
      "\n"
      "entry evaluate(image: f32[B, 4, 4], label: i32[B])\n"
      "  -> logits: f32[B, 3], loss: f32[], accuracy: f32[]\n"
      "\n"
      "entry train_step(image: f32[B, 4, 4], label: i32[B], lr: f32[], step: "
      "f32[], steps: f32[])\n"
      "  -> loss: f32[], accuracy: f32[], grad_norm: f32[]\n"
      "\n"
      "entry prepare()\n"
      "\n";
  Result result = run({"info"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            head +
                "parameters: 2 tensors, 51 numbers; --tensors lists them\n"
                "states: 2 tensors, 51 numbers; --tensors lists them\n" +
                forward + others + "kernels: 2; --kernels lists them\n");
  result = run({"info", "--tensors", "--memory", "--kernels"});
  EXPECT_EQ(result.out,
            head +
                "parameters: 2 tensors, 51 numbers\n"
                "  linear.W  f32[3, 16]          48  ~ uniform(-0.25, 0.25)\n"
                "  linear.b  f32[3]               3  = 0\n"
                "\n"
                "states: 2 tensors, 51 numbers\n"
                "  m.linear.W  f32[3, 16]          48  = 0\n"
                "  m.linear.b  f32[3]               3  = 0\n" +
                forward + "  memory a0: 12*B bytes\n" + others +
                "kernels: 2\n"
                "  product_0\n"
                "  elementwise_0\n");
  result = run({"info", "--arena", "--batch", "10"});
  EXPECT_EQ(result.out, "\narena of forward at B = 10: 312 bytes\n"
                        "arena of evaluate at B = 10: 312 bytes\n"
                        "arena of train_step at B = 10: 312 bytes\n"
                        "arena of prepare: 0 bytes\n");
  // A size that not every entry has.
  result = run({"info", "--arena", "--batch", "2", "--dim", "T=5"}, lengths());
  EXPECT_EQ(result.out, "\narena of forward at B = 2, T = 5: 0 bytes\n"
                        "arena of prepare: 0 bytes\n");
  auto json = parseJson(run({"info", "--json"}).out);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->find("parameter_count")->integer, 51);
  EXPECT_EQ(json->find("module")->find("name")->string, "Logistic");
}

TEST_F(CliTest, HelpAndVersion) {
  Result result = run({"--help"});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            "usage: fake COMMAND [OPTIONS]\n"
            "Logistic, compiled by Maek from models/logistic.maek\n"
            "\n"
            "commands\n"
            "  train      learn on a data set\n"
            "  eval       loss and metrics of saved weights\n"
            "  calibrate  weights for products of int8\n"
            "  predict    outputs for .npy files and pictures\n"
            "  generate   text of a language model\n"
            "  convert    weights to the names and layout of another program\n"
            "  bench      time an entry on random input\n"
            "  info       entries, tensors, memory, versions\n"
            "\n"
            "'fake COMMAND --help' tells the options of a command.\n");
  EXPECT_EQ(run({"--version"}).out,
            "Logistic (maek 0.1.0, llvm 22.1) for x86-64-linux\n");
  for (const char *command : {"train", "eval", "predict", "bench", "info"}) {
    result = run({command, "--help"});
    EXPECT_EQ(result.code, 0);
    EXPECT_TRUE(result.out.starts_with("usage: fake " + std::string(command) +
                                       " [OPTIONS]\n"));
    EXPECT_NE(result.out.find("--help"), std::string::npos);
  }
}

TEST(Progress, TimesAreReadable) {
  using maek::runtime::clockText;
  EXPECT_EQ(clockText(0), "0:00");
  EXPECT_EQ(clockText(65.2), "1:05");
  EXPECT_EQ(clockText(7207), "2:00:07");
  EXPECT_EQ(clockText(1e300), "-");
  EXPECT_EQ(clockText(0.0 / 0.0), "-");
}

TEST(Progress, ATerminalsLineIsCutAndOverwritten) {
  Scratch scratch;
  std::FILE *file = std::fopen((scratch / "tty").c_str(), "w");
  {
    maek::runtime::ProgressLine line(file, true, true, 10);
    EXPECT_TRUE(line.isDue());
    line.show("0123456789abc");
    EXPECT_FALSE(line.isDue());
    line.show("short");
    line.clear();
    line.clear();
  }
  std::fclose(file);
  EXPECT_EQ(readFile(scratch / "tty"),
            "\r012345678\x1b[K\rshort\x1b[K\r\x1b[K");
}

TEST(Progress, ElsewhereItIsPlainOrNothing) {
  Scratch scratch;
  std::FILE *file = std::fopen((scratch / "log").c_str(), "w");
  maek::runtime::ProgressLine plain(file, false, true);
  EXPECT_FALSE(plain.isDue());
  plain.show("a long line that is not cut");
  plain.clear();
  maek::runtime::ProgressLine off(file, true, false);
  EXPECT_FALSE(off.isDue());
  off.show("nothing");
  std::fclose(file);
  EXPECT_EQ(readFile(scratch / "log"), "a long line that is not cut\n");
}
