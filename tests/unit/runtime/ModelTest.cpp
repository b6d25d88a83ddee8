// Part of Maek, under the MIT licence; see LICENSE.
// The C interface on the hand-written modules: results, messages, memory.
#include "Allocations.h"
#include "FakeModule.h"
#include "Scratch.h"
#include "maek/maek.h"

#include <cmath>
#include <gtest/gtest.h>
#include <vector>

using namespace maek::fake;

namespace {
/// A model of the module and tensors for `batch` examples.
class ModelTest : public testing::Test {
protected:
  void SetUp() override {
    knobs() = Knobs();
    ASSERT_EQ(maek_model_create(&logistic(), nullptr, &model), MAEK_OK)
        << maek_model_last_error(nullptr);
    setBatch(5);
  }
  void TearDown() override { maek_model_destroy(model); }

  void setBatch(int64_t batch) {
    imageShape[0] = labelShape[0] = batch;
    images.resize(static_cast<size_t>(batch * kPixels));
    labels.resize(static_cast<size_t>(batch));
    for (size_t i = 0; i < images.size(); ++i)
      images[i] = static_cast<float>((i * 7 + i / 16) % 11) / 11;
    for (size_t i = 0; i < labels.size(); ++i)
      labels[i] = static_cast<int32_t>(i % kClasses);
    tensors[0] = {"image", MAEK_F32, 3, imageShape, images.data()};
    tensors[1] = {"label", MAEK_I32, 1, labelShape, labels.data()};
  }
  std::string error() const { return maek_model_last_error(model); }
  double scalar(const char *entry, const char *name) {
    double value = -1;
    EXPECT_EQ(maek_model_scalar(model, entry, name, &value), MAEK_OK)
        << error();
    return value;
  }
  std::vector<float> weights() {
    maek_tensor_t tensor;
    EXPECT_EQ(maek_model_parameter(model, "linear.W", &tensor), MAEK_OK);
    const auto *data = static_cast<const float *>(tensor.data);
    return {data, data + kClasses * kPixels};
  }
  maek_status_t train() {
    return maek_model_train_step(model, tensors, 2, 0.5, 100);
  }

  maek_model_t *model = nullptr;
  int64_t imageShape[3] = {0, 4, 4}, labelShape[1] = {0};
  std::vector<float> images;
  std::vector<int32_t> labels;
  maek_tensor_t tensors[2];
};
} // namespace

TEST_F(ModelTest, ForwardMultipliesByThePreparedWeights) {
  ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK) << error();
  maek_tensor_t logits;
  ASSERT_EQ(maek_model_result(model, "forward", "logits", &logits), MAEK_OK);
  ASSERT_EQ(logits.rank, 2);
  EXPECT_EQ(logits.shape[0], 5);
  EXPECT_EQ(logits.shape[1], 3);
  std::vector<float> w = weights();
  for (size_t i = 0; i < 5; ++i)
    for (size_t c = 0; c < 3; ++c) {
      float sum = 0;
      for (size_t p = 0; p < 16; ++p)
        sum += w[c * 16 + p] * images[i * 16 + p];
      EXPECT_NEAR(static_cast<float *>(logits.data)[i * 3 + c], sum, 1e-5);
    }
}

TEST_F(ModelTest, WeightsArePreparedOnlyAfterAChange) {
  for (int i = 0; i < 3; ++i)
    ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK);
  EXPECT_EQ(knobs().prepares, 1);
  ASSERT_EQ(train(), MAEK_OK) << error();
  ASSERT_EQ(maek_model_evaluate(model, tensors, 2), MAEK_OK);
  ASSERT_EQ(maek_model_evaluate(model, tensors, 2), MAEK_OK);
  EXPECT_EQ(knobs().prepares, 2);
  maek_tensor_t bias;
  ASSERT_EQ(maek_model_parameter(model, "linear.b", &bias), MAEK_OK);
  ASSERT_EQ(maek_model_set_parameter(model, &bias), MAEK_OK);
  ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK);
  EXPECT_EQ(knobs().prepares, 3);
}

