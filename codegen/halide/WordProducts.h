// Part of Maek, under the MIT licence; see LICENSE.
// Products of short numbers several at a time: a word of 32 bits holds two
// neighbours of bf16 along the summed axis, or four codes of 8 bits, the first
// in its lowest bits.
#ifndef MAEK_CODEGEN_HALIDE_WORDPRODUCTS_H
#define MAEK_CODEGEN_HALIDE_WORDPRODUCTS_H

#include "Halide.h"

namespace maek::halide {

/// x, of f32 or f64, as the nearest number of bf16, ties to even.
Halide::Expr toBFloat16(const Halide::Expr &x);
/// x, of bf16, as the same number of f32.
Halide::Expr fromBFloat16(const Halide::Expr &x);

/// How many numbers of a type a word holds.
int getWordLength(const Halide::Type &type);
/// The word of so many numbers, all of one type.
Halide::Expr makeWord(const std::vector<Halide::Expr> &numbers);
/// One number of a word; `place` may depend on variables.
Halide::Expr getFromWord(const Halide::Expr &word, const Halide::Expr &place,
                         const Halide::Type &type);

/// Both products of the words' numbers of bf16, added up in f32. Schedules see
/// one number for a pair of words, as they see one for a pair of floats.
Halide::Expr multiplyPairs(const Halide::Expr &a, const Halide::Expr &b);
/// The same of four codes each, those of `a` from 0 and those of `b` signed,
/// added up in i32.
Halide::Expr multiplyCodes(const Halide::Expr &a, const Halide::Expr &b);

/// Makes machine code's forms of words and of these products. Of 16 words at
/// once vdpbf16ps or vpdpbusd, where the target has it. Else two products of
/// f32, which a shift and a mask give; of codes two vpmaddwd. On devices of
/// CUDA dp4a of codes, on others four products.
class LowerWordProducts : public Halide::Internal::IRMutator {
public:
  explicit LowerWordProducts(const Halide::Target &target);

private:
  using IRMutator::visit;
  Halide::Expr visit(const Halide::Internal::Add *add) override;
  Halide::Expr visit(const Halide::Internal::Call *call) override;
  Halide::Expr addPairs(const Halide::Expr &sum, const Halide::Expr &a,
                        const Halide::Expr &b) const;
  Halide::Expr addCodes(const Halide::Expr &sum, const Halide::Expr &a,
                        const Halide::Expr &b) const;
  Halide::Expr addProducts(const Halide::Expr &sum,
                           const Halide::Internal::Call *product);

  bool hasWordProducts, isForCuda, isForOpenCl;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_WORDPRODUCTS_H
