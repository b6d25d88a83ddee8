// Part of Maek, under the MIT licence; see LICENSE.
// Counter-based random numbers: a draw is a function of seed, name and index
// alone, so it depends neither on the order of drawing nor on threads.
// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#ifndef MAEK_RUNTIME_CORE_PHILOX_H
#define MAEK_RUNTIME_CORE_PHILOX_H

#include <array>
#include <cstdint>
#include <string_view>

namespace maek::runtime {

/// Philox 4x32 with ten rounds: 128 random bits of counter and key.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter,
                                   std::array<uint32_t, 2> key);

/// An endless sequence of draws, read at any index. Streams of different names
/// under one seed are independent.
class RandomStream {
public:
  RandomStream(uint64_t seed, std::string_view name);

  /// Two words of 64 random bits.
  std::array<uint64_t, 2> bits(uint64_t index) const;
  /// Uniform in [0, 1), with 53 random bits.
  double uniform(uint64_t index) const;
  /// Normal with mean 0 and standard deviation 1 (Box and Muller).
  double normal(uint64_t index) const;
  /// Uniform in 0 .. bound - 1.
  uint64_t below(uint64_t index, uint64_t bound) const;

private:
  uint64_t key;
  uint64_t stream;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_PHILOX_H
