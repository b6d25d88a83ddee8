// Part of Maek, under the MIT licence; see LICENSE.
// Training examples, varied. Every draw is a function of seed, epoch and
// example: batches, threads and interruptions change nothing.
#ifndef MAEK_RUNTIME_DATA_AUGMENT_H
#define MAEK_RUNTIME_DATA_AUGMENT_H

#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Philox.h"
#include <algorithm>
#include <optional>
#include <span>

namespace maek::runtime {

/// What becomes of one picture: it is shifted (what comes in from outside is
/// 0), then perhaps mirrored, then a rectangle is set to 0.
struct Variation {
  int64_t down = 0, right = 0; ///< row y of the result is row y + down
  bool mirrored = false;
  int64_t top = 0, left = 0, height = 0, width = 0; ///< of the rectangle
};

/// share * this example + (1 - share) * other.
struct Mixture {
  uint32_t other = 0;
  double share = 1;
};

class Augmenter {
public:
  /// `examples` are those that are trained on; they must outlive it.
  Augmenter(const AugmentInfo &info, uint64_t seed,
            std::span<const uint32_t> examples)
      : info(info), seed(seed), examples(examples), pictures(0, ""),
        mixtures(0, "") {
    begin(0);
  }
  void begin(int64_t epoch);

  bool mixes() const { return info.mixup > 0; }
  /// What a label gives to all classes alike (Szegedy et al. 2016).
  double labelSmoothing() const { return info.labelSmoothing; }
  /// crop: each shift of up to so many pixels is as likely (a picture padded
  /// and cut). flip: with this probability. erase: with this probability, a
  /// rectangle of 2 to 33 % of the area, 0.3 to 3.3 times as high as wide
  /// (Zhong et al. 2020).
  Variation vary(uint32_t example, int64_t height, int64_t width) const;
  /// A share that is distributed as Beta(mixup, mixup), and an example, each as
  /// likely (Zhang et al. 2018).
  Mixture mix(uint32_t example) const;

private:
  AugmentInfo info;
  uint64_t seed;
  std::span<const uint32_t> examples;
  RandomStream pictures, mixtures;
};

/// An image, varied, from one place to another.
template <typename T>
void varyImage(const Variation &variation, const ImageLayout &image,
               const T *from, T *to) {
  auto [planes, height, width, pixel] = image;
  for (int64_t row = 0; row < planes * height; ++row) {
    int64_t y = row % height, source = y + variation.down;
    bool isOutside = source < 0 || source >= height;
    const T *line = from + (row - y + source) * width * pixel;
    bool isErased = y >= variation.top && y < variation.top + variation.height;
    for (int64_t x = 0; x < width; ++x, to += pixel) {
      int64_t column =
          (variation.mirrored ? width - 1 - x : x) + variation.right;
      bool isEmpty = isOutside || column < 0 || column >= width ||
                     (isErased && x >= variation.left &&
                      x < variation.left + variation.width);
      if (isEmpty)
        std::fill_n(to, pixel, T(0));
      else
        std::copy_n(line + column * pixel, pixel, to);
    }
  }
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DATA_AUGMENT_H
