// Part of Maek, under the MIT licence; see LICENSE.
// Everything a user can get wrong on the command line or in files, with the
// exact message and exit code; and nothing is written.
#include "Pictures.h"
#include "Run.h"
#include "Scratch.h"
#include "runtime/data/Npy.h"

#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace maek::fake;

namespace {
class CliErrorsTest : public testing::Test {
protected:
  void SetUp() override {
    knobs() = Knobs();
    writeNpyData(scratch);
    Result result = run({"train", "--data", "npy", "--data-dir", scratch.path(),
                         "--save", weights, "--quiet"});
    ASSERT_EQ(result.code, 0) << result.err;
  }

  void expectUsage(const std::vector<std::string> &arguments,
                   const std::string &message,
                   const maek_module_t &module = logistic()) {
    Result result = run(arguments, module);
    EXPECT_EQ(result.code, 2);
    std::string command = arguments.empty() || message.starts_with("unknown c")
                              ? ""
                              : " " + arguments[0];
    EXPECT_EQ(result.err, "fake: error: " + message + "\ntry 'fake" + command +
                              " --help'\n");
    EXPECT_EQ(result.out, "");
  }
  void expectError(const std::vector<std::string> &arguments,
                   const std::string &message,
                   const maek_module_t &module = logistic()) {
    std::vector<std::string> before = scratch.files();
    Result result = run(arguments, module);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "fake: error: " + message + "\n");
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(scratch.files(), before);
  }
  std::vector<std::string> train(std::vector<std::string> more) {
    more.insert(more.begin(),
                {"train", "--data", "npy", "--data-dir", scratch.path()});
    return more;
  }
  std::vector<std::string> predict(std::vector<std::string> more) {
    more.insert(more.begin(), {"predict", "--weights", weights});
    return more;
  }
  void writeImages(const std::string &name, maek_dtype_t dtype,
                   std::vector<int64_t> shape) {
    auto bytes = static_cast<size_t>(*maek::runtime::countBytes(shape, dtype));
    writeFile(scratch / name, maek::runtime::makeNpyHeader(dtype, shape) +
                                  std::string(bytes, '\0'));
  }

  Scratch scratch;
  std::string weights = scratch / "w.safetensors";
};
} // namespace

