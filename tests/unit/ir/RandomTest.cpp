// Part of Maek, under the MIT licence; see LICENSE.
// maek.random against the published numbers and the runtime's own generator.
#include "runtime/core/Philox.h"
#include "tests/support/TestModule.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;
using namespace maek::test;

/// The numbers of a tensor of shape [2, 3].
static std::vector<double> draw(std::array<uint32_t, 2> key,
                                std::array<uint32_t, 3> at) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
!s = tensor<i32>
func.func @draw(%a: !s, %b: !s, %c: !s, %d: !s, %e: !s) -> tensor<2x3xf64> {
  %u = maek.random key(%a, %b) at(%c, %d, %e) : tensor<2x3xf64>
  return %u : tensor<2x3xf64>
})");
  std::vector<Tensor> arguments;
  for (uint32_t word : {key[0], key[1], at[0], at[1], at[2]})
    arguments.emplace_back(Index(), double(int32_t(word)));
  auto results =
      interpret(module->lookupSymbol<func::FuncOp>("draw"), arguments);
  return succeeded(results) ? results->front().elements : std::vector<double>();
}

static double toUnit(uint32_t word) { return double(word >> 8) * 0x1p-24; }

// Random123, kat_vectors: philox4x32 10, key and counter 0.
TEST(Random, isPhilox) {
  auto numbers = draw({0, 0}, {0, 0, 0});
  ASSERT_EQ(numbers.size(), 6u);
  EXPECT_EQ(numbers[0], toUnit(0x6627e8d5));
}

TEST(Random, isTheRuntimesPhilox) {
  for (uint32_t seed : {1u, 0x80000000u, 0xffffffffu}) {
    auto numbers = draw({seed, ~seed}, {seed + 7, 3, seed});
    ASSERT_EQ(numbers.size(), 6u);
    for (uint32_t n = 0; n < 6; ++n)
      EXPECT_EQ(numbers[n], toUnit(runtime::philox4x32({n, seed + 7, 3, seed},
                                                       {seed, ~seed})[0]))
          << seed << ", " << n;
  }
}