TEST_F(ModelTest, TrainingLowersTheLoss) {
  ASSERT_EQ(maek_model_evaluate(model, tensors, 2), MAEK_OK);
  double before = scalar("evaluate", "loss");
  for (int i = 0; i < 50; ++i)
    ASSERT_EQ(train(), MAEK_OK) << error();
  EXPECT_EQ(maek_model_step(model), 50);
  ASSERT_EQ(maek_model_evaluate(model, tensors, 2), MAEK_OK);
  EXPECT_LT(scalar("evaluate", "loss"), before / 2);
  EXPECT_EQ(scalar("evaluate", "accuracy"), 1.0);
  EXPECT_GT(scalar("train_step", "grad_norm"), 0.0);
}

TEST_F(ModelTest, FirstWeightsDependOnTheSeedOnly) {
  std::vector<float> zero = weights();
  for (float w : zero) {
    EXPECT_GE(w, -0.25f);
    EXPECT_LE(w, 0.25f);
  }
  ASSERT_EQ(maek_model_init(model, 1), MAEK_OK);
  EXPECT_NE(weights(), zero);
  ASSERT_EQ(train(), MAEK_OK);
  ASSERT_EQ(maek_model_init(model, 0), MAEK_OK);
  EXPECT_EQ(weights(), zero);
  EXPECT_EQ(maek_model_step(model), 0);
}

TEST_F(ModelTest, AStepAllocatesNothingOnceWarm) {
  setBatch(9);
  ASSERT_EQ(train(), MAEK_OK);
  ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK);
  int64_t before = countAllocations();
  for (int64_t batch : {9, 4, 1, 8}) {
    imageShape[0] = labelShape[0] = batch;
    ASSERT_EQ(train(), MAEK_OK);
    ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK);
  }
  EXPECT_EQ(countAllocations(), before);
}

TEST_F(ModelTest, WrongArgumentsAreNamed) {
  auto expect = [&](maek_status_t status, const std::string &message) {
    EXPECT_EQ(status, MAEK_INVALID_ARGUMENT);
    EXPECT_EQ(error(), message);
  };
  expect(maek_model_forward(model, nullptr, 0),
         "entry 'forward' needs the input 'image'");
  expect(maek_model_forward(model, tensors, 2),
         "entry 'forward' takes no 'label'");
  maek_tensor_t twice[] = {tensors[0], tensors[0]};
  expect(maek_model_forward(model, twice, 2), "input 'image' is given twice");
  expect(maek_model_forward(model, nullptr, 1), "arguments is null");
  maek_tensor_t image = tensors[0];
  image.dtype = MAEK_F64;
  expect(maek_model_forward(model, &image, 1),
         "input 'image' is f64, needed f32");
  image = tensors[0];
  image.rank = 2;
  expect(maek_model_forward(model, &image, 1),
         "input 'image' has shape [5, 4], needed [B, 4, 4]");
  image.rank = 3;
  int64_t wrong[] = {5, 4, 3};
  image.shape = wrong;
  expect(maek_model_forward(model, &image, 1),
         "input 'image' has shape [5, 4, 3], needed [B, 4, 4], here [5, 4, 4]");
  wrong[2] = -4;
  expect(maek_model_forward(model, &image, 1),
         "input 'image' has shape [5, 4, -4], needed [B, 4, 4]");
  int64_t empty[] = {0, 4, 4};
  image.shape = empty;
  expect(maek_model_forward(model, &image, 1),
         "entry 'forward': needed at least 1 for the size B, found 0");
  image.shape = nullptr;
  expect(maek_model_forward(model, &image, 1), "input 'image' has no shape");
  image = tensors[0];
  image.data = nullptr;
  expect(maek_model_forward(model, &image, 1), "input 'image' has no data");
  image.data = reinterpret_cast<char *>(images.data()) + 1;
  expect(maek_model_forward(model, &image, 1),
         "input 'image' is not aligned to its elements");
  int64_t six[] = {6};
  tensors[1].shape = six;
  expect(maek_model_evaluate(model, tensors, 2),
         "target 'label' has shape [6], needed [B], here [5]");
  setBatch(5);
  labels[3] = 3;
  expect(train(), "target 'label' has class 3 at index 3, needed 0 to 2");
  labels[3] = -1;
  expect(train(), "target 'label' has class -1 at index 3, needed 0 to 2");
  EXPECT_EQ(maek_model_step(model), 0);
}

