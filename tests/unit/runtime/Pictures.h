// Part of Maek, under the MIT licence; see LICENSE.
// Small pictures as files, for tests.
#ifndef MAEK_TESTS_UNIT_RUNTIME_PICTURES_H
#define MAEK_TESTS_UNIT_RUNTIME_PICTURES_H

#include <string>

namespace maek::fake {

/// A PNG file of 1 (grey), 3 (colour) or 4 channels (with transparency): byte i
/// of row y is (40 y + 7 i) mod 256.
std::string makePng(int height, int width, int channels);

/// A JPEG file of a smooth picture: bytes grow from 0 to 200 along the rows.
std::string makeJpeg(int height, int width, int channels, bool isProgressive);

} // namespace maek::fake

#endif // MAEK_TESTS_UNIT_RUNTIME_PICTURES_H
