// Part of Maek, under the MIT licence; see LICENSE.
// Which products of tensors are products of matrices, and that cuBLASLt is
// asked for what the equation says: a stand-in for it makes the product.
#include "runtime/device/Devices.h"
#include "tests/support/StubCublasLt.h"
#include "tests/support/StubCuda.h"

#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <vector>

using namespace maek::runtime;

extern "C" int maek_device_product(const char *equation, int32_t allowsTf32,
                                   const HalideBuffer *lhs,
                                   const HalideBuffer *rhs,
                                   const HalideBuffer *result);

namespace {
using Sizes = std::map<char, int32_t>;

/// A tensor with the axes `letters`, whose elements lie in the order `order`,
/// outermost first; letters of the order that are no axes leave gaps.
struct Operand {
  Operand(const std::string &letters, const std::string &order,
          const Sizes &sizes, bool isShort = false);
  Operand(const Operand &) = delete;

  float at(const Sizes &place) const;
  int64_t index(const Sizes &place) const;

  std::string letters;
  std::vector<HalideDimension> dims;
  std::vector<float> numbers;
  std::vector<uint16_t> words;
  HalideBuffer buffer;
};

Operand::Operand(const std::string &letters, const std::string &order,
                 const Sizes &sizes, bool isShort)
    : letters(letters), dims(letters.size()) {
  int32_t stride = 1;
  for (size_t i = order.size(); i-- > 0;) {
    if (size_t axis = letters.find(order[i]); axis != letters.npos)
      dims[letters.size() - 1 - axis] = {0, sizes.at(order[i]), stride, 0};
    stride *= sizes.at(order[i]);
  }
  std::mt19937 random(letters.size() + order.front());
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (int32_t i = 0; i < stride; ++i) {
    float number = uniform(random);
    uint32_t bits;
    std::memcpy(&bits, &number, sizeof(bits));
    if (isShort)
      bits &= 0xffff0000;
    words.push_back(static_cast<uint16_t>(bits >> 16));
    std::memcpy(&number, &bits, sizeof(bits));
    numbers.push_back(number);
  }
  const void *data = isShort ? static_cast<const void *>(words.data())
                             : static_cast<const void *>(numbers.data());
  buffer = {reinterpret_cast<uint64_t>(data),
            nullptr,
            nullptr,
            0,
            static_cast<uint8_t>(isShort ? 4 : 2),
            static_cast<uint8_t>(isShort ? 16 : 32),
            1,
            static_cast<int32_t>(dims.size()),
            dims.data(),
            nullptr};
}

int64_t Operand::index(const Sizes &place) const {
  int64_t at = 0;
  for (size_t i = 0; i < letters.size(); ++i)
    at += int64_t{place.at(letters[i])} * dims[letters.size() - 1 - i].stride;
  return at;
}

float Operand::at(const Sizes &place) const {
  return numbers[static_cast<size_t>(index(place))];
}

/// Calls `visit` with every place of the letters.
void forEach(const Sizes &sizes, const std::string &letters,
             const std::function<void(const Sizes &)> &visit) {
  Sizes place;
  std::function<void(size_t)> descend = [&](size_t i) {
    if (i == letters.size())
      return visit(place);
    for (int32_t n = 0; n < sizes.at(letters[i]); ++n) {
      place[letters[i]] = n;
      descend(i + 1);
    }
  };
  descend(0);
}

class MatrixProductTest : public testing::Test {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    maek_stub_cublas_reset();
    Expected<std::unique_ptr<Device>> opened = openDevice("cuda");
    ASSERT_TRUE(opened) << opened.takeError().message();
    device = std::move(*opened);
  }

  /// The library's line for the product, or "none"; the numbers are compared.
  std::string multiply(const std::string &equation, const Operand &lhs,
                       const Operand &rhs, Operand &result, const Sizes &sizes,
                       bool allowsTf32 = false, double tolerance = 1e-6) {
    maek_stub_cublas_reset();
    DeviceScope scope(*device);
    int status = maek_device_product(equation.c_str(), allowsTf32, &lhs.buffer,
                                     &rhs.buffer, &result.buffer);
    EXPECT_FALSE(scope.takeError());
    if (status == 1)
      return "none";
    EXPECT_EQ(status, 0);
    std::vector<double> sums(result.numbers.size());
    std::string letters;
    for (const auto &[letter, size] : sizes)
      letters += letter;
    std::vector<bool> isWritten(sums.size());
    forEach(sizes, letters, [&](const Sizes &place) {
      auto at = static_cast<size_t>(result.index(place));
      sums[at] += double{lhs.at(place)} * double{rhs.at(place)};
      isWritten[at] = true;
    });
    for (size_t i = 0; i < sums.size(); ++i)
      if (isWritten[i])
        EXPECT_NEAR(result.numbers[i], sums[i], tolerance) << i;
    return maek_stub_cublas_log();
  }

  std::unique_ptr<Device> device;
};
} // namespace

