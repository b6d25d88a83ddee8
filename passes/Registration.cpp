// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/Registration.h"

#include "ir/MaekDialect.h"
#include "passes/AdjointBuilder.h"
#include "passes/Mappable.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

namespace maek {

void registerPassDialects(DialectRegistry &registry) {
  registry.insert<MaekDialect, affine::AffineDialect, arith::ArithDialect,
                  cf::ControlFlowDialect, func::FuncDialect, LLVM::LLVMDialect,
                  memref::MemRefDialect, scf::SCFDialect>();
  registerGradientModels(registry);
  registerMappableModels(registry);
}

void registerAllPasses() {
  registerMaekPasses();
  registerPipelines();
  registerTransformsPasses();
}

} // namespace maek
