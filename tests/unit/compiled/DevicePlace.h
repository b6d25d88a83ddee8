// Part of Maek, under the MIT licence; see LICENSE.
// Entries that run on a device of the runtime's.
#ifndef MAEK_TESTS_UNIT_COMPILED_DEVICEPLACE_H
#define MAEK_TESTS_UNIT_COMPILED_DEVICEPLACE_H

#include "runtime/device/Device.h"
#include "tests/unit/host/HostHarness.h"

#include <vector>

namespace maek::test {

class DevicePlace : public EntryPlace {
public:
  explicit DevicePlace(std::unique_ptr<runtime::Device> device)
      : device(std::move(device)) {}
  ~DevicePlace() override;

  llvm::StringRef getLowering() const override { return "{device=true}"; }
  void *bring(llvm::MutableArrayRef<uint8_t> bytes) override;
  int32_t run(llvm::function_ref<int32_t()> entry) override;
  void takeBack() override;

private:
  struct Copy {
    llvm::MutableArrayRef<uint8_t> bytes;
    runtime::DeviceAddress memory, begin;
  };

  std::unique_ptr<runtime::Device> device;
  std::vector<Copy> copies;
};

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_COMPILED_DEVICEPLACE_H
