// Part of Maek, under the MIT licence; see LICENSE.
// The sizes over which a contraction's letters run.
#ifndef MAEK_IR_LETTEREXTENTS_H
#define MAEK_IR_LETTEREXTENTS_H

#include "ir/Extent.h"
#include "ir/MaekOps.h"

namespace maek {

/// Of a letter of an operand.
Extent getLetterExtent(EinsumOp product, char letter);

} // namespace maek

#endif // MAEK_IR_LETTEREXTENTS_H
