// Part of Maek, under the MIT licence; see LICENSE.
// Which side of a tensor is newer, and the copies between them.
#include "runtime/core/Mirror.h"

#include <cstring>

using namespace maek::runtime;

Mirror &Mirror::operator=(Mirror &&other) noexcept {
  std::swap(host, other.host);
  std::swap(device, other.device);
  std::swap(budget, other.budget);
  std::swap(address, other.address);
  std::swap(room, other.room);
  std::swap(bytes, other.bytes);
  std::swap(newer, other.newer);
  return *this;
}

Mirror::~Mirror() {
  if (device)
    device->release(address);
}

Error Mirror::reserve(int64_t count, std::string_view what,
                      MemoryBudget &limits, Device *on) {
  budget = &limits;
  device = on;
  bytes = count;
  if (!device)
    return host.reserve(count, what, budget);
  if (resize(count))
    return Error::success();
  newer = Newer::Device;
  auto added = static_cast<uint64_t>(count - room);
  if (budget->held > budget->limit || added > budget->limit - budget->held)
    return makeError(MAEK_OUT_OF_MEMORY, what, " needs ", count,
                     " bytes; the model holds ", budget->held,
                     " of its limit of ", budget->limit);
  // First the old memory goes, which may be what the new one needs.
  device->release(std::exchange(address, 0));
  budget->held -= static_cast<uint64_t>(std::exchange(room, 0));
  Expected<DeviceAddress> fresh =
      device->allocate(static_cast<size_t>(count), what);
  if (!fresh)
    return fresh.takeError();
  address = *fresh;
  room = count;
  budget->held += static_cast<uint64_t>(room);
  return Error::success();
}

bool Mirror::resize(int64_t count) {
  if (!exists() || count > capacity())
    return false;
  bytes = count;
  if (device)
    newer = Newer::Device;
  return true;
}

Error Mirror::reserveHost(std::string_view what) {
  return device ? host.reserve(bytes, what, budget) : Error::success();
}

void Mirror::release() {
  if (!budget)
    return;
  host.release(*budget);
  if (!device)
    return;
  device->release(std::exchange(address, 0));
  budget->held -= static_cast<uint64_t>(std::exchange(room, 0));
}

Expected<void *> Mirror::read() {
  if (!device || newer != Newer::Device)
    return host.data();
  if (Error error = host.reserve(bytes, "a tensor of the device", budget))
    return error;
  if (bytes > 0)
    if (Error error =
            device->download(host.data(), address, static_cast<size_t>(bytes)))
      return error;
  newer = Newer::Neither;
  return host.data();
}

void *Mirror::overwrite() {
  newer = Newer::Host;
  return host.data();
}

Error Mirror::clear() {
  if (!device) {
    std::memset(host.data(), 0, static_cast<size_t>(bytes));
    return Error::success();
  }
  newer = Newer::Device;
  return bytes > 0 ? device->clear(address, static_cast<size_t>(bytes))
                   : Error::success();
}

Expected<void *> Mirror::place() {
  if (!device)
    return host.data();
  if (newer == Newer::Host) {
    if (bytes > 0)
      if (Error error =
              device->upload(address, host.data(), static_cast<size_t>(bytes)))
        return error;
    newer = Newer::Neither;
  }
  return reinterpret_cast<void *>(address);
}

void Mirror::noteWritten() {
  if (device)
    newer = Newer::Device;
}
