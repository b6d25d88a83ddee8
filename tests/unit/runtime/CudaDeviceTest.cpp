// Part of Maek, under the MIT licence; see LICENSE.
// CUDA's devices, with a driver that writes down what it is asked for.
#include "DeviceTest.h"
#include "HalideHooks.h"
#include "runtime/device/Devices.h"
#include "tests/support/StubCuda.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <vector>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
const char source[] = R"(
.version 7.0
.target sm_80
.visible .entry scale(
	.param .u64 .ptr .align 1 scale_param_0,
	.param .u32 scale_param_1,
	.param .f32 scale_param_2
)
{
	ret;
}
.visible .entry other(
	.param .u64 .ptr .align 1 other_param_0
)
{
	ret;
}
)";

class CudaDeviceTest : public DeviceTest {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    maek_stub_cuda_define("scale", [](void *const *arguments) {
      float *data = *static_cast<float *const *>(arguments[0]);
      for (int32_t i = 0; i < *static_cast<int32_t *>(arguments[1]); ++i)
        data[i] *= *static_cast<float *>(arguments[2]);
    });
    Expected<std::unique_ptr<Device>> opened = openDevice("cuda");
    ASSERT_TRUE(opened) << opened.takeError().message();
    device = std::move(*opened);
    maek_stub_cuda_reset();
  }
  void TearDown() override {
    device.reset();
    EXPECT_EQ(maek_stub_cuda_held(), 0u);
  }
  /// The driver's lines since the last call.
  static std::string log() {
    std::string lines = maek_stub_cuda_log();
    maek_stub_cuda_reset();
    return lines;
  }
  static Call scaleBy(float factor, Vector &vector) {
    return {"scale",   {1, 1, 1},           {64, 1, 1}, 128,
            {&vector}, {vector.dim.extent}, {factor}};
  }

  CompiledKernels kernels{"cuda", source};
};
} // namespace

TEST_F(CudaDeviceTest, TellsWhatThereIs) {
  Expected<std::vector<DeviceDescription>> found =
      listDevices(DeviceKind::Cuda);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[1].name, "cuda:1");
  EXPECT_EQ((*found)[1].product, "Stub B");
  EXPECT_EQ((*found)[1].capability, "sm_90");
  EXPECT_EQ((*found)[1].memory, uint64_t{1} << 30);
  EXPECT_EQ(device->description().str(), "cuda:0 (Stub A)");
}

TEST_F(CudaDeviceTest, ASourceMayChangeOnceItsUploadIsQueued) {
  std::vector<float> values = {1, 2, 3, 4};
  DeviceAddress at = uploaded(values);
  values.assign(4, 0);
  EXPECT_EQ(downloaded(at, 4), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(log(), "allocate 16\nallocate host 4096\nupload 16\ndownload 16\n"
                   "synchronize\n");
  device->release(at);
  EXPECT_EQ(log(), "free 16\n");
}

TEST_F(CudaDeviceTest, LargeUploadsGoInParts) {
  std::vector<float> values((size_t{64} << 20) / 4 + 5);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i % 1000);
  DeviceAddress at = uploaded(values);
  std::string lines = log();
  EXPECT_NE(lines.find("\nupload 67108864\n"), lines.npos);
  EXPECT_NE(lines.find("\nupload 20\n"), lines.npos);
  EXPECT_EQ(downloaded(at, values.size()), values);
  device->release(at);
}

TEST_F(CudaDeviceTest, CopiesAndClearsStayThere) {
  DeviceAddress from = uploaded({1, 2, 3, 4}), to = uploaded({5, 6, 7, 8});
  log();
  EXPECT_FALSE(device->copy(to + 4, from, 8));
  EXPECT_FALSE(device->clear(to, 4));
  EXPECT_EQ(log(), "copy 8\nclear 4\n");
  EXPECT_EQ(downloaded(to, 4), (std::vector<float>{0, 1, 2, 8}));
  device->release(from);
  device->release(to);
}

TEST_F(CudaDeviceTest, CompiledKernelsRunOnTheDeviceOfTheirScope) {
  DeviceAddress at = uploaded({1, 2, 3, 4});
  log();
  // From the middle of an allocation.
  Vector part(2, at + 8);
  {
    DeviceScope scope(*device);
    EXPECT_EQ(kernels.run(scaleBy(10, part)), 0);
    EXPECT_EQ(kernels.run(scaleBy(2, part)), 0);
    EXPECT_FALSE(scope.takeError());
  }
  EXPECT_EQ(log(), "load 2 kernels\nlaunch scale 1x1x1 64x1x1 shared 128\n"
                   "launch scale 1x1x1 64x1x1 shared 128\n");
  EXPECT_EQ(downloaded(at, 4), (std::vector<float>{1, 2, 60, 80}));
  device->release(at);
  EXPECT_NE(kernels.run(scaleBy(10, part)), 0) << "outside of any scope";
}

