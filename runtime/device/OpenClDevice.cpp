// Part of Maek, under the MIT licence; see LICENSE.
// One context and one queue, which is in order.
#include "runtime/device/OpenClDevice.h"

#include "runtime/device/KeepSignals.h"

#include <algorithm>
#include <cstdlib>

using namespace maek::runtime;
using namespace maek::opencl;

namespace {
const char *errorName(cl_int error) {
  switch (error) {
  case CL_DEVICE_NOT_AVAILABLE:
    return "CL_DEVICE_NOT_AVAILABLE";
  case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    return "CL_MEM_OBJECT_ALLOCATION_FAILURE";
  case CL_OUT_OF_RESOURCES:
    return "CL_OUT_OF_RESOURCES";
  case CL_OUT_OF_HOST_MEMORY:
    return "CL_OUT_OF_HOST_MEMORY";
  case CL_BUILD_PROGRAM_FAILURE:
    return "CL_BUILD_PROGRAM_FAILURE";
  case CL_INVALID_COMMAND_QUEUE:
    return "CL_INVALID_COMMAND_QUEUE";
  case CL_INVALID_KERNEL_NAME:
    return "CL_INVALID_KERNEL_NAME";
  case CL_INVALID_WORK_GROUP_SIZE:
    return "CL_INVALID_WORK_GROUP_SIZE";
  default:
    return nullptr;
  }
}

std::string explain(cl_int error) {
  const char *name = errorName(error);
  return name ? name : text("OpenCL's error ", error);
}

std::string getText(const Driver &driver, cl_device_id device, cl_uint what) {
  char value[256] = "";
  if (driver.clGetDeviceInfo(device, what, sizeof(value) - 1, value, nullptr) !=
      CL_SUCCESS)
    return "unknown";
  std::string found = value;
  // Some pad their names with blanks.
  found.erase(found.find_last_not_of(' ') + 1);
  return found;
}

template <typename T>
T getNumber(const Driver &driver, cl_device_id device, cl_uint what) {
  T value = 0;
  if (driver.clGetDeviceInfo(device, what, sizeof(value), &value, nullptr) !=
      CL_SUCCESS)
    return 0;
  return value;
}

/// "OpenCL 3.0" of "OpenCL 3.0 PoCL HSTR: …".
std::string versionOf(const std::string &version) {
  size_t end = version.find(' ', sizeof("OpenCL"));
  return version.substr(0, end);
}

DeviceDescription describe(const Driver &driver, cl_device_id device,
                           size_t ordinal) {
  DeviceDescription about;
  about.kind = DeviceKind::OpenCl;
  about.name = text("opencl:", ordinal);
  about.product = getText(driver, device, CL_DEVICE_NAME);
  about.capability = versionOf(getText(driver, device, CL_DEVICE_VERSION));
  about.memory = getNumber<cl_ulong>(driver, device, CL_DEVICE_GLOBAL_MEM_SIZE);
  about.isHost = getNumber<cl_bitfield>(driver, device, CL_DEVICE_TYPE) &
                 CL_DEVICE_TYPE_CPU;
  return about;
}

Expected<std::vector<cl_device_id>> findDevices(const Driver &driver) {
  KeepSignals signals;
  cl_uint count = 0;
  cl_int result = driver.clGetPlatformIDs(0, nullptr, &count);
  std::vector<cl_device_id> devices;
  if (result == CL_PLATFORM_NOT_FOUND_KHR || count == 0)
    return devices;
  std::vector<cl_platform_id> platforms(count);
  if (result == CL_SUCCESS)
    result = driver.clGetPlatformIDs(count, platforms.data(), nullptr);
  if (result != CL_SUCCESS)
    return makeError(MAEK_DEVICE_ERROR,
                     "OpenCL finds no platforms: ", explain(result));
  for (cl_platform_id platform : platforms) {
    // A platform without devices is no error.
    if (driver.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr,
                              &count) != CL_SUCCESS)
      continue;
    size_t before = devices.size();
    devices.resize(before + count);
    if (driver.clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count,
                              devices.data() + before, nullptr) != CL_SUCCESS)
      devices.resize(before);
  }
  return devices;
}
} // namespace

Expected<std::vector<DeviceDescription>> OpenClDevice::list() {
  Expected<const Driver *> driver = loadDriver();
  if (!driver)
    return driver.takeError();
  Expected<std::vector<cl_device_id>> devices = findDevices(**driver);
  if (!devices)
    return devices.takeError();
  std::vector<DeviceDescription> found;
  for (cl_device_id device : *devices)
    found.push_back(describe(**driver, device, found.size()));
  return found;
}

Expected<std::unique_ptr<Device>> OpenClDevice::open(int ordinal) {
  Expected<const Driver *> driver = loadDriver();
  if (!driver)
    return driver.takeError();
  Expected<std::vector<cl_device_id>> devices = findDevices(**driver);
  if (!devices)
    return devices.takeError();
  auto index = static_cast<size_t>(ordinal);
  if (index >= devices->size())
    return makeError(MAEK_DEVICE_ERROR, "there is no opencl:", ordinal,
                     "; OpenCL has ", devices->size(),
                     devices->size() == 1 ? " device" : " devices");
  std::unique_ptr<OpenClDevice> opened(
      new OpenClDevice(describe(**driver, (*devices)[index], index), **driver,
                       (*devices)[index]));
  if (Error error = opened->begin())
    return error;
  return std::unique_ptr<Device>(std::move(opened));
}