TEST_F(CliErrorsTest, WrongCommandLines) {
  expectUsage({}, "a command is needed");
  expectUsage({"tarin"}, "unknown command 'tarin'; did you mean 'train'?");
  // As near as the compiler finds names.
  expectUsage({"TRAIN"}, "unknown command 'TRAIN'; did you mean 'train'?");
  expectUsage({"taani"}, "unknown command 'taani'; did you mean 'train'?");
  expectUsage({"xyzzy"}, "unknown command 'xyzzy'");
  expectUsage({"train", "--epoch", "3"},
              "unknown option '--epoch'; did you mean 'epochs'?");
  expectUsage({"train", "--frobnicate"}, "unknown option '--frobnicate'");
  expectUsage({"train", "now"}, "unexpected argument 'now'");
  expectUsage({"train", "--epochs"}, "option '--epochs' needs a value");
  expectUsage({"train", "--quiet=yes"}, "option '--quiet' takes no value");
  expectUsage({"train", "--seed", "1", "--seed", "2"},
              "option '--seed' is given twice");
  for (const char *wrong : {"0", "-1", "x", "3x", "1e3", "99999999999", ""})
    expectUsage({"train", "--batch", wrong},
                std::string("option '--batch' needs a whole number from 1 to "
                            "1000000000, found '") +
                    wrong + "'");
  expectUsage({"train", "--seed", "-1"},
              "option '--seed' needs a whole number from 0 to "
              "18446744073709551615, found '-1'");
  for (const char *wrong : {"x", "nan", "inf", "0.1x", "-0.1", "0"})
    expectUsage({"train", "--lr", wrong},
                std::string("option '--lr' needs a number above 0, found '") +
                    wrong + "'");
  expectUsage({"train", "--log-every", "5"},
              "option '--log-every' needs '--log-csv' or '--log-jsonl'");
  for (const char *file :
       {"save", "resume", "weights", "data-dir", "log-csv", "log-jsonl"})
    expectUsage({"train", std::string("--") + file, ""},
                std::string("option '--") + file + "' needs a name, found ''");
  expectUsage({"eval", "--weights", ""},
              "option '--weights' needs a name, found ''");
  expectUsage({"convert", "--weights", "w", "--output", ""},
              "option '--output' needs a name, found ''");
  expectUsage(predict({"--input", "x", "--output", ""}),
              "option '--output' needs a file for 'logits'");
  expectUsage({"train", "--save-every", "5"},
              "option '--save-every' needs '--save'");
  expectUsage({"eval"}, "option '--weights' is needed");
  expectUsage({"predict", "--weights", "w", "--output", "y"},
              "option '--input' is needed for 'image'");
  EXPECT_EQ(
      run({"predict", "--weights", "w", "--input", "x=x", "--input", "n=n"},
          lengths())
          .err,
      "fake: error: option '--output' is needed\n"
      "try 'fake predict --help'\n");
  EXPECT_EQ(run({"predict", "--weights", "w", "--input", "x=x", "--input",
                 "n=n", "--top", "3"},
                lengths())
                .err,
            "fake: error: classes need one output [B, classes], the model has "
            "0\ntry 'fake predict --help'\n");
  expectUsage(predict({"--input", "imgae=x", "--output", "y"}),
              "the model has no input 'imgae'; did you mean 'image'?");
  expectUsage(predict({"--input", "x", "--input", "x", "--output", "y"}),
              "option '--input' names 'image' twice");
  expectUsage(predict({"--input", "image=", "--output", "y"}),
              "option '--input' needs a file for 'image'");
  expectUsage({"predict", "--weights", "w", "--input", "x.npy"},
              "option '--input' needs NAME=FILE, found 'x.npy'", lengths());
  expectUsage({"bench", "--entry", "froward"},
              "the model has no entry 'froward'; did you mean 'forward'?");
  expectUsage({"bench", "--entry", "dream"},
              "the model has no entry 'dream'; it has forward, evaluate, "
              "train_step, prepare");
  expectUsage({"bench", "--dim", "T=3"}, "entry 'forward' has no size 'T'");
  expectUsage({"info", "--arena"},
              "entry 'forward' needs the size T: give --dim T=SIZE", lengths());
  expectUsage({"info", "--arena", "--dim", "T=3", "--dim", "S=3"},
              "entry 'forward' has no size 'S'", lengths());
  expectUsage({"bench", "--dim", "B=x"},
              "option '--dim' needs NAME=SIZE with a size from 1 to "
              "1000000000, found 'B=x'");
  expectUsage({"bench"}, "entry 'forward' needs the size T: give --dim T=SIZE",
              lengths());
  expectUsage({"eval", "--weights", "w"},
              "the model names no data set; option '--data' is needed",
              lengths());
}

TEST_F(CliErrorsTest, ModelsWithoutAnEntry) {
  expectError({"train"}, "the model has no training step", lengths());
  expectError({"eval", "--data", "npy", "--weights", "w"},
              "the model has no evaluation", lengths());
}

