// Part of Maek, under the MIT licence; see LICENSE.
// A run of an entry on a device: its arguments go there in one copy, its
// launches are recorded once and then replayed.
#include "runtime/core/Kernels.h"
#include "runtime/core/Model.h"

#include <cstring>

using namespace maek::runtime;

/// Of a tensor among the arguments, as kernels like it.
static constexpr size_t alignment = 256;

/// Where the arguments of a call lie, one behind another: index, offset and
/// size of each. Returns the size of all.
template <typename Visit>
static size_t layOut(const EntryInfo &info,
                     std::span<const maek_tensor_t *const> given,
                     Visit &&visit) {
  size_t end = 0;
  for (size_t i = 0; i < info.arguments.size(); ++i) {
    const PortInfo &port = info.arguments[i];
    size_t bytes = dtypeSize(port.dtype);
    if (given[i])
      bytes = static_cast<size_t>(*countBytes(
          {given[i]->shape, static_cast<size_t>(given[i]->rank)}, port.dtype));
    else if (port.role != Role::Scalar)
      continue;
    size_t at = (end + alignment - 1) / alignment * alignment;
    visit(i, at, bytes);
    end = at + bytes;
  }
  return end;
}

Error Model::bringArguments(EntryState &entry) {
  const EntryInfo &info = *entry.info;
  size_t total = layOut(info, entry.given, [](size_t, size_t, size_t) {});
  if (total == 0)
    return Error::success();
  if (Error error = given.reserve(static_cast<int64_t>(total),
                                  "the arguments of a call", budget, on.get()))
    return error;
  Expected<void *> base = given.place();
  if (!base)
    return base.takeError();
  bool isStaged = total <= Device::mostStaged;
  std::byte *staged = nullptr;
  if (isStaged) {
    Expected<void *> room = on->stage(total);
    if (!room)
      return room.takeError();
    staged = static_cast<std::byte *>(*room);
  }
  auto to = reinterpret_cast<DeviceAddress>(*base);
  Error failure = Error::success();
  layOut(info, entry.given, [&](size_t i, size_t at, size_t bytes) {
    const void *from = entry.buffers[i];
    if (isStaged)
      std::memcpy(staged + at, from, bytes);
    else if (!failure)
      failure = on->upload(to + at, from, bytes);
    entry.buffers[i] = reinterpret_cast<void *>(to + at);
  });
  if (failure || !isStaged)
    return failure;
  return on->uploadStaged(to, total);
}

Error Model::runOnDevice(EntryState &entry) {
  if (Error error = bringArguments(entry))
    return error;
  Expected<void *> working = arena.place();
  if (!working)
    return working.takeError();
  RunKey key{entry.words, entry.buffers, *working};
  return entry.recordings.run(*on, key, [&] {
    DeviceScope scope(*on);
    Error status = runCode(entry);
    // The device's own words say more.
    Error error = scope.takeError();
    return error ? std::move(error) : std::move(status);
  });
}
