// Part of Maek, under the MIT licence; see LICENSE.
// usage: X_fuzz [RUNS [SEED]], or X_fuzz FILE... to try those inputs.
// Prints the seed first, so that a crash can be repeated.
#include "Mutator.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

namespace {
class Mutator {
public:
  explicit Mutator(uint64_t seed) : random(seed) {}

  /// A seed with some random damage.
  std::string mutate(const std::vector<std::string> &seeds) {
    std::string input = seeds[below(seeds.size())];
    for (size_t i = below(8) + 1; i > 0; --i)
      damage(input, seeds);
    return input;
  }

private:
  size_t below(size_t bound) { return bound ? random() % bound : 0; }

  void damage(std::string &input, const std::vector<std::string> &seeds) {
    size_t at = below(input.size() + 1);
    size_t rest = input.size() - at;
    switch (below(8)) {
    case 0:
      input.resize(at);
      break;
    case 1:
      input.insert(at, 1, static_cast<char>(random()));
      break;
    case 2:
      input.erase(at, below(rest + 1));
      break;
    case 3: { // a piece of another input
      const std::string &other = seeds[below(seeds.size())];
      size_t from = below(other.size() + 1);
      input.insert(at, other, from, below(64));
      break;
    }
    case 4: { // an integer that counts and sizes break on
      static const uint64_t odd[] = {0,
                                     1,
                                     2,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     uint64_t{1} << 62,
                                     uint64_t{1} << 63,
                                     UINT64_MAX};
      uint64_t value = odd[below(std::size(odd))];
      for (size_t i = 0; i < 8 && at + i < input.size(); ++i)
        input[at + i] = static_cast<char>(value >> 8 * i);
      break;
    }
    case 5: { // the same in decimal
      static const char *const odd[] = {"-1",
                                        "0",
                                        "4294967296",
                                        "1e9",
                                        "9223372036854775807",
                                        "18446744073709551616"};
      input.insert(at, odd[below(std::size(odd))]);
      break;
    }
    case 6:
      input.insert(at, input.substr(at, below(32)));
      break;
    default:
      if (rest > 0)
        input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
    }
  }

  std::mt19937_64 random;
};
} // namespace

static void run(const std::string &input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(input.data()),
                         input.size());
}

int main(int argc, char **argv) {
  char *end = nullptr;
  unsigned long long runs =
      argc > 1 ? std::strtoull(argv[1], &end, 10) : 20'000;
  if (end && *end) {
    for (int i = 1; i < argc; ++i) {
      std::ifstream file(argv[i], std::ios::binary);
      run({std::istreambuf_iterator<char>(file), {}});
    }
    return 0;
  }
  unsigned long long seed =
      argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device()();
  std::printf("%s: %llu inputs, seed %llu\n", argv[0], runs, seed);
  std::fflush(stdout);
  std::vector<std::string> seeds = fuzzSeeds();
  for (const std::string &input : seeds)
    run(input);
  Mutator mutator(seed);
  for (unsigned long long i = 0; i < runs; ++i)
    run(mutator.mutate(seeds));
  return 0;
}