TEST_F(CliErrorsTest, DataSetsThatAreNotThere) {
  expectError({"train", "--data", "cifar"},
              "unknown data set 'cifar'; there are fashion_mnist, mnist, npy, "
              "text, adding, copy, reverse and sort");
  expectError({"train", "--data", "fashoin_mnist"},
              "unknown data set 'fashoin_mnist'; did you mean "
              "'fashion_mnist'?");
  expectError(
      {"train", "--data", "fashion-mnist", "--data-dir", scratch.path()},
      scratch / "train-images-idx3-ubyte.gz" +
          ": no such file; install the package dataset-fashion-mnist "
          "or name the folder that has it by --data-dir");
  expectError({"train", "--data", "mnist"},
              "data set 'mnist' needs --data-dir");
  expectError({"train", "--data", "npy"},
              "data set 'npy' needs --data-dir, a folder with train-image.npy, "
              "train-label.npy, and the same for test-");
  std::remove((scratch / "test-image.npy").c_str());
  expectError(train({}), scratch / "test-image.npy" +
                             ": cannot open: No such file or directory; "
                             "--evaluate-every 0 needs no test set");
  expectError({"eval", "--weights", weights, "--data", "npy", "--data-dir",
               scratch.path()},
              scratch / "test-image.npy" +
                  ": cannot open: No such file or directory");
  EXPECT_EQ(run(train({"--evaluate-every", "0", "--quiet"})).code, 0);
}

TEST_F(CliErrorsTest, DataThatDoesNotFit) {
  writeImages("train-image.npy", MAEK_F32, {50, 5, 5});
  expectError(train({}), scratch / "train-image.npy" +
                             ": an example has shape [5, 5]; input 'image' "
                             "needs [4, 4]");
  writeImages("train-image.npy", MAEK_I32, {50, 4, 4});
  expectError(train({}), scratch / "train-image.npy" +
                             ": has int32; input 'image' needs f32; save "
                             "x.astype(\"float32\")");
  writeImages("train-image.npy", MAEK_F32, {40, 4, 4});
  expectError(train({}), scratch / "train-label.npy" +
                             ": has 50 examples, but " +
                             scratch / "train-image.npy" + " has 40");
  writeImages("train-image.npy", MAEK_F32, {0, 4, 4});
  expectError(train({}), scratch / "train-image.npy" +
                             ": has shape [0, 4, 4], needed at least one "
                             "example");
  constexpr int64_t shape[] = {50, 4, 4};
  std::string bytes = maek::runtime::makeNpyHeader(MAEK_F32, shape);
  bytes.replace(bytes.find("<f4"), 3, "|u1");
  writeFile(scratch / "train-image.npy", bytes + std::string(800, '\1'));
  expectError(train({}), scratch / "train-image.npy" +
                             ": has bytes of 0 and 1, which as pixels would "
                             "stand for 0 and 1/255; for numbers save "
                             "x.astype(\"float32\")");
  writeFile(scratch / "train-image.npy", bytes + std::string(800, '\0'));
  expectError(train({}), scratch / "test-image.npy" + ": has float32, but " +
                             scratch / "train-image.npy" +
                             " has bytes, which stand for the number divided "
                             "by 255; give both one type");
  writeNpyData(scratch);
  writeImages("train-label.npy", MAEK_F64, {50});
  expectError(train({}), scratch / "train-label.npy" +
                             ": has float64; target 'label' needs i32; save "
                             "x.astype(\"int32\")");
  writeNpyData(scratch);
  std::string labels = readFile(scratch / "train-label.npy");
  labels[labels.size() - 4] = 3;
  writeFile(scratch / "train-label.npy", labels);
  expectError(train({}), scratch / "train-label.npy" +
                             ": has class 3 at index 49; target 'label' needs "
                             "0 to 2");
}

