// Part of Maek, under the MIT licence; see LICENSE.
// Which device a model is given, by the C interface and on the command line.
// The CUDA devices are those of a stand-in for the driver, of sm_90.
#include "runtime/core/Placement.h"
#include "FakeDevice.h"
#include "Run.h"
#include "tests/support/StubCuda.h"

#include <algorithm>
#include <cstddef>
#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
/// The processor's code with these variants.
maek_module_t withVariants(const maek_module_t *const *variants,
                           uint32_t count) {
  maek_module_t module = steps();
  module.num_variants = count;
  module.variants = variants;
  return module;
}

/// The CUDA code as if it were for another capability.
struct OtherCapability {
  maek_module_t module = stepsFor("cuda");
  std::string json;

  explicit OtherCapability(const std::string &capability)
      : json(module.json, module.json_size) {
    const std::string said = "\"capability\": 80";
    json.replace(json.find(said), said.size(), "\"capability\": " + capability);
    module.json = json.data();
    module.json_size = json.size();
  }
  OtherCapability(const OtherCapability &) = delete;
};

std::string errorOf(const maek_module_t &module, const char *name) {
  Expected<Placement> place = placeModel(module, name);
  EXPECT_FALSE(place);
  return place ? "" : std::string(place.takeError().message());
}

class PlacementTest : public testing::Test {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    defineStubKernels();
  }
};
} // namespace

TEST_F(PlacementTest, TheFirstDeviceThatIsThereIsTaken) {
  Expected<Placement> place = placeModel(steps(), std::nullopt);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->module, &stepsFor("cuda"));
  ASSERT_NE(place->device, nullptr);
  EXPECT_EQ(place->device->description().name, "cuda:0");
  EXPECT_EQ(place->passedOver, "");
}

TEST_F(PlacementTest, ADeviceIsTakenByItsName) {
  Expected<Placement> second = placeModel(steps(), "cuda:1");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->device->description().product, "Stub B");
  Expected<Placement> processor = placeModel(steps(), "cpu");
  ASSERT_TRUE(processor);
  EXPECT_EQ(processor->module, &steps());
  EXPECT_EQ(processor->device, nullptr);
  EXPECT_EQ(errorOf(steps(), "cuda:2"),
            "there is no cuda:2; the NVIDIA driver has 2 devices");
  EXPECT_EQ(errorOf(steps(), "gpu"),
            "no device is called 'gpu'; there are cpu, cuda, cuda:N, opencl "
            "and opencl:N");
}

TEST_F(PlacementTest, WithoutCodeForADeviceThereIsNone) {
  maek_module_t alone = withVariants(nullptr, 0);
  Expected<Placement> place = placeModel(alone, std::nullopt);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->device, nullptr);
  EXPECT_STREQ(maek_stub_cuda_log(), "");
  EXPECT_EQ(errorOf(alone, "opencl"), "the model has no code for opencl; build "
                                      "it with --target=host,opencl");
}

TEST_F(PlacementTest, TheNewestCodeThatADeviceRunsIsTaken) {
  OtherCapability older("75"), newer("100");
  const maek_module_t *all[] = {&older.module, &stepsFor("cuda"),
                                &newer.module};
  Expected<Placement> place = placeModel(withVariants(all, 3), "cuda");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->module, &stepsFor("cuda"));

  const maek_module_t *tooNew[] = {&newer.module};
  EXPECT_EQ(errorOf(withVariants(tooNew, 1), "cuda"),
            "cuda:0 (Stub A) is of sm_90, and the model's code is for sm_100 "
            "or newer; build it with --target=host,cuda-sm_90, or use "
            "--device cpu");
  // Where nobody asked for it, the processor does as well.
  Expected<Placement> any = placeModel(withVariants(tooNew, 1), std::nullopt);
  ASSERT_TRUE(any);
  EXPECT_EQ(any->device, nullptr);
  EXPECT_TRUE(any->passedOver.starts_with("cuda:0 (Stub A) is of sm_90"))
      << any->passedOver;
}

