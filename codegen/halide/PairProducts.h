// Part of Maek, under the MIT licence; see LICENSE.
// Products of bf16 two at a time: a word of 32 bits holds two neighbours along
// the summed axis, the one with the even index in its lower half.
#ifndef MAEK_CODEGEN_HALIDE_PAIRPRODUCTS_H
#define MAEK_CODEGEN_HALIDE_PAIRPRODUCTS_H

#include "Halide.h"

namespace maek::halide {

/// x, of f32 or f64, as the nearest number of bf16, ties to even.
Halide::Expr toBFloat16(const Halide::Expr &x);
/// x, of bf16, as the same number of f32.
Halide::Expr fromBFloat16(const Halide::Expr &x);

/// The word of two numbers of bf16.
Halide::Expr makePair(const Halide::Expr &even, const Halide::Expr &odd);
/// One number of a word; `half` is 0 or 1, or depends on variables.
Halide::Expr getHalf(const Halide::Expr &word, const Halide::Expr &half);

/// Both products of the words' numbers, added up in f32. Schedules see one
/// number for a pair of words, as they see one for a pair of floats.
Halide::Expr multiplyPairs(const Halide::Expr &a, const Halide::Expr &b);

/// Makes machine code's forms of words and of these products: of 16 at once
/// vdpbf16ps, where the target has it; else two products of f32, which a shift
/// and a mask give.
class LowerPairProducts : public Halide::Internal::IRMutator {
public:
  explicit LowerPairProducts(const Halide::Target &target);

private:
  using IRMutator::visit;
  Halide::Expr visit(const Halide::Internal::Add *add) override;
  Halide::Expr visit(const Halide::Internal::Call *call) override;
  Halide::Expr addProducts(const Halide::Expr &sum, Halide::Expr a,
                           Halide::Expr b) const;

  bool hasPairProducts;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_PAIRPRODUCTS_H
