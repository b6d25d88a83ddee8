// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/Recordings.h"

#include <algorithm>

using namespace maek::runtime;

Recordings::Recording &Recordings::find(const RunKey &key) {
  for (Recording &recording : recordings)
    if (recording.arena == key.arena &&
        std::ranges::equal(recording.words, key.words) &&
        std::ranges::equal(recording.buffers, key.buffers))
      return recording;
  Recording &oldest = recordings[next];
  next = (next + 1) % recordings.size();
  oldest.graph.reset();
  oldest.hasRun = false;
  oldest.words.assign(key.words.begin(), key.words.end());
  oldest.buffers.assign(key.buffers.begin(), key.buffers.end());
  oldest.arena = key.arena;
  return oldest;
}

Error Recordings::end(Device &device, Recording &recording) {
  Expected<std::unique_ptr<DeviceGraph>> graph = device.endCapture();
  if (!graph)
    return graph.takeError();
  recording.graph = std::move(*graph);
  return Error::success();
}

void Recordings::clear() {
  for (Recording &recording : recordings)
    recording = Recording();
  next = 0;
}
