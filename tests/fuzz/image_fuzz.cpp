// Part of Maek, under the MIT licence; see LICENSE.
// Pictures: any bytes either decode to the size that they say, or are an error.
#include "Mutator.h"
#include "Pictures.h"
#include "runtime/data/Image.h"

#include <cmath>
#include <cstdlib>
#include <png.h>

using namespace maek::runtime;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span content(reinterpret_cast<const std::byte *>(data), size);
  for (int channels : {1, 3}) {
    Expected<Image> image = decodeImage(content, channels);
    if (!image)
      continue;
    if (image->channels != channels ||
        image->pixels.size() != static_cast<size_t>(image->height) *
                                    static_cast<size_t>(image->width) *
                                    static_cast<size_t>(channels))
      std::abort();
    float values[3 * 4 * 6];
    fitImage(*image, 4, 6, std::span(values).first(24 * channels));
    for (int i = 0; i < 24 * channels; ++i)
      if (!(values[i] >= 0 && values[i] <= 1.001f))
        std::abort();
  }
  return 0;
}

std::vector<std::string> fuzzSeeds() {
  std::vector<std::string> seeds;
  seeds.push_back(maek::fake::makeJpeg(20, 17, 4, false));
  for (int channels : {1, 3})
    for (bool isProgressive : {false, true}) {
      seeds.push_back(maek::fake::makePng(9, 7, channels));
      seeds.push_back(maek::fake::makeJpeg(20, 17, channels, isProgressive));
    }
  using maek::fake::PngForm;
  for (bool isInterlaced : {false, true}) {
    PngForm wide{PNG_COLOR_TYPE_RGBA, 16}, few{PNG_COLOR_TYPE_PALETTE, 2};
    few.palette = std::string(12, '\x70');
    few.transparency = "\x10\xff";
    wide.isInterlaced = few.isInterlaced = isInterlaced;
    wide.saysGamma = true;
    std::vector<std::string> rows(9, std::string(48, '\x5a'));
    seeds.push_back(maek::fake::encodePng(wide, rows));
    seeds.push_back(maek::fake::encodePng(few, rows));
  }
  return seeds;
}
