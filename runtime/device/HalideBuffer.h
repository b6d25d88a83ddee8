// Part of Maek, under the MIT licence; see LICENSE.
// The descriptor that compiled kernels get of a tensor, halide_buffer_t of
// HalideRuntime.h, as far as devices look into it.
#ifndef MAEK_RUNTIME_DEVICE_HALIDEBUFFER_H
#define MAEK_RUNTIME_DEVICE_HALIDEBUFFER_H

#include <cstddef>
#include <cstdint>

namespace maek::runtime {

struct HalideDimension {
  int32_t min, extent, stride;
  uint32_t flags;
};

struct HalideBuffer {
  uint64_t device; ///< address in the device's memory, or 0
  const void *interface;
  uint8_t *host;
  uint64_t flags;
  uint8_t typeCode, typeBits;
  uint16_t typeLanes;
  int32_t dimensions;
  HalideDimension *dim;
  void *padding;
};

/// From the first to the last element. Strides are not negative.
inline size_t countBytes(const HalideBuffer &buffer) {
  size_t last = 0;
  for (int32_t i = 0; i < buffer.dimensions; ++i) {
    const HalideDimension &dim = buffer.dim[i];
    if (dim.extent <= 0)
      return 0;
    last +=
        static_cast<size_t>(dim.extent - 1) * static_cast<size_t>(dim.stride);
  }
  return (last + 1) * ((buffer.typeBits + size_t{7}) / 8) * buffer.typeLanes;
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_HALIDEBUFFER_H
