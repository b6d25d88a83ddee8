// Part of Maek, under the MIT licence; see LICENSE.
// Ops of which the sum of results is the result of the sums.
#ifndef MAEK_IR_LINEAR_H
#define MAEK_IR_LINEAR_H

#include "mlir/IR/OpDefinition.h"

namespace maek {

/// op(a + c, b + d) = op(a, b) + op(c, d): linear in all operands together.
template <typename ConcreteType>
class Linear : public mlir::OpTrait::TraitBase<ConcreteType, Linear> {};

} // namespace maek

#endif // MAEK_IR_LINEAR_H