TEST_F(CliErrorsTest, IdxDataThatDoesNotFit) {
  std::vector<std::string> arguments = {"train", "--data-dir", scratch.path()};
  auto write = [&](const std::string &prefix, uint32_t images, uint32_t size,
                   const std::string &labels) {
    writeFile(scratch / (prefix + "-images-idx3-ubyte.gz"),
              gzip(makeIdx({images, size, size},
                           std::string(images * size * size, '\x7f'))));
    writeFile(scratch / (prefix + "-labels-idx1-ubyte"),
              makeIdx({static_cast<uint32_t>(labels.size())}, labels));
  };
  std::string good("\0\1\2\1", 4);
  write("train", 4, 4, good);
  write("t10k", 4, 4, good);
  arguments.push_back("--quiet");
  EXPECT_EQ(run(arguments).code, 0);
  write("train", 3, 4, good);
  expectError(arguments, scratch / "train-labels-idx1-ubyte" +
                             ": has shape [4], needed [3]: one label for each "
                             "image of " +
                             scratch / "train-images-idx3-ubyte.gz");
  write("train", 4, 5, good);
  expectError(arguments, scratch / "train-images-idx3-ubyte.gz" +
                             ": an example has shape [5, 5]; input 'image' "
                             "needs [4, 4]");
  write("train", 4, 4, std::string("\0\1\7\1", 4));
  expectError(arguments, scratch / "train-labels-idx1-ubyte" +
                             ": has class 7 at index 2; target 'label' needs "
                             "0 to 2");
  write("train", 0, 4, "");
  expectError(arguments, scratch / "train-images-idx3-ubyte.gz" +
                             ": has shape [0, 4, 4], needed images: at least "
                             "one, two axes each");
  std::string file = readFile(scratch / "t10k-images-idx3-ubyte.gz");
  write("train", 4, 4, good);
  writeFile(scratch / "t10k-images-idx3-ubyte.gz",
            file.substr(0, file.size() / 2));
  expectError(arguments, scratch / "t10k-images-idx3-ubyte.gz" +
                             ": the compressed data ends too early");
}

TEST_F(CliErrorsTest, WeightsThatDoNotFit) {
  std::string good = readFile(weights);
  auto expectEval = [&](const std::string &content, const std::string &text) {
    writeFile(weights, content);
    expectError({"eval", "--weights", weights, "--data", "npy", "--data-dir",
                 scratch.path()},
                weights + ": " + text);
  };
  auto replace = [&](const std::string &from, const std::string &to) {
    std::string content = good;
    content.replace(content.find(from), from.size(), to);
    return content;
  };
  expectEval("short", "not a safetensors file: it has 5 bytes, needed at "
                      "least 8");
  expectEval(good.substr(0, good.size() - 1),
             "tensor 'm.linear.b' at bytes 396 to 408: the file's data ends "
             "at 407");
  expectEval(replace("linear.W", "linear.V"),
             "has no tensor 'linear.W' (F32[3, 16]), which the model needs; "
             "tensor 'linear.V' (did you mean 'linear.W'?) is not in the "
             "model");
  std::string other =
      replace("\"maek.model\":\"Logistic\"", "\"maek.model\":\"Convnets\"");
  expectEval(other.replace(other.find("linear."), 7, "layers_"),
             "holds weights of 'Convnets', not of 'Logistic': has no tensor "
             "'linear.W' (F32[3, 16]), which the model needs; tensor "
             "'layers_W' is not in the model");
  expectEval(replace("m.linear.W", "m.linear.V"),
             "tensor 'm.linear.V' (did you mean 'm.linear.W'?) is not in the "
             "model");
  expectEval(replace("[3, 16]", "[16, 3]"),
             "tensor 'linear.W' (F32[16, 3], needed F32[3, 16]) does not fit");
  expectEval(replace("\"F32\"", "\"I32\""),
             "tensor 'linear.W' (I32[3, 16], needed F32[3, 16]) does not fit");
  expectEval(replace("\"maek.step\":\"14\"", "\"maek.step\":\"-4\""),
             "metadata 'maek.step' is '-4', needed a count");
  expectError({"eval", "--weights", scratch / "no", "--data", "npy",
               "--data-dir", scratch.path()},
              scratch / "no" + ": cannot open: No such file or directory");
}

