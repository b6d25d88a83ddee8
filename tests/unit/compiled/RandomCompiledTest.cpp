// Part of Maek, under the MIT licence; see LICENSE.
// Random models, compiled. A failure prints the seed and the program.
#include "tests/support/Seeds.h"
#include "tests/unit/compiled/CompiledHarness.h"
#include "tests/unit/compiled/RandomModel.h"

#include <gtest/gtest.h>

using namespace maek::test;

namespace {

const std::vector<Dims> kSizes = {{{"B", 1}, {"T", 1}},
                                  {{"B", 2}, {"T", 5}},
                                  {{"B", 7}, {"T", 2}},
                                  {{"B", 64}, {"T", 1}},
                                  {{"B", 1}, {"T", 100}}};

void run(bool single) {
  for (uint64_t seed : getSeeds(1)) {
    SCOPED_TRACE("MAEK_RANDOM_SEED=" + std::to_string(seed));
    auto context = makeCompilerContext();
    auto module = makeRandomModel(*context, seed, single);
    ASSERT_TRUE(module);
    CompiledCheck check;
    check.sizes = kSizes;
    check.asserts = seed % 2;
    check.recompute = seed / 2 % 2;
    check.tolerance = single ? 1e-5 : 1e-10;
    // Sixteen roundings of each value.
    check.perturbation = single ? 2e-6 : 4e-15;
    check.largest = single ? 1e6 : 1e100;
    check.leastCompared = 0.5;
    checkCompiled(*module, check);
  }
}

} // namespace

TEST(RandomCompiled, KeepResultsInDoublePrecision) { run(false); }
TEST(RandomCompiled, KeepResultsInSinglePrecision) { run(true); }
