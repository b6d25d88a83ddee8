// Part of Maek, under the MIT licence; see LICENSE.
// Counter-based random numbers.
#include "runtime/core/Philox.h"

#include <cmath>
#include <numbers>

using namespace maek::runtime;

std::array<uint32_t, 4>
maek::runtime::philox4x32(std::array<uint32_t, 4> counter,
                          std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t p0 = uint64_t{0xD2511F53} * counter[0];
    uint64_t p1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// FNV-1a, 64 bits.
static uint64_t hashName(std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : name)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

RandomStream::RandomStream(uint64_t seed, std::string_view name)
    : key(seed), stream(hashName(name)) {}

std::array<uint64_t, 2> RandomStream::bits(uint64_t index) const {
  auto low = [](uint64_t word) { return static_cast<uint32_t>(word); };
  auto high = [](uint64_t word) { return static_cast<uint32_t>(word >> 32); };
  std::array<uint32_t, 4> words =
      philox4x32({low(index), high(index), low(stream), high(stream)},
                 {low(key), high(key)});
  return {words[0] | uint64_t{words[1]} << 32,
          words[2] | uint64_t{words[3]} << 32};
}

static double toUnit(uint64_t word) {
  return static_cast<double>(word >> 11) * 0x1p-53;
}

double RandomStream::uniform(uint64_t index) const {
  return toUnit(bits(index)[0]);
}

double RandomStream::normal(uint64_t index) const {
  auto [radius, angle] = bits(index);
  // 1 - u lies in (0, 1], where the logarithm is finite.
  return std::sqrt(-2.0 * std::log(1.0 - toUnit(radius))) *
         std::cos(2.0 * std::numbers::pi * toUnit(angle));
}

uint64_t RandomStream::below(uint64_t index, uint64_t bound) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<uint64_t>((Wide{bits(index)[0]} * bound) >> 64);
}
