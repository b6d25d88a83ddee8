// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/device/Devices.h"

#include "runtime/device/CudaDevice.h"
#include "runtime/device/OpenClDevice.h"

#include <charconv>

using namespace maek::runtime;

const char *maek::runtime::kindName(DeviceKind kind) {
  return kind == DeviceKind::Cuda ? "cuda" : "opencl";
}

Expected<DeviceName> maek::runtime::parseDeviceName(std::string_view name) {
  if (name == "cpu")
    return DeviceName{};
  size_t colon = name.find(':');
  for (DeviceKind kind : {DeviceKind::Cuda, DeviceKind::OpenCl}) {
    if (name.substr(0, colon) != kindName(kind))
      continue;
    DeviceName found{kind};
    if (colon == name.npos)
      return found;
    const char *end = name.data() + name.size();
    auto [stop, status] =
        std::from_chars(name.data() + colon + 1, end, found.ordinal);
    if (status == std::errc() && stop == end && found.ordinal >= 0)
      return found;
  }
  return makeError(MAEK_INVALID_ARGUMENT, "no device is called '", name,
                   "'; there are cpu, cuda, cuda:N, opencl and opencl:N");
}

Expected<std::unique_ptr<Device>>
maek::runtime::openDevice(const DeviceName &name) {
  if (!name.kind)
    return std::unique_ptr<Device>();
  return *name.kind == DeviceKind::Cuda ? CudaDevice::open(name.ordinal)
                                        : OpenClDevice::open(name.ordinal);
}

Expected<std::unique_ptr<Device>>
maek::runtime::openDevice(std::string_view name) {
  Expected<DeviceName> parsed = parseDeviceName(name);
  if (!parsed)
    return parsed.takeError();
  return openDevice(*parsed);
}

Expected<std::vector<DeviceDescription>>
maek::runtime::listDevices(DeviceKind kind) {
  return kind == DeviceKind::Cuda ? CudaDevice::list() : OpenClDevice::list();
}
