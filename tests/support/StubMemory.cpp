// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/StubMemory.h"

#include <cstring>
#include <iterator>
#include <sys/mman.h>

namespace maek::fake {

static void *pointer(uint64_t address) {
  return reinterpret_cast<void *>(address);
}

static void protect(uint64_t address, size_t bytes, bool isReachable) {
  mprotect(pointer(address), bytes,
           isReachable ? PROT_READ | PROT_WRITE : PROT_NONE);
}

uint64_t StubMemory::allocate(size_t bytes) {
  void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return 0;
  std::memset(memory, 0xff, bytes);
  auto address = reinterpret_cast<uint64_t>(memory);
  protect(address, bytes, false);
  blocks[address] = {bytes};
  total += bytes;
  return address;
}

bool StubMemory::release(uint64_t address, size_t &bytes) {
  auto at = blocks.find(address);
  if (at == blocks.end())
    return false;
  bytes = at->second.bytes;
  munmap(pointer(address), bytes);
  total -= bytes;
  blocks.erase(at);
  return true;
}

bool StubMemory::holds(uint64_t address, size_t bytes) const {
  auto after = blocks.upper_bound(address);
  if (after == blocks.begin())
    return false;
  const auto &[begin, block] = *std::prev(after);
  return address - begin + bytes <= block.bytes;
}

void StubMemory::setReachable(uint64_t address, bool isReachable) {
  auto set = [&](auto &entry) {
    auto &[begin, block] = entry;
    block.reaches += isReachable ? 1 : -1;
    protect(begin, block.bytes, block.reaches > 0);
  };
  if (address)
    return set(*std::prev(blocks.upper_bound(address)));
  for (auto &entry : blocks)
    set(entry);
}

} // namespace maek::fake
