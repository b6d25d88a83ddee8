// Part of Maek, under the MIT licence; see LICENSE.
// One context, which is the process's own for the device, and one stream.
#include "runtime/device/CudaDevice.h"

#include <algorithm>

using namespace maek::runtime;
using namespace maek::cuda;

namespace {
std::string explain(const Driver &driver, CUresult result) {
  const char *name = nullptr, *meaning = nullptr;
  if (driver.cuGetErrorName(result, &name) != CUDA_SUCCESS || !name)
    return text("error ", static_cast<int>(result));
  if (driver.cuGetErrorString(result, &meaning) != CUDA_SUCCESS || !meaning)
    return name;
  return text(meaning, " (", name, ")");
}

/// Whether the context, and what it holds, is gone.
bool isLost(CUresult result) {
  switch (result) {
  case CUDA_ERROR_DEVICE_UNAVAILABLE:
  case CUDA_ERROR_ECC_UNCORRECTABLE:
  case CUDA_ERROR_NVLINK_UNCORRECTABLE:
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_CONTEXT_IS_DESTROYED:
  case CUDA_ERROR_ASSERT:
  case CUDA_ERROR_UNKNOWN:
    return true;
  default:
    return result >= CUDA_ERROR_HARDWARE_STACK_ERROR &&
           result <= CUDA_ERROR_LAUNCH_FAILED;
  }
}

Expected<DeviceDescription> describe(const Driver &driver, int ordinal,
                                     CUdevice &device) {
  DeviceDescription about;
  about.kind = DeviceKind::Cuda;
  about.name = text("cuda:", ordinal);
  char product[256] = "";
  int major = 0, minor = 0;
  size_t memory = 0;
  for (CUresult result :
       {driver.cuDeviceGet(&device, ordinal),
        driver.cuDeviceGetName(product, sizeof(product) - 1, device),
        driver.cuDeviceGetAttribute(
            &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device),
        driver.cuDeviceGetAttribute(
            &minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device),
        driver.cuDeviceTotalMem(&memory, device)})
    if (result != CUDA_SUCCESS)
      return makeError(MAEK_DEVICE_ERROR, about.name,
                       " does not say what it is: ", explain(driver, result));
  about.product = product;
  about.capability = text("sm_", major, minor);
  about.computeCapability = major * 10 + minor;
  about.memory = memory;
  return about;
}

Expected<int> countDevices(const Driver &driver) {
  int count = 0;
  CUresult result = driver.cuDeviceGetCount(&count);
  if (result != CUDA_SUCCESS)
    return makeError(MAEK_DEVICE_ERROR, "the NVIDIA driver counts no devices: ",
                     explain(driver, result));
  return count;
}
} // namespace

Expected<std::vector<DeviceDescription>> CudaDevice::list() {
  Expected<const Driver *> driver = loadDriver();
  if (!driver)
    return driver.takeError();
  Expected<int> count = countDevices(**driver);
  if (!count)
    return count.takeError();
  std::vector<DeviceDescription> found;
  for (int ordinal = 0; ordinal < *count; ++ordinal) {
    CUdevice device = 0;
    Expected<DeviceDescription> about = describe(**driver, ordinal, device);
    if (!about)
      return about.takeError();
    found.push_back(std::move(*about));
  }
  return found;
}

Expected<std::unique_ptr<Device>> CudaDevice::open(int ordinal) {
  Expected<const Driver *> driver = loadDriver();
  if (!driver)
    return driver.takeError();
  Expected<int> count = countDevices(**driver);
  if (!count)
    return count.takeError();
  if (ordinal >= *count)
    return makeError(MAEK_DEVICE_ERROR, "there is no cuda:", ordinal,
                     "; the NVIDIA driver has ", *count,
                     *count == 1 ? " device" : " devices");
  CUdevice device = 0;
  Expected<DeviceDescription> about = describe(**driver, ordinal, device);
  if (!about)
    return about.takeError();
  std::unique_ptr<CudaDevice> opened(
      new CudaDevice(std::move(*about), **driver, device));
  if (Error error = opened->begin())
    return error;
  return std::unique_ptr<Device>(std::move(opened));
}

Error CudaDevice::begin() {
  CUresult result = driver.cuDevicePrimaryCtxRetain(&context, device);
  if (result == CUDA_ERROR_DEVICE_UNAVAILABLE)
    return makeError(MAEK_DEVICE_ERROR, description().str(),
                     " is not to be had, perhaps because another program has "
                     "it for itself: ",
                     explain(driver, result));
  if (Error error = check(result, "its context"))
    return error;
  Current current(*this);
  if (Error error = check(
          driver.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), "a stream"))
    return error;
  for (Slot &slot : allSlots()) {
    CUevent event = nullptr;
    if (Error error = check(
            driver.cuEventCreate(&event, CU_EVENT_DISABLE_TIMING), "an event"))
      return error;
    slot.event = event;
  }
  return Error::success();
}

