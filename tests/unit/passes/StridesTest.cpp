// Part of Maek, under the MIT licence; see LICENSE.
// Which reshapes of a strided buffer are views.
#include "passes/memory/Strides.h"

#include "gtest/gtest.h"

using namespace maek;

namespace {

using Extents = llvm::SmallVector<Extent>;

Extent symbol(const char *name) { return Extent::symbol(name); }

TEST(Strides, DenseOnesAreProductsOfTheInnerExtents) {
  Extents extents{symbol("B"), 4, symbol("T"), 8};
  EXPECT_EQ(getDenseStrides(extents),
            (Strides{Extent(32) * symbol("T"), Extent(8) * symbol("T"), 8, 1}));
}

TEST(Strides, ADenseBufferReshapesToAnything) {
  Extents from{symbol("B"), 4, 6}, to{2, 1, symbol("B"), 12};
  std::optional<Strides> strides =
      reshapeStrides(from, getDenseStrides(from), to);
  ASSERT_TRUE(strides);
  EXPECT_EQ(*strides, (Strides{Extent(12) * symbol("B"), 1, 12, 1}));
}

TEST(Strides, GapsStayBetweenAxes) {
  // Rows of 6 elements that lie 10 apart.
  Extents from{4, 6};
  Strides strides{10, 1};
  EXPECT_EQ(reshapeStrides(from, strides, Extents{2, 2, 3, 2}),
            (Strides{20, 10, 2, 1}));
  EXPECT_FALSE(reshapeStrides(from, strides, Extents{24}));
  EXPECT_FALSE(reshapeStrides(from, strides, Extents{3, 8}));
}

TEST(Strides, AxesOfOneElementJoinAnything) {
  Extents from{3, 1, 5};
  Strides strides{5, 1000, 1};
  EXPECT_EQ(reshapeStrides(from, strides, Extents{15}), Strides{1});
  EXPECT_EQ(reshapeStrides(Extents{1, 1}, Strides{7, 9}, Extents{}), Strides{});
}

TEST(Strides, AxesOfOneElementDoNotMakeGaps) {
  EXPECT_TRUE(isDense(Extents{3, 1, 5}, Strides{5, 1, 1}));
  EXPECT_TRUE(isDense(Extents{1, 1}, Strides{7, 9}));
  EXPECT_FALSE(isDense(Extents{3, 1, 5}, Strides{25, 5, 1}));
  EXPECT_FALSE(isDense(Extents{3, 5}, Strides{10, 2}));
}

TEST(Strides, NoElementsAreNoDivision) {
  Extents from{0, 4};
  EXPECT_EQ(reshapeStrides(from, getDenseStrides(from), Extents{0}),
            Strides{1});
  EXPECT_FALSE(reshapeStrides(Extents{4}, Strides{1}, Extents{0}));
}

TEST(Strides, TheInnermostAxisHasNeighbours) {
  EXPECT_TRUE(isInnermostContiguous(Extents{}, Strides{}));
  EXPECT_TRUE(isInnermostContiguous(Extents{4, 6}, Strides{10, 1}));
  EXPECT_TRUE(isInnermostContiguous(Extents{4, 1}, Strides{10, 5}));
  EXPECT_FALSE(isInnermostContiguous(Extents{4, 6}, Strides{1, 4}));
}

} // namespace
