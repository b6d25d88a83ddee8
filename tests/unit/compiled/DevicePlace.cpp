// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/compiled/DevicePlace.h"

#include <gtest/gtest.h>

namespace maek::test {

static void expectGood(runtime::Error error) {
  EXPECT_FALSE(error) << error.message();
}

DevicePlace::~DevicePlace() {
  for (const Copy &copy : copies)
    device->release(copy.memory);
}

void *DevicePlace::bring(llvm::MutableArrayRef<uint8_t> bytes) {
  // Addresses to 64 bytes as on the host.
  constexpr uint64_t alignment = 64;
  runtime::Expected<runtime::DeviceAddress> memory =
      device->allocate(bytes.size() + alignment, "a test");
  if (!memory) {
    expectGood(memory.takeError());
    return nullptr;
  }
  uint64_t shift =
      (reinterpret_cast<uint64_t>(bytes.data()) - *memory) % alignment;
  copies.push_back({bytes, *memory, *memory + shift});
  expectGood(device->upload(*memory + shift, bytes.data(), bytes.size()));
  return reinterpret_cast<void *>(*memory + shift);
}

int32_t DevicePlace::run(llvm::function_ref<int32_t()> entry) {
  runtime::DeviceScope scope(*device);
  int32_t status = entry();
  expectGood(scope.takeError());
  return status;
}

void DevicePlace::takeBack() {
  for (const Copy &copy : copies) {
    expectGood(
        device->download(copy.bytes.data(), copy.begin, copy.bytes.size()));
    device->release(copy.memory);
  }
  copies.clear();
}

} // namespace maek::test
