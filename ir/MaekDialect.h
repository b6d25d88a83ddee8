// Part of Maek, under the MIT licence; see LICENSE.
// The maek dialect, its attributes and enums.
#ifndef MAEK_IR_MAEKDIALECT_H
#define MAEK_IR_MAEKDIALECT_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/TensorEncoding.h"
#include "llvm/Support/Error.h"
#include <optional>
#include <string>

#include "ir/MaekDialect.h.inc"

#include "ir/MaekEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ir/MaekAttrs.h.inc"

#endif // MAEK_IR_MAEKDIALECT_H
