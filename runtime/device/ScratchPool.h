// Part of Maek, under the MIT licence; see LICENSE.
// Memory that kernels use between their launches. A step asks for the same
// sizes again and again, so blocks are kept; recorded work refers to them.
#ifndef MAEK_RUNTIME_DEVICE_SCRATCHPOOL_H
#define MAEK_RUNTIME_DEVICE_SCRATCHPOOL_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace maek::runtime {

class Device;

/// An address in a device's memory, which the host can add to, not read.
using DeviceAddress = uint64_t;

class ScratchPool {
public:
  /// The same sequence of calls gets the same blocks.
  Expected<DeviceAddress> acquire(Device &device, size_t bytes);
  /// For the next one that asks: the queue is in order.
  void giveBack(DeviceAddress address);
  /// Gives free blocks to the driver. No recorded work may be left.
  void trim(Device &device);
  /// The bytes of all blocks.
  size_t held() const;

private:
  struct Block {
    DeviceAddress address;
    size_t bytes;
    bool isFree;
  };
  std::vector<Block> blocks;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_SCRATCHPOOL_H
