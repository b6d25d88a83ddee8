// Part of Maek, under the MIT licence; see LICENSE.
// Decoding is libpng's and libjpeg-turbo's work; see docs/rationale/images.md.
#include "runtime/data/Image.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <jpeglib.h>
#include <png.h>

using namespace maek::runtime;

/// Pictures above this are refused.
static constexpr uint64_t maxPixels = uint64_t{1} << 26;

static bool startsWith(std::span<const std::byte> content,
                       std::string_view magic) {
  return content.size() >= magic.size() &&
         std::memcmp(content.data(), magic.data(), magic.size()) == 0;
}

static constexpr std::string_view pngMagic = "\x89PNG\r\n\x1a\n";
static constexpr std::string_view jpegMagic = "\xff\xd8\xff";

bool maek::runtime::isImage(std::span<const std::byte> start) {
  return startsWith(start, pngMagic) || startsWith(start, jpegMagic);
}

// A short file that claims a huge picture must not get the memory for it.
static Error checkSize(uint64_t width, uint64_t height, uint64_t bytes,
                       uint64_t pixelsOfByte) {
  if (width == 0 || height == 0)
    return makeError(MAEK_BAD_FILE, "has no pixels");
  if (width * height > maxPixels)
    return makeError(MAEK_BAD_FILE, "has ", width, " x ", height,
                     " pixels, at most ", maxPixels, " are read");
  if (width * height > bytes * pixelsOfByte)
    return makeError(MAEK_BAD_FILE, "claims ", width, " x ", height,
                     " pixels, more than ", bytes, " bytes can hold");
  return Error::success();
}

static Expected<Image> decodePng(std::span<const std::byte> content,
                                 int channels) {
  // libpng is content when it has all pixels; what is cut off is broken, too.
  constexpr std::string_view end = "IEND\xae\x42\x60\x82";
  auto isSame = [](std::byte a, char b) {
    return a == static_cast<std::byte>(b);
  };
  if (std::search(content.begin(), content.end(), end.begin(), end.end(),
                  isSame) == content.end())
    return makeError(MAEK_BAD_FILE, "is no valid PNG file: it has no end");
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  auto fail = [&] {
    Error error = makeError(MAEK_BAD_FILE, "is no valid PNG file: ",
                            static_cast<const char *>(png.message));
    png_image_free(&png);
    return error;
  };
  if (!png_image_begin_read_from_memory(&png, content.data(), content.size()))
    return fail();
  // Deflate makes at most 1032 bytes of one, a byte has 8 pixels of one bit.
  constexpr uint64_t pixelsOfByte = uint64_t{1032} * 8;
  if (Error error =
          checkSize(png.width, png.height, content.size(), pixelsOfByte)) {
    png_image_free(&png);
    return error;
  }
  png.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Image image{png.height, png.width, channels, {}};
  image.pixels.resize(PNG_IMAGE_SIZE(png));
  png_color black{};
  if (!png_image_finish_read(&png, &black, image.pixels.data(), 0, nullptr))
    return fail();
  return image;
}

namespace {
/// libjpeg reports by leaving its functions; nothing with a destructor may
/// stand between the jump and its target.
struct JpegReader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  std::jmp_buf target{};
  char message[JMSG_LENGTH_MAX] = {};
};
} // namespace

static void leaveJpeg(j_common_ptr info) {
  auto *reader = static_cast<JpegReader *>(info->client_data);
  info->err->format_message(info, reader->message);
  std::longjmp(reader->target, 1);
}

// A warning says that data are damaged or missing: libjpeg would fill the rest
// of the picture with grey.
static void refuseWarning(j_common_ptr info, int level) {
  if (level < 0)
    leaveJpeg(info);
}

static bool readJpegHeader(JpegReader &reader,
                           std::span<const std::byte> content) {
  if (setjmp(reader.target))
    return false;
  jpeg_create_decompress(&reader.info);
  jpeg_mem_src(&reader.info,
               reinterpret_cast<const unsigned char *>(content.data()),
               content.size());
  return jpeg_read_header(&reader.info, TRUE) == JPEG_HEADER_OK;
}

static bool startJpeg(JpegReader &reader, int channels) {
  if (setjmp(reader.target))
    return false;
  reader.info.out_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  return jpeg_start_decompress(&reader.info) != 0;
}

static bool readJpegRow(JpegReader &reader, std::byte *row) {
  if (setjmp(reader.target))
    return false;
  auto *out = reinterpret_cast<unsigned char *>(row);
  return jpeg_read_scanlines(&reader.info, &out, 1) == 1;
}

