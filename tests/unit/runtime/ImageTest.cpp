// Part of Maek, under the MIT licence; see LICENSE.
// Pictures: what is read, what is refused, how they are cut.
#include "runtime/data/Image.h"
#include "Pictures.h"

#include <gtest/gtest.h>
#include <numeric>
#include <png.h>

using namespace maek::runtime;
using maek::fake::encodePng;
using maek::fake::makeJpeg;
using maek::fake::makePng;

static std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

static std::string errorOf(std::string_view file, int channels = 1) {
  Expected<Image> image = decodeImage(bytes(file), channels);
  return image ? "" : std::string(image.takeError().message());
}

static int pixel(const Image &image, int64_t y, int64_t i) {
  return std::to_integer<int>(
      image.pixels[static_cast<size_t>(y * image.width * image.channels + i)]);
}

TEST(Image, ReadsPngFiles) {
  Expected<Image> grey = decodeImage(bytes(makePng(5, 4, 1)), 1);
  ASSERT_TRUE(grey);
  EXPECT_EQ(grey->height, 5);
  EXPECT_EQ(grey->width, 4);
  EXPECT_EQ(pixel(*grey, 2, 3), 101);
  Expected<Image> colour = decodeImage(bytes(makePng(5, 4, 3)), 3);
  ASSERT_TRUE(colour);
  EXPECT_EQ(pixel(*colour, 1, 11), 117);
  // Grey in colour, colour in grey.
  Expected<Image> spread = decodeImage(bytes(makePng(5, 4, 1)), 3);
  ASSERT_TRUE(spread);
  for (int channel : {0, 1, 2})
    EXPECT_EQ(pixel(*spread, 2, 9 + channel), 101);
  EXPECT_TRUE(decodeImage(bytes(makePng(5, 4, 3)), 1));
  // On black: the first pixel, of bytes 0, 7, 14, is nearly transparent.
  Expected<Image> clear = decodeImage(bytes(makePng(1, 1, 4)), 3);
  ASSERT_TRUE(clear);
  EXPECT_LT(pixel(*clear, 0, 2), 14);
}

/// All bytes of the decoded picture; what went wrong as a text of its own.
static std::vector<int> pixels(const std::string &file, int channels) {
  Expected<Image> image = decodeImage(bytes(file), channels);
  if (!image) {
    ADD_FAILURE() << image.takeError().message();
    return {};
  }
  std::vector<int> out;
  for (std::byte value : image->pixels)
    out.push_back(std::to_integer<int>(value));
  return out;
}
using Values = std::vector<int>;

// Neither gamma nor linear light: what JPEG files of the same picture give.
TEST(Image, PngNumbersAreThoseOfTheFile) {
  std::string colours("\xff\0\0\0\xff\0\0\0\xff\x64\xc8\x32", 12);
  for (bool saysGamma : {false, true})
    for (bool isInterlaced : {false, true}) {
      maek::fake::PngForm form{PNG_COLOR_TYPE_RGB, 8};
      form.saysGamma = saysGamma;
      form.isInterlaced = isInterlaced;
      std::string file = encodePng(form, {colours});
      EXPECT_EQ(pixels(file, 3),
                (Values{255, 0, 0, 0, 255, 0, 0, 0, 255, 100, 200, 50}));
      // 0.299 R + 0.587 G + 0.114 B
      EXPECT_EQ(pixels(file, 1), (Values{76, 150, 29, 153}));
    }
}

TEST(Image, PngOf16BitsKeepsTheUpperOnes) {
  EXPECT_EQ(pixels(encodePng({PNG_COLOR_TYPE_GRAY, 16},
                             {std::string("\x12\xff\x80\0\xff\xff", 6)}),
                   1),
            (Values{0x12, 0x80, 0xff}));
  EXPECT_EQ(
      pixels(encodePng({PNG_COLOR_TYPE_RGBA, 16},
                       {std::string("\x12\xff\x80\0\xff\xff\xff\xff", 8)}),
             3),
      (Values{0x12, 0x80, 0xff}));
}

