// Part of Maek, under the MIT licence; see LICENSE.
// OpenCL's devices, on the first that there is.
#include "DeviceTest.h"
#include "HalideHooks.h"
#include "runtime/device/Devices.h"

#include <csignal>
#include <gtest/gtest.h>
#include <vector>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
// As Halide writes them: the shared memory comes last.
const char source[] = R"(
__kernel void shift(__global const float *restrict from,
                    __global float *restrict to, const int count,
                    const float offset, __local float *shared) {
  int i = get_global_id(0), lane = get_local_id(0);
  int first = get_group_id(0) * get_local_size(0);
  int here = min(count - first, (int)get_local_size(0));
  if (i < count)
    shared[lane] = from[i];
  barrier(CLK_LOCAL_MEM_FENCE);
  if (i < count)
    to[i] = shared[here - 1 - lane] + offset;
}
)";

class OpenClDeviceTest : public DeviceTest {
protected:
  void SetUp() override {
    Expected<std::vector<DeviceDescription>> found =
        listDevices(DeviceKind::OpenCl);
    if (!found)
      GTEST_SKIP() << found.takeError().message();
    if (found->empty())
      GTEST_SKIP() << "there is no OpenCL device";
    Expected<std::unique_ptr<Device>> opened = openDevice("opencl:0");
    ASSERT_TRUE(opened) << opened.takeError().message();
    device = std::move(*opened);
  }

  CompiledKernels kernels{"opencl", source};
};
} // namespace

TEST_F(OpenClDeviceTest, SaysWhatItIs) {
  const DeviceDescription &about = device->description();
  EXPECT_EQ(about.name, "opencl:0");
  EXPECT_FALSE(about.product.empty());
  EXPECT_TRUE(about.capability.starts_with("OpenCL ")) << about.capability;
  EXPECT_GT(about.memory, 0u);
  EXPECT_FALSE(device->canCapture());
}

