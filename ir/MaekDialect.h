// Part of Maek, under the MIT licence; see LICENSE.
// The maek dialect and its attributes.
#ifndef MAEK_IR_MAEKDIALECT_H
#define MAEK_IR_MAEKDIALECT_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/TensorEncoding.h"

#include "ir/MaekDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/MaekAttrs.h.inc"

#endif // MAEK_IR_MAEKDIALECT_H