TEST(Image, PngOfFewBitsIsSpread) {
  EXPECT_EQ(pixels(encodePng({PNG_COLOR_TYPE_GRAY, 1}, {"\xa5"}), 1),
            (Values{255, 0, 255, 0, 0, 255, 0, 255}));
  EXPECT_EQ(pixels(encodePng({PNG_COLOR_TYPE_GRAY, 2}, {"\x1b"}), 1),
            (Values{0, 85, 170, 255}));
  EXPECT_EQ(pixels(encodePng({PNG_COLOR_TYPE_GRAY, 4}, {"\x3f"}), 3),
            (Values{51, 51, 51, 255, 255, 255}));
  maek::fake::PngForm form{PNG_COLOR_TYPE_PALETTE, 4};
  form.palette = std::string("\x0a\x14\x1e\xc8\x64\x32", 6);
  EXPECT_EQ(pixels(encodePng(form, {"\x10"}), 3),
            (Values{200, 100, 50, 10, 20, 30}));
  // The second colour is half transparent, the first not at all.
  form.transparency = "\xff\x80";
  EXPECT_EQ(pixels(encodePng(form, {"\x10"}), 3),
            (Values{100, 50, 25, 10, 20, 30}));
}

TEST(Image, WhatIsTransparentLiesOnBlack) {
  EXPECT_EQ(
      pixels(encodePng({PNG_COLOR_TYPE_GRAY_ALPHA, 8},
                       {std::string("\xc8\0\xc8\x40\xc8\x80\xc8\xff", 8)}),
             1),
      (Values{0, 50, 100, 200}));
  EXPECT_EQ(
      pixels(encodePng({PNG_COLOR_TYPE_RGBA, 8}, {"\xc8\x64\x32\x80"}), 3),
      (Values{100, 50, 25}));
  maek::fake::PngForm form{PNG_COLOR_TYPE_GRAY, 8};
  form.transparentGrey = 200;
  EXPECT_EQ(pixels(encodePng(form, {"\xc7\xc8"}), 1), (Values{199, 0}));
}

// Large enough for all seven passes.
TEST(Image, InterlacedPngIsTheSamePicture) {
  std::vector<std::string> rows(19);
  for (size_t y = 0; y < rows.size(); ++y)
    for (size_t x = 0; x < 3 * 21; ++x)
      rows[y] += static_cast<char>(13 * y + 5 * x);
  maek::fake::PngForm form{PNG_COLOR_TYPE_RGB, 8};
  Values plain = pixels(encodePng(form, rows), 3);
  form.isInterlaced = true;
  std::string interlaced = encodePng(form, rows);
  EXPECT_EQ(pixels(interlaced, 3), plain);
  for (size_t size = 0; size < interlaced.size(); size += 7)
    EXPECT_NE(errorOf(interlaced.substr(0, size)), "") << size;
}

TEST(Image, ReadsJpegFiles) {
  for (bool isProgressive : {false, true})
    for (int from : {1, 3})
      for (int to : {1, 3}) {
        Expected<Image> image =
            decodeImage(bytes(makeJpeg(17, 40, from, isProgressive)), to);
        ASSERT_TRUE(image);
        EXPECT_EQ(image->height, 17);
        EXPECT_EQ(image->width, 40);
        for (int64_t x : {0, 20, 39})
          EXPECT_NEAR(pixel(*image, 8, x * to), 5 * x, 8);
      }
}

TEST(Image, RefusesBrokenFiles) {
  std::string png = makePng(50, 40, 3), jpeg = makeJpeg(50, 40, 3, false);
  for (size_t size = 0; size < png.size(); ++size)
    EXPECT_NE(errorOf(png.substr(0, size)), "") << size;
  for (size_t size = 0; size + 2 < jpeg.size(); ++size)
    EXPECT_NE(errorOf(jpeg.substr(0, size)), "") << size;
  EXPECT_EQ(errorOf("text"), "is neither a PNG nor a JPEG file");
  EXPECT_EQ(errorOf(png.substr(0, 30)), "is no valid PNG file: it has no end");
  std::string damaged = png;
  damaged[20] ^= 1;
  EXPECT_EQ(errorOf(damaged), "is no valid PNG file: IHDR: CRC error");
  EXPECT_EQ(errorOf(jpeg.substr(0, 200)).substr(0, 23),
            "is no valid JPEG file: ");
  std::string flipped = png;
  flipped[flipped.size() - 30] ^= 1;
  EXPECT_NE(errorOf(flipped), "");
}

