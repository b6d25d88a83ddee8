// Part of Maek, under the MIT licence; see LICENSE.
// Blocks of a device's memory, the best fitting one first.
#include "runtime/device/ScratchPool.h"

#include "runtime/device/Device.h"

#include <algorithm>

using namespace maek::runtime;

Expected<DeviceAddress> ScratchPool::acquire(Device &device, size_t bytes) {
  Block *best = nullptr;
  for (Block &block : blocks)
    if (block.isFree && block.bytes >= bytes &&
        (!best || block.bytes < best->bytes))
      best = &block;
  // A block much too large is left for whom it fits.
  if (best && best->bytes / 2 <= bytes + 4096) {
    best->isFree = false;
    return best->address;
  }
  Expected<DeviceAddress> address =
      device.allocate(std::max(bytes, size_t{1}), "a kernel's scratch");
  if (!address)
    return address.takeError();
  blocks.push_back({*address, bytes, false});
  return *address;
}

void ScratchPool::giveBack(DeviceAddress address) {
  for (Block &block : blocks)
    if (block.address == address)
      block.isFree = true;
}

void ScratchPool::trim(Device &device) {
  std::erase_if(blocks, [&](const Block &block) {
    if (block.isFree)
      device.release(block.address);
    return block.isFree;
  });
}

size_t ScratchPool::held() const {
  size_t bytes = 0;
  for (const Block &block : blocks)
    bytes += block.bytes;
  return bytes;
}
