// Part of Maek, under the MIT licence; see LICENSE.
// How each kernel was scheduled, said on the model's own lines.
#ifndef MAEK_CODEGEN_HOST_SCHEDULEREMARKS_H
#define MAEK_CODEGEN_HOST_SCHEDULEREMARKS_H

#include "codegen/halide/Kernels.h"

namespace maek {

/// Remarks "schedule" of the module's kernels, whose entries call them still;
/// `choices` are those that were asked for. `device` is named if it is not
/// empty.
void remarkSchedules(mlir::ModuleOp module, const CompiledKernels &compiled,
                     const std::map<std::string, std::string> &choices,
                     llvm::StringRef device);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_SCHEDULEREMARKS_H