TEST_F(CliErrorsTest, InputsThatDoNotFit) {
  std::string x = scratch / "x.npy", y = scratch / "y.npy";
  std::vector<std::string> arguments = predict({"--input", x, "--output", y});
  expectError(arguments, x + ": cannot open: No such file or directory");
  writeImages("x.npy", MAEK_I32, {5, 4, 4});
  expectError(arguments, x + ": has int32[5, 4, 4]; input 'image' needs f32[B, "
                             "4, 4]; save x.astype(\"float32\")");
  writeImages("x.npy", MAEK_F32, {5, 4, 5});
  expectError(arguments,
              x + ": has float32[5, 4, 5]; input 'image' needs f32[B, "
                  "4, 4]");
  writeImages("x.npy", MAEK_F32, {0, 4, 4});
  expectError(arguments, x + ": has no examples");
  writeFile(x, "PK");
  expectError(arguments,
              x + ": not a .npy file: it does not begin with \\x93NUMPY");
  writeImages("x.npy", MAEK_F32, {5, 4, 4});
  expectError(predict({"--input", x, "--output", scratch / "no/y.npy"}),
              scratch / "no/y.npy" +
                  ": cannot write: No such file or directory");
  expectError(predict({"--input", x, "--output", scratch.path()}),
              scratch.path() + ": not a regular file");
  knobs().failWith = -3;
  expectError(arguments, "entry 'forward': a kernel failed with -3");
}

TEST_F(CliErrorsTest, ClassesThatDoNotFitAreOfTheirFile) {
  constexpr int64_t xShape[] = {2, 3, 2}, nShape[] = {6};
  writeFile(scratch / "x.npy", maek::runtime::makeNpyHeader(MAEK_F32, xShape) +
                                   std::string(12 * sizeof(float), '\0'));
  std::string n = maek::runtime::makeNpyHeader(MAEK_I32, nShape) +
                  std::string(6 * sizeof(int32_t), '\0');
  n[n.size() - 2 * sizeof(int32_t)] = 5;
  writeFile(scratch / "n.npy", n);
  expectError({"predict", "--input", "x=" + scratch / "x.npy", "--input",
               "n=" + scratch / "n.npy", "--output", "y=" + scratch / "y.npy"},
              scratch / "n.npy" +
                  ": has class 5 at index 4; input 'n' needs 0 to 4",
              lengths());
}

TEST_F(CliErrorsTest, PicturesThatDoNotFit) {
  std::string picture = scratch / "x.png", labels = scratch / "labels";
  std::vector<std::string> arguments = predict({"--input", picture});
  expectError(arguments, picture + ": cannot open: No such file or directory");
  writeFile(picture, "");
  expectError(arguments, picture + ": is neither a PNG nor a JPEG file");
  writeFile(scratch / "x", "GIF89a");
  expectError(predict({"--input", scratch / "x"}),
              scratch / "x" + ": is a GIF file; needed PNG, JPEG or .npy");
  writeFile(picture, makePng(5, 5, 1).substr(0, 40));
  expectError(arguments, picture + ": is no valid PNG file: it has no end");
  writeFile(picture, makePng(5, 5, 1));
  writeFile(labels, "a\nb\n");
  expectError(predict({"--input", picture, "--labels", labels}),
              labels + ": has 2 lines, needed 3, one for each class");
  Result result = run({"predict", "--weights", scratch / "empty", "--input",
                       "x=" + picture, "--input", "n=n", "--output", "y=y"},
                      lengths());
  EXPECT_EQ(result.code, 1);
}

