// Part of Maek, under the MIT licence; see LICENSE.
// A model on a device: the numbers of the processor, what is asked of the
// driver, what remains of a device that fails.
#include "FakeDevice.h"
#include "Scratch.h"
#include "runtime/core/Model.h"
#include "runtime/device/Devices.h"
#include "tests/support/StubCuda.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <vector>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
enum Entry : size_t { Forward, TrainStep, GenerateStep };

const maek_module_t &moduleFor(const std::string &name) {
  return name == "cpu" ? steps() : stepsFor(name.c_str());
}

/// A model on "cpu", "cuda" or "opencl", and its input.
class Steps {
public:
  explicit Steps(const std::string &name) {
    Expected<std::unique_ptr<Device>> device = openDevice(name);
    if (!device)
      return;
    Expected<std::unique_ptr<Model>> made =
        Model::create(moduleFor(name), 7, 0, std::move(*device));
    EXPECT_TRUE(made) << made.takeError().message();
    model = std::move(*made);
    setBatch(3);
  }

  void setBatch(int64_t batch) {
    shape[0] = batch;
    input.resize(static_cast<size_t>(batch) * 4);
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = static_cast<float>(i * i % 7) / 4;
    tensor = {"x", MAEK_F32, 2, shape, input.data()};
  }
  void train() {
    Error error = model->trainStep({&tensor, 1}, 0.25, 10);
    EXPECT_FALSE(error) << error.message();
  }
  void forward() {
    Error error = model->run(Forward, {&tensor, 1});
    EXPECT_FALSE(error) << error.message();
  }
  double scalar(size_t entry, size_t index) {
    Expected<double> value = model->scalar(entry, index);
    EXPECT_TRUE(value);
    return value ? *value : -1;
  }
  static std::vector<float> floats(Expected<maek_tensor_t> tensor) {
    EXPECT_TRUE(tensor);
    if (!tensor)
      return {};
    std::span<const int64_t> shape(tensor->shape,
                                   static_cast<size_t>(tensor->rank));
    const auto *data = static_cast<const float *>(tensor->data);
    return {data, data + *countElements(shape)};
  }
  std::vector<float> output() { return floats(model->result(Forward, 0)); }
  std::vector<float> weights() { return floats(model->parameter(0)); }
  /// One more step of a text: the sums over its rows so far.
  std::vector<float> read(int32_t position) {
    const int64_t shape[] = {3, 2};
    maek_tensor_t given[] = {
        {"x", MAEK_F32, 2, shape, input.data() + position},
        {"state.position", MAEK_I32, 0, nullptr, &position}};
    Error error = model->run(GenerateStep, given);
    EXPECT_FALSE(error) << error.message();
    return floats(model->result(GenerateStep, 0));
  }

  std::unique_ptr<Model> model;
  int64_t shape[2] = {0, 4};
  std::vector<float> input;
  maek_tensor_t tensor;
};

/// What a device gives is what the processor gives.
class ModelDeviceTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    defineStubKernels();
    if (!there.model)
      GTEST_SKIP() << "there is no device " << GetParam();
  }

  Steps there{GetParam()}, here{"cpu"};
};
} // namespace

TEST_P(ModelDeviceTest, TrainsAsTheProcessorDoes) {
  for (int i = 0; i < 6; ++i) {
    // A batch of another size between those of one size.
    there.setBatch(i == 3 ? 2 : 3);
    here.setBatch(i == 3 ? 2 : 3);
    there.train();
    here.train();
    EXPECT_FLOAT_EQ(there.scalar(TrainStep, 0), here.scalar(TrainStep, 0));
    EXPECT_FLOAT_EQ(there.scalar(TrainStep, 1), here.scalar(TrainStep, 1));
    EXPECT_EQ(there.weights(), here.weights()) << i;
    there.forward();
    here.forward();
    EXPECT_EQ(there.output(), here.output()) << i;
    EXPECT_FLOAT_EQ(there.scalar(Forward, 1), here.scalar(Forward, 1));
  }
  EXPECT_EQ(there.model->step, 6);
}

TEST_P(ModelDeviceTest, NewWeightsAreUsed) {
  there.forward();
  std::vector<float> before = there.output(), values = {1, 2, 3, 4};
  const int64_t shape[] = {4};
  for (Steps *one : {&there, &here}) {
    ASSERT_FALSE(
        one->model->setParameter({"w", MAEK_F32, 1, shape, values.data()}));
    one->forward();
    EXPECT_EQ(one->weights(), values);
  }
  EXPECT_NE(there.output(), before);
  EXPECT_EQ(there.output(), here.output());
}

