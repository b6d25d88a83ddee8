// Part of Maek, under the MIT licence; see LICENSE.
// Decoding is libpng's work; see docs/rationale/images.md. What it converts by
// itself is linear light: here the numbers stay as they are stored.
#include "runtime/data/ImageFormats.h"

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <png.h>

using namespace maek::runtime;

namespace {
/// libpng reports by leaving its functions; nothing with a destructor may
/// stand between the jump and its target.
struct PngReader {
  std::span<const std::byte> rest;
  png_structp png = nullptr;
  png_infop info = nullptr;
  std::jmp_buf target{};
  char message[256] = {};

  explicit PngReader(std::span<const std::byte> content) : rest(content) {}
  PngReader(const PngReader &) = delete;
  PngReader &operator=(const PngReader &) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

/// Of the picture as its rows are read: bytes of grey, grey and alpha, colour,
/// or colour and alpha.
struct PngLayout {
  uint64_t width = 0, height = 0;
  size_t channels = 0, rowBytes = 0;
  int passes = 1;
};
} // namespace

static void leavePng(png_structp png, png_const_charp message) {
  auto *reader = static_cast<PngReader *>(png_get_error_ptr(png));
  std::strncpy(reader->message, message, sizeof(reader->message) - 1);
  std::longjmp(reader->target, 1);
}

// Of what does not matter to the pixels.
static void ignoreWarning(png_structp, png_const_charp) {}

static void takeBytes(png_structp png, png_bytep out, size_t size) {
  auto *reader = static_cast<PngReader *>(png_get_io_ptr(png));
  if (size > reader->rest.size())
    png_error(png, "it ends too early");
  std::memcpy(out, reader->rest.data(), size);
  reader->rest = reader->rest.subspan(size);
}

static bool readPngHeader(PngReader &reader) {
  if (setjmp(reader.target))
    return false;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, leavePng,
                                      ignoreWarning);
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  if (!reader.info) {
    std::strcpy(reader.message, "no memory");
    return false;
  }
  // Neither gamma nor profiles, nor texts of any size.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_read_fn(reader.png, &reader, takeBytes);
  png_read_info(reader.png, reader.info);
  return true;
}

// Palettes, fewer bits and a transparent colour become bytes; of 16 bits the
// upper ones stay.
static bool startPng(PngReader &reader, PngLayout &layout) {
  if (setjmp(reader.target))
    return false;
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  layout.passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  layout.channels = png_get_channels(reader.png, reader.info);
  layout.rowBytes = png_get_rowbytes(reader.png, reader.info);
  if (layout.rowBytes != layout.width * layout.channels)
    png_error(reader.png, "its pixels are no bytes");
  return true;
}

static bool readPngRow(PngReader &reader, std::byte *row) {
  if (setjmp(reader.target))
    return false;
  png_read_row(reader.png, reinterpret_cast<png_bytep>(row), nullptr);
  return true;
}

// On black; grey as libjpeg has it of colours (ITU-R BT.601), to the bit.
static void convertRow(const std::byte *from, const PngLayout &layout,
                       std::byte *to, int channels) {
  bool isColour = layout.channels >= 3, hasAlpha = layout.channels % 2 == 0;
  for (uint64_t x = 0; x < layout.width; ++x, from += layout.channels) {
    auto alpha =
        hasAlpha ? std::to_integer<uint32_t>(from[layout.channels - 1]) : 255u;
    uint32_t parts[3];
    for (size_t i = 0; i < 3; ++i)
      parts[i] =
          (std::to_integer<uint32_t>(from[isColour ? i : 0]) * alpha + 127) /
          255;
    if (channels == 1 && isColour)
      parts[0] =
          (19595 * parts[0] + 38470 * parts[1] + 7471 * parts[2] + 32768) >> 16;
    for (int i = 0; i < channels; ++i)
      *to++ = static_cast<std::byte>(parts[i]);
  }
}

// Grows with what is decoded, so that a truncated file costs little. Of an
// interlaced picture all rows are complete in the last pass only.
static bool readPngRows(PngReader &reader, const PngLayout &layout,
                        Image &image) {
  bool isInterlaced = layout.passes > 1;
  std::vector<std::byte> raw(layout.rowBytes *
                             (isInterlaced ? layout.height : 1));
  auto stride = static_cast<size_t>(image.width * image.channels);
  for (int pass = 0; pass < layout.passes; ++pass)
    for (uint64_t y = 0; y < layout.height; ++y) {
      std::byte *row = raw.data() + (isInterlaced ? y * layout.rowBytes : 0);
      if (!readPngRow(reader, row))
        return false;
      if (pass + 1 < layout.passes)
        continue;
      image.pixels.resize(image.pixels.size() + stride);
      convertRow(row, layout,
                 image.pixels.data() + image.pixels.size() - stride,
                 static_cast<int>(image.channels));
    }
  return true;
}

Expected<Image> maek::runtime::decodePng(std::span<const std::byte> content,
                                         int channels) {
  // libpng is content when it has all pixels; what is cut off is broken, too.
  constexpr std::string_view end = "IEND\xae\x42\x60\x82";
  auto isSame = [](std::byte a, char b) {
    return a == static_cast<std::byte>(b);
  };
  if (std::search(content.begin(), content.end(), end.begin(), end.end(),
                  isSame) == content.end())
    return makeError(MAEK_BAD_FILE, "is no valid PNG file: it has no end");
  PngReader reader(content);
  auto fail = [&] {
    return makeError(MAEK_BAD_FILE, "is no valid PNG file: ",
                     static_cast<const char *>(reader.message));
  };
  if (!readPngHeader(reader))
    return fail();
  PngLayout layout;
  layout.width = png_get_image_width(reader.png, reader.info);
  layout.height = png_get_image_height(reader.png, reader.info);
  // Deflate makes at most 1032 bytes of one, a byte has 8 pixels of one bit.
  constexpr uint64_t pixelsOfByte = uint64_t{1032} * 8;
  if (Error error = checkImageSize(layout.width, layout.height, content.size(),
                                   pixelsOfByte))
    return error;
  Image image{static_cast<int64_t>(layout.height),
              static_cast<int64_t>(layout.width),
              channels,
              {}};
  if (!startPng(reader, layout) || !readPngRows(reader, layout, image))
    return fail();
  return image;
}
