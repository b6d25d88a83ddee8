// Part of Maek, under the MIT licence; see LICENSE.
// Object files whose bytes depend on the kernel's code only.
#ifndef MAEK_CODEGEN_HALIDE_OBJECTSYMBOLS_H
#define MAEK_CODEGEN_HALIDE_OBJECTSYMBOLS_H

#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace maek::halide {

/// The ELF object with the symbol `from` called `to`, those that begin with
/// `from` called `to`.part0, .part1, ..., and without local symbols: the names
/// of both count what was compiled before.
llvm::Expected<llvm::SmallString<0>>
renameKernel(llvm::StringRef object, llvm::StringRef from, llvm::StringRef to);

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_OBJECTSYMBOLS_H