// Kernels take it that nothing else lies where they write.
TEST_F(ModelTest, WhatTheCallWritesIsNoArgument) {
  ASSERT_EQ(maek_model_forward(model, tensors, 1), MAEK_OK);
  maek_tensor_t logits, weight, image = tensors[0];
  int64_t one[] = {1, 4, 4};
  image.shape = one;
  ASSERT_EQ(maek_model_result(model, "forward", "logits", &logits), MAEK_OK);
  image.data = static_cast<float *>(logits.data) - 15;
  EXPECT_EQ(maek_model_forward(model, &image, 1), MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "input 'image' lies in the output 'logits', which entry "
                     "'forward' writes; give it a copy");
  // A slip in the shape is told as such, though it covers all memory.
  one[0] = int64_t{1} << 40;
  knobs().arenaBytes = -1;
  EXPECT_EQ(maek_model_forward(model, &image, 1), MAEK_OUT_OF_MEMORY);
  EXPECT_EQ(error(), "entry 'forward': a tensor would have more than 2^31 - 1 "
                     "numbers");
  knobs().arenaBytes = -2;
  one[0] = 1;
  std::vector<float> copy(static_cast<float *>(logits.data),
                          static_cast<float *>(logits.data) + 15);
  copy.resize(16);
  image.data = copy.data();
  EXPECT_EQ(maek_model_forward(model, &image, 1), MAEK_OK);
  // What is read only may be given.
  ASSERT_EQ(maek_model_parameter(model, "linear.W", &weight), MAEK_OK);
  image.data = static_cast<float *>(weight.data) + 32;
  EXPECT_EQ(maek_model_forward(model, &image, 1), MAEK_OK);
  tensors[0] = image;
  labelShape[0] = 1;
  EXPECT_EQ(train(), MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "input 'image' lies in the parameter 'linear.W', which "
                     "entry 'train_step' writes; give it a copy");
}

TEST_F(ModelTest, ResultsAndParametersAreFoundByName) {
  double value;
  maek_tensor_t tensor;
  auto expect = [&](maek_status_t status, const std::string &message) {
    EXPECT_EQ(status, MAEK_INVALID_ARGUMENT);
    EXPECT_EQ(error(), message);
  };
  expect(maek_model_scalar(model, "train_step", "loss", &value),
         "entry 'train_step' has no results: its latest run failed or there "
         "was none");
  ASSERT_EQ(maek_model_evaluate(model, tensors, 2), MAEK_OK);
  expect(maek_model_scalar(model, "evaluate", "logits", &value),
         "result 'logits' is no scalar");
  expect(maek_model_result(model, "evaluate", "x", &tensor),
         "entry 'evaluate' has no result 'x'");
  expect(maek_model_result(model, "dream", "x", &tensor),
         "the model has no entry 'dream'");
  expect(maek_model_parameter(model, "linear.V", &tensor),
         "no parameter 'linear.V'");
  expect(maek_model_parameter_at(model, 2, &tensor),
         "parameter index 2, needed less than 2");
  EXPECT_EQ(maek_model_parameter_count(model), 2u);
  ASSERT_EQ(maek_model_parameter_at(model, 1, &tensor), MAEK_OK);
  EXPECT_STREQ(tensor.name, "linear.b");
  int64_t four[] = {4};
  tensor.shape = four;
  expect(maek_model_set_parameter(model, &tensor),
         "parameter 'linear.b' is f32[3], given f32[4]");
}