TEST(Image, NamesWhatItDoesNotRead) {
  using namespace std::string_view_literals;
  for (auto [start, name] : {std::pair("GIF89a"sv, "GIF"),
                             {"BM\x36\x10"sv, "BMP"},
                             {"II*\0\x08"sv, "TIFF"},
                             {"MM\0*\0"sv, "TIFF"},
                             {"RIFF\x10\0\0\0WEBPVP8 "sv, "WebP"}}) {
    EXPECT_TRUE(isImage(bytes(start)));
    EXPECT_EQ(errorOf(start),
              std::string("is a ") + name + " file; needed PNG, JPEG or .npy");
  }
  for (std::string_view start :
       {"RIFF"sv, "RIFF\x10\0\0\0WAVE"sv, "PK"sv, ""sv})
    EXPECT_FALSE(isImage(bytes(start)));
  for (bool isProgressive : {false, true})
    EXPECT_EQ(errorOf(makeJpeg(20, 30, 4, isProgressive)),
              "is a CMYK picture; needed grey, or red, green, blue");
}

TEST(Image, GivesNoMemoryForWhatAFileOnlyClaims) {
  std::string jpeg = makeJpeg(16, 16, 1, false);
  // Height and width stand behind the marker of the frame.
  size_t at = jpeg.find("\xff\xc0") + 5;
  jpeg.replace(at, 4, "\xff\xdc\xff\xdc");
  EXPECT_EQ(errorOf(jpeg),
            "has 65500 x 65500 pixels, at most 67108864 are read");
  jpeg.replace(at, 4, "\x1f\x40\x1f\x40");
  EXPECT_EQ(errorOf(jpeg).substr(0, 32), "claims 8000 x 8000 pixels, more ");
}

TEST(Image, IsScaledAndCutInTheMiddle) {
  Image image{4, 8, 1, std::vector<std::byte>(32)};
  for (size_t i = 0; i < 32; ++i)
    image.pixels[i] = static_cast<std::byte>(i % 8 * 30);
  // Of the same size: as it is.
  std::vector<float> same(32);
  fitImage(image, 4, 8, same);
  for (size_t i = 0; i < 32; ++i)
    EXPECT_NEAR(same[i], static_cast<float>(i % 8 * 30) / 255, 1e-6f);
  // The middle four columns.
  std::vector<float> middle(16);
  fitImage(image, 4, 4, middle);
  for (size_t i = 0; i < 16; ++i)
    EXPECT_NEAR(middle[i], static_cast<float>((i % 4 + 2) * 30) / 255, 1e-6f);
  // Half as large: columns 2.5 and 4.5 with their neighbours, whose mean they
  // are on a slope.
  std::vector<float> half(4);
  fitImage(image, 2, 2, half);
  EXPECT_NEAR(half[0], 75.0f / 255, 1e-6f);
  EXPECT_NEAR(half[1], 135.0f / 255, 1e-6f);
  // Larger: between two columns lies their mean, at the border nothing else.
  std::vector<float> twice(8 * 16);
  fitImage(image, 8, 16, twice);
  EXPECT_NEAR(twice[0], 0, 1e-6f);
  EXPECT_NEAR(twice[1], 7.5f / 255, 1e-6f);
  EXPECT_NEAR(twice[2], 22.5f / 255, 1e-6f);
}

TEST(Image, ChannelsComeFirst) {
  Image image{1, 2, 3, {}};
  for (int i : {10, 20, 30, 40, 50, 60})
    image.pixels.push_back(static_cast<std::byte>(i));
  std::vector<float> out(6);
  fitImage(image, 1, 2, out);
  for (size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(out[i] * 255, (std::vector{10, 40, 20, 50, 30, 60})[i], 1e-4);
}