TEST_F(CliErrorsTest, FilesThatWouldBeLost) {
  expectUsage({"train", "--data", "npy", "--log-csv", "x", "--log-jsonl", "x"},
              "options '--log-csv' and '--log-jsonl' name the same file, 'x'");
  expectUsage({"convert", "--weights", weights, "--output", weights},
              "options '--weights' and '--output' name the same file, '" +
                  weights + "'");
  expectUsage({"predict", "--weights", weights, "--input", "x.npy", "--output",
               "x.npy"},
              "options '--input' and '--output' name the same file, 'x.npy'");
  expectUsage({"predict", "--weights", weights, "--input", "x.npy", "--output",
               weights},
              "options '--weights' and '--output' name the same file, '" +
                  weights + "'");
  expectUsage({"train", "--data", "npy", "--weights", "x", "--log-csv", "x"},
              "options '--weights' and '--log-csv' name the same file, 'x'");
  expectUsage({"train", "--data", "npy", "--weights", "x", "--log-jsonl", "x"},
              "options '--weights' and '--log-jsonl' name the same file, 'x'");
  // Other spellings, of files that are not there yet.
  std::string csv = scratch / "log";
  expectUsage({"train", "--data", "npy", "--log-csv", csv, "--log-jsonl",
               scratch / "./no/../log"},
              "options '--log-csv' and '--log-jsonl' name the same file, '" +
                  scratch / "./no/../log" + "'");
  expectUsage(
      {"train", "--data", "npy", "--log-csv", "x", "--log-jsonl", "./x"},
      "options '--log-csv' and '--log-jsonl' name the same file, "
      "'./x'");
  std::vector<std::string> train = {"train", "--data", "npy", "--data-dir",
                                    scratch.path()};
  // Of each data set file, and of the program.
  std::string program = std::filesystem::read_symlink("/proc/self/exe");
  for (const char *option : {"--save", "--log-csv", "--log-jsonl"})
    for (const char *name : {"train-image.npy", "test-label.npy"}) {
      std::string file =
          scratch / "../" +
          std::filesystem::path(scratch.path()).filename().string() + "/" +
          name;
      std::string before = readFile(file);
      std::vector<std::string> words = train;
      words.insert(words.end(), {option, file});
      expectError(words, file + ": a file of the data set; nothing is written "
                                "over it");
      EXPECT_EQ(readFile(file), before);
      words.back() = program;
      expectError(words, program + ": the program that runs; nothing is "
                                   "written over it");
    }
  expectError({"convert", "--weights", weights, "--output", program},
              program + ": the program that runs; nothing is written over it");
  for (const char *option : {"--save", "--log-csv"}) {
    std::vector<std::string> words = train;
    words.insert(words.end(), {option, scratch / "a.maek"});
    expectError(words,
                scratch / "a.maek" +
                    ": a name of a model file; nothing is written over one");
  }
}

TEST_F(CliErrorsTest, AnArenaThatCannotBeAddressed) {
  knobs().arenaBytes = -1;
  expectError({"info", "--arena", "--batch", "9"},
              "entry 'forward' at B = 9: a tensor would have more than "
              "2^31 - 1 numbers");
}

TEST_F(CliErrorsTest, PlacesThatCannotBeWritten) {
  std::string no = scratch / "no/f";
  expectError(train({"--save", no}),
              no + ": cannot write: No such file or directory");
  expectError(train({"--log-csv", no}),
              no + ": cannot write: No such file or directory");
  expectError(train({"--log-jsonl", no}),
              no + ": cannot write: No such file or directory");
  expectError(train({"--resume", no}),
              no + ": cannot open: No such file or directory");
  Result result = run(train({"--log-csv", "/dev/full", "--quiet"}));
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: /dev/full: cannot write\n");
}

TEST_F(CliErrorsTest, OutputThatDoesNotArrive) {
  int former = dup(STDOUT_FILENO);
  int full = open("/dev/full", O_WRONLY);
  std::fflush(stdout);
  Result result;
  {
    // `run` would capture standard output, so this call is made by hand.
    dup2(full, STDOUT_FILENO);
    testing::internal::CaptureStderr();
    result.code = runUncaptured({"info"});
    result.err = testing::internal::GetCapturedStderr();
    std::clearerr(stdout);
    dup2(former, STDOUT_FILENO);
  }
  close(full);
  close(former);
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: cannot write to standard output: No "
                        "space left on device\n");
}

TEST_F(CliErrorsTest, ADamagedModuleIsTold) {
  maek_module_t module = logistic();
  module.abi = 9;
  expectError({"info"}, "the module has ABI 9, this runtime reads 2", module);
}