TEST_F(ModelTest, NullHandlesAreRefused) {
  maek_tensor_t tensor;
  EXPECT_EQ(maek_model_forward(nullptr, tensors, 1), MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(maek_model_load(model, nullptr), MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(error(), "path is null");
  EXPECT_EQ(maek_model_result(model, nullptr, "x", &tensor),
            MAEK_INVALID_ARGUMENT);
  maek_model_t *other = model;
  EXPECT_EQ(maek_model_create(nullptr, nullptr, &other), MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(other, nullptr);
  EXPECT_STREQ(maek_model_last_error(nullptr), "module is null");
  EXPECT_EQ(maek_model_create(&logistic(), nullptr, nullptr),
            MAEK_INVALID_ARGUMENT);
  EXPECT_EQ(maek_model_step(nullptr), 0);
  maek_model_destroy(nullptr);
}

TEST_F(ModelTest, KernelFailuresComeBack) {
  knobs().failWith = -8;
  EXPECT_EQ(train(), MAEK_KERNEL_FAILED);
  EXPECT_EQ(error(), "entry 'train_step': a kernel failed with -8");
  EXPECT_EQ(maek_model_step(model), 0);
  knobs().failWith = 0;
  EXPECT_EQ(train(), MAEK_OK);
  EXPECT_EQ(error(), "");
}

TEST_F(ModelTest, ALossThatIsNotANumberIsToldOnce) {
  knobs().lossIsNan = true;
  EXPECT_EQ(train(), MAEK_NOT_FINITE);
  EXPECT_EQ(error(), "the loss is not a number at step 1");
  EXPECT_EQ(maek_model_step(model), 1);
}

TEST_F(ModelTest, RatesAndStepsThatMakeNoSenseAreRefused) {
  auto expect = [&](double lr, int64_t steps, const std::string &message) {
    EXPECT_EQ(maek_model_train_step(model, tensors, 2, lr, steps),
              MAEK_INVALID_ARGUMENT);
    EXPECT_EQ(error(), message);
  };
  std::vector<float> before = weights();
  std::string needed = ", needed a finite number, 0 or more";
  expect(-0.5, 100, "lr is -0.5" + needed);
  expect(NAN, 100, "lr is nan" + needed);
  expect(INFINITY, 100, "lr is inf" + needed);
  expect(1e300, 100, "lr is 1e+300" + needed); // infinite in f32
  expect(0.5, 0, "steps is 0, needed at least 1");
  expect(0.5, -3, "steps is -3, needed at least 1");
  EXPECT_EQ(weights(), before);
  EXPECT_EQ(maek_model_step(model), 0);
  EXPECT_EQ(maek_model_train_step(model, tensors, 2, 0, 1), MAEK_OK);
}

TEST_F(ModelTest, WeightsThatAreNotFiniteAreNotSaved) {
  Scratch scratch;
  std::string path = scratch / "w.safetensors";
  knobs().weightIsNan = true;
  ASSERT_EQ(train(), MAEK_OK);
  EXPECT_EQ(maek_model_save(model, path.c_str()), MAEK_NOT_FINITE);
  EXPECT_EQ(error(), "the parameter 'linear.W' has numbers that are not finite "
                     "after step 1");
  EXPECT_FALSE(exists(path));
}

// Every allocation of a call in turn fails; the call ends with a clean status
// and works once memory is there.
TEST_F(ModelTest, AnyFailedAllocationIsAStatus) {
  Scratch scratch;
  std::string path = scratch / "w.safetensors";
  maek_model_t *other = nullptr;
  auto attempt = [&](auto call) {
    for (int64_t n = 0;; ++n) {
      ASSERT_LT(n, 10'000);
      failAllocationAfter(n);
      maek_status_t status = call();
      failAllocationAfter(-1);
      if (status == MAEK_OK)
        return;
      EXPECT_EQ(status, MAEK_OUT_OF_MEMORY) << n;
    }
  };
  attempt([&] { return maek_model_create(&logistic(), nullptr, &other); });
  attempt([&] { return maek_model_forward(other, tensors, 1); });
  attempt([&] { return maek_model_train_step(other, tensors, 2, 0.5, 100); });
  attempt([&] { return maek_model_save(other, path.c_str()); });
  attempt([&] { return maek_model_load(other, path.c_str()); });
  maek_model_destroy(other);
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"w.safetensors"});
}

TEST_F(ModelTest, MemoryIsLimitedAsAsked) {
  maek_model_t *small = nullptr;
  maek_options_t options = {sizeof(options), 0, 100, 0, nullptr};
  EXPECT_EQ(maek_model_create(&logistic(), &options, &small),
            MAEK_OUT_OF_MEMORY);
  EXPECT_STREQ(maek_model_last_error(nullptr),
               "parameter 'linear.W' needs 192 bytes; the model holds 0 of "
               "its limit of 100");
  options.memory_limit = 1200;
  ASSERT_EQ(maek_model_create(&logistic(), &options, &small), MAEK_OK);
  EXPECT_EQ(maek_model_forward(small, tensors, 1), MAEK_OK);
  setBatch(50);
  EXPECT_EQ(maek_model_forward(small, tensors, 1), MAEK_OUT_OF_MEMORY);
  EXPECT_EQ(std::string(maek_model_last_error(small)),
            "output 'logits' needs 600 bytes; the model holds 1080 of its "
            "limit of 1200");
  setBatch(5);
  EXPECT_EQ(maek_model_forward(small, tensors, 1), MAEK_OK);
  maek_model_destroy(small);
}

// Of a run that found no memory nothing is left: no shape over old or freed
// numbers, no bytes that count against the limit.
TEST_F(ModelTest, ARunWithoutMemoryLeavesNothing) {
  maek_model_t *small = nullptr;
  maek_options_t options = {sizeof(options), 0, 1248, 0, nullptr};
  ASSERT_EQ(maek_model_create(&logistic(), &options, &small), MAEK_OK);
  ASSERT_EQ(maek_model_forward(small, tensors, 1), MAEK_OK);
  setBatch(14);
  EXPECT_EQ(maek_model_forward(small, tensors, 1), MAEK_OUT_OF_MEMORY);
  EXPECT_STREQ(
      maek_model_last_error(small),
      "the arena needs 360 bytes; the model holds 1188 of its limit of "
      "1248");
  maek_tensor_t logits;
  EXPECT_EQ(maek_model_result(small, "forward", "logits", &logits),
            MAEK_INVALID_ARGUMENT);
  EXPECT_STREQ(maek_model_last_error(small),
               "entry 'forward' has no results: its latest run failed or there "
               "was none");
  setBatch(5);
  EXPECT_EQ(maek_model_evaluate(small, tensors, 2), MAEK_OK)
      << maek_model_last_error(small);
  ASSERT_EQ(maek_model_init(small, 1), MAEK_OK);
  EXPECT_EQ(maek_model_forward(small, tensors, 1), MAEK_OK);
  ASSERT_EQ(maek_model_result(small, "forward", "logits", &logits), MAEK_OK);
  EXPECT_EQ(logits.shape[0], 5);
  maek_model_destroy(small);
}

TEST_F(ModelTest, ArenasThatCannotBeAreRefused) {
  knobs().arenaBytes = -1;
  EXPECT_EQ(maek_model_forward(model, tensors, 1), MAEK_OUT_OF_MEMORY);
  EXPECT_EQ(error(), "entry 'forward': a tensor would have more than 2^31 - 1 "
                     "numbers");
  knobs().arenaBytes = INT64_MAX;
  EXPECT_EQ(maek_model_forward(model, tensors, 1), MAEK_OUT_OF_MEMORY);
  knobs().arenaBytes = INT64_MAX / 2;
  EXPECT_EQ(maek_model_forward(model, tensors, 1), MAEK_OUT_OF_MEMORY);
  EXPECT_EQ(error(), "no memory for the arena, 4611686018427387903 bytes");
}

TEST_F(ModelTest, OptionsOfAnotherVersionAreRefused) {
  maek_model_t *other = nullptr;
  maek_options_t options = {};
  EXPECT_EQ(maek_model_create(&logistic(), &options, &other),
            MAEK_INVALID_ARGUMENT);
  EXPECT_STREQ(maek_model_last_error(nullptr),
               "options.size is 0, needed sizeof(maek_options_t) = 40");
}

TEST(DynamicSizes, AreReadFromTheShapes) {
  maek_model_t *model;
  ASSERT_EQ(maek_model_create(&lengths(), nullptr, &model), MAEK_OK)
      << maek_model_last_error(nullptr);
  std::vector<float> x(12, 1);
  std::vector<int32_t> n = {0, 1, 2, 3, 4, 0};
  int64_t xShape[] = {2, 3, 2}, nShape[] = {6};
  maek_tensor_t tensors[] = {{"n", MAEK_I32, 1, nShape, n.data()},
                             {"x", MAEK_F32, 3, xShape, x.data()}};
  ASSERT_EQ(maek_model_forward(model, tensors, 2), MAEK_OK)
      << maek_model_last_error(model);
  maek_tensor_t y;
  ASSERT_EQ(maek_model_result(model, "forward", "y", &y), MAEK_OK);
  EXPECT_EQ(y.shape[0], 2);
  EXPECT_EQ(y.shape[1], 3);
  EXPECT_EQ(static_cast<float *>(y.data)[4], 6.0f);
  double total;
  ASSERT_EQ(maek_model_scalar(model, "forward", "total", &total), MAEK_OK);
  EXPECT_EQ(total, 22.0);
  nShape[0] = 5;
  EXPECT_EQ(maek_model_forward(model, tensors, 2), MAEK_INVALID_ARGUMENT);
  EXPECT_STREQ(maek_model_last_error(model),
               "input 'n' has shape [5], needed [B*T], here [6]");
  maek_model_destroy(model);
}
