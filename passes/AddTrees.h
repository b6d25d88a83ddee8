// Part of Maek, under the MIT licence; see LICENSE.
// Sums in a scan's body, regrouped by what their terms depend on.
#ifndef MAEK_PASSES_ADDTREES_H
#define MAEK_PASSES_ADDTREES_H

#include "ir/MaekOps.h"

namespace maek {

/// Rewrites each sum of terms in the scan's body as (the terms that depend on
/// the state) + (the other terms), so that the second part can be computed
/// elsewhere: (h·W + x·V) + b becomes h·W + (x·V + b). Changes the rounding
/// only. Returns whether anything changed.
bool regroupSums(ScanOp scan);

} // namespace maek

#endif // MAEK_PASSES_ADDTREES_H
