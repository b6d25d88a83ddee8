// Part of Maek, under the MIT licence; see LICENSE.
#ifndef MAEK_IR_DEADOPS_H
#define MAEK_IR_DEADOPS_H

#include "mlir/IR/Operation.h"

namespace maek {

/// Deletes the ops nested in `root` whose results nobody reads, and then those
/// whose results only they read.
void eraseDeadOps(mlir::Operation *root);

} // namespace maek

#endif // MAEK_IR_DEADOPS_H
