// Part of Maek, under the MIT licence; see LICENSE.
// Random programs through the passes: no crash, no invalid IR, no other
// result. A failure prints the seed and the program.
#include "RandomProgram.h"
#include "tests/support/Seeds.h"
#include "tests/support/TestModule.h"

#include "gtest/gtest.h"

using namespace maek::test;

namespace {

constexpr double kTolerance = 1e-9;

class RandomPrograms : public testing::TestWithParam<std::string> {};

TEST_P(RandomPrograms, KeepResults) {
  for (uint64_t seed : getSeeds(150)) {
    SCOPED_TRACE("MAEK_RANDOM_SEED=" + std::to_string(seed));
    std::string text = makeRandomProgram(seed);
    auto context = makeTestContext();
    auto before = parseModule(*context, text);
    auto after = parseModule(*context, text);
    ASSERT_TRUE(before && after) << text;
    ASSERT_TRUE(succeeded(runPasses(*after, GetParam()))) << text;
    Dims dims{{"B", 2}, {"T", int64_t(1 + seed % 3)}};
    auto expected = runEntry(*before, "forward", dims);
    auto actual = runEntry(*after, "forward", dims);
    ASSERT_TRUE(succeeded(expected) && succeeded(actual)) << text;
    ASSERT_EQ(describeDifference(*actual, *expected, kTolerance), "") << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Algebra, RandomPrograms,
    testing::Values("maek-simplify", "maek-split-concat-matmul",
                    "maek-merge-gate-matmuls", "maek-hoist-input-projection",
                    "maek-simplify,maek-split-concat-matmul,maek-merge-gate-"
                    "matmuls,maek-hoist-input-projection,maek-simplify",
                    "maek-pipeline"));

} // namespace
