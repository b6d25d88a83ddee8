// Part of Maek, under the MIT licence; see LICENSE.
// Sizes as polynomials, strided views, and the arena's slots for many sizes.
#include "ir/Entries.h"
#include "passes/memory/ArenaPlan.h"
#include "passes/memory/BufferForm.h"
#include "tests/unit/host/HostHarness.h"
#include "tests/unit/passes/RandomProgram.h"

#include <gtest/gtest.h>

using namespace maek;
using namespace maek::test;

namespace {

const Polynomial B = Polynomial::symbol("B"), T = Polynomial::symbol("T");

Extent extent(llvm::StringRef text) { return *Extent::parse(text); }

/// A view of a tensor of these extents in storage of its own.
View makeView(llvm::ArrayRef<llvm::StringRef> sizes,
              mlir::MLIRContext &context) {
  llvm::SmallVector<Extent> extents;
  for (llvm::StringRef size : sizes)
    extents.push_back(extent(size));
  return View::whole(nullptr,
                     getTensorType(extents, mlir::Float32Type::get(&context)));
}

std::string describe(const std::optional<View> &view) {
  if (!view)
    return "none";
  std::string text = view->offset.str() + ":";
  for (auto [size, stride] : llvm::zip(view->extents, view->strides))
    text.append(" ").append(size.str()).append("/").append(stride.str());
  return text;
}

} // namespace

TEST(Polynomial, Arithmetic) {
  EXPECT_EQ((B * T * 96 + B * 24 - 1).str(), "96*B*T + 24*B - 1");
  EXPECT_EQ((B - T).str(), "B - T");
  EXPECT_EQ((B - B).str(), "0");
  EXPECT_EQ((Polynomial() - B * 2).str(), "-2*B");
  EXPECT_EQ((B + 1) * (B - 1), B * B - 1);
  EXPECT_EQ((B * T + 3).evaluate(
                [](llvm::StringRef name) { return name == "B" ? 4 : 5; }),
            23);
  EXPECT_EQ(Polynomial(7).getConstant(), 7);
  EXPECT_EQ(B.getConstant(), std::nullopt);
}

TEST(Polynomial, IsAtLeast) {
  EXPECT_TRUE((B * T).isAtLeast(B));
  EXPECT_TRUE((B * T + B).isAtLeast(B * 2));
  EXPECT_TRUE((B * 2).isAtLeast(B + 1));
  EXPECT_TRUE(B.isAtLeast(1));
  EXPECT_FALSE(B.isAtLeast(2));
  EXPECT_FALSE(B.isAtLeast(T));
  EXPECT_FALSE((B * 3).isAtLeast(B * T));
}

TEST(View, Reshape) {
  auto context = makeTestContext();
  View view = makeView({"T", "B", "24"}, *context);
  EXPECT_EQ(describe(view), "0: T/24*B B/24 24/1");
  auto reshape = [](const View &from,
                    std::initializer_list<llvm::StringRef> sizes) {
    llvm::SmallVector<Extent> to;
    for (llvm::StringRef size : sizes)
      to.push_back(extent(size));
    return describe(from.reshape(to));
  };
  EXPECT_EQ(reshape(view, {"B*T", "24"}), "0: B*T/24 24/1");
  EXPECT_EQ(reshape(view, {"T", "1", "B", "4", "6"}),
            "0: T/24*B 1/1 B/24 4/6 6/1");
  EXPECT_EQ(reshape(view, {"24*B*T"}), "0: 24*B*T/1");
  View row = view.take(0, T - 1);
  EXPECT_EQ(describe(row), "24*B*T - 24*B: B/24 24/1");
  View part = view.slice(2, 8, 16);
  EXPECT_EQ(describe(part), "8: T/24*B B/24 16/1");
  EXPECT_EQ(reshape(part, {"B*T", "16"}), "8: B*T/24 16/1");
  EXPECT_EQ(reshape(part, {"B*T", "4", "4"}), "8: B*T/24 4/4 4/1");
  EXPECT_EQ(reshape(part, {"16*B*T"}), "none");
  EXPECT_EQ(reshape(part, {"T", "16*B"}), "none");
  View turned = view.transpose({1, 0, 2});
  EXPECT_EQ(describe(turned), "0: B/24 T/24*B 24/1");
  EXPECT_EQ(reshape(turned, {"B*T", "24"}), "none");
  EXPECT_FALSE(turned.isContiguous());
  EXPECT_TRUE(turned.isInnermostContiguous());
}

namespace {

/// Whatever the sizes, no two tensors are at one place at one time.
void checkPlan(mlir::func::FuncOp entry) {
  Placement placement(entry);
  ASSERT_TRUE(placement.getConflicts().empty());
  ArenaPlan plan(placement);
  for (int64_t b : {1, 2, 7, 64})
    for (int64_t t : {1, 2, 5, 100}) {
      auto value = [&](llvm::StringRef symbol) {
        return symbol == "B" ? b : t;
      };
      std::map<const Storage *, std::pair<int64_t, int64_t>> places;
      int64_t begin = 0;
      for (const Slot &slot : plan.slots) {
        EXPECT_EQ(begin % kSlotAlignment, 0);
        for (const Storage *member : slot.members)
          places[member] = {begin,
                            begin + member->getNumBytes().evaluate(value)};
        begin += plan.getSlotSize(slot, value);
        for (const Storage *member : slot.members)
          EXPECT_LE(places[member].second, begin);
      }
      EXPECT_EQ(plan.getSize(value), begin);
      EXPECT_LE(begin, plan.getUnsharedSize(value));
      for (auto &[one, place] : places)
        for (auto &[other, otherPlace] : places)
          if (one != other && place.first < otherPlace.second &&
              otherPlace.first < place.second) {
            EXPECT_FALSE(plan.lifetimes.find(one)->second.overlaps(
                plan.lifetimes.find(other)->second));
          }
    }
}

} // namespace

TEST(ArenaPlan, LifetimesNeverOverlap) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto context = makeTestContext();
    auto module = parseModule(*context, makeRandomProgram(seed));
    ASSERT_TRUE(module);
    ASSERT_TRUE(mlir::succeeded(runPasses(*module, "maek-materialize-copies")));
    checkPlan(module->lookupSymbol<mlir::func::FuncOp>("forward"));
  }
}
