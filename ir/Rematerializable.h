// Part of Maek, under the MIT licence; see LICENSE.
// What costs less to compute where it is read than to store and load.
#ifndef MAEK_IR_REMATERIALIZABLE_H
#define MAEK_IR_REMATERIALIZABLE_H

#include "mlir/IR/OpDefinition.h"

namespace maek {

/// Each element of the result is a number that is known, a place, a size, or
/// one element of the operand that is read more than once.
template <typename ConcreteType>
class TriviallyRematerializable
    : public mlir::OpTrait::TraitBase<ConcreteType, TriviallyRematerializable> {
};

/// Whether a kernel that reads the op's results need not have them stored:
/// constant, iota, extent, broadcast.
inline bool isTriviallyRematerializable(mlir::Operation *op) {
  return op->hasTrait<TriviallyRematerializable>();
}

/// Whether an element of the result takes one element of each operand at most,
/// so that the op can run again, element by element, wherever those are.
inline bool isPointwise(mlir::Operation *op) {
  return isTriviallyRematerializable(op) ||
         op->hasTrait<mlir::OpTrait::Elementwise>();
}

} // namespace maek

#endif // MAEK_IR_REMATERIALIZABLE_H
