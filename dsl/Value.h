// Part of Maek, under the MIT licence; see LICENSE.
// What an expression of a model evaluates to while the IR is emitted.
#ifndef MAEK_DSL_VALUE_H
#define MAEK_DSL_VALUE_H

#include "ir/Extent.h"

#include "mlir/IR/Value.h"
#include "llvm/Support/SMLoc.h"

namespace maek::dsl {
struct Instance;

/// A size and the place in a model file that it comes from.
struct Axis {
  Extent size;
  llvm::SMLoc origin;
  /// The '*' of a matrix and a vector that kept this axis; their product, '·',
  /// would have summed over it.
  llvm::SMLoc kept = {};
};
using Axes = llvm::SmallVector<Axis, 0>;

enum class ValueKind {
  Poison,   // something was wrong, and is reported
  Number,   // known when compiling
  Size,     // a dynamic extent: T, 2*T
  Tensor,   // known when the program runs
  Instance, // of a layer or cell
};

enum class Element { Float, Class, Bool };

/// Note [Mapped axes]
/// A definition speaks of one example. The axes of the tensor that are not
/// the example's own (the batch; the tokens, inside of a layer that speaks of
/// one token) are `mapped`: numbers into TensorBuilder's table, outermost
/// first, which are given out from outside in and so stay sorted. The
/// tensor's axes are the mapped ones, then its own. Operands are aligned by
/// the numbers, so that a value that does not depend on an axis need not have
/// it.
struct Value {
  ValueKind kind = ValueKind::Poison;
  double number = 0;
  Extent size;
  mlir::Value tensor;
  llvm::SmallVector<unsigned, 4> mapped;
  Axes axes;
  Element element = Element::Float;
  /// Of a class value: how many classes there are, and who says so.
  Axis classes;
  Instance *instance = nullptr;
  /// Where a number was given.
  llvm::SMLoc origin;

  static Value makeNumber(double number, llvm::SMLoc origin = {}) {
    Value value;
    value.kind = ValueKind::Number;
    value.number = number;
    value.origin = origin;
    return value;
  }
  /// A number if the extent is static.
  static Value makeSize(const Extent &size, llvm::SMLoc origin) {
    if (size.isStatic())
      return makeNumber(double(size.factor), origin);
    Value value;
    value.kind = ValueKind::Size;
    value.size = size;
    value.origin = origin;
    return value;
  }
  static Value makeInstance(Instance &instance) {
    Value value;
    value.kind = ValueKind::Instance;
    value.instance = &instance;
    return value;
  }

  bool is(ValueKind other) const { return kind == other; }
  bool isPoison() const { return kind == ValueKind::Poison; }
  unsigned getRank() const { return axes.size(); }
  bool isScalar() const { return !is(ValueKind::Instance) && axes.empty(); }
};

/// Do both have the same sizes, whatever their origin?
bool haveSameSizes(llvm::ArrayRef<Axis> a, llvm::ArrayRef<Axis> b);

/// "[28, H]" with sizes, or "a scalar".
std::string describeShape(llvm::ArrayRef<Axis> axes);
/// What `value` is, for a message: its shape, or "the number 3".
std::string describe(const Value &value);
/// 0.5, 3: without trailing zeros.
std::string formatNumber(double number);

} // namespace maek::dsl

#endif // MAEK_DSL_VALUE_H