TEST_P(ModelDeviceTest, CheckpointsGoFromOneToTheOther) {
  Scratch scratch;
  std::string file = scratch / "w.safetensors";
  there.train();
  there.train();
  ASSERT_FALSE(there.model->checkParameters());
  ASSERT_FALSE(there.model->save(file, {}));
  ASSERT_TRUE(here.model->load(file, true));
  EXPECT_EQ(here.model->step, 2);
  EXPECT_EQ(here.weights(), there.weights());
  here.train();
  ASSERT_FALSE(here.model->save(file, {}));
  ASSERT_TRUE(there.model->load(file, true));
  EXPECT_EQ(there.weights(), here.weights());
  there.train();
  here.train();
  EXPECT_EQ(there.weights(), here.weights());
}

TEST_P(ModelDeviceTest, WhatIsCarriedStaysThereAndGrows) {
  for (Steps *one : {&there, &here})
    one->model->resetCarried(GenerateStep, 2);
  for (int32_t position = 0; position < 6; ++position) {
    if (position == 2)
      for (Steps *one : {&there, &here})
        one->model->growCarried(GenerateStep, 6);
    EXPECT_EQ(there.read(position), here.read(position)) << position;
  }
  // A new text begins with zeros.
  for (Steps *one : {&there, &here})
    one->model->resetCarried(GenerateStep, 6);
  EXPECT_EQ(there.read(0), here.read(0));
}

INSTANTIATE_TEST_SUITE_P(Devices, ModelDeviceTest,
                         testing::Values("cuda", "opencl"),
                         [](const auto &info) {
                           return std::string(info.param);
                         });

namespace {
class StubbedModelTest : public testing::Test {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    defineStubKernels();
    ASSERT_TRUE(steps.model);
  }
  void TearDown() override { maek_stub_cuda_reset(); }
  static std::string log() {
    std::string lines = maek_stub_cuda_log();
    maek_stub_cuda_reset();
    return lines;
  }

  Steps steps{"cuda"};
};
} // namespace

// The batch and the rate go there in one copy, the loss comes back if read.
TEST_F(StubbedModelTest, AStepIsOneCopyAndOneReplay) {
  steps.train();
  log();
  steps.train();
  EXPECT_EQ(log(), "upload 772\nbegin recording\n"
                   "record launch descend 1x1x1 1x1x1 shared 0\n"
                   "end recording, 1 operations\nreplay\n"
                   "launch descend 1x1x1 1x1x1 shared 0\n");
  for (int i = 0; i < 3; ++i) {
    steps.train();
    EXPECT_EQ(log(), "upload 772\nreplay\n"
                     "launch descend 1x1x1 1x1x1 shared 0\n");
  }
  EXPECT_FALSE(steps.model->checkLoss());
  EXPECT_EQ(log(), "download 16\nsynchronize\n");
  steps.scalar(TrainStep, 1);
  EXPECT_EQ(log(), "");
}

