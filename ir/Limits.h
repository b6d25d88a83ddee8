// Part of Maek, under the MIT licence; see LICENSE.
// Sizes of an entry that a table bounds.
#ifndef MAEK_IR_LIMITS_H
#define MAEK_IR_LIMITS_H

#include "llvm/ADT/StringRef.h"

namespace maek {

/// Attribute on an entry: sizes that must not be larger than a table, an array
/// of {size = "T", most = 128 : i64, table = "positions.P"}.
inline constexpr llvm::StringLiteral kLimitsAttr = "maek.limits";

} // namespace maek

#endif // MAEK_IR_LIMITS_H