TEST_F(MatrixProductTest, EveryOrderOfEachMatrix) {
  Sizes sizes = {{'m', 5}, {'n', 7}, {'k', 11}};
  for (const char *a : {"mk", "km"})
    for (const char *b : {"nk", "kn"})
      for (const char *d : {"mn", "nm"}) {
        Operand lhs("mk", a, sizes), rhs("nk", b, sizes),
            result("mn", d, sizes);
        std::string line = multiply("mk,nk->mn", lhs, rhs, result, sizes);
        EXPECT_EQ(line.substr(2),
                  d == std::string("mn") ? " 7x5x11 f32\n" : " 5x7x11 f32\n");
      }
}

TEST_F(MatrixProductTest, SeveralAxesAreOne) {
  Sizes sizes = {{'t', 3}, {'b', 4}, {'g', 2}, {'n', 5}, {'k', 6}};
  Operand lhs("tbk", "tbk", sizes), rhs("gnk", "gnk", sizes),
      result("tbgn", "tbgn", sizes);
  EXPECT_EQ(multiply("tbk,gnk->tbgn", lhs, rhs, result, sizes),
            "TN 10x12x6 f32\n");
  // Of which the sum is one, too: a gradient by weights.
  Operand weights("gnk", "gnk", sizes);
  EXPECT_EQ(multiply("tbgn,tbk->gnk", result, lhs, weights, sizes, false, 1e-5),
            "NT 6x10x12 f32\n");
  // Other steps lie between those of the batch.
  Operand apart("tbk", "btk", sizes);
  EXPECT_EQ(multiply("tbk,gnk->tbgn", apart, rhs, result, sizes), "none");
}

TEST_F(MatrixProductTest, BatchesAndGaps) {
  Sizes sizes = {{'b', 3}, {'m', 4}, {'n', 5}, {'k', 6}};
  Sizes wide = sizes;
  wide['x'] = 2;
  Operand lhs("bmk", "mbxk", wide), rhs("bkn", "bkn", sizes),
      result("bmn", "bmxn", wide);
  EXPECT_EQ(multiply("bmk,bkn->bmn", lhs, rhs, result, sizes),
            "NN 5x4x6 of 3 f32\n");
}

TEST_F(MatrixProductTest, OneRow) {
  Sizes sizes = {{'m', 1}, {'n', 5}, {'k', 6}};
  Operand lhs("mk", "mk", sizes), rhs("nk", "nk", sizes),
      result("mn", "mn", sizes);
  EXPECT_EQ(multiply("mk,nk->mn", lhs, rhs, result, sizes), "TN 5x1x6 f32\n");
}

TEST_F(MatrixProductTest, ShortFactors) {
  Sizes sizes = {{'m', 4}, {'n', 5}, {'k', 6}};
  Operand lhs("mk", "mk", sizes, true), rhs("nk", "nk", sizes, true),
      result("mn", "mn", sizes);
  EXPECT_EQ(multiply("mk,nk->mn", lhs, rhs, result, sizes, true),
            "TN 5x4x6 bf16\n");
  Operand whole("mk", "mk", sizes);
  EXPECT_EQ(multiply("mk,nk->mn", whole, rhs, result, sizes), "none");
  Operand other("nk", "nk", sizes);
  EXPECT_EQ(multiply("mk,nk->mn", whole, other, result, sizes, true, 1e-2),
            "TN 5x4x6 tf32\n");
}

TEST_F(MatrixProductTest, WhatIsNoProductOfMatrices) {
  Sizes sizes = {{'m', 4}, {'n', 5}, {'k', 6}, {'j', 2}, {'i', 3}};
  Operand lhs("mk", "mk", sizes), rhs("nk", "nk", sizes),
      result("mn", "mn", sizes);
  // A sum over an axis of one operand alone.
  Operand more("mkj", "mkj", sizes);
  EXPECT_EQ(multiply("mkj,nk->mn", more, rhs, result, sizes), "none");
  // No stride of 1, and rows over one another, as windows are.
  Operand apart("mk", "mki", sizes);
  EXPECT_EQ(multiply("mk,nk->mn", apart, rhs, result, sizes), "none");
  // Sizes that differ.
  Sizes longer = sizes;
  longer['k'] = 7;
  Operand other("nk", "nk", longer);
  EXPECT_EQ(multiply("mk,nk->mn", lhs, other, result, sizes), "none");
  Operand over("mk", "mk", sizes);
  over.dims[1].stride = 2;
  EXPECT_EQ(multiply("mk,nk->mn", over, rhs, result, sizes), "none");
}

TEST_F(MatrixProductTest, ALibraryWithoutAWay) {
  Sizes sizes = {{'m', 4}, {'n', 5}, {'k', 6}};
  Operand lhs("mk", "mk", sizes), rhs("nk", "nk", sizes),
      result("mn", "mn", sizes);
  maek_stub_cublas_set_helpless(1);
  EXPECT_EQ(multiply("mk,nk->mn", lhs, rhs, result, sizes), "none");
  maek_stub_cublas_set_helpless(0);
}
