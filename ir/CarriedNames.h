// Part of Maek, under the MIT licence; see LICENSE.
// Names of what one call of an entry that goes on with a text hands to the
// next.
#ifndef MAEK_IR_CARRIEDNAMES_H
#define MAEK_IR_CARRIEDNAMES_H

#include "llvm/ADT/StringRef.h"

namespace maek {

/// All of them begin so. An output's value is the next call's input of its
/// name.
inline constexpr llvm::StringLiteral kCarriedPrefix = "state.";
/// The input that is above 0 for the examples whose text begins.
inline constexpr llvm::StringLiteral kBeginsName = "state.begins";
/// The input that counts the steps before this call.
inline constexpr llvm::StringLiteral kPositionName = "state.position";

} // namespace maek

#endif // MAEK_IR_CARRIEDNAMES_H
