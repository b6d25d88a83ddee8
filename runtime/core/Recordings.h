// Part of Maek, under the MIT licence; see LICENSE.
// Runs of an entry on a device that were recorded, to be done again without
// the host's part in them.
#ifndef MAEK_RUNTIME_CORE_RECORDINGS_H
#define MAEK_RUNTIME_CORE_RECORDINGS_H

#include "runtime/device/Device.h"
#include <array>
#include <cstdint>
#include <vector>

namespace maek::runtime {

/// What a recording is good for: the same sizes and numbers that the host
/// reads, the same addresses.
struct RunKey {
  std::span<const int64_t> words;
  std::span<void *const> buffers;
  void *arena;
};

class Recordings {
public:
  /// Queues `work`, or does again what it queued for this key. The first run
  /// for a key is not recorded: it loads kernels and allocates their scratch.
  template <typename Work>
  Error run(Device &device, const RunKey &key, Work &&work) {
    if (!device.canCapture())
      return work();
    Recording &recording = find(key);
    if (recording.graph)
      return recording.graph->replay();
    if (!recording.hasRun) {
      Error error = work();
      recording.hasRun = !error;
      return error;
    }
    if (Error error = device.beginCapture())
      return error;
    Error error = work();
    Error ended = end(device, recording);
    if (!error && !ended)
      return recording.graph->replay();
    // It holds a part of the work, and the next run may go well.
    recording.graph.reset();
    recording.hasRun = false;
    // Without memory for it the work can be done as before.
    if (!error && ended.code() == MAEK_OUT_OF_MEMORY)
      return work();
    return error ? std::move(error) : std::move(ended);
  }
  /// Forgets all, and what memory they refer to.
  void clear();

private:
  struct Recording {
    std::vector<int64_t> words;
    std::vector<void *> buffers;
    void *arena = nullptr;
    bool hasRun = false;
    std::unique_ptr<DeviceGraph> graph;
  };
  /// The recording for the key, perhaps a new one in an old one's place.
  Recording &find(const RunKey &key);
  static Error end(Device &device, Recording &recording);

  /// An epoch has batches of one size and a last one of another.
  std::array<Recording, 4> recordings;
  size_t next = 0;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_RECORDINGS_H
