// Part of Maek, under the MIT licence; see LICENSE.
// The program's operator new, and aligned_alloc as the runtime calls it.
#include "Allocations.h"

#include <atomic>
#include <cstdlib>
#include <new>

static std::atomic<int64_t> allocations = 0, untilFailure = -1;

int64_t maek::fake::countAllocations() { return allocations; }

void maek::fake::failAllocationAfter(int64_t count) { untilFailure = count; }

static bool mayAllocate() {
  ++allocations;
  return untilFailure < 0 || untilFailure-- > 0;
}

void *operator new(size_t size) {
  void *memory = mayAllocate() ? std::malloc(size) : nullptr;
  return memory ? memory : throw std::bad_alloc();
}
void *operator new(size_t size, const std::nothrow_t &) noexcept {
  return mayAllocate() ? std::malloc(size) : nullptr;
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, size_t) noexcept { std::free(memory); }

// The names are the linker's.
// NOLINTBEGIN
extern "C" {
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size) {
  return mayAllocate() ? __real_aligned_alloc(alignment, size) : nullptr;
}
}
// NOLINTEND
