// Part of Maek, under the MIT licence; see LICENSE.
// How a train block says that examples are varied: `augment crop(4), flip`.
#ifndef MAEK_DSL_AUGMENTATIONS_H
#define MAEK_DSL_AUGMENTATIONS_H

#include "dsl/AST.h"
#include "runtime/core/AugmentTable.h"

namespace maek::dsl {
class Diagnostics;

using runtime::Augmentation;
using runtime::findAugmentation;

/// The one that `crop(4)` names; null, reported, if the expression is no such
/// call.
const Augmentation *checkAugmentation(const Expr &expr,
                                      Diagnostics &diagnostics);

/// The number in parentheses, or null.
const Expr *getAugmentationArgument(const Expr &expr);

} // namespace maek::dsl

#endif // MAEK_DSL_AUGMENTATIONS_H
