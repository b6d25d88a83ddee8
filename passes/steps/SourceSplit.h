// Part of Maek, under the MIT licence; see LICENSE.
// What a step of a text needs of a source, once for all steps.
#ifndef MAEK_PASSES_STEPS_SOURCESPLIT_H
#define MAEK_PASSES_STEPS_SOURCESPLIT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace maek {

/// Makes two functions of `step`, whose inputs are the text's `text`, states
/// (`state.…`), and those of a source: the new one, called `name`, computes
/// from the source what does not change from step to step, as outputs
/// `state.source`, `state.source_2`, …, which `step` then takes in the place of
/// the source. Returns the new one; null, and nothing changed, without a
/// source. Fails, with an error, if there is a function of that name.
mlir::FailureOr<mlir::func::FuncOp> splitSource(mlir::func::FuncOp step,
                                                llvm::StringRef text,
                                                llvm::StringRef name);

} // namespace maek

#endif // MAEK_PASSES_STEPS_SOURCESPLIT_H
