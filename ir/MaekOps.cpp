// Part of Maek, under the MIT licence; see LICENSE.
// The generated definitions of the ops.
#include "ir/MaekOps.h"

#include "ir/Extent.h"
#include "ir/Splat.h"

#include "mlir/IR/DialectImplementation.h"

using namespace mlir;
using namespace maek;

#define GET_OP_CLASSES
#include "ir/MaekOps.cpp.inc"
