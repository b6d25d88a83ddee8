// Part of Maek, under the MIT licence; see LICENSE.
// The host program in LLVM's dialect to LLVM IR, and that to files.
#ifndef MAEK_CODEGEN_HOST_EMITOBJECT_H
#define MAEK_CODEGEN_HOST_EMITOBJECT_H

#include "mlir/IR/BuiltinOps.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace maek {

/// LLVM IR of the module, for the machine's triple and its baseline features:
/// all heavy work is in the kernels. Null after a diagnostic.
std::unique_ptr<llvm::Module> translateToLLVM(mlir::ModuleOp module,
                                              llvm::LLVMContext &context);

enum class HostOutput { Object, Assembly, LLVM };

/// Optimises (-O2) the functions with loops, and writes the module.
mlir::LogicalResult emitHost(llvm::Module &module, HostOutput kind,
                             llvm::StringRef path, mlir::Location location);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_EMITOBJECT_H
