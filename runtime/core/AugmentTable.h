// Part of Maek, under the MIT licence; see LICENSE.
// How training examples can be varied: `augment crop(4), flip`. Nothing that
// must be linked, so that the compiler has the same table; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_AUGMENTTABLE_H
#define MAEK_RUNTIME_CORE_AUGMENTTABLE_H

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace maek::runtime {

/// The number of each kind; 0 for what is not done. See runtime/data/Augment.h.
struct AugmentInfo {
  double crop = 0, flip = 0, erase = 0, mixup = 0, labelSmoothing = 0;

  bool any() const;
};

/// One kind.
struct Augmentation {
  /// What must be there for it: an image (findImage); numbers in all inputs and
  /// targets; a target of numbers that classes fill.
  enum class Varies { Images, Everything, Labels };

  std::string_view name, argument; ///< of the model file
  double least, most;              ///< of the number
  bool isWhole;
  std::optional<double> otherwise; ///< where none is given
  Varies varies;
  double AugmentInfo::*number;
};

namespace tables {
using enum Augmentation::Varies;

inline constexpr Augmentation augmentations[] = {
    {"crop", "pixels", 1, 4096, true, {}, Images, &AugmentInfo::crop},
    {"flip", "probability", 0, 1, false, 0.5, Images, &AugmentInfo::flip},
    {"erase", "probability", 0, 1, false, 0.5, Images, &AugmentInfo::erase},
    {"mixup", "alpha", 0.01, 100, false, {}, Everything, &AugmentInfo::mixup},
    {"label_smoothing",
     "smoothing",
     0,
     1,
     false,
     {},
     Labels,
     &AugmentInfo::labelSmoothing},
};
} // namespace tables

inline bool AugmentInfo::any() const {
  for (const Augmentation &augmentation : tables::augmentations)
    if (this->*augmentation.number > 0)
      return true;
  return false;
}

/// The one of that name, or null.
constexpr const Augmentation *findAugmentation(std::string_view name) {
  for (const Augmentation &augmentation : tables::augmentations)
    if (augmentation.name == name)
      return &augmentation;
  return nullptr;
}

/// How an image lies in the axes of an input: planes of height x width, where
/// `pixel` numbers lie together.
struct ImageLayout {
  int64_t planes, height, width, pixel;
};

/// Of the sizes of an example's axes: [H, W], [C, H, W] or [H, W, C] with 1 to
/// 4 channels, the first axis if both may be. Nothing else is an image.
inline std::optional<ImageLayout> findImage(std::span<const int64_t> sizes) {
  constexpr int64_t mostChannels = 4;
  if (sizes.size() == 2)
    return ImageLayout{1, sizes[0], sizes[1], 1};
  if (sizes.size() == 3 && sizes[0] <= mostChannels)
    return ImageLayout{sizes[0], sizes[1], sizes[2], 1};
  if (sizes.size() == 3 && sizes[2] <= mostChannels)
    return ImageLayout{1, sizes[0], sizes[1], sizes[2]};
  return std::nullopt;
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_AUGMENTTABLE_H
