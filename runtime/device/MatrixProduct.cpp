// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/device/MatrixProduct.h"

#include <array>
#include <vector>

using namespace maek::runtime;

namespace {
/// A tensor of the equation: the letters of its axes, outermost first.
struct Term {
  std::string_view letters;
  const HalideBuffer *buffer;

  const HalideDimension *find(char letter) const {
    size_t at = letters.find(letter);
    return at == letters.npos ? nullptr : &buffer->dim[letters.size() - 1 - at];
  }
};

/// One axis of a matrix, or of the batches: its stride in each term, 0 where
/// the term has it not.
struct Axis {
  int64_t extent = 1;
  std::array<int64_t, 3> strides = {};
};

using Terms = std::array<Term, 3>;

/// The letters that stand in exactly the terms of `isIn`, in the first such
/// term's order, as one axis. Nothing if they do not lie one after another.
std::optional<Axis> findAxis(const Terms &terms,
                             const std::array<bool, 3> &isIn) {
  Axis axis;
  const Term &first = terms[isIn[0] ? 0 : 1];
  for (char letter : first.letters) {
    std::array<int64_t, 3> strides = {};
    int64_t extent = first.find(letter)->extent;
    bool belongs = true;
    for (size_t i = 0; i < 3; ++i) {
      const HalideDimension *dim = terms[i].find(letter);
      belongs &= (dim != nullptr) == isIn[i];
      if (!dim)
        continue;
      if (dim->extent != extent)
        return std::nullopt;
      strides[i] = dim->stride;
    }
    if (!belongs || extent == 1)
      continue;
    for (size_t i = 0; i < 3; ++i)
      if (axis.extent > 1 && axis.strides[i] != strides[i] * extent)
        return std::nullopt;
    axis.extent *= extent;
    axis.strides = strides;
  }
  return axis;
}

/// Whether each letter is one of a product's: in two terms at least.
bool areOfAProduct(const Terms &terms) {
  for (const Term &term : terms)
    for (char letter : term.letters) {
      int count = 0;
      for (const Term &other : terms)
        count += other.find(letter) ? 1 : 0;
      if (count < 2)
        return false;
    }
  return true;
}

bool hasType(const HalideBuffer &buffer, FactorType type) {
  // halide_type_float and halide_type_bfloat.
  constexpr uint8_t floats = 2, shortFloats = 4;
  return type == FactorType::BF16
             ? buffer.typeCode == shortFloats && buffer.typeBits == 16
             : buffer.typeCode == floats && buffer.typeBits == 32;
}

/// A matrix of the term `i` with these axes; nothing if no stride is 1, or if
/// elements are read several times.
std::optional<MatrixView> view(const Terms &terms, size_t i, const Axis &rows,
                               const Axis &columns, const Axis &batches) {
  MatrixView matrix{terms[i].buffer->device, rows.strides[i],
                    columns.strides[i], batches.strides[i]};
  // The stride of an axis of one is anybody's.
  if (columns.extent == 1 && matrix.rowStride != 1)
    matrix.columnStride = 1;
  else if (rows.extent == 1 && matrix.columnStride != 1)
    matrix.rowStride = 1;
  bool isByColumns = matrix.rowStride == 1;
  const Axis &inner = isByColumns ? rows : columns;
  const Axis &outer = isByColumns ? columns : rows;
  if (!isByColumns && matrix.columnStride != 1)
    return std::nullopt;
  int64_t leading = isByColumns ? matrix.columnStride : matrix.rowStride;
  if (outer.extent > 1 && leading < inner.extent)
    return std::nullopt;
  return matrix;
}
} // namespace

std::optional<MatrixProduct>
maek::runtime::matchProduct(std::string_view equation, const HalideBuffer &lhs,
                            const HalideBuffer &rhs, const HalideBuffer &result,
                            bool allowsTf32) {
  size_t comma = equation.find(','), arrow = equation.find("->");
  Terms terms = {Term{equation.substr(0, comma), &lhs},
                 Term{equation.substr(comma + 1, arrow - comma - 1), &rhs},
                 Term{equation.substr(arrow + 2), &result}};
  for (const Term &term : terms)
    if (term.letters.size() != static_cast<size_t>(term.buffer->dimensions))
      return std::nullopt;
  FactorType type = hasType(lhs, FactorType::BF16) ? FactorType::BF16
                    : allowsTf32                   ? FactorType::TF32
                                                   : FactorType::F32;
  if (!areOfAProduct(terms) || !hasType(lhs, type) || !hasType(rhs, type) ||
      !hasType(result, FactorType::F32))
    return std::nullopt;
  std::optional<Axis> batches = findAxis(terms, {true, true, true});
  std::optional<Axis> rows = findAxis(terms, {true, false, true});
  std::optional<Axis> columns = findAxis(terms, {false, true, true});
  std::optional<Axis> summed = findAxis(terms, {true, true, false});
  if (!batches || !rows || !columns || !summed)
    return std::nullopt;
  auto left = view(terms, 0, *rows, *summed, *batches);
  auto right = view(terms, 1, *summed, *columns, *batches);
  auto sums = view(terms, 2, *rows, *columns, *batches);
  if (!left || !right || !sums)
    return std::nullopt;
  return MatrixProduct{batches->extent, rows->extent, columns->extent,
                       summed->extent,  *left,        *right,
                       *sums,           type};
}
