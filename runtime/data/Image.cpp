// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/data/Image.h"
#include "runtime/data/ImageFormats.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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

// The name of a format of pictures that is not read; empty for none.
static std::string_view otherFormat(std::span<const std::byte> start) {
  using namespace std::string_view_literals;
  constexpr size_t riffHead = 8; // "RIFF" and a size
  if (startsWith(start, "RIFF") && start.size() > riffHead &&
      startsWith(start.subspan(riffHead), "WEBP"))
    return "WebP";
  if (startsWith(start, "GIF8"))
    return "GIF";
  if (startsWith(start, "BM"))
    return "BMP";
  return startsWith(start, "II*\0"sv) || startsWith(start, "MM\0*"sv) ? "TIFF"
                                                                      : "";
}

bool maek::runtime::isImage(std::span<const std::byte> start) {
  return startsWith(start, pngMagic) || startsWith(start, jpegMagic) ||
         !otherFormat(start).empty();
}

Error maek::runtime::checkImageSize(uint64_t width, uint64_t height,
                                    uint64_t bytes, uint64_t pixelsOfByte) {
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

Expected<Image> maek::runtime::decodeImage(std::span<const std::byte> content,
                                           int channels) {
  if (startsWith(content, pngMagic))
    return decodePng(content, channels);
  if (startsWith(content, jpegMagic))
    return decodeJpeg(content, channels);
  std::string_view other = otherFormat(content);
  if (!other.empty())
    return makeError(MAEK_BAD_FILE, "is a ", other,
                     " file; needed PNG, JPEG or .npy");
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
