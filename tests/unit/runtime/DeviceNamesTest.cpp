// Part of Maek, under the MIT licence; see LICENSE.
// What people call devices.
#include "runtime/device/Devices.h"

#include <gtest/gtest.h>

using namespace maek::runtime;

TEST(DeviceNames, AKindAndANumber) {
  Expected<DeviceName> cpu = parseDeviceName("cpu");
  ASSERT_TRUE(cpu);
  EXPECT_FALSE(cpu->kind);
  Expected<DeviceName> cuda = parseDeviceName("cuda");
  ASSERT_TRUE(cuda);
  EXPECT_EQ(cuda->kind, DeviceKind::Cuda);
  EXPECT_EQ(cuda->ordinal, 0);
  Expected<DeviceName> second = parseDeviceName("opencl:1");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->kind, DeviceKind::OpenCl);
  EXPECT_EQ(second->ordinal, 1);
}

TEST(DeviceNames, AnyOtherTextIsRefused) {
  for (const char *name : {"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x",
                           "cpu:0", "CUDA", "cuda:99999999999"}) {
    Expected<DeviceName> parsed = parseDeviceName(name);
    ASSERT_FALSE(parsed) << name;
    Error error = parsed.takeError();
    EXPECT_EQ(error.code(), MAEK_INVALID_ARGUMENT);
    EXPECT_EQ(error.message(),
              text("no device is called '", name,
                   "'; there are cpu, cuda, cuda:N, opencl and opencl:N"));
  }
}

TEST(DeviceNames, TheProcessorIsNoDevice) {
  Expected<std::unique_ptr<Device>> device = openDevice("cpu");
  ASSERT_TRUE(device);
  EXPECT_EQ(*device, nullptr);
}
