// Part of Maek, under the MIT licence; see LICENSE.
// Random functions of the tensor-level ops, as text, decided by a seed.
#ifndef MAEK_TESTS_UNIT_PASSES_RANDOMPROGRAM_H
#define MAEK_TESTS_UNIT_PASSES_RANDOMPROGRAM_H

#include <cstdint>
#include <string>

namespace maek::test {

/// A module with one function @forward on f64 tensors with static extents, B
/// and T, scans included. Its values stay continuous in the arguments, so that
/// rounding cannot change a result by much.
std::string makeRandomProgram(uint64_t seed);

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_PASSES_RANDOMPROGRAM_H
