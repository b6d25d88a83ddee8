// Part of Maek, under the MIT licence; see LICENSE.
// Numbers of bf16 as the bits that they are.
#ifndef MAEK_CODEGEN_HALIDE_BFLOAT16BITS_H
#define MAEK_CODEGEN_HALIDE_BFLOAT16BITS_H

#include "Halide.h"

namespace maek::halide {

/// Kernels only load, choose and store numbers of bf16, and compute with their
/// bits; see fromBFloat16. OpenCL C has no such type: each becomes u16.
class BFloat16ToBits : public Halide::Internal::IRMutator {
public:
  Halide::Expr mutate(const Halide::Expr &expr) override;
  using IRMutator::mutate;

private:
  using IRMutator::visit;
  Halide::Expr visit(const Halide::Internal::Load *load) override;
  Halide::Internal::Stmt
  visit(const Halide::Internal::Allocate *allocate) override;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_BFLOAT16BITS_H
