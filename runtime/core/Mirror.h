// Part of Maek, under the MIT licence; see LICENSE.
// A tensor's memory where entries run, on the host or on a device. What a
// device has is mirrored on the host when somebody asks for it.
#ifndef MAEK_RUNTIME_CORE_MIRROR_H
#define MAEK_RUNTIME_CORE_MIRROR_H

#include "runtime/core/Tensor.h"
#include "runtime/device/Device.h"

namespace maek::runtime {

/// Without a device it is a Buffer, and nothing of it but `reserve` fails.
class Mirror {
public:
  Mirror() = default;
  Mirror(Mirror &&other) noexcept { *this = std::move(other); }
  Mirror &operator=(Mirror &&other) noexcept;
  Mirror(const Mirror &) = delete;
  Mirror &operator=(const Mirror &) = delete;
  ~Mirror();

  /// Makes room for a tensor of so many bytes where entries run, which is the
  /// host without a device. The content is kept only where nothing grows.
  Error reserve(int64_t bytes, std::string_view what, MemoryBudget &budget,
                Device *device);
  /// Whether there is room already; then the content is to have that size.
  bool resize(int64_t bytes);
  /// Makes room on the host, too, as `overwrite` needs it.
  Error reserveHost(std::string_view what);
  /// Gives all memory back.
  void release();

  /// The content, on the host. Waits where an entry wrote it last.
  Expected<void *> read();
  /// Host memory that the caller fills with the whole content.
  void *overwrite();
  /// The same, for callers that may fail: only `overwrite`, called again once
  /// it is filled, makes it the content.
  void *hostRoom() { return host.data(); }
  /// All bytes are 0.
  Error clear();

  /// Where entries find the content, for them to read.
  Expected<void *> place();
  /// An entry that was queued writes the content.
  void noteWritten();

  bool exists() const { return device ? address != 0 : host.data() != nullptr; }
  int64_t capacity() const { return device ? room : host.capacity(); }
  /// What lies on the host, old or new; for comparing addresses.
  const Buffer &onHost() const { return host; }

private:
  enum class Newer { Neither, Host, Device };

  Buffer host;
  Device *device = nullptr;
  MemoryBudget *budget = nullptr;
  DeviceAddress address = 0;
  int64_t room = 0;  ///< on the device
  int64_t bytes = 0; ///< of the content
  Newer newer = Newer::Neither;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_MIRROR_H
