// Part of Maek, under the MIT licence; see LICENSE.
// How often a model's entries call each kernel, for given sizes.
#ifndef MAEK_CODEGEN_HOST_KERNELUSES_H
#define MAEK_CODEGEN_HOST_KERNELUSES_H

#include "ir/Extent.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <string>

namespace maek {

using Sizes = std::map<std::string, int64_t>;

/// The extent's size; nothing if a symbol has none, or it is above 2^31.
std::optional<int64_t> evaluateExtent(const Extent &extent, const Sizes &sizes);

/// Fails, with an error that names it, if a symbol of `forward` or `train_step`
/// has no size, or a size is of no symbol.
mlir::LogicalResult checkSizes(mlir::ModuleOp module, const Sizes &sizes);

/// The kernels that `forward` and `train_step` call, in the order in which they
/// do, and how often each entry does so.
llvm::MapVector<mlir::func::FuncOp, llvm::StringMap<double>>
countKernelUses(mlir::ModuleOp module, const Sizes &sizes);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_KERNELUSES_H
