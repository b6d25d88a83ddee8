// Part of Maek, under the MIT licence; see LICENSE.
// What all devices share: uploads through memory that the device reads from
// itself, and which device the kernels of this thread run on.
#include "runtime/device/Device.h"

#include <algorithm>
#include <cstring>

using namespace maek::runtime;

static thread_local DeviceScope *currentScope = nullptr;

Device::~Device() = default;

Expected<bool> Device::multiply(const MatrixProduct &) { return false; }

Expected<void *> Device::stage(size_t bytes) {
  Slot &slot = slots[next];
  if (slot.isBusy) {
    if (Error error = waitForSlot(slot))
      return error;
    slot.isBusy = false;
  }
  if (slot.bytes < bytes) {
    // Powers of two, so that both are soon as large as they need to be.
    size_t room = 4096;
    while (room < bytes)
      room *= 2;
    if (Error error = resizeSlot(slot, room))
      return error;
  }
  return slot.host;
}

Error Device::uploadStaged(DeviceAddress to, size_t bytes) {
  Slot &slot = slots[next];
  next = 1 - next;
  slot.isBusy = true;
  return queueUpload(slot, to, bytes);
}

Error Device::upload(DeviceAddress to, const void *from, size_t bytes) {
  for (size_t done = 0; done < bytes;) {
    // The next part is filled while the device copies.
    size_t part = std::min(bytes - done, mostStaged);
    Expected<void *> staged = stage(part);
    if (!staged)
      return staged.takeError();
    std::memcpy(*staged, static_cast<const std::byte *>(from) + done, part);
    if (Error error = uploadStaged(to + done, part))
      return error;
    done += part;
  }
  return Error::success();
}

Error Device::beginCapture() {
  return makeError(MAEK_INTERNAL, about.str(), " records no work");
}

Expected<std::unique_ptr<DeviceGraph>> Device::endCapture() {
  return makeError(MAEK_INTERNAL, about.str(), " records no work");
}

DeviceScope::DeviceScope(Device &device)
    : on(&device), outer(std::exchange(currentScope, this)) {}

DeviceScope::~DeviceScope() { currentScope = outer; }

DeviceScope *DeviceScope::current() { return currentScope; }

void DeviceScope::fail(Error error) {
  if (!failure)
    failure = std::move(error);
}