TEST_F(CudaDeviceTest, NoBlocksAreNoLaunch) {
  Vector nothing(0, 256);
  DeviceScope scope(*device);
  EXPECT_EQ(kernels.run({"other", {0, 1, 1}, {64, 1, 1}, 0, {&nothing}}), 0);
  EXPECT_EQ(log(), "load 2 kernels\n");
}

// Kernels drop the status of each call; the scope keeps it.
TEST_F(CudaDeviceTest, NothingIsLaunchedBehindAnError) {
  Vector vector(1, 256);
  {
    DeviceScope scope(*device);
    kernels.run({"missing", {1, 1, 1}, {64, 1, 1}, 0, {&vector}});
    kernels.run({"other", {1, 1, 1}, {64, 1, 1}, 0, {&vector}});
    Error error = scope.takeError();
    EXPECT_EQ(error.code(), MAEK_DEVICE_ERROR);
    EXPECT_EQ(error.message(),
              "cuda:0 (Stub A) failed at the kernel 'missing': named symbol "
              "not found (CUDA_ERROR_NOT_FOUND)");
  }
  EXPECT_EQ(log(), "load 2 kernels\n");
  DeviceScope scope(*device);
  kernels.run({"other", {1, 1, 1}, {64, 1, 1}, 0, {&vector}});
  EXPECT_FALSE(scope.takeError());
  EXPECT_EQ(log(), "launch other 1x1x1 64x1x1 shared 0\n");
}

TEST_F(CudaDeviceTest, TheDriversWordsOnKernelsComeBack) {
  Vector vector(1, 256);
  CompiledKernels damaged{"cuda", "no text of kernels"};
  DeviceScope scope(*device);
  damaged.run({"other", {1, 1, 1}, {64, 1, 1}, 0, {&vector}});
  EXPECT_EQ(scope.takeError().message(),
            "cuda:0 (Stub A) failed at the compilation of kernels: a PTX JIT "
            "compilation failed (CUDA_ERROR_INVALID_PTX): no .entry in there");
}

TEST_F(CudaDeviceTest, TensorsOfTheHostAreRefused) {
  Vector vector(1);
  DeviceScope scope(*device);
  kernels.run({"other", {1, 1, 1}, {64, 1, 1}, 0, {&vector}});
  Error error = scope.takeError();
  EXPECT_EQ(error.code(), MAEK_INTERNAL);
  EXPECT_EQ(error.message(), "a kernel wants a tensor of the host");
}

