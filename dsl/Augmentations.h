// Part of Maek, under the MIT licence; see LICENSE.
// How training examples can be varied: `augment crop(4), flip`.
#ifndef MAEK_DSL_AUGMENTATIONS_H
#define MAEK_DSL_AUGMENTATIONS_H

#include "dsl/AST.h"

namespace maek::dsl {
class Diagnostics;

/// One kind, and the number that it takes.
struct Augmentation {
  llvm::StringLiteral name, argument;
  double low, high; ///< of the number
  bool isWhole;
  std::optional<double> otherwise; ///< where none is given
};

/// Null if there is none of that name.
const Augmentation *findAugmentation(llvm::StringRef name);

/// The one that `crop(4)` names; null, reported, if the expression is no such
/// call.
const Augmentation *checkAugmentation(const Expr &expr,
                                      Diagnostics &diagnostics);

/// The number in parentheses, or null.
const Expr *getAugmentationArgument(const Expr &expr);

} // namespace maek::dsl

#endif // MAEK_DSL_AUGMENTATIONS_H
