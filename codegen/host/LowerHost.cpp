// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/LowerHost.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace maek {

#define GEN_PASS_REGISTRATION
#include "codegen/host/HostPasses.h.inc"

void buildLowerHostPipeline(OpPassManager &manager,
                            const LowerHostOptions &options) {
  // What a loop does not change goes in front of it, where the descriptors'
  // constant parts are stored.
  manager.addPass(createCSEPass());
  manager.addPass(createLoopInvariantCodeMotionPass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(
      createLowerLaunches({options.device, options.library, options.tf32}));
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertFuncToLLVMPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

void registerHostPasses() {
  registerMaekHostPasses();
  PassPipelineRegistration<LowerHostOptions>(
      "maek-lower-host", "Lowers entries on buffers to the LLVM dialect.",
      buildLowerHostPipeline);
}

} // namespace maek
