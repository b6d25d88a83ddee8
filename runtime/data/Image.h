// Part of Maek, under the MIT licence; see LICENSE.
// Pictures in PNG and JPEG files, and how they become a model's input.
#ifndef MAEK_RUNTIME_DATA_IMAGE_H
#define MAEK_RUNTIME_DATA_IMAGE_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace maek::runtime {

/// Bytes [height, width, channels].
struct Image {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<std::byte> pixels;
};

/// How many bytes of a file tell whether it is a picture.
inline constexpr size_t imageMagicBytes = 12;

/// Whether a file that begins so is a picture: PNG, JPEG, or of a format that
/// decodeImage names in its error.
bool isImage(std::span<const std::byte> start);

/// Decodes a whole PNG or JPEG file into 1 channel (grey) or 3 (red, green,
/// blue). The numbers are those that the file stores: no gamma or profile is
/// applied, of 16 bits the upper 8 are kept, grey is 0.299 R + 0.587 G + 0.114
/// B, what is transparent lies on black. A damaged or truncated file is an
/// error. Memory is bounded by what the file can hold.
Expected<Image> decodeImage(std::span<const std::byte> content, int channels);

/// Scales the picture, keeping its proportions, until it just covers
/// [height, width]; takes what is in the middle. The samples are weighted by a
/// triangle as wide as the step from one output pixel to the next (bilinear,
/// without aliasing). Writes [channels, height, width] numbers from 0 to 1.
void fitImage(const Image &image, int64_t height, int64_t width,
              std::span<float> out);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_IMAGE_H
