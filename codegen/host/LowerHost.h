// Part of Maek, under the MIT licence; see LICENSE.
// From entries in buffer form to the LLVM dialect.
#ifndef MAEK_CODEGEN_HOST_LOWERHOST_H
#define MAEK_CODEGEN_HOST_LOWERHOST_H

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassOptions.h"

namespace mlir {
class OpPassManager;
}

namespace maek {

#define GEN_PASS_DECL
#include "codegen/host/HostPasses.h.inc"

/// On the lowered module: the bytes of each entry's descriptors (dictionary of
/// i64 by the entry's name).
inline constexpr llvm::StringLiteral kDescriptorsAttr = "maek.descriptors";

/// On the lowered module: of entries whose host program reads arguments, which
/// ones (dictionary of arrays of i64). Their values stand behind those of the
/// symbols in `dims`.
inline constexpr llvm::StringLiteral kHostReadsAttr = "maek.host_reads";

struct LowerHostOptions : mlir::PassPipelineOptions<LowerHostOptions> {
  Option<bool> device{*this, "device",
                      llvm::cl::desc("Buffers and the arena are in a device's "
                                     "memory.")};
  Option<bool> library{*this, "library",
                       llvm::cl::desc("The device may have a library of matrix "
                                      "products.")};
  Option<bool> tf32{*this, "tf32",
                    llvm::cl::desc("It may leave out the last 13 bits of "
                                   "f32.")};
};

/// `maek-lower-host`: everything from maek-plan-memory's output to the LLVM
/// dialect.
void buildLowerHostPipeline(mlir::OpPassManager &manager,
                            const LowerHostOptions &options);

/// Registers this layer's passes and the pipeline `maek-lower-host`.
void registerHostPasses();

} // namespace maek

#endif // MAEK_CODEGEN_HOST_LOWERHOST_H
