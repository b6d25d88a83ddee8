// Part of Maek, under the MIT licence; see LICENSE.
// Which random programs a test makes.
#ifndef MAEK_TESTS_SUPPORT_SEEDS_H
#define MAEK_TESTS_SUPPORT_SEEDS_H

#include "llvm/ADT/Sequence.h"
#include <cstdint>

namespace maek::test {

/// 1 to `count`, or `first` and those behind it if the environment says
/// MAEK_RANDOM_SEED=first[:count].
llvm::iota_range<uint64_t> getSeeds(uint64_t count);

} // namespace maek::test

#endif // MAEK_TESTS_SUPPORT_SEEDS_H
