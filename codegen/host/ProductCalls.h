// Part of Maek, under the MIT licence; see LICENSE.
// Products of matrices that a library of the device's may make in a kernel's
// place.
#ifndef MAEK_CODEGEN_HOST_PRODUCTCALLS_H
#define MAEK_CODEGEN_HOST_PRODUCTCALLS_H

#include "ir/MaekDialect.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <string>

namespace maek {

/// The name of the function that stands before a kernel that only multiplies
/// large matrices.
std::string getProductName(llvm::StringRef kernel);

/// Makes that function, which calls the runtime's maek_device_product, and the
/// kernel if no library made the product. `allowsTf32`: f32 may be multiplied
/// as tf32.
void makeProductCall(mlir::LLVM::LLVMFuncOp kernel, EinsumAttr equation,
                     bool allowsTf32);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_PRODUCTCALLS_H
