// Part of Maek, under the MIT licence; see LICENSE.
// A product of matrices as libraries of devices take it.
#ifndef MAEK_RUNTIME_DEVICE_MATRIXPRODUCT_H
#define MAEK_RUNTIME_DEVICE_MATRIXPRODUCT_H

#include "runtime/device/HalideBuffer.h"
#include <optional>
#include <string_view>

namespace maek::runtime {

/// What is multiplied. Sums are of f32.
enum class FactorType {
  F32,
  TF32, ///< f32, of whose 24 bits the first 11 are multiplied
  BF16
};

/// A matrix for each batch. Strides are in elements.
struct MatrixView {
  uint64_t address;
  int64_t rowStride, columnStride, batchStride;
};

/// result[b, m, n] = sum over k of lhs[b, m, k] * rhs[b, k, n]. Of the two
/// strides of each matrix one is 1.
struct MatrixProduct {
  int64_t batches, rows, columns, summed;
  MatrixView lhs, rhs, result;
  FactorType type;
};

/// The product that an equation, "bk,nk->bn", makes of two tensors. Several
/// axes are one of a matrix where they lie one after another in all tensors;
/// nothing if that leaves no matrices, or for other types than f32 and bf16
/// with a result of f32. `allowsTf32`: what f32 may be multiplied as.
std::optional<MatrixProduct> matchProduct(std::string_view equation,
                                          const HalideBuffer &lhs,
                                          const HalideBuffer &rhs,
                                          const HalideBuffer &result,
                                          bool allowsTf32);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_DEVICE_MATRIXPRODUCT_H
