// Part of Maek, under the MIT licence; see LICENSE.
// Makes an object's own names its own, so that several models fit into one
// program.
#ifndef MAEK_CODEGEN_HOST_HIDESYMBOLS_H
#define MAEK_CODEGEN_HOST_HIDESYMBOLS_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <string>

namespace maek {

/// Copies the relocatable object at `from` to `to`; of the symbols that it
/// defines, only `exports` stay visible to other objects.
mlir::LogicalResult hideSymbols(llvm::StringRef from, llvm::StringRef to,
                                llvm::ArrayRef<std::string> exports,
                                mlir::Location location);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_HIDESYMBOLS_H