TEST_F(OpenClDeviceTest, CopiesThereBackAndAround) {
  std::vector<float> values = {1, 2, 3, 4};
  DeviceAddress from = uploaded(values), to = uploaded({5, 6, 7, 8});
  values.assign(4, 0);
  EXPECT_EQ(downloaded(from, 4), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_FALSE(device->copy(to + 4, from, 8));
  EXPECT_FALSE(device->clear(to + 12, 4));
  EXPECT_FALSE(device->synchronize());
  EXPECT_EQ(downloaded(to, 4), (std::vector<float>{5, 1, 2, 0}));
  device->release(from);
  device->release(to);
}

TEST_F(OpenClDeviceTest, ManyUploadsKeepTheirOrder) {
  DeviceAddress at = allocate(1000 * sizeof(float));
  std::vector<float> values(1000);
  for (int round = 0; round < 50; ++round) {
    values.assign(1000, static_cast<float>(round));
    EXPECT_FALSE(device->upload(at, values.data(), 4000));
  }
  EXPECT_EQ(downloaded(at, 1000), values);
  device->release(at);
}

TEST_F(OpenClDeviceTest, KernelsRunOnPartsOfAllocations) {
  std::vector<float> numbers(1000);
  for (size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<float>(i);
  DeviceAddress at = uploaded(numbers), to = allocate(1000 * sizeof(float));
  ASSERT_FALSE(device->clear(to, 4000));
  constexpr int count = 100, group = 32, skipped = 7;
  Vector from(count, at + skipped * 4), into(count, to + 3 * 4);
  {
    DeviceScope scope(*device);
    EXPECT_EQ(kernels.run({"shift",
                           {4, 1, 1},
                           {group, 1, 1},
                           group * 4,
                           {&from, &into},
                           {count},
                           {0.5f}}),
              0);
    Error error = scope.takeError();
    EXPECT_FALSE(error) << error.message();
  }
  std::vector<float> expected(1000, 0);
  for (int i = 0; i < count; ++i) {
    int first = i / group * group, here = std::min(count - first, group);
    expected[static_cast<size_t>(i) + 3] =
        static_cast<float>(skipped + first + here - 1 - (i - first)) + 0.5f;
  }
  EXPECT_EQ(downloaded(to, 1000), expected);
  device->release(at);
  device->release(to);
}

// One kernel's scratch is the next one's: the queue is in order.
TEST_F(OpenClDeviceTest, ScratchIsReusedInOrder) {
  DeviceAddress at = uploaded({1, 2, 3, 4}),
                to = allocate(4 * 20 * sizeof(float));
  DeviceScope scope(*device);
  uint64_t first = 0;
  for (int step = 0; step < 20; ++step) {
    Vector from(4, at), between(4),
        into(4, to + static_cast<uint64_t>(step) * 16);
    ASSERT_EQ(CompiledKernels::allocate(between), 0);
    if (step == 0)
      first = between.buffer.device;
    EXPECT_EQ(between.buffer.device, first);
    auto offset = static_cast<float>(step);
    for (auto [source, target] :
         {std::pair(&from, &between), std::pair(&between, &into)})
      EXPECT_EQ(kernels.run({"shift",
                             {1, 1, 1},
                             {4, 1, 1},
                             16,
                             {source, target},
                             {4},
                             {offset}}),
                0);
    CompiledKernels::release(between);
  }
  EXPECT_FALSE(scope.takeError());
  std::vector<float> all = downloaded(to, 4 * 20);
  for (size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(all[i], static_cast<float>(i % 4 + 1 + 2 * (i / 4))) << i;
  device->release(at);
  device->release(to);
}

TEST_F(OpenClDeviceTest, CompilersWordsComeBack) {
  CompiledKernels damaged{"opencl", "__kernel void shift(nonsense"};
  Vector vector(1, 256);
  DeviceScope scope(*device);
  EXPECT_NE(damaged.run({"shift", {1, 1, 1}, {1, 1, 1}, 0, {&vector}}), 0);
  Error error = scope.takeError();
  EXPECT_EQ(error.code(), MAEK_DEVICE_ERROR);
  EXPECT_NE(error.message().find("failed at the compilation of kernels: "
                                 "CL_BUILD_PROGRAM_FAILURE: "),
            std::string_view::npos)
      << error.message();
  EXPECT_NE(error.message().find("nonsense"), std::string_view::npos)
      << error.message();
}

TEST_F(OpenClDeviceTest, AMissingKernelIsNamed) {
  Vector vector(1, allocate(sizeof(float)));
  {
    DeviceScope scope(*device);
    EXPECT_NE(kernels.run({"missing", {1, 1, 1}, {1, 1, 1}, 0, {&vector}}), 0);
    Error error = scope.takeError();
    EXPECT_NE(error.message().find("the kernel 'missing'"),
              std::string_view::npos)
        << error.message();
  }
  device->release(vector.buffer.device);
}

TEST_F(OpenClDeviceTest, TooMuchMemoryIsRefused) {
  Expected<DeviceAddress> large =
      device->allocate(size_t{1} << 50, "the arena");
  ASSERT_FALSE(large);
  Error error = large.takeError();
  EXPECT_EQ(error.code(), MAEK_OUT_OF_MEMORY);
  EXPECT_NE(error.message().find(" has no 1125899906842624 bytes for the "
                                 "arena"),
            std::string_view::npos)
      << error.message();
}

TEST_F(OpenClDeviceTest, SignalsStayTheProgramsOwn) {
  auto handler = [](int) {};
  auto former = std::signal(SIGFPE, handler);
  Expected<std::unique_ptr<Device>> again = openDevice("opencl");
  EXPECT_TRUE(again);
  EXPECT_EQ(std::signal(SIGFPE, former), static_cast<void (*)(int)>(handler));
}

TEST(OpenClDevice, TheNumberMustBeOneThereIs) {
  Expected<std::unique_ptr<Device>> opened = openDevice("opencl:1000");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.takeError().code(), MAEK_DEVICE_ERROR);
}
