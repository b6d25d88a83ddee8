// Part of Maek, under the MIT licence; see LICENSE.
// How an op's axes correspond: what loops over several ops, and steps computed
// one at a time, must know.
#ifndef MAEK_IR_AXISOPINTERFACE_H
#define MAEK_IR_AXISOPINTERFACE_H

#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <optional>

namespace maek {

/// Is told by an op how the axes of its operands and results correspond. What
/// it is not told of an axis: the op removes it or repeats along it.
class AxisRelations {
public:
  virtual ~AxisRelations() = default;
  /// One index runs over both axes.
  virtual void same(mlir::Value a, int64_t axis, mlir::Value b,
                    int64_t otherAxis) = 0;
  /// The op needs the axis as it is: it is cut, joined, searched or counted.
  virtual void fix(mlir::Value value, int64_t axis) = 0;

  /// The axes of each operand are the first ones of each result.
  void sameAll(mlir::Operation *op);
  void fixAll(mlir::Operation *op);
  /// `parts` are ranges of `whole` along `dim`, or, with one axis less, places.
  void parts(mlir::Value whole, mlir::ValueRange parts, int64_t dim);
};

/// The number that an axis gets; nothing if the one before it takes it in.
using AxisNumbering =
    llvm::function_ref<std::optional<int64_t>(mlir::Value, int64_t)>;

/// The numbers of those of `axes` of `value` that stay.
llvm::SmallVector<int64_t> renumber(AxisNumbering numbering, mlir::Value value,
                                    llvm::ArrayRef<int64_t> axes);

using AxisPredicate = llvm::function_ref<bool(mlir::Value, int64_t)>;

/// Whether the results at one index of the axes for which `isAsked` holds
/// depend on the operands at that index alone: no such axis is fixed, and each
/// one of an operand is one of a result. False for ops without the interface.
bool keepsAxes(mlir::Operation *op, AxisPredicate isAsked);

} // namespace maek

#include "ir/AxisOpInterface.h.inc"

#endif // MAEK_IR_AXISOPINTERFACE_H
