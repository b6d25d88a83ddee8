// Part of Maek, under the MIT licence; see LICENSE.
// The decoders behind decodeImage, one for each format.
#ifndef MAEK_RUNTIME_DATA_IMAGEFORMATS_H
#define MAEK_RUNTIME_DATA_IMAGEFORMATS_H

#include "runtime/data/Image.h"

namespace maek::runtime {

/// A short file that claims a huge picture must not get the memory for it: an
/// error if it has no pixels, too many, or more than `bytes` can hold.
Error checkImageSize(uint64_t width, uint64_t height, uint64_t bytes,
                     uint64_t pixelsOfByte);

/// See decodeImage; `content` begins as files of that format do.
Expected<Image> decodePng(std::span<const std::byte> content, int channels);
Expected<Image> decodeJpeg(std::span<const std::byte> content, int channels);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_IMAGEFORMATS_H
