// Part of Maek, under the MIT licence; see LICENSE.
// Kernel functions: equal ones become one, calls are found.
#ifndef MAEK_PASSES_KERNELFUNCTIONS_H
#define MAEK_PASSES_KERNELFUNCTIONS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include <string>

namespace maek {

/// Text that is equal for equal kernels: types and body without the name.
std::string getKernelText(mlir::func::FuncOp kernel);

/// The symbols whose values a kernel cannot learn from its arguments: those of
/// its extent ops, and of sizes that only values inside it and results have.
/// (Results tell sizes, too, but only once the kernel's body is known.)
llvm::SetVector<mlir::Attribute> findKernelSymbols(mlir::func::FuncOp kernel);

/// Lists them in the kernel's attribute.
void listKernelSymbols(mlir::func::FuncOp kernel);

/// Kernels that also stand for others, which are equal to them: each op's
/// location tells of the ops at its place in those, too. All at once, as a
/// fused location lists its parts.
class KernelLocations {
public:
  /// Takes those of `other`, which may be erased then.
  void add(mlir::func::FuncOp kernel, mlir::func::FuncOp other);
  void fuse();

private:
  llvm::MapVector<mlir::Operation *, llvm::SmallVector<mlir::Location>> found;
};

/// The module's calls by the kernel that they call.
llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::func::CallOp>>
findKernelCalls(mlir::ModuleOp module);

/// Leaves one of all equal kernels. Returns the number of the erased ones.
unsigned shareEqualKernels(mlir::ModuleOp module);

} // namespace maek

#endif // MAEK_PASSES_KERNELFUNCTIONS_H