// Whatever fails here, there is nobody to tell.
CudaDevice::~CudaDevice() {
  if (!context)
    return;
  {
    Current current(*this);
    if (stream)
      driver.cuStreamSynchronize(stream);
    cublas.reset();
    if (workspace)
      driver.cuMemFree(workspace);
    scratch().trim(*this);
    for (Slot &slot : allSlots()) {
      if (slot.event)
        driver.cuEventDestroy(static_cast<CUevent>(slot.event));
      if (slot.host)
        driver.cuMemFreeHost(slot.host);
    }
    for (const Module &module : modules)
      driver.cuModuleUnload(module.module);
    if (stream)
      driver.cuStreamDestroy(stream);
  }
  driver.cuDevicePrimaryCtxRelease(device);
}

Error CudaDevice::check(CUresult result, std::string_view doing) const {
  if (result == CUDA_SUCCESS)
    return Error::success();
  std::string why = explain(driver, result);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return makeError(MAEK_OUT_OF_MEMORY, description().str(),
                     " has no memory for ", doing, ": ", why);
  if (isLost(result))
    return makeError(MAEK_DEVICE_ERROR, "lost the device ", description().str(),
                     " at ", doing, ": ", why,
                     "; what it held is gone: begin again, from the last "
                     "checkpoint");
  return makeError(MAEK_DEVICE_ERROR, description().str(), " failed at ", doing,
                   ": ", why);
}

Expected<DeviceAddress> CudaDevice::allocate(size_t bytes,
                                             std::string_view what) {
  Current current(*this);
  CUdeviceptr address = 0;
  CUresult result = driver.cuMemAlloc(&address, std::max(bytes, size_t{1}));
  if (result == CUDA_ERROR_OUT_OF_MEMORY && graphs == 0 && !isRecording) {
    scratch().trim(*this);
    result = driver.cuMemAlloc(&address, std::max(bytes, size_t{1}));
  }
  if (result == CUDA_ERROR_OUT_OF_MEMORY) {
    size_t left = 0, all = 0;
    driver.cuMemGetInfo(&left, &all);
    return makeError(MAEK_OUT_OF_MEMORY, description().str(), " has no ", bytes,
                     " bytes for ", what, ": ", left, " of ", all,
                     " are free; use a smaller batch or length, or build "
                     "with --memory-limit");
  }
  if (Error error = check(result, "an allocation"))
    return error;
  return address;
}

void CudaDevice::release(DeviceAddress address) {
  if (!address)
    return;
  Current current(*this);
  driver.cuMemFree(address);
}

Error CudaDevice::resizeSlot(Slot &slot, size_t bytes) {
  Current current(*this);
  if (slot.host)
    driver.cuMemFreeHost(std::exchange(slot.host, nullptr));
  slot.bytes = 0;
  if (Error error = check(driver.cuMemHostAlloc(&slot.host, bytes, 0),
                          "the host's memory for uploads"))
    return error;
  slot.bytes = bytes;
  return Error::success();
}

Error CudaDevice::queueUpload(Slot &slot, DeviceAddress to, size_t bytes) {
  Current current(*this);
  if (Error error = check(
          driver.cuMemcpyHtoDAsync(to, slot.host, bytes, stream), "an upload"))
    return error;
  return check(driver.cuEventRecord(static_cast<CUevent>(slot.event), stream),
               "an upload");
}

Error CudaDevice::waitForSlot(Slot &slot) {
  Current current(*this);
  return check(driver.cuEventSynchronize(static_cast<CUevent>(slot.event)),
               "an upload");
}

Error CudaDevice::download(void *to, DeviceAddress from, size_t bytes) {
  Current current(*this);
  if (Error error = check(driver.cuMemcpyDtoHAsync(to, from, bytes, stream),
                          "a download"))
    return error;
  return check(driver.cuStreamSynchronize(stream), "a download");
}

Error CudaDevice::copy(DeviceAddress to, DeviceAddress from, size_t bytes) {
  Current current(*this);
  return check(driver.cuMemcpyDtoDAsync(to, from, bytes, stream), "a copy");
}

Error CudaDevice::clear(DeviceAddress at, size_t bytes) {
  Current current(*this);
  return check(driver.cuMemsetD8Async(at, 0, bytes, stream), "a clear");
}

Error CudaDevice::synchronize() {
  Current current(*this);
  return check(driver.cuStreamSynchronize(stream), "the wait for its work");
}
