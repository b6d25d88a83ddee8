// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/device/CudaDriver.h"

#include "runtime/device/KeptDriver.h"

#include <dlfcn.h>

using namespace maek;
using namespace maek::cuda;
using runtime::Error;
using runtime::Expected;
using runtime::makeError;

/// As cuDriverGetVersion counts: recorded work needs it.
static constexpr int oldestVersion = 11040;

static Error tooOld(const std::string &what) {
  return makeError(MAEK_DEVICE_ERROR, "the NVIDIA driver is too old: ", what,
                   ", needed CUDA 11.4 or newer; install a driver of version "
                   "470 or newer, or use --device cpu");
}

static std::string versionText(int version) {
  return runtime::text("CUDA ", version / 1000, '.', version % 1000 / 10);
}

static Error checkVersion(void *library) {
  using GetVersion = CUresult (*)(int *);
  auto getVersion =
      reinterpret_cast<GetVersion>(dlsym(library, "cuDriverGetVersion"));
  int version = 0;
  if (!getVersion || getVersion(&version) != CUDA_SUCCESS)
    return tooOld("it does not tell its version");
  return version < oldestVersion ? tooOld("it knows " + versionText(version))
                                 : Error::success();
}

static Error begin(const Driver &driver) {
  CUresult result = driver.cuInit(0);
  const char *name = nullptr;
  if (driver.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    name = "unknown error";
  switch (result) {
  case CUDA_SUCCESS:
    return Error::success();
  case CUDA_ERROR_NO_DEVICE:
    return makeError(MAEK_DEVICE_ERROR, "the NVIDIA driver finds no device (",
                     name, ")");
  case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
  case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
    return makeError(MAEK_DEVICE_ERROR,
                     "the NVIDIA driver's library and its "
                     "kernel module do not fit (",
                     name, "); install both of one version, or restart");
  case CUDA_ERROR_STUB_LIBRARY:
    return makeError(MAEK_DEVICE_ERROR,
                     "libcuda.so.1 is that of the CUDA "
                     "toolkit, for linking alone (",
                     name, "); put the driver's own before it");
  default:
    return makeError(MAEK_DEVICE_ERROR,
                     "the NVIDIA driver does not start: ", name);
  }
}

static Error load(Driver &driver) {
  // Never closed: a driver has threads of its own.
  void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeError(MAEK_DEVICE_ERROR,
                     "there is no NVIDIA driver: ", dlerror());
  if (Error error = checkVersion(library))
    return error;
#define MAEK_CUDA_FUNCTION(name, exported, parameters)                         \
  driver.name =                                                                \
      reinterpret_cast<decltype(driver.name)>(dlsym(library, #exported));      \
  if (!driver.name)                                                            \
    return tooOld("it has no function " #exported);
  MAEK_CUDA_FUNCTIONS
#undef MAEK_CUDA_FUNCTION
  return begin(driver);
}

Expected<const Driver *> cuda::loadDriver() {
  return runtime::keepDriver<Driver>(load);
}
