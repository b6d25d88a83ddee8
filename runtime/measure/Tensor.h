// Part of Maek, under the MIT licence; see LICENSE.
// A tensor as kernels see it, between marks that must keep their value.
#ifndef MAEK_RUNTIME_MEASURE_TENSOR_H
#define MAEK_RUNTIME_MEASURE_TENSOR_H

#include "HalideRuntime.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace maek::measure {

class Tensor {
public:
  /// `type` is f32, f64, bf16, i8, ui8, i1 or i32, others are thrown as an
  /// error; the sizes outermost first.
  Tensor(const std::string &type, const std::vector<int64_t> &shape);
  Tensor(const Tensor &) = delete;

  /// Numbers between -0.5 and 0.5; codes; of i32 0, which any index may be.
  void fill();
  /// Bits that are no number.
  void poison();
  /// Takes the numbers of a tensor of the same type and sizes.
  void copy(const Tensor &other);
  /// The largest difference from `other`, in parts of its largest number; 0
  /// where neither is finite. Of i1 and i32 infinity if any differ.
  double compare(const Tensor &other) const;
  /// Whether nothing was written beside the tensor.
  bool isIntact() const;

  /// Largest difference that another order of sums may make.
  double tolerance() const;
  halide_buffer_t *buffer() { return &header; }

private:
  struct Type;
  static const Type &getType(const std::string &name);
  double at(int64_t index) const;

  const Type &type;
  int64_t count = 1;
  size_t bytes;
  struct Free {
    void operator()(uint8_t *memory) const;
  };
  std::unique_ptr<uint8_t[], Free> memory;
  std::vector<halide_dimension_t> dims;
  halide_buffer_t header = {};
};

} // namespace maek::measure

#endif // MAEK_RUNTIME_MEASURE_TENSOR_H
