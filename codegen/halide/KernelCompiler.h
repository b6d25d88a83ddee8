// Part of Maek, under the MIT licence; see LICENSE.
// One kernel function to one object.
#ifndef MAEK_CODEGEN_HALIDE_KERNELCOMPILER_H
#define MAEK_CODEGEN_HALIDE_KERNELCOMPILER_H

#include "codegen/halide/Kernels.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek::halide {

/// A digest of the sources that decide which code a kernel gets. Generated.
llvm::StringRef getKernelSources();

/// What a kernel's object depends on, as text: the kernel without its name and
/// locations, the target, the choice that its schedule is asked for, the
/// sources of its algorithm and schedule, Halide's version and Maek's.
std::string getKernelContent(mlir::func::FuncOp kernel,
                             const KernelOptions &options);

/// Writes the file, or says in `message` why it cannot.
mlir::LogicalResult writeFile(llvm::StringRef path, llvm::StringRef data,
                              std::string &message);

/// An object, and what is said of it.
struct CompiledKernel {
  std::string object;
  KernelSchedule schedule;
};

/// Compiles the kernel for `options.target` (a full name); its symbol is
/// `symbol`. Writes the texts that `options` ask for under the kernel's own
/// name. On failure `message` holds the reason, or is empty if a diagnostic was
/// emitted.
mlir::FailureOr<CompiledKernel> compileKernel(mlir::func::FuncOp kernel,
                                              llvm::StringRef symbol,
                                              const KernelOptions &options,
                                              std::string &message);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_KERNELCOMPILER_H
