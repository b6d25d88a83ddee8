// Part of Maek, under the MIT licence; see LICENSE.
// Small pictures as files, for tests.
#ifndef MAEK_TESTS_UNIT_RUNTIME_PICTURES_H
#define MAEK_TESTS_UNIT_RUNTIME_PICTURES_H

#include <string>
#include <vector>

namespace maek::fake {

/// A PNG file of 1 (grey), 3 (colour) or 4 channels (with transparency): byte i
/// of row y is (40 y + 7 i) mod 256.
std::string makePng(int height, int width, int channels);

/// How a PNG file stores its pixels, in libpng's words.
struct PngForm {
  int colourType, bitDepth;
  std::string palette = {};      ///< red, green, blue of each
  std::string transparency = {}; ///< of the palette's colours
  int transparentGrey = -1;      ///< a value of grey that is transparent
  bool isInterlaced = false, saysGamma = false;
};

/// A PNG file with rows of these bytes, and of as many pixels as they hold.
std::string encodePng(const PngForm &form,
                      const std::vector<std::string> &rows);

/// A JPEG file of a smooth picture, of 1, 3 or 4 (CMYK) channels: bytes grow
/// from 0 to 200 along the rows.
std::string makeJpeg(int height, int width, int channels, bool isProgressive);

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_PICTURES_H
