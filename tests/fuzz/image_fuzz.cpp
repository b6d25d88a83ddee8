// Part of Maek, under the MIT licence; see LICENSE.
// Pictures: any bytes either decode to the size that they say, or are an error.
#include "Mutator.h"
#include "Pictures.h"
#include "runtime/data/Image.h"

#include <cmath>
#include <cstdlib>

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
  for (int channels : {1, 3})
    for (bool isProgressive : {false, true}) {
      seeds.push_back(maek::fake::makePng(9, 7, channels));
      seeds.push_back(maek::fake::makeJpeg(20, 17, channels, isProgressive));
    }
  return seeds;
}