TEST_F(StubbedModelTest, EachSizeIsRecordedOnce) {
  auto trainAt = [&](int64_t batch) {
    steps.setBatch(batch);
    steps.train();
  };
  // The second epoch's last batch is recorded, the third's replayed.
  for (int epoch = 0; epoch < 2; ++epoch)
    for (int64_t batch : {8, 8, 8, 5})
      trainAt(batch);
  EXPECT_NE(log().find("begin recording"), std::string::npos);
  for (int64_t batch : {8, 8, 8, 5})
    trainAt(batch);
  std::string lines = log();
  EXPECT_EQ(lines.find("record"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("allocate"), std::string::npos) << lines;
}

TEST_F(StubbedModelTest, WeightsArePreparedThere) {
  steps.forward();
  steps.forward();
  log();
  steps.forward();
  EXPECT_EQ(log(), "upload 48\nreplay\n"
                   "launch scale 1x1x1 1x1x1 shared 0\n"
                   "launch total 1x1x1 1x1x1 shared 0\n");
  steps.train();
  log();
  steps.forward();
  std::string lines = log();
  EXPECT_NE(lines.find("launch twice"), std::string::npos);
  EXPECT_EQ(lines.find("download"), std::string::npos);
  EXPECT_EQ(lines.find("allocate"), std::string::npos) << lines;
}

TEST_F(StubbedModelTest, WithoutMemoryThereItIsAStatus) {
  setenv("MAEK_STUB_CUDA_MEMORY", "1000000", 1);
  steps.setBatch(1 << 16);
  Error error = steps.model->run(Forward, {&steps.tensor, 1});
  unsetenv("MAEK_STUB_CUDA_MEMORY");
  EXPECT_EQ(error.code(), MAEK_OUT_OF_MEMORY);
  EXPECT_TRUE(error.message().starts_with(
      "cuda:0 (Stub A) has no 1048576 bytes for output 'y': "))
      << error.message();
  steps.setBatch(3);
  steps.forward();
  EXPECT_EQ(steps.output().size(), 12u);
}

// Whatever an allocation fails for, the call ends with a clean status and works
// once memory is there.
TEST_F(StubbedModelTest, AnyFailedAllocationThereIsAStatus) {
  steps.forward();
  int failed = 0;
  for (bool isDone = false; !isDone; ++failed) {
    ASSERT_LT(failed, 100);
    Steps fresh("cuda");
    log();
    maek_stub_cuda_set_no_memory(failed + 1);
    Error error = fresh.model->run(Forward, {&fresh.tensor, 1});
    isDone = log().find("no memory") == std::string::npos;
    EXPECT_EQ(error.code(), isDone ? MAEK_OK : MAEK_OUT_OF_MEMORY) << failed;
    fresh.forward();
    EXPECT_EQ(fresh.output(), steps.output()) << failed;
  }
  // The results, the arguments, the arena, a kernel's scratch.
  EXPECT_GE(failed, 5);
}

TEST_F(StubbedModelTest, WithoutMemoryToRecordItRunsAsBefore) {
  for (int i = 0; i < 3; ++i) {
    steps.forward();
    maek_stub_cuda_set_no_memory(1);
  }
  std::vector<float> found = steps.output();
  EXPECT_EQ(log().find("replay"), std::string::npos);
  steps.forward();
  steps.forward();
  EXPECT_NE(log().find("replay"), std::string::npos);
  EXPECT_EQ(steps.output(), found);
}

// What was recorded until something failed is no run.
TEST(Recordings, AFailedOneIsForgotten) {
  Expected<std::unique_ptr<Device>> device = openDevice("cuda");
  ASSERT_TRUE(device);
  Expected<DeviceAddress> at = (*device)->allocate(4, "a test");
  ASSERT_TRUE(at);
  Recordings recordings;
  int runs = 0;
  auto run = [&] {
    maek_stub_cuda_reset();
    return recordings.run(**device, {{}, {}, nullptr}, [&] {
      if (Error error = (*device)->clear(*at, 4))
        return error;
      return ++runs == 2 ? makeError(MAEK_OUT_OF_MEMORY, "in the middle")
                         : Error::success();
    });
  };
  EXPECT_FALSE(run());
  EXPECT_STREQ(maek_stub_cuda_log(), "clear 4\n");
  EXPECT_EQ(run().message(), "in the middle");
  EXPECT_FALSE(run());
  EXPECT_STREQ(maek_stub_cuda_log(), "clear 4\n");
  EXPECT_FALSE(run());
  EXPECT_FALSE(run());
  EXPECT_STREQ(maek_stub_cuda_log(), "replay\nclear 4\n");
  EXPECT_EQ(runs, 4);
  recordings.clear();
  (*device)->release(*at);
}

TEST_F(StubbedModelTest, ALostDeviceLeavesTheLastCheckpoint) {
  Scratch scratch;
  std::string file = scratch / "w.safetensors";
  steps.train();
  ASSERT_FALSE(steps.model->save(file, {}));
  std::vector<float> saved = steps.weights();
  maek_stub_cuda_set_lost(1);
  EXPECT_FALSE(steps.model->trainStep({&steps.tensor, 1}, 0.25, 10));
  Error error = steps.model->checkLoss();
  EXPECT_EQ(error.code(), MAEK_DEVICE_ERROR);
  EXPECT_TRUE(error.message().starts_with("lost the device cuda:0 (Stub A)"))
      << error.message();
  EXPECT_EQ(steps.model->save(file, {}).code(), MAEK_DEVICE_ERROR);
  EXPECT_EQ(steps.model->checkParameters().code(), MAEK_DEVICE_ERROR);
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"w.safetensors"});
  Steps here("cpu");
  ASSERT_TRUE(here.model->load(file, true));
  EXPECT_EQ(here.weights(), saved);
}

TEST_F(StubbedModelTest, MemoryThereCountsAgainstTheLimit) {
  Expected<std::unique_ptr<Device>> device = openDevice("cuda");
  ASSERT_TRUE(device);
  Expected<std::unique_ptr<Model>> small =
      Model::create(stepsFor("cuda"), 0, 40, std::move(*device));
  ASSERT_FALSE(small);
  EXPECT_EQ(small.takeError().message(),
            "prepared tensor 'w2' needs 16 bytes; the model holds 40 of its "
            "limit of 40");
}
