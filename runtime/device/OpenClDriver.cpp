// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/device/OpenClDriver.h"

#include "runtime/device/KeptDriver.h"

#include <dlfcn.h>

using namespace maek;
using namespace maek::opencl;
using runtime::Error;
using runtime::Expected;
using runtime::makeError;

static Error load(Driver &driver) {
  // Never closed: implementations have threads of their own.
  void *library = dlopen("libOpenCL.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeError(MAEK_DEVICE_ERROR, "there is no OpenCL: ", dlerror());
#define MAEK_OPENCL_FUNCTION(type, name, parameters)                           \
  driver.name =                                                                \
      reinterpret_cast<decltype(driver.name)>(dlsym(library, #name));          \
  if (!driver.name)                                                            \
    return makeError(MAEK_DEVICE_ERROR,                                        \
                     "libOpenCL.so.1 is too old: it has no function " #name    \
                     ", which OpenCL 2.0 has; install a newer one, or use "    \
                     "--device cpu");
  MAEK_OPENCL_FUNCTIONS
#undef MAEK_OPENCL_FUNCTION
  return Error::success();
}

Expected<const Driver *> opencl::loadDriver() {
  return runtime::keepDriver<Driver>(load);
}
