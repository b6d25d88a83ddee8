// Part of Maek, under the MIT licence; see LICENSE.
// A main for fuzz targets without libFuzzer: seeds, mutated at random for a
// while. Each program defines LLVMFuzzerTestOneInput and `fuzzSeeds`.
#ifndef MAEK_TESTS_FUZZ_MUTATOR_H
#define MAEK_TESTS_FUZZ_MUTATOR_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

/// Tries one input; aborts if a promise is broken.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// Good inputs to begin with.
std::vector<std::string> fuzzSeeds();

#endif // MAEK_TESTS_FUZZ_MUTATOR_H
