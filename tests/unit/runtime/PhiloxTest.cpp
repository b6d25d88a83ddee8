// Part of Maek, under the MIT licence; see LICENSE.
// Philox against the vectors that Random123 publishes (kat_vectors), and what
// streams promise.
#include "runtime/core/Philox.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace maek::runtime;
using Words = std::array<uint32_t, 4>;

TEST(Philox, GivesThePublishedVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                       {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(RandomStream, DependsOnSeedNameAndIndexOnly) {
  RandomStream stream(3, "w"), same(3, "w"), seed(4, "w"), name(3, "v");
  EXPECT_EQ(stream.bits(17), same.bits(17));
  EXPECT_NE(stream.bits(17), stream.bits(18));
  EXPECT_NE(stream.bits(17), seed.bits(17));
  EXPECT_NE(stream.bits(17), name.bits(17));
}

TEST(RandomStream, HasTheMomentsOfItsDistributions) {
  RandomStream stream(1, "moments");
  constexpr uint64_t count = 100'000;
  double mean = 0, normalMean = 0, normalSquare = 0, least = 1, most = 0;
  std::array<int, 7> histogram = {};
  for (uint64_t i = 0; i < count; ++i) {
    double uniform = stream.uniform(i), normal = stream.normal(i);
    mean += uniform / count;
    normalMean += normal / count;
    normalSquare += normal * normal / count;
    least = std::min(least, uniform);
    most = std::max(most, uniform);
    ++histogram[stream.below(i, histogram.size())];
  }
  EXPECT_NEAR(mean, 0.5, 0.005);
  EXPECT_GE(least, 0.0);
  EXPECT_LT(most, 1.0);
  EXPECT_NEAR(normalMean, 0, 0.02);
  EXPECT_NEAR(normalSquare, 1, 0.02);
  for (int seen : histogram)
    EXPECT_NEAR(seen, count / histogram.size(), 600);
}
