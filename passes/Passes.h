// Part of Maek, under the MIT licence; see LICENSE.
// Declarations of the passes, generated from Passes.td.
#ifndef MAEK_PASSES_PASSES_H
#define MAEK_PASSES_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include <memory>

namespace maek {

#define GEN_PASS_DECL
#include "passes/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "passes/Passes.h.inc"

} // namespace maek

#endif // MAEK_PASSES_PASSES_H
