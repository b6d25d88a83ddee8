// Part of Maek, under the MIT licence; see LICENSE.
// Interrupted training goes on bit for bit; what stops it otherwise is told.
#include "Run.h"
#include "Scratch.h"
#include "runtime/cli/Interrupts.h"
#include "runtime/train/Trainer.h"

#include <csignal>
#include <cstring>
#include <gtest/gtest.h>

using namespace maek::fake;

namespace {
class ResumeTest : public testing::Test {
protected:
  void SetUp() override {
    knobs() = Knobs();
    writeNpyData(scratch);
  }
  Result train(std::vector<std::string> more) {
    std::vector<std::string> arguments = {
        "train",    "--data", "npy",    "--data-dir", scratch.path(),
        "--epochs", epochs,   "--seed", "5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  /// Raises the signal in the step of that number, once.
  static void interruptAt(int step, int signal = SIGINT) {
    knobs().onTrain = [step, signal, count = 0]() mutable {
      if (++count == step)
        std::raise(signal);
    };
  }

  Scratch scratch;
  std::string epochs = "3";
  std::string path = scratch / "c.safetensors";
};
} // namespace

/// The columns of a log that are not times.
static std::string figures(const std::string &csv) {
  std::string out;
  for (size_t at = 0; at < csv.size();) {
    size_t end = csv.find('\n', at);
    size_t speed = csv.rfind(',', end), seconds = csv.rfind(',', speed - 1);
    out += csv.substr(at, seconds - at) + '\n';
    at = end + 1;
  }
  return out;
}

TEST_F(ResumeTest, GoesOnBitForBitFromAnyStep) {
  std::string whole = scratch / "whole.safetensors";
  std::string wholeLog = scratch / "whole.csv";
  Result result = train({"--save", whole, "--log-csv", wholeLog});
  ASSERT_EQ(result.code, 0) << result.err;
  // 7 batches an epoch: the first step, the middle, around the end.
  for (int step : {1, 4, 6, 7, 8, 13, 14, 20, 21}) {
    std::string log = scratch / ("log" + std::to_string(step) + ".csv");
    interruptAt(step);
    result = train({"--save", path, "--log-csv", log, "--quiet"});
    knobs().onTrain = nullptr;
    ASSERT_EQ(result.code, 130) << step << result.err;
    int epoch = (step - 1) / 7, batch = (step - 1) % 7 + 1;
    EXPECT_EQ(result.err,
              "fake: interrupted at epoch " + std::to_string(epoch + 1) +
                  ", batch " + std::to_string(batch) +
                  " of 7; saved; go on with --resume " + path + " --data-dir " +
                  scratch.path() + " --log-csv " + log + "\n");
    // The checkpoint knows all options but where the data is.
    result = run({"train", "--data-dir", scratch.path(), "--resume", path,
                  "--log-csv", log, "--quiet"});
    ASSERT_EQ(result.code, 0) << step << result.err;
    EXPECT_EQ(readFile(path), readFile(whole)) << step;
    EXPECT_EQ(figures(readFile(log)), figures(readFile(wholeLog))) << step;
    std::remove(path.c_str());
  }
}

// Figures of the run before stay, whatever state it left them in.
TEST_F(ResumeTest, ALogIsGoneOnWith) {
  std::string csv = scratch / "log.csv", jsonl = scratch / "log.jsonl";
  interruptAt(9);
  Result result = train({"--save", path, "--log-csv", csv, "--log-jsonl", jsonl,
                         "--log-every", "2", "--quiet"});
  knobs().onTrain = nullptr;
  EXPECT_EQ(result.code, 130);
  EXPECT_TRUE(result.err.ends_with(" --log-csv " + csv + " --log-jsonl " +
                                   jsonl + " --log-every 2\n"))
      << result.err;
  auto resume = [&] {
    return run({"train", "--data-dir", scratch.path(), "--resume", path,
                "--log-csv", csv, "--log-jsonl", jsonl, "--quiet"});
  };
  std::string table = readFile(csv), lines = readFile(jsonl);
  std::string checkpoint = readFile(path);
  // Killed amid a line, which the next must not become part of.
  writeFile(csv, table + "2,10,st");
  writeFile(jsonl, lines + "{\"ep");
  EXPECT_EQ(resume().err, "");
  EXPECT_TRUE(readFile(csv).starts_with(table + "2,10,st\n2,14,train,"));
  EXPECT_TRUE(readFile(jsonl).starts_with(lines + "{\"ep\n{\"epoch\":2,"));
  // Of another run with other figures.
  writeFile(path, checkpoint);
  writeFile(csv, "epoch,step,split,loss,seconds,samples_per_second\n");
  std::string before = readFile(csv);
  result = resume();
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: " + csv +
                            ": has other columns than this run; nothing is "
                            "added to it\n");
  EXPECT_EQ(readFile(csv), before);
  EXPECT_EQ(readFile(path), checkpoint);
}

TEST_F(ResumeTest, OtherSignalsAreAnsweredToo) {
  for (int signal : {SIGTERM, SIGHUP}) {
    interruptAt(2, signal);
    Result result = train({"--save", path, "--quiet"});
    EXPECT_EQ(result.code, 130);
    EXPECT_TRUE(exists(path));
  }
}

// A step may take long: the answer comes before it is done.
TEST_F(ResumeTest, AnInterruptIsAnsweredAtOnce) {
  interruptAt(9);
  Result result = train({"--save", path});
  EXPECT_EQ(result.code, 130);
  EXPECT_EQ(result.err,
            "fake: interrupted: saving after this step; once more ends at "
            "once, without saving\n"
            "fake: interrupted at epoch 2, batch 2 of 7; saved; go on with "
            "--resume " +
                path + " --data-dir " + scratch.path() + "\n");
  auto interruptTwice = [&] {
    knobs().onTrain = [] {
      std::raise(SIGINT);
      std::raise(SIGINT);
    };
    runUncaptured({"train", "--data", "npy", "--data-dir", scratch.path()});
  };
  EXPECT_EXIT(interruptTwice(), testing::KilledBySignal(SIGINT),
              "^fake: interrupted: ending after this step; once more ends at "
              "once\n$");
}

TEST_F(ResumeTest, ASecondSignalKills) {
  for (int second : {SIGINT, SIGTERM}) {
    auto interruptTwice = [&] {
      knobs().onTrain = [second] {
        std::raise(SIGINT);
        std::raise(second);
      };
      train({"--quiet"});
    };
    EXPECT_EXIT(interruptTwice(), testing::KilledBySignal(second), "");
  }
}

TEST_F(ResumeTest, AnIgnoredSignalStaysIgnored) {
  auto former = std::signal(SIGHUP, SIG_IGN);
  interruptAt(2, SIGHUP);
  EXPECT_EQ(train({"--quiet"}).code, 0);
  std::signal(SIGHUP, former);
}

TEST_F(ResumeTest, WithoutSaveAnInterruptSaysSo) {
  interruptAt(9);
  Result result = train({"--quiet"});
  EXPECT_EQ(result.code, 130);
  EXPECT_EQ(result.err, "fake: interrupted at epoch 2, batch 2 of 7; nothing "
                        "saved, there was no --save\n");
}

TEST_F(ResumeTest, BeforeTheFirstStepASignalEndsTheProgram) {
  auto interrupt = [] {
    maek::runtime::InterruptExit guard("fake: interrupted");
    std::raise(SIGINT);
  };
  EXPECT_EXIT(interrupt(), testing::ExitedWithCode(130), "fake: interrupted\n");
}

// A loss tells one step late that an update went wrong: the checkpoint of the
// step before must survive it.
TEST_F(ResumeTest, WeightsThatAreNotFiniteAreNotSaved) {
  auto spoilAt = [](int step) {
    knobs().onTrain = [step, count = 0]() mutable {
      knobs().weightIsNan = ++count == step;
    };
  };
  spoilAt(7);
  Result result = train({"--save", path, "--quiet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: the parameter 'linear.W' has numbers "
                        "that are not finite after step 7 (epoch 1); nothing "
                        "was saved\n");
  EXPECT_FALSE(exists(path));
  spoilAt(14);
  result = train({"--save", path, "--quiet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: the parameter 'linear.W' has numbers "
                        "that are not finite after step 14 (epoch 2); " +
                            path + " holds step 7\n");
  spoilAt(9);
  result = train({"--save", path, "--quiet"});
  EXPECT_EQ(result.err, "fake: error: the loss is not a number at step 10 "
                        "(epoch 2); " +
                            path + " holds step 7\n");
  knobs() = Knobs();
  EXPECT_EQ(train({"--resume", path, "--quiet"}).code, 0);
}

TEST_F(ResumeTest, AFinishedRunHasNothingLeft) {
  ASSERT_EQ(train({"--save", path, "--quiet"}).code, 0);
  std::string before = readFile(path);
  Result result = train({"--resume", path});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "nothing left to do: " + path + " has all 3 epochs\n");
  EXPECT_EQ(readFile(path), before);
  // More epochs may follow.
  epochs = "4";
  result = train({"--resume", path});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(hideTimes(result.out),
            "epoch 4/4: loss #, accuracy #; test loss #, "
            "accuracy #; # s, # samples/s\nsaved " +
                path + " at step 28\n");
}

TEST_F(ResumeTest, WhatWouldChangeTheRunIsRefused) {
  ASSERT_EQ(train({"--save", path, "--quiet"}).code, 0);
  auto expect = [&](std::vector<std::string> more, const std::string &text) {
    more.insert(more.end(), {"--resume", path});
    Result result = train(more);
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "fake: error: " + path + ": " + text + "\n");
  };
  expect({"--batch", "9"}, "was written with batch 8, cannot go on with 9");
  writeNpyData(scratch, 40);
  expect({}, "was written with examples 50, cannot go on with 40");
}

TEST_F(ResumeTest, WeightsAloneAreNoCheckpoint) {
  maek_model_t *model;
  ASSERT_EQ(maek_model_create(&logistic(), nullptr, &model), MAEK_OK);
  ASSERT_EQ(maek_model_save(model, path.c_str()), MAEK_OK);
  maek_model_destroy(model);
  Result result = train({"--resume", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: " + path +
                            ": no checkpoint of a training run: it has no "
                            "metadata 'maek.data'\n");
}

TEST_F(ResumeTest, DamagedCheckpointsAreRefused) {
  interruptAt(4);
  ASSERT_EQ(train({"--save", path, "--quiet"}).code, 130);
  std::string good = readFile(path);
  auto expect = [&](const std::string &from, const std::string &to,
                    const std::string &text) {
    std::string content = good;
    ASSERT_NE(content.find(from), std::string::npos);
    content.replace(content.find(from), from.size(), to);
    uint64_t header; // the file begins with its size
    std::memcpy(&header, content.data(), sizeof(header));
    header += to.size() - from.size();
    std::memcpy(content.data(), &header, sizeof(header));
    writeFile(path, content);
    Result result =
        run({"train", "--data-dir", scratch.path(), "--resume", path});
    EXPECT_EQ(result.code, 1);
    EXPECT_EQ(result.err, "fake: error: " + path + ": " + text + "\n");
    EXPECT_EQ(readFile(path), content);
  };
  expect(R"("maek.batch":"8")", R"("maek.batch":"0")",
         "metadata 'maek.batch' is '0', needed a count");
  expect(R"("maek.batch":"8")", R"("maek.batch":"9223372036854775807")",
         "metadata 'maek.batch' is '9223372036854775807', needed a count");
  expect(R"("maek.epochs":"3")", R"("maek.epochs":"9223372036854775807")",
         "metadata 'maek.epochs' is '9223372036854775807', needed a count");
  expect(R"("maek.step":"4")", R"("maek.step":"9223372036854775807")",
         "metadata 'maek.step' is '9223372036854775807', needed a count");
  expect(R"("maek.lr":"0.1")", R"("maek.lr":"nan")",
         "metadata 'maek.lr' is 'nan', needed a number");
  expect(R"("maek.epoch":"0")", R"("maek.epoch":"x")",
         "metadata 'maek.epoch' is 'x', needed a count");
  expect(R"("maek.batch_in_epoch":"4")", R"("maek.batch_in_epoch":"8")",
         "metadata 'maek.batch_in_epoch' is 8, but an epoch has 7 batches");
  expect(R"("maek.meter":"32 )", R"("maek.meter":"3x )",
         "metadata 'maek.meter' is damaged");
  expect(R"("maek.model":"Logistic")", R"("maek.model":"Logistoc")",
         "was written with model Logistoc, cannot go on with Logistic");
}

TEST_F(ResumeTest, ALossThatIsNotANumberStops) {
  knobs().onTrain = [count = 0]() mutable {
    knobs().lossIsNan = ++count == 10;
  };
  Result result = train({"--save", path, "--quiet"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "fake: error: the loss is not a number at step 10 "
                        "(epoch 2); " +
                            path + " holds step 7\n");
  // The checkpoint of the first epoch is good.
  knobs() = Knobs();
  EXPECT_EQ(train({"--resume", path, "--quiet"}).code, 0);
  knobs().lossIsNan = true;
  EXPECT_EQ(train({"--quiet"}).err,
            "fake: error: the loss is not a number at step 1 (epoch 1); "
            "nothing was saved\n");
}

TEST_F(ResumeTest, SomeExamplesOnlyAreKeptByAResumedRun) {
  std::string whole = scratch / "whole.safetensors";
  std::string log = scratch / "log.csv";
  ASSERT_EQ(train({"--save", whole, "--examples", "20", "--batch", "8",
                   "--log-csv", log, "--quiet"})
                .code,
            0);
  // Three batches an epoch, of 8, 8 and 4.
  EXPECT_NE(readFile(log).find("\n3,9,test,"), std::string::npos);
  interruptAt(5);
  EXPECT_EQ(
      train({"--save", path, "--examples", "20", "--batch", "8", "--quiet"})
          .code,
      130);
  EXPECT_EQ(
      run({"train", "--resume", path, "--data-dir", scratch.path(), "--quiet"})
          .code,
      0);
  EXPECT_EQ(readFile(path), readFile(whole));
  // Another seed, or more examples, is another run.
  std::string other = scratch / "other.safetensors";
  train({"--save", other, "--examples", "21", "--batch", "8", "--quiet"});
  EXPECT_NE(readFile(other), readFile(whole));
  EXPECT_EQ(train({"--resume", path, "--examples", "21", "--quiet"}).err,
            "fake: error: " + path +
                ": was written with examples 20, cannot go on with 21\n");
  EXPECT_EQ(train({"--examples", "51"}).err,
            "fake: error: the data set has 50 examples, not 51\n");
}

TEST_F(ResumeTest, NeedsNoTestSetWithoutEvaluation) {
  std::remove((scratch / "test-image.npy").c_str());
  std::string log = scratch / "log.csv";
  ASSERT_EQ(train({"--evaluate-every", "0", "--log-csv", log, "--quiet"}).code,
            0);
  EXPECT_EQ(readFile(log).find("test"), std::string::npos);
}

namespace {
/// Counts evaluations.
struct Counter : maek::runtime::TrainListener {
  void onStep(const maek::runtime::TrainPosition &,
              const maek::runtime::Meter &) override {}
  void onEvaluate(int64_t, int64_t) override {}
  void onEpoch(const maek::runtime::TrainPosition &,
               const maek::runtime::Meter &,
               const maek::runtime::Meter *test) override {
    ++epochs;
    evaluations += test != nullptr;
  }
  void onSave(const std::string &) override {}
  bool mustStop() override { return false; }

  int epochs = 0, evaluations = 0;
};
} // namespace

TEST_F(ResumeTest, NeverEvaluatesIfToldSoWhateverIsGiven) {
  using namespace maek::runtime;
  auto model = Model::create(logistic(), 0, 0);
  ASSERT_TRUE(model);
  const ModuleInfo &module = (*model)->module();
  Expected<Dataset> data =
      loadDataset("npy", scratch.path(), Split::Test,
                  module.entries[*module.findEntry("evaluate")]);
  ASSERT_TRUE(data);
  TrainOptions options;
  options.epochs = 2, options.evaluateEvery = 0;
  Expected<Trainer> trainer =
      Trainer::create(**model, *data, &*data, std::move(options));
  ASSERT_TRUE(trainer);
  Counter counter;
  ASSERT_TRUE(trainer->run(counter));
  EXPECT_EQ(counter.epochs, 2);
  EXPECT_EQ(counter.evaluations, 0);
}

TEST_F(ResumeTest, EvaluatesAfterSomeEpochsAndTheLast) {
  std::string log = scratch / "log.csv";
  epochs = "5";
  ASSERT_EQ(train({"--evaluate-every", "2", "--log-csv", log, "--quiet"}).code,
            0);
  std::string csv = readFile(log);
  for (int epoch = 1; epoch <= 5; ++epoch)
    EXPECT_EQ(csv.find("\n" + std::to_string(epoch) + "," +
                       std::to_string(7 * epoch) + ",test") !=
                  std::string::npos,
              epoch != 1 && epoch != 3)
        << csv;
}