// PoCL is the processor once more, behind OpenCL.
TEST_F(PlacementTest, TheProcessorIsNotTakenForADevice) {
  Expected<std::vector<DeviceDescription>> found =
      listDevices(DeviceKind::OpenCl);
  if (!found || found->empty() ||
      std::ranges::any_of(*found, [](auto &about) { return !about.isHost; }))
    GTEST_SKIP() << "there is no OpenCL device that is the processor alone";
  const maek_module_t *variants[] = {&stepsFor("opencl")};
  maek_module_t module = withVariants(variants, 1);
  Expected<Placement> place = placeModel(module, std::nullopt);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->device, nullptr);
  EXPECT_EQ(place->passedOver,
            "there is no device of opencl but the processor");
  Expected<Placement> asked = placeModel(module, "opencl");
  ASSERT_TRUE(asked);
  EXPECT_NE(asked->device, nullptr);
}

TEST_F(PlacementTest, VariantsMustBeOfTheSameModel) {
  OtherCapability other("80");
  const std::string name = "\"train_step\"";
  other.json.replace(other.json.find(name), name.size(), "\"other_step\"");
  const maek_module_t *variants[] = {&other.module};
  EXPECT_EQ(errorOf(withVariants(variants, 1), "cuda"),
            "the code for cuda has no entry 'train_step' in its place");
}

TEST_F(PlacementTest, TheCInterfaceTakesAName) {
  maek_options_t options = {};
  options.size = sizeof(options);
  options.device = "cuda:1";
  maek_model_t *model;
  ASSERT_EQ(maek_model_create(&steps(), &options, &model), MAEK_OK);
  EXPECT_STREQ(maek_model_device(model), "cuda:1 (Stub B), sm_90");
  float pixels[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  int64_t shape[] = {2, 4};
  maek_tensor_t x = {"x", MAEK_F32, 2, shape, pixels};
  ASSERT_EQ(maek_model_train_step(model, &x, 1, 0.1, 1), MAEK_OK)
      << maek_model_last_error(model);
  double loss = -1;
  ASSERT_EQ(maek_model_scalar(model, "train_step", "loss", &loss), MAEK_OK);
  EXPECT_GT(loss, 0);
  maek_model_destroy(model);

  // A caller of before knows no device.
  options.size = offsetof(maek_options_t, device);
  ASSERT_EQ(maek_model_create(&steps(), &options, &model), MAEK_OK);
  EXPECT_STREQ(maek_model_device(model), "cuda:0 (Stub A), sm_90");
  maek_model_destroy(model);
  options.size = sizeof(options);
  options.device = "cpu";
  ASSERT_EQ(maek_model_create(&steps(), &options, &model), MAEK_OK);
  EXPECT_STREQ(maek_model_device(model), "cpu");
  maek_model_destroy(model);
  options.device = "cuda:7";
  EXPECT_EQ(maek_model_create(&steps(), &options, &model), MAEK_DEVICE_ERROR);
  EXPECT_EQ(model, nullptr);
}

TEST_F(PlacementTest, CommandsTakeADeviceAndSayWhich) {
  std::vector<std::string> bench = {
      "bench", "--entry", "train_step", "--batch", "4", "--repeat", "5"};
  auto with = [&](const char *device) {
    std::vector<std::string> arguments = bench;
    arguments.insert(arguments.end(), {"--device", device});
    return run(arguments, steps());
  };
  Result any = run(bench, steps());
  EXPECT_EQ(any.code, 0) << any.err;
  EXPECT_EQ(any.err, "fake: runs on cuda:0 (Stub A), sm_90\n");
  EXPECT_TRUE(any.out.starts_with("train_step, B = 4, cuda:0 (Stub A): min "))
      << any.out;
  Result second = with("cuda:1");
  EXPECT_EQ(second.err, "fake: runs on cuda:1 (Stub B), sm_90\n");
  Result processor = with("cpu");
  EXPECT_EQ(processor.err, "");
  EXPECT_NE(processor.out.find("thread"), std::string::npos) << processor.out;
  Result missing = with("cuda:2");
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.err, "fake: error: there is no cuda:2; the NVIDIA driver "
                         "has 2 devices\n");
  Result wrong = with("tpu");
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err,
            "fake: error: option '--device': no device is called 'tpu'; there "
            "are cpu, cuda, cuda:N, opencl and opencl:N\n"
            "try 'fake bench --help'\n");
}

TEST_F(PlacementTest, InfoTellsWhatThereIs) {
  Result info = run({"info"}, steps());
  EXPECT_EQ(info.code, 0);
  EXPECT_NE(info.out.find("\n  devices    cuda from sm_80, opencl\n"
                          "    cuda:0   Stub A, sm_90, 1.1 GB\n"
                          "    cuda:1   Stub B, sm_90, 1.1 GB\n"
                          "    opencl"),
            std::string::npos)
      << info.out;
}
