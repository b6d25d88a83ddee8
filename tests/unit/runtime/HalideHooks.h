// Part of Maek, under the MIT licence; see LICENSE.
// Calls what compiled kernels call, as they do.
#ifndef MAEK_TESTS_UNIT_RUNTIME_HALIDEHOOKS_H
#define MAEK_TESTS_UNIT_RUNTIME_HALIDEHOOKS_H

#include "runtime/device/HalideBuffer.h"
#include <array>
#include <string>
#include <vector>

namespace maek::fake {

/// A kernel's own tensor of floats, in one dimension.
struct Vector {
  runtime::HalideDimension dim;
  runtime::HalideBuffer buffer;

  explicit Vector(int32_t count, uint64_t device = 0)
      : dim{0, count, 1, 0},
        buffer{device, nullptr, nullptr, 0, 2, 32, 1, 1, nullptr, nullptr} {
    buffer.dim = &dim;
  }
  Vector(const Vector &) = delete;
  Vector &operator=(const Vector &) = delete;
};

/// One launch: the kernel's buffers, then its numbers.
struct Call {
  const char *kernel;
  std::array<int, 3> blocks, threads;
  int sharedBytes = 0;
  std::vector<Vector *> buffers = {};
  std::vector<int32_t> counts = {};
  std::vector<float> numbers = {};
};

/// Kernels of one source, compiled for "cuda" or "opencl".
class CompiledKernels {
public:
  CompiledKernels(std::string api, const char *source)
      : api(std::move(api)), source(source) {}
  /// The status, which real kernels drop.
  int run(const Call &call);
  static int allocate(Vector &vector);
  static void release(Vector &vector);

private:
  std::string api;
  const char *source;
  void *state = nullptr;
};

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_HALIDEHOOKS_H
