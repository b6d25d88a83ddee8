// Part of Maek, under the MIT licence; see LICENSE.
// A device beside the processor: its memory, its kernels, one queue of work.
// Everything is queued in the order of the calls; only what says so waits.
#ifndef MAEK_RUNTIME_DEVICE_DEVICE_H
#define MAEK_RUNTIME_DEVICE_DEVICE_H

#include "runtime/core/Error.h"
#include "runtime/device/MatrixProduct.h"
#include "runtime/device/ScratchPool.h"
#include <cstddef>
#include <span>

namespace maek::runtime {

enum class DeviceKind { Cuda, OpenCl };

struct DeviceDescription {
  DeviceKind kind = DeviceKind::Cuda;
  std::string name;          ///< as --device takes it: "cuda:0"
  std::string product;       ///< the driver's name for it
  std::string capability;    ///< "sm_90", "OpenCL 3.0"
  int computeCapability = 0; ///< 90 for sm_90
  uint64_t memory = 0;       ///< bytes
  /// The host's processor behind another interface: nothing is gained by it.
  bool isHost = false;

  /// "cuda:0 (NVIDIA H100)".
  std::string str() const { return text(name, " (", product, ")"); }
};

/// An argument of a kernel: a number, or an address if `isAddress`.
struct KernelArgument {
  const void *value;
  size_t bytes;
  bool isAddress;
};

struct KernelLaunch {
  const char *source; ///< which `load` knows
  const char *kernel; ///< its name in there
  unsigned blocks[3], threads[3];
  unsigned sharedBytes; ///< of memory that a block's threads share
  std::span<const KernelArgument> arguments;
};

/// Recorded work, which the device does again without being told each part.
class DeviceGraph {
public:
  virtual ~DeviceGraph() = default;
  /// Queues all of it.
  virtual Error replay() = 0;
};

/// Used by one thread at a time. Errors name the device; after one that lost
/// it, every call fails.
class Device {
public:
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;
  virtual ~Device();

  const DeviceDescription &description() const { return about; }

  /// Memory aligned to 256 bytes; `what` is for the message. Waits, perhaps.
  virtual Expected<DeviceAddress> allocate(size_t bytes,
                                           std::string_view what) = 0;
  /// Waits for what uses it. 0 is fine.
  virtual void release(DeviceAddress address) = 0;

  /// The source may be changed at once.
  Error upload(DeviceAddress to, const void *from, size_t bytes);
  /// Host memory to write `bytes` to, which `uploadStaged` then queues. Waits
  /// if the last but one upload is not done. `bytes` is `mostStaged` at most.
  Expected<void *> stage(size_t bytes);
  static constexpr size_t mostStaged = size_t{64} << 20;
  Error uploadStaged(DeviceAddress to, size_t bytes);
  /// Waits for all that was queued.
  virtual Error download(void *to, DeviceAddress from, size_t bytes) = 0;
  virtual Error copy(DeviceAddress to, DeviceAddress from, size_t bytes) = 0;
  virtual Error clear(DeviceAddress at, size_t bytes) = 0;
  /// Waits for all that was queued.
  virtual Error synchronize() = 0;

  /// Makes the kernels of a source known, text that ends with a NUL and stays.
  /// Quick where it did so before.
  virtual Error load(const char *source) = 0;
  virtual Error launch(const KernelLaunch &launch) = 0;
  /// Makes the product with a library of the device's; false if none does.
  virtual Expected<bool> multiply(const MatrixProduct &product);
  /// Memory of kernels between their launches, which comes again in the order
  /// of the queue.
  ScratchPool &scratch() { return pool; }

  /// Whether work can be recorded.
  virtual bool canCapture() const { return false; }
  /// From here on, work is recorded and not done: launches, copies on the
  /// device, clears.
  virtual Error beginCapture();
  virtual Expected<std::unique_ptr<DeviceGraph>> endCapture();

protected:
  /// Host memory from which the device copies at its leisure.
  struct Slot {
    void *host = nullptr;
    size_t bytes = 0;
    void *event = nullptr; ///< of the latest upload from here
    bool isBusy = false;
  };

  explicit Device(DeviceDescription about) : about(std::move(about)) {}
  std::span<Slot> allSlots() { return slots; }
  /// Gives a slot memory of that size, in place of what it has.
  virtual Error resizeSlot(Slot &slot, size_t bytes) = 0;
  /// Queues an upload from the slot, with an event behind it.
  virtual Error queueUpload(Slot &slot, DeviceAddress to, size_t bytes) = 0;
  virtual Error waitForSlot(Slot &slot) = 0;

private:
  DeviceDescription about;
  Slot slots[2];
  ScratchPool pool;
  size_t next = 0; ///< slot
};

/// The kernels that are called while it lives run on the device.
class DeviceScope {
public:
  explicit DeviceScope(Device &device);
  DeviceScope(const DeviceScope &) = delete;
  DeviceScope &operator=(const DeviceScope &) = delete;
  ~DeviceScope();

  /// What went wrong first. Compiled kernels drop the status of what they
  /// call; nothing is launched behind an error.
  Error takeError() { return std::move(failure); }

  /// The innermost of this thread, or null.
  static DeviceScope *current();
  Device &device() { return *on; }
  bool hasFailed() const { return static_cast<bool>(failure); }
  void fail(Error error);

private:
  Device *on;
  DeviceScope *outer;
  Error failure = Error::success();
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_DEVICE_H
