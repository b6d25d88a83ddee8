// Part of Maek, under the MIT licence; see LICENSE.
// The few functions of Halide's run-time support that we call, and what we
// give to it. Declared weak: a program without kernels has none.
#include "runtime/core/Kernels.h"

#include "runtime/core/ThreadPool.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sched.h>
#include <unistd.h>

// The functions are Halide's, and so are their names.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
using halide_error_handler_t = void (*)(void *, const char *);
using halide_malloc_t = void *(*)(void *, size_t);
using halide_free_t = void (*)(void *, void *);

using halide_task_t = int (*)(void *, int, uint8_t *);
using halide_do_par_for_t = int (*)(void *, halide_task_t, int, int, uint8_t *);

__attribute__((weak)) halide_do_par_for_t
halide_set_custom_do_par_for(halide_do_par_for_t share);
__attribute__((weak)) halide_error_handler_t
halide_set_error_handler(halide_error_handler_t handler);
__attribute__((weak)) halide_malloc_t
halide_set_custom_malloc(halide_malloc_t allocate);
__attribute__((weak)) halide_free_t
halide_set_custom_free(halide_free_t release);
}
// NOLINTEND(readability-identifier-naming)

using namespace maek::runtime;

namespace {
std::mutex errorMutex;
char errorMessage[512];

void keepError(void *, const char *message) {
  std::scoped_lock lock(errorMutex);
  size_t length = std::min(std::strlen(message), sizeof(errorMessage) - 1);
  while (length > 0 && message[length - 1] == '\n')
    --length;
  std::memcpy(errorMessage, message, length);
  errorMessage[length] = '\0';
}

/// Scratch memory of kernels. A training step asks for the same sizes again
/// and again, so blocks are kept; what a block holds stands before it.
class ScratchPool {
public:
  void *allocate(size_t bytes) {
    {
      std::scoped_lock lock(mutex);
      Block **best = nullptr;
      for (size_t i = 0; i < numFree; ++i)
        if (blocks[i]->bytes >= bytes &&
            (!best || blocks[i]->bytes < (*best)->bytes))
          best = &blocks[i];
      if (best && (*best)->bytes / 2 <= bytes + 4096) {
        Block *block = *best;
        *best = blocks[--numFree];
        return block + 1;
      }
    }
    size_t total =
        (bytes + sizeof(Block) + alignment - 1) / alignment * alignment +
        alignment;
    if (total < bytes)
      return nullptr;
    auto *block = static_cast<Block *>(std::aligned_alloc(alignment, total));
    if (!block)
      return nullptr;
    block->bytes = total - sizeof(Block);
    return block + 1;
  }

  void release(void *memory) {
    if (!memory)
      return;
    Block *block = static_cast<Block *>(memory) - 1;
    {
      std::scoped_lock lock(mutex);
      if (numFree < capacity) {
        blocks[numFree++] = block;
        return;
      }
      // The oldest goes: a former batch size may have left it.
      std::swap(block, blocks[0]);
      std::rotate(blocks, blocks + 1, blocks + numFree);
    }
    std::free(block);
  }

private:
  static constexpr size_t alignment = 128, capacity = 32;
  struct alignas(alignment) Block {
    size_t bytes;
  };
  std::mutex mutex;
  Block *blocks[capacity] = {};
  size_t numFree = 0;
};

constinit ScratchPool scratch;

/// Never destroyed: a program's other threads may run kernels to its very end.
ThreadPool &getPool() {
  static ThreadPool &pool = *[] {
    auto *made = new ThreadPool;
    made->setNumThreads(usableCores());
    return made;
  }();
  return pool;
}

/// A library that is unloaded takes the threads' code with it.
struct PoolEnd {
  ~PoolEnd() { getPool().end(); }
} poolEnd;

int shareLoop(void *context, halide_task_t task, int min, int size,
              uint8_t *closure) {
  return getPool().run(context, task, min, size, closure);
}

// Kernels are compiled without checks, so they would write to null; and through
// them no error comes back.
void *allocateScratch(void *, size_t bytes) {
  void *memory = scratch.allocate(bytes);
  if (!memory) {
    std::fprintf(stderr,
                 "maek: no memory for a kernel's scratch, %zu "
                 "bytes\n",
                 bytes);
    std::abort();
  }
  return memory;
}
void releaseScratch(void *, void *memory) { scratch.release(memory); }
} // namespace

void maek::runtime::supportKernels() {
  // All or nothing: a block must go back to where it came from.
  static std::once_flag once;
  std::call_once(once, [] {
    if (halide_set_error_handler)
      halide_set_error_handler(keepError);
    if (halide_set_custom_do_par_for)
      halide_set_custom_do_par_for(shareLoop);
    if (halide_set_custom_malloc && halide_set_custom_free) {
      halide_set_custom_malloc(allocateScratch);
      halide_set_custom_free(releaseScratch);
    }
  });
}

std::string maek::runtime::takeKernelError() {
  std::scoped_lock lock(errorMutex);
  std::string message = errorMessage;
  errorMessage[0] = '\0';
  return message;
}

int maek::runtime::usableCores() {
  cpu_set_t set;
  int cores = sched_getaffinity(0, sizeof(set), &set) == 0
                  ? CPU_COUNT(&set)
                  : static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::max(cores, 1);
}

void maek::runtime::setKernelThreads(int threads) {
  getPool().setNumThreads(threads > 0 ? threads : usableCores());
}

int maek::runtime::kernelThreads() { return getPool().getNumThreads(); }
