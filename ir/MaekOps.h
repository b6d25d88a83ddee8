// Part of Maek, under the MIT licence; see LICENSE.
// The operations of the maek dialect, generated from MaekOps.td.
#ifndef MAEK_IR_MAEKOPS_H
#define MAEK_IR_MAEKOPS_H

#include "ir/AxisOpInterface.h"
#include "ir/Linear.h"
#include "ir/MaekDialect.h"
#include "ir/Rematerializable.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include <cmath>

namespace maek {
struct Extent;
} // namespace maek

#define GET_OP_CLASSES
#include "ir/MaekOps.h.inc"

#endif // MAEK_IR_MAEKOPS_H
