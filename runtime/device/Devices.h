// Part of Maek, under the MIT licence; see LICENSE.
// Which devices there are, and how one is opened by its name.
#ifndef MAEK_RUNTIME_DEVICE_DEVICES_H
#define MAEK_RUNTIME_DEVICE_DEVICES_H

#include "runtime/device/Device.h"
#include <optional>
#include <vector>

namespace maek::runtime {

/// A device as a person names it: "cpu", "cuda", "cuda:1", "opencl:0".
struct DeviceName {
  std::optional<DeviceKind> kind; ///< nothing: the processor
  int ordinal = 0;
};

/// "cuda" or "opencl".
const char *kindName(DeviceKind kind);

/// MAEK_INVALID_ARGUMENT, and what names there are, for any other text.
Expected<DeviceName> parseDeviceName(std::string_view name);

/// The device of that name; null for the processor.
Expected<std::unique_ptr<Device>> openDevice(const DeviceName &name);
Expected<std::unique_ptr<Device>> openDevice(std::string_view name);

/// The devices of a kind; an error says why there can be none.
Expected<std::vector<DeviceDescription>> listDevices(DeviceKind kind);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_DEVICES_H
