// Part of Maek, under the MIT licence; see LICENSE.
// The device's memory of the stand-in for CUDA's driver. The program cannot
// read or write it: what takes one of its addresses for the host's ends at
// once, as it would with a GPU.
#ifndef MAEK_TESTS_SUPPORT_STUBMEMORY_H
#define MAEK_TESTS_SUPPORT_STUBMEMORY_H

#include <cstddef>
#include <cstdint>
#include <map>

namespace maek::fake {

class StubMemory {
public:
  /// 0 if there is none. Its bytes are all ones, no number of any type.
  uint64_t allocate(size_t bytes);
  /// The bytes that it had; nothing is freed if the address is no allocation's.
  bool release(uint64_t address, size_t &bytes);
  /// Whether all these bytes are in one allocation.
  bool holds(uint64_t address, size_t bytes) const;
  size_t held() const { return total; }

  /// While it lives, the memory can be reached: that of an address, or all.
  class Reach {
  public:
    Reach(StubMemory &memory, uint64_t address)
        : memory(memory), address(address) {
      memory.setReachable(address, true);
    }
    explicit Reach(StubMemory &memory) : Reach(memory, 0) {}
    Reach(const Reach &) = delete;
    ~Reach() { memory.setReachable(address, false); }

  private:
    StubMemory &memory;
    uint64_t address;
  };

  /// Of the allocation that the address is in; of all if it is 0. Calls with
  /// true are matched by as many with false.
  void setReachable(uint64_t address, bool isReachable);

private:
  struct Block {
    size_t bytes;
    int reaches = 0;
  };
  std::map<uint64_t, Block> blocks;
  size_t total = 0;
};

} // namespace maek::fake

#endif // MAEK_TESTS_SUPPORT_STUBMEMORY_H