TEST_F(CudaDeviceTest, ScratchComesAgainInTheSameOrder) {
  DeviceScope scope(*device);
  std::vector<uint64_t> first;
  for (int step = 0; step < 3; ++step) {
    Vector large(100'000), small(10);
    EXPECT_EQ(CompiledKernels::allocate(large), 0);
    EXPECT_EQ(CompiledKernels::allocate(large), 0);
    EXPECT_EQ(CompiledKernels::allocate(small), 0);
    std::vector<uint64_t> now = {large.buffer.device, small.buffer.device};
    if (step == 0) {
      first = now;
      EXPECT_EQ(log(), "allocate 400000\nallocate 40\n");
    }
    EXPECT_EQ(now, first);
    CompiledKernels::release(large);
    CompiledKernels::release(small);
    EXPECT_EQ(large.buffer.device, 0u);
  }
  EXPECT_EQ(log(), "");
  EXPECT_EQ(device->scratch().held(), 400'040u);
}

TEST_F(CudaDeviceTest, RecordedWorkIsDoneAgain) {
  ASSERT_TRUE(device->canCapture());
  DeviceAddress at = uploaded({1, 2, 3, 4});
  Vector vector(4, at);
  DeviceScope scope(*device);
  kernels.run(scaleBy(1, vector));
  log();
  ASSERT_FALSE(device->beginCapture());
  {
    // The arguments are those of now.
    Vector other(4, at);
    kernels.run(scaleBy(3, other));
  }
  EXPECT_FALSE(device->clear(at, 4));
  Expected<std::unique_ptr<DeviceGraph>> graph = device->endCapture();
  ASSERT_TRUE(graph);
  ASSERT_NE(*graph, nullptr);
  EXPECT_EQ(log(), "begin recording\n"
                   "record launch scale 1x1x1 64x1x1 shared 128\n"
                   "record clear 4\nend recording, 2 operations\n");
  EXPECT_EQ(downloaded(at, 4), (std::vector<float>{1, 2, 3, 4}));
  log();
  EXPECT_FALSE((*graph)->replay());
  EXPECT_FALSE((*graph)->replay());
  EXPECT_EQ(log(), "replay\nlaunch scale 1x1x1 64x1x1 shared 128\nclear 4\n"
                   "replay\nlaunch scale 1x1x1 64x1x1 shared 128\nclear 4\n");
  EXPECT_EQ(downloaded(at, 4), (std::vector<float>{0, 18, 27, 36}));
  graph->reset();
  device->release(at);
}

TEST_F(CudaDeviceTest, WaitingCannotBeRecorded) {
  ASSERT_FALSE(device->beginCapture());
  EXPECT_TRUE(device->synchronize());
  EXPECT_FALSE(device->endCapture());
  EXPECT_FALSE(device->synchronize());
}

TEST_F(CudaDeviceTest, WithoutMemoryItSaysHowMuchThereIs) {
  DeviceAddress first = allocate(100);
  Expected<DeviceAddress> large =
      device->allocate(size_t{1} << 40, "the arena");
  ASSERT_FALSE(large);
  Error error = large.takeError();
  EXPECT_EQ(error.code(), MAEK_OUT_OF_MEMORY);
  EXPECT_EQ(error.message(),
            "cuda:0 (Stub A) has no 1099511627776 bytes for the arena: "
            "1073741724 of 1073741824 are free; use a smaller batch or "
            "length, or build with --memory-limit");
  device->release(first);
}

TEST_F(CudaDeviceTest, UnusedScratchMakesRoom) {
  setenv("MAEK_STUB_CUDA_MEMORY", "5000", 1);
  {
    DeviceScope scope(*device);
    Vector scratch(1000);
    CompiledKernels::allocate(scratch);
    CompiledKernels::release(scratch);
  }
  log();
  DeviceAddress at = allocate(2000);
  EXPECT_EQ(log(), "no memory for 2000\nfree 4000\nallocate 2000\n");
  device->release(at);
  unsetenv("MAEK_STUB_CUDA_MEMORY");
}

// Recorded work would write there.
TEST_F(CudaDeviceTest, ScratchOfRecordedWorkStays) {
  setenv("MAEK_STUB_CUDA_MEMORY", "5000", 1);
  Expected<std::unique_ptr<DeviceGraph>> graph = [&] {
    EXPECT_FALSE(device->beginCapture());
    DeviceScope scope(*device);
    Vector scratch(1000);
    CompiledKernels::allocate(scratch);
    kernels.run(scaleBy(2, scratch));
    CompiledKernels::release(scratch);
    return device->endCapture();
  }();
  ASSERT_TRUE(graph);
  EXPECT_FALSE(device->allocate(2000, "the arena"));
  graph->reset();
  DeviceAddress at = allocate(2000);
  device->release(at);
  unsetenv("MAEK_STUB_CUDA_MEMORY");
}

TEST_F(CudaDeviceTest, ALostDeviceIsNamed) {
  DeviceAddress at = uploaded({1, 2});
  Vector vector(2, at);
  maek_stub_cuda_set_lost(1);
  {
    DeviceScope scope(*device);
    kernels.run(scaleBy(2, vector));
    EXPECT_FALSE(scope.takeError()) << "it is told late";
  }
  Error error = device->synchronize();
  EXPECT_EQ(error.code(), MAEK_DEVICE_ERROR);
  EXPECT_EQ(error.message(),
            "lost the device cuda:0 (Stub A) at the wait for its work: an "
            "illegal memory access was encountered "
            "(CUDA_ERROR_ILLEGAL_ADDRESS); what it held is gone: begin again, "
            "from the last checkpoint");
  float value;
  EXPECT_EQ(device->download(&value, at, 4).code(), MAEK_DEVICE_ERROR);
  EXPECT_FALSE(device->allocate(4, "a test"));
  device->release(at);
}

TEST_F(CudaDeviceTest, TheNumberMustBeOneOfTheDriver) {
  Expected<std::unique_ptr<Device>> opened = openDevice("cuda:2");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.takeError().message(),
            "there is no cuda:2; the NVIDIA driver has 2 devices");
}

/// In a program of its own, since a driver is loaded once.
[[noreturn]] static void openWith(const char *variable, const char *value) {
  setenv(variable, value, 1);
  Expected<std::unique_ptr<Device>> opened = openDevice("cuda");
  if (!opened)
    std::fprintf(stderr, "%s\n",
                 std::string(opened.takeError().message()).c_str());
  std::exit(opened ? 0 : 1);
}

TEST(CudaDriver, TooOldOrWithoutDevices) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(openWith("MAEK_STUB_CUDA_VERSION", "10020"),
              testing::ExitedWithCode(1),
              "the NVIDIA driver is too old: it knows CUDA 10.2, needed CUDA "
              "11.4 or newer; install a driver of version 470 or newer, or "
              "use --device cpu");
  EXPECT_EXIT(openWith("MAEK_STUB_CUDA_DEVICES", "0"),
              testing::ExitedWithCode(1),
              "the NVIDIA driver finds no device \\(CUDA_ERROR_NO_DEVICE\\)");
}
