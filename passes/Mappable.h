// Part of Maek, under the MIT licence; see LICENSE.
// The interface of ops that can be computed for all steps of a loop at once.
#ifndef MAEK_PASSES_MAPPABLE_H
#define MAEK_PASSES_MAPPABLE_H

#include "ir/Extent.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallBitVector.h"

#include "passes/Mappable.h.inc"

namespace mlir {
class DialectRegistry;
}

namespace maek {

/// Attaches the interface to the ops that have it.
void registerMappableModels(mlir::DialectRegistry &registry);

} // namespace maek

#endif // MAEK_PASSES_MAPPABLE_H
