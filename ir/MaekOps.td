// Part of Maek, under the MIT licence; see LICENSE.
// All operations of the dialect, one file per kind.
#ifndef MAEK_IR_MAEKOPS_TD
#define MAEK_IR_MAEKOPS_TD

include "ir/AttentionOps.td"
include "ir/ContractionOps.td"
include "ir/ElementwiseOps.td"
include "ir/IndexingOps.td"
include "ir/ShapeOps.td"
include "ir/StructureOps.td"
include "ir/WindowOps.td"

#endif // MAEK_IR_MAEKOPS_TD
