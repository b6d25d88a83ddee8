// Part of Maek, under the MIT licence; see LICENSE.
// What the varied examples draw.
#include "runtime/data/Augment.h"

#include <cmath>

using namespace maek::runtime;

// Draws of one example in one epoch, per stream.
static constexpr uint64_t drawsPerExample = 512;
enum Draw : uint64_t { Down, Right, Mirrored, Erased, Rectangles };

void Augmenter::begin(int64_t epoch) {
  pictures = RandomStream(seed, text("augment ", epoch));
  mixtures = RandomStream(seed, text("mixup ", epoch));
}

Variation Augmenter::vary(uint32_t example, int64_t height,
                          int64_t width) const {
  uint64_t first = example * drawsPerExample;
  Variation variation;
  if (info.crop > 0) {
    auto most = static_cast<int64_t>(info.crop);
    auto shift = [&](Draw draw) {
      auto count = static_cast<uint64_t>(2 * most + 1);
      return static_cast<int64_t>(pictures.below(first + draw, count)) - most;
    };
    variation.down = shift(Down);
    variation.right = shift(Right);
  }
  variation.mirrored = pictures.uniform(first + Mirrored) < info.flip;
  if (pictures.uniform(first + Erased) >= info.erase)
    return variation;
  // A rectangle that is too high or too wide is drawn again.
  constexpr int attempts = 10, draws = 4;
  constexpr double least = 0.02, most = 0.33, ratio = 3.3;
  for (uint64_t i = 0; i < attempts; ++i) {
    uint64_t at = first + Rectangles + i * draws;
    double area = (least + (most - least) * pictures.uniform(at)) *
                  static_cast<double>(height * width);
    double shape =
        std::exp(std::log(ratio) * (2 * pictures.uniform(at + 1) - 1));
    auto high = static_cast<int64_t>(std::lround(std::sqrt(area * shape)));
    auto wide = static_cast<int64_t>(std::lround(std::sqrt(area / shape)));
    if (high < 1 || wide < 1 || high > height || wide > width)
      continue;
    auto place = [&](uint64_t draw, int64_t room) {
      return static_cast<int64_t>(
          pictures.below(draw, static_cast<uint64_t>(room + 1)));
    };
    variation.height = high;
    variation.width = wide;
    variation.top = place(at + 2, height - high);
    variation.left = place(at + 3, width - wide);
    break;
  }
  return variation;
}

// Marsaglia and Tsang 2000, for a shape below 1 too; `at` is the first of many
// draws.
static double drawGamma(const RandomStream &random, uint64_t at, double shape) {
  constexpr uint64_t attempts = 60;
  double boost = 1;
  if (shape < 1) {
    boost = std::pow(1 - random.uniform(at), 1 / shape);
    shape += 1;
  }
  double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (uint64_t i = 0; i < attempts; ++i) {
    double x = random.normal(at + 1 + 2 * i);
    double v = std::pow(1 + c * x, 3);
    double u = 1 - random.uniform(at + 2 + 2 * i);
    if (v > 0 && std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v))
      return boost * d * v;
  }
  return boost * d;
}

Mixture Augmenter::mix(uint32_t example) const {
  uint64_t first = example * drawsPerExample;
  constexpr uint64_t each = drawsPerExample / 4;
  Mixture mixture;
  mixture.other = examples[mixtures.below(first, examples.size())];
  double a = drawGamma(mixtures, first + each, info.mixup);
  double b = drawGamma(mixtures, first + 2 * each, info.mixup);
  // Both can be too small for a number; then one of them is all.
  mixture.share = a + b > 0 ? a / (a + b) : 1;
  return mixture;
}
