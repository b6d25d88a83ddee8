// Part of Maek, under the MIT licence; see LICENSE.
// Whether there is a device to run the tests' kernels on.
#include <cstdint>
#include <cstdlib>
#include <dlfcn.h>
#include <gtest/gtest.h>

namespace {

/// The number of OpenCL's platforms; 0 without its library.
uint32_t countPlatforms() {
  void *library = dlopen("libOpenCL.so.1", RTLD_NOW);
  if (!library)
    return 0;
  auto *getPlatforms =
      reinterpret_cast<int32_t (*)(uint32_t, void *, uint32_t *)>(
          dlsym(library, "clGetPlatformIDs"));
  uint32_t count = 0;
  return getPlatforms && getPlatforms(0, nullptr, &count) == 0 ? count : 0;
}

/// Skips all tests of the program without a device.
class OpenClDevice : public testing::Environment {
  void SetUp() override {
    if (countPlatforms() == 0)
      GTEST_SKIP() << "no OpenCL device; Debian's pocl-opencl-icd is one";
  }
};

[[maybe_unused]] testing::Environment *const device =
    testing::AddGlobalTestEnvironment(new OpenClDevice);

} // namespace
