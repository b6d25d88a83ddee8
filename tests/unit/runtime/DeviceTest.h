// Part of Maek, under the MIT licence; see LICENSE.
// Tests of a device: its memory, and numbers there and back.
#ifndef MAEK_TESTS_UNIT_RUNTIME_DEVICETEST_H
#define MAEK_TESTS_UNIT_RUNTIME_DEVICETEST_H

#include "runtime/device/Device.h"

#include <gtest/gtest.h>
#include <vector>

namespace maek::fake {

class DeviceTest : public testing::Test {
protected:
  runtime::DeviceAddress allocate(size_t bytes) {
    runtime::Expected<runtime::DeviceAddress> address =
        device->allocate(bytes, "a test");
    EXPECT_TRUE(address);
    return address ? *address : 0;
  }
  runtime::DeviceAddress uploaded(const std::vector<float> &values) {
    size_t bytes = values.size() * sizeof(float);
    runtime::DeviceAddress address = allocate(bytes);
    EXPECT_FALSE(device->upload(address, values.data(), bytes));
    return address;
  }
  std::vector<float> downloaded(runtime::DeviceAddress from, size_t count) {
    std::vector<float> values(count);
    EXPECT_FALSE(device->download(values.data(), from, count * sizeof(float)));
    return values;
  }

  std::unique_ptr<runtime::Device> device;
};

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_DEVICETEST_H
