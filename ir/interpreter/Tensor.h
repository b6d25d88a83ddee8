// Part of Maek, under the MIT licence; see LICENSE.
// The interpreter's values: tensors of f64 numbers.
#ifndef MAEK_IR_INTERPRETER_TENSOR_H
#define MAEK_IR_INTERPRETER_TENSOR_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <vector>

namespace maek {

/// One number per axis, outermost first: a shape, or an element's place.
using Index = llvm::ArrayRef<int64_t>;
using Shape = llvm::SmallVector<int64_t>;

/// Numbers in row-major order. Elements of i32 and i1 tensors are whole
/// numbers, 0 and 1 for i1.
struct Tensor {
  Shape shape;
  std::vector<double> elements;

  /// The scalar 0.
  Tensor() : elements(1) {}
  explicit Tensor(Index shape, double fill = 0);
  Tensor(Index shape, std::vector<double> elements);

  /// The tensor whose element at each index is `element(index)`.
  static Tensor generate(Index shape,
                         llvm::function_ref<double(Index)> element);

  int64_t rank() const { return shape.size(); }
  int64_t size() const { return elements.size(); }
  double &operator[](Index index) { return elements[offset(index)]; }
  double operator[](Index index) const { return elements[offset(index)]; }

private:
  int64_t offset(Index index) const;
};

/// Calls `visit` for each index within `shape`, the last axis fastest.
void forEachIndex(Index shape, llvm::function_ref<void(Index)> visit);

/// The product of the sizes; nothing if it is negative or over 2^28, more than
/// the interpreter wants to hold.
std::optional<int64_t> countElements(Index shape);

} // namespace maek

#endif // MAEK_IR_INTERPRETER_TENSOR_H