static bool readJpegRows(JpegReader &reader, Image &image) {
  auto stride = static_cast<size_t>(image.width * image.channels);
  // Grows with what is decoded, so that a truncated file costs little.
  for (int64_t y = 0; y < image.height; ++y) {
    image.pixels.resize(image.pixels.size() + stride);
    if (!readJpegRow(reader,
                     image.pixels.data() + image.pixels.size() - stride))
      return false;
  }
  return true;
}

static Expected<Image> decodeJpeg(std::span<const std::byte> content,
                                  int channels) {
  JpegReader reader;
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.info.client_data = &reader;
  reader.errors.error_exit = leaveJpeg;
  reader.errors.emit_message = refuseWarning;
  Image image;
  Error error = Error::success();
  bool isRead = readJpegHeader(reader, content);
  if (isRead) {
    // A run of blocks without content takes few bits.
    constexpr uint64_t pixelsOfByte = 1 << 15;
    error = checkSize(reader.info.image_width, reader.info.image_height,
                      content.size(), pixelsOfByte);
    image = {reader.info.image_height, reader.info.image_width, channels, {}};
    isRead =
        error || (startJpeg(reader, channels) && readJpegRows(reader, image));
  }
  jpeg_destroy_decompress(&reader.info);
  if (!isRead)
    return makeError(MAEK_BAD_FILE, "is no valid JPEG file: ",
                     static_cast<const char *>(reader.message));
  if (error)
    return error;
  return image;
}

Expected<Image> maek::runtime::decodeImage(std::span<const std::byte> content,
                                           int channels) {
  if (startsWith(content, pngMagic))
    return decodePng(content, channels);
  if (startsWith(content, jpegMagic))
    return decodeJpeg(content, channels);
  return makeError(MAEK_BAD_FILE, "is neither a PNG nor a JPEG file");
}

namespace {
/// The source pixels of one output pixel along an axis, and their weights.
struct Taps {
  int64_t first = 0;
  std::vector<float> weights;
};
} // namespace

// `step` source pixels lie between two output pixels; the window is centred.
static std::vector<Taps> makeTaps(int64_t from, int64_t to, double step) {
  std::vector<Taps> all(static_cast<size_t>(to));
  double begin =
      (static_cast<double>(from) - static_cast<double>(to) * step) / 2;
  double reach = std::max(step, 1.0);
  for (int64_t i = 0; i < to; ++i) {
    Taps &taps = all[static_cast<size_t>(i)];
    double centre = begin + (static_cast<double>(i) + 0.5) * step;
    taps.first =
        std::clamp(static_cast<int64_t>(centre - reach), int64_t{0}, from - 1);
    int64_t last =
        std::clamp(static_cast<int64_t>(centre + reach), taps.first, from - 1);
    double sum = 0;
    for (int64_t at = taps.first; at <= last; ++at) {
      double distance = (static_cast<double>(at) + 0.5 - centre) / reach;
      double weight = std::max(0.0, 1 - std::abs(distance));
      taps.weights.push_back(static_cast<float>(weight));
      sum += weight;
    }
    for (float &weight : taps.weights)
      weight = static_cast<float>(weight / sum);
  }
  return all;
}

void maek::runtime::fitImage(const Image &image, int64_t height, int64_t width,
                             std::span<float> out) {
  double step =
      std::min(static_cast<double>(image.height) / static_cast<double>(height),
               static_cast<double>(image.width) / static_cast<double>(width));
  std::vector<Taps> rows = makeTaps(image.height, height, step);
  std::vector<Taps> columns = makeTaps(image.width, width, step);
  std::vector<float> line(static_cast<size_t>(image.width * image.channels));
  for (int64_t y = 0; y < height; ++y) {
    const Taps &row = rows[static_cast<size_t>(y)];
    std::fill(line.begin(), line.end(), 0.0f);
    for (size_t k = 0; k < row.weights.size(); ++k) {
      const std::byte *from = image.pixels.data() +
                              static_cast<size_t>(row.first) * line.size() +
                              k * line.size();
      for (size_t i = 0; i < line.size(); ++i)
        line[i] += row.weights[k] * static_cast<float>(from[i]);
    }
    for (int64_t x = 0; x < width; ++x) {
      const Taps &column = columns[static_cast<size_t>(x)];
      for (int64_t c = 0; c < image.channels; ++c) {
        float sum = 0;
        for (size_t k = 0; k < column.weights.size(); ++k)
          sum +=
              column.weights[k] * line[(static_cast<size_t>(column.first) + k) *
                                           static_cast<size_t>(image.channels) +
                                       static_cast<size_t>(c)];
        out[static_cast<size_t>((c * height + y) * width + x)] = sum / 255;
      }
    }
  }
}
