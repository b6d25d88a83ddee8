// Part of Maek, under the MIT licence; see LICENSE.
// From entries in buffer form to the LLVM dialect.
#ifndef MAEK_CODEGEN_HOST_LOWERHOST_H
#define MAEK_CODEGEN_HOST_LOWERHOST_H

#include "mlir/Pass/Pass.h"

namespace mlir {
class OpPassManager;
}

namespace maek {

#define GEN_PASS_DECL
#include "codegen/host/HostPasses.h.inc"

/// `maek-lower-host`: everything from maek-plan-memory's output to the LLVM
/// dialect.
void buildLowerHostPipeline(mlir::OpPassManager &manager);

/// Registers this layer's passes and the pipeline `maek-lower-host`.
void registerHostPasses();

} // namespace maek

#endif // MAEK_CODEGEN_HOST_LOWERHOST_H
