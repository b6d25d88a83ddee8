// Part of Maek, under the MIT licence; see LICENSE.
// Sizes as monomials, the types that carry them, and equations.
#include "ir/Extent.h"
#include "ir/MaekDialect.h"
#include "ir/Segments.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>

using namespace mlir;
using namespace maek;

TEST(Extent, printsWhatItParses) {
  for (const char *text : {"28", "B", "B*T", "2*B", "6*B*B*T"}) {
    auto extent = Extent::parse(text);
    ASSERT_TRUE(extent) << text;
    EXPECT_EQ(extent->str(), text);
  }
  EXPECT_EQ(Extent::parse("T*B")->str(), "B*T");
  EXPECT_EQ(Extent::parse("1*B")->str(), "B");
}

TEST(Extent, refusesWhatIsNone) {
  for (const char *text : {"", "*", "B*", "*B", "B*2", "0*B", "-1", "2B", "B T",
                           "?", "99999999999999999999", "B\"", "<B>", "a-b"})
    EXPECT_FALSE(Extent::parse(text)) << text;
}

TEST(Segments, areNamedByTheirSteps) {
  for (const char *text : {"T", "28"}) {
    Extent steps = *Extent::parse(text);
    EXPECT_TRUE(canSegment(steps));
    for (const Extent &size : {getNumSegments(steps), getSegmentLength(steps),
                               getSegmentSteps(steps)}) {
      auto known = parseSegmentSymbol(size.str());
      ASSERT_TRUE(known) << size.str();
      EXPECT_EQ(known->steps, steps);
      EXPECT_FALSE(canSegment(size));
      EXPECT_EQ(Extent::parse(size.str()), size);
    }
  }
  for (const char *text : {"B*T", "2*T"})
    EXPECT_FALSE(canSegment(*Extent::parse(text))) << text;
  for (const char *text : {"T", "steps$", "steps$B*T", "steps$steps$T", "$T"})
    EXPECT_FALSE(parseSegmentSymbol(text)) << text;
  EXPECT_EQ(getLongestSegment(*Extent::parse("2*B*steps$T")).str(),
            "2*B*length$T");
}

TEST(Segments, coverAllSteps) {
  for (int64_t steps :
       {1, 2, 3, 4, 5, 7, 16, 17, 101, 9999, 10000, 2147483647}) {
    auto get = [&](llvm::StringRef symbol) {
      return evaluateSymbol(symbol, [&](llvm::StringRef) { return steps; });
    };
    int64_t length = get("length$T"), number = get("segments$T");
    EXPECT_GE(length * number, steps);
    EXPECT_LT(length * (number - 1), steps);
    EXPECT_LT((length - 1) * (length - 1), steps);
    EXPECT_GE(length * length, steps);
    EXPECT_EQ(get("T"), steps);
  }
}

TEST(Extent, multipliesWithoutOverflow) {
  Extent large = Extent(int64_t(1) << 62);
  EXPECT_EQ((large * large).factor, Extent::kTooLarge);
  EXPECT_EQ(large * Extent(0), Extent(0));
  EXPECT_EQ(Extent::symbol("T") * Extent::symbol("B") * Extent(3),
            *Extent::parse("3*B*T"));
}

TEST(Extent, namesTheDynamicSizesOfTypes) {
  MLIRContext context;
  context.loadDialect<MaekDialect>();
  Type f32 = Float32Type::get(&context);
  auto type = getTensorType(
      {Extent::symbol("T"), Extent(4), *Extent::parse("2*B")}, f32);
  EXPECT_TRUE(hasNamedExtents(type));
  EXPECT_EQ(getExtents(type)[2].str(), "2*B");
  EXPECT_EQ(getNumElements(getExtents(type)).str(), "8*B*T");

  auto nameless = RankedTensorType::get({ShapedType::kDynamic}, f32);
  EXPECT_FALSE(hasNamedExtents(nameless));
  EXPECT_FALSE(hasNamedExtents(f32));
  // What a shape function makes of a nameless size has none either.
  EXPECT_EQ(getTensorType(getExtents(nameless), f32), nameless);
}

namespace {
struct EinsumAttrTest : testing::Test {
  EinsumAttrTest() { context.loadDialect<MaekDialect>(); }
  EinsumAttr get(llvm::StringRef text) {
    return llvm::cantFail(EinsumAttr::fromText(&context, text));
  }
  MLIRContext context;
};
} // namespace

TEST_F(EinsumAttrTest, tellsContractedLetters) {
  EinsumAttr equation = get("tbk,gnk->tbgn");
  EXPECT_EQ(equation.getContracted(), "k");
  EXPECT_EQ(equation.str(), "tbk,gnk->tbgn");
  std::optional<char> fresh = equation.getFreshLetter();
  ASSERT_TRUE(fresh);
  EXPECT_EQ(equation.str().find(*fresh), std::string::npos);
}

TEST_F(EinsumAttrTest, hasNoFreshLetterLeft) {
  const std::string all =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  EinsumAttr equation = get(all + "," + all + "->" + all);
  EXPECT_EQ(equation.getFreshLetter(), std::nullopt);
  EXPECT_EQ(equation.getCanonical(), equation);
}

TEST_F(EinsumAttrTest, isOneWhateverItsLettersIfCanonical) {
  EXPECT_EQ(get("tbk,gnk->tbgn").getCanonical(), get("abc,dec->abde"));
  EXPECT_EQ(get("hi,bi->bh").getSwapped().getCanonical(),
            get("bk,nk->bn").getCanonical());
  EXPECT_NE(get("bk,kn->bn").getCanonical(), get("bk,nk->bn").getCanonical());
}
