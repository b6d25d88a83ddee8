// Part of Maek, under the MIT licence; see LICENSE.
// Which products of weights and activations may multiply shorter numbers.
#ifndef MAEK_PASSES_SHORTPRODUCTS_H
#define MAEK_PASSES_SHORTPRODUCTS_H

#include "ir/LetterExtents.h"

namespace maek {

/// Words along a shorter axis would be empty for a great part, or be read
/// number by number.
inline constexpr int64_t shortestWordAxis = 8;
/// With fewer the conversions take longer than is saved.
inline constexpr int64_t fewestShortColumns = 16;

/// Whether the extent is known to be below `fewest`.
bool isBelow(const Extent &extent, int64_t fewest);

/// How many products are summed for an element of the result.
Extent countSummands(EinsumOp product);

/// Why a product of weights, the operand number `side`, and activations does
/// not multiply shorter numbers, or nothing.
llvm::StringRef whyNotShort(EinsumOp product, unsigned side);

} // namespace maek

#endif // MAEK_PASSES_SHORTPRODUCTS_H