Error OpenClDevice::begin() {
  KeepSignals signals;
  auto shared =
      getNumber<cl_bitfield>(driver, device, CL_DEVICE_SVM_CAPABILITIES);
  if (!(shared & CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
    return makeError(MAEK_DEVICE_ERROR, description().str(), " (",
                     description().capability,
                     ") has no shared virtual memory, which OpenCL 2.0 has; "
                     "use another device");
  cl_int result = CL_SUCCESS;
  context =
      driver.clCreateContext(nullptr, 1, &device, nullptr, nullptr, &result);
  if (Error error = check(result, "its context"))
    return error;
  queue = driver.clCreateCommandQueueWithProperties(context, device, nullptr,
                                                    &result);
  return check(result, "a queue");
}

OpenClDevice::~OpenClDevice() {
  if (queue)
    driver.clFinish(queue);
  scratch().trim(*this);
  for (Slot &slot : allSlots()) {
    if (slot.event)
      driver.clReleaseEvent(static_cast<cl_event>(slot.event));
    std::free(slot.host);
  }
  for (const Program &program : programs) {
    for (const Kernel &kernel : program.kernels)
      driver.clReleaseKernel(kernel.kernel);
    driver.clReleaseProgram(program.program);
  }
  if (queue)
    driver.clReleaseCommandQueue(queue);
  if (context)
    driver.clReleaseContext(context);
}

Error OpenClDevice::check(cl_int result, std::string_view doing) const {
  switch (result) {
  case CL_SUCCESS:
    return Error::success();
  case CL_MEM_OBJECT_ALLOCATION_FAILURE:
  case CL_OUT_OF_HOST_MEMORY:
    return makeError(MAEK_OUT_OF_MEMORY, description().str(),
                     " has no memory for ", doing, ": ", explain(result));
  case CL_DEVICE_NOT_AVAILABLE:
  case CL_INVALID_COMMAND_QUEUE:
    return makeError(MAEK_DEVICE_ERROR, "lost the device ", description().str(),
                     " at ", doing, ": ", explain(result),
                     "; what it held is gone: begin again, from the last "
                     "checkpoint");
  default:
    return makeError(MAEK_DEVICE_ERROR, description().str(), " failed at ",
                     doing, ": ", explain(result));
  }
}

static void *pointer(DeviceAddress address) {
  return reinterpret_cast<void *>(address);
}

Expected<DeviceAddress> OpenClDevice::allocate(size_t bytes,
                                               std::string_view what) {
  constexpr cl_uint alignment = 128; // of the largest OpenCL type
  auto tryAllocate = [&] {
    return driver.clSVMAlloc(context, CL_MEM_READ_WRITE,
                             std::max(bytes, size_t{1}), alignment);
  };
  void *memory = tryAllocate();
  if (!memory) {
    driver.clFinish(queue);
    scratch().trim(*this);
    memory = tryAllocate();
  }
  if (!memory)
    return makeError(MAEK_OUT_OF_MEMORY, description().str(), " has no ", bytes,
                     " bytes for ", what, ", of ", description().memory,
                     "; use a smaller batch or length, or build with "
                     "--memory-limit");
  return reinterpret_cast<DeviceAddress>(memory);
}

void OpenClDevice::release(DeviceAddress address) {
  if (!address)
    return;
  driver.clFinish(queue);
  driver.clSVMFree(context, pointer(address));
}

Error OpenClDevice::resizeSlot(Slot &slot, size_t bytes) {
  std::free(slot.host);
  slot.bytes = 0;
  slot.host = std::aligned_alloc(4096, bytes);
  if (!slot.host)
    return makeError(MAEK_OUT_OF_MEMORY, "no memory for uploads, ", bytes,
                     " bytes");
  slot.bytes = bytes;
  return Error::success();
}

Error OpenClDevice::queueUpload(Slot &slot, DeviceAddress to, size_t bytes) {
  cl_event event = nullptr;
  if (Error error =
          check(driver.clEnqueueSVMMemcpy(queue, 0, pointer(to), slot.host,
                                          bytes, 0, nullptr, &event),
                "an upload"))
    return error;
  slot.event = event;
  return check(driver.clFlush(queue), "an upload");
}

Error OpenClDevice::waitForSlot(Slot &slot) {
  auto event = static_cast<cl_event>(std::exchange(slot.event, nullptr));
  if (!event)
    return Error::success();
  cl_int result = driver.clWaitForEvents(1, &event);
  driver.clReleaseEvent(event);
  return check(result, "an upload");
}

Error OpenClDevice::download(void *to, DeviceAddress from, size_t bytes) {
  return check(driver.clEnqueueSVMMemcpy(queue, 1, to, pointer(from), bytes, 0,
                                         nullptr, nullptr),
               "a download");
}

Error OpenClDevice::copy(DeviceAddress to, DeviceAddress from, size_t bytes) {
  return check(driver.clEnqueueSVMMemcpy(queue, 0, pointer(to), pointer(from),
                                         bytes, 0, nullptr, nullptr),
               "a copy");
}

Error OpenClDevice::clear(DeviceAddress at, size_t bytes) {
  const uint8_t zero = 0;
  return check(driver.clEnqueueSVMMemFill(queue, pointer(at), &zero, 1, bytes,
                                          0, nullptr, nullptr),
               "a clear");
}

Error OpenClDevice::synchronize() {
  return check(driver.clFinish(queue), "the wait for its work");
}
