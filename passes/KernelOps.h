// Part of Maek, under the MIT licence; see LICENSE.
// How the kernel-forming passes look at an op: repeated in each kernel,
// computed element by element, reduced along rows, or only a view.
#ifndef MAEK_PASSES_KERNELOPS_H
#define MAEK_PASSES_KERNELOPS_H

#include "mlir/IR/Operation.h"

namespace mlir {
class IRMapping;
class OpBuilder;
} // namespace mlir

namespace maek {

/// Costs nothing to repeat, so that each kernel holds its own copy: constant,
/// iota, extent, broadcast, unpack, window, scalars computed from extents, and
/// the comparisons that mask attention: storing one number per query and key is
/// what attention avoids.
bool isRepeatable(mlir::Operation *op);

/// Copies the repeatable ops that make `value`, if it is made so, each once.
/// Returns what stands for `value` where `builder` is.
mlir::Value copyRepeatable(mlir::Value value, mlir::IRMapping &copies,
                           mlir::OpBuilder &builder);

/// One element of each operand makes one element of the result, or its place
/// alone does, and the op is not repeatable.
bool isElementwise(mlir::Operation *op);

/// A reduce or argmax over all trailing axes from some axis on, leaving at
/// least one: each row becomes one element.
bool isRowReduction(mlir::Operation *op);

/// Attention or one of its gradients: a kernel of its own.
bool isAttention(mlir::Operation *op);

/// A reduce or argmax of any kind, or a fold.
bool isReduction(mlir::Operation *op);

/// Names elements of its operands: reshape, slice, split, unstack, transpose,
/// stack, concat, update_slice. The host may do these without moving an
/// element.
bool isView(mlir::Operation *op);

/// Copies elements to other places, and is never a view: pack, pad, reverse,
/// gather.
bool isCopy(mlir::Operation *op);

/// A copy, or a view, which is one where the host cannot do it.
bool isLayout(mlir::Operation *op);

/// A kernel of its own, whatever stands around it: attention, scatter_add.
bool isWhole(mlir::Operation *op);

/// How many elementwise ops with axes one kernel may hold. Halide's time grows
/// faster than their number, above all behind a product, whose tile holds them
/// once per register. The update of two parameters by Adam, averages included,
/// has 30.
constexpr unsigned kMaxElementwise = 40;

/// Whether the op counts among these. Scalars are cheap to compile; a norm of
/// all gradients takes hundreds of them.
bool isCounted(mlir::Operation *op);

/// The shape alone, to compare: the type with f32 elements.
mlir::Type getShapeKey(mlir::Type tensor);

} // namespace maek

#endif // MAEK_PASSES_KERNELOPS_H
