// Part of Maek, under the MIT licence; see LICENSE.
// The helpers that other tests stand on.
#include "tests/support/Npy.h"
#include "tests/support/TestModule.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace mlir;
using namespace maek;
using namespace maek::test;

static const double kNaN = std::numeric_limits<double>::quiet_NaN();
static const double kInfinity = std::numeric_limits<double>::infinity();

static Tensor row(std::vector<double> numbers) {
  int64_t size = numbers.size();
  return Tensor(Index(size), std::move(numbers));
}

TEST(RelativeError, isAShareOfTheLargestElement) {
  EXPECT_DOUBLE_EQ(relativeError(row({1, 12}), row({1, 8})), 0.5);
  EXPECT_DOUBLE_EQ(relativeError(row({0.5, 0}), row({0, 0})), 0.5);
  EXPECT_EQ(relativeError(row({kNaN, kInfinity}), row({kNaN, kInfinity})), 0);
  EXPECT_EQ(relativeError(row({1}), row({kNaN})), kInfinity);
  EXPECT_EQ(relativeError(row({kNaN}), row({1})), kInfinity);
  EXPECT_EQ(relativeError(row({-kInfinity}), row({kInfinity})), kInfinity);
  EXPECT_EQ(relativeError(row({1}), row({1, 1})), kInfinity);
}

TEST(DescribeDifference, namesWhatDiffers) {
  NamedTensors expected{{"a", row({1, 2})}, {"b", row({1})}, {"c", row({1})}};
  NamedTensors actual{
      {"a", row({1, 2.5})}, {"b", row({1, 2})}, {"d", row({1})}};
  EXPECT_EQ(describeDifference(expected, expected, 0), "");
  EXPECT_EQ(describeDifference(actual, expected, 1e-6),
            "a differs by 0.25: element 1 is 2.5, expected 2\n"
            "b has shape [2], expected [1]\n"
            "c is missing\n"
            "d is not expected\n");
}

// Written down, since models' arguments must not change under other tests.
TEST(RandomNumber, dependsOnSeedNameAndIndexAlone) {
  EXPECT_EQ(randomNumber(1, "W", 0), randomNumber(1, "W", 0));
  EXPECT_NE(randomNumber(1, "W", 0), randomNumber(2, "W", 0));
  EXPECT_NE(randomNumber(1, "W", 0), randomNumber(1, "V", 0));
  EXPECT_NE(randomNumber(1, "W", 0), randomNumber(1, "W", 1));
  double sum = 0;
  for (int i = 0; i < 10000; ++i) {
    double number = randomNumber(3, "uniform", i);
    ASSERT_GE(number, 0);
    ASSERT_LT(number, 1);
    sum += number;
  }
  EXPECT_NEAR(sum / 10000, 0.5, 0.01);
}

// The same argument at another place, among others, has the same numbers.
TEST(MakeArguments, goByNameAndRole) {
  auto context = makeTestContext();
  auto module = parseModule(*context, R"(
func.func @f(%w: tensor<3x4xf32> {maek.name = "w", maek.role = "parameter"},
             %l: tensor<?xi32, #maek.dims<B>> {maek.name = "l", maek.role = "target", maek.classes = 3 : i64},
             %s: tensor<f32> {maek.name = "step", maek.role = "scalar"}) {
  return
}
func.func @g(%s: tensor<f32> {maek.name = "lr", maek.role = "scalar"},
             %w: tensor<3x4xf32> {maek.name = "w", maek.role = "parameter"}) {
  return
})");
  ASSERT_TRUE(module);
  auto get = [&](StringRef name) {
    auto arguments =
        makeArguments(module->lookupSymbol<func::FuncOp>(name), {{"B", 50}}, 7);
    return succeeded(arguments) ? *arguments : NamedTensors();
  };
  NamedTensors f = get("f"), g = get("g");
  ASSERT_EQ(f.size(), 3u);
  ASSERT_EQ(g.size(), 2u);
  EXPECT_EQ(find(f, "w")->elements, find(g, "w")->elements);
  for (double label : find(f, "l")->elements) {
    EXPECT_EQ(label, std::floor(label));
    EXPECT_TRUE(label >= 0 && label < 3) << label;
  }
  for (double weight : find(f, "w")->elements)
    EXPECT_LE(std::abs(weight), 0.5);
  EXPECT_EQ((*find(f, "step"))[{}], 3);
  EXPECT_EQ((*find(g, "lr"))[{}], 0.01);
}

TEST(Npy, readsWhatItWrites) {
  SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("maek", "npy", path));
  for (const Tensor &tensor :
       {Tensor(Index({2, 3}), {1, -2, 3.5, 0, kInfinity, 1e-300}),
        Tensor(Index(), 4), Tensor(Index({0, 3}))}) {
    ASSERT_FALSE(bool(writeNpy(path, tensor)));
    auto read = readNpy(path);
    ASSERT_TRUE(bool(read));
    EXPECT_EQ(read->shape, tensor.shape);
    EXPECT_EQ(read->elements, tensor.elements);
  }
  [[maybe_unused]] std::error_code ignored = llvm::sys::fs::remove(path);
}

TEST(Npy, refusesOtherFiles) {
  SmallString<64> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("maek", "npy", path));
  const StringRef start("\x93NUMPY\x01\x00", 8);
  const StringRef header("{'descr': '<f8', 'fortran_order': False, 'shape': "
                         "(2,), }");
  auto text = [&](StringRef head, StringRef data) {
    return (start + StringRef("\x46\x00", 2) + head +
            std::string(70 - head.size(), ' ') + data)
        .str();
  };
  for (const std::string &bytes :
       {std::string(), std::string("PK"), start.str(), text(header, "only7by"),
        text("{}", ""),
        text("{'descr': '>f8', 'fortran_order': False, 'shape': (), }",
             "12345678"),
        text("{'descr': '<f8', 'fortran_order': True, 'shape': (), }",
             "12345678"),
        text("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
             "12345678")}) {
    std::error_code error;
    llvm::raw_fd_ostream(path, error) << bytes;
    auto read = readNpy(path);
    EXPECT_FALSE(bool(read)) << bytes;
    llvm::consumeError(read.takeError());
  }
  [[maybe_unused]] std::error_code ignored = llvm::sys::fs::remove(path);
}
