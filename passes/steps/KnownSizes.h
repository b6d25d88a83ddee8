// Part of Maek, under the MIT licence; see LICENSE.
// Sizes that a function's arguments tell.
#ifndef MAEK_PASSES_STEPS_KNOWNSIZES_H
#define MAEK_PASSES_STEPS_KNOWNSIZES_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringSet.h"

namespace maek {

class KnownSizes {
public:
  /// An argument of this type tells the sizes of its axes.
  void add(mlir::Type argument);
  /// Whether the op, with the ops in it, has no other sizes.
  bool cover(mlir::Operation *op) const;

private:
  llvm::StringSet<> symbols;
};

} // namespace maek

#endif // MAEK_PASSES_STEPS_KNOWNSIZES_H
