// Part of Maek, under the MIT licence; see LICENSE.
// Every pass: its flag, what it does, its options and statistics.
#ifndef MAEK_PASSES_PASSES_TD
#define MAEK_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

#endif // MAEK_PASSES_PASSES_TD
