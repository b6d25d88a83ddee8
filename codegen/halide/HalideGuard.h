// Part of Maek, under the MIT licence; see LICENSE.
// The one boundary at which Halide's exceptions end.
#ifndef MAEK_CODEGEN_HALIDE_HALIDEGUARD_H
#define MAEK_CODEGEN_HALIDE_HALIDEGUARD_H

#include "mlir/Support/LLVM.h"
#include <string>

namespace maek::halide {

/// Runs `body`; what Halide throws becomes failure and its text.
mlir::LogicalResult guardHalide(std::string &message,
                                llvm::function_ref<void()> body);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_HALIDEGUARD_H
