// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/PairProducts.h"

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

/// Of no functions: names for what LowerPairProducts replaces.
static const char *const kMultiplyPairs = "maek_multiply_pairs";
static const char *const kMakePair = "maek_make_pair";

// Halide's own conversion forgets NaNs, and warns of itself.
Expr toBFloat16(const Expr &x) {
  Expr bits = reinterpret<uint32_t>(cast<float>(x));
  Expr isOdd = (bits >> 16) & 1;
  Expr rounded = (bits + (isOdd + 0x7FFF)) >> 16;
  // All bits but the sign are more than infinity's.
  Expr isNaN = (bits & 0x7FFFFFFF) > 0x7F800000;
  Expr quiet = (bits >> 16) | 0x40;
  return reinterpret<bfloat16_t>(cast<uint16_t>(select(isNaN, quiet, rounded)));
}

Expr fromBFloat16(const Expr &x) {
  return reinterpret<float>(cast<uint32_t>(reinterpret<uint16_t>(x)) << 16);
}

Expr makePair(const Expr &even, const Expr &odd) {
  return Call::make(UInt(32), kMakePair, {even, odd}, Call::PureExtern);
}

Expr getHalf(const Expr &word, const Expr &half) {
  return reinterpret<bfloat16_t>(
      cast<uint16_t>(word >> (cast<uint32_t>(half) * 16)));
}

Expr multiplyPairs(const Expr &a, const Expr &b) {
  return Call::make(Float(32), kMultiplyPairs, {a, b}, Call::PureExtern);
}

LowerPairProducts::LowerPairProducts(const Target &target)
    : hasPairProducts(
          target.features_any_of({Target::AVX512_Zen4, Target::AVX512_Zen5,
                                  Target::AVX512_SapphireRapids})) {}

/// The numbers' bits in the lower halves of words.
static Expr getBits(const Expr &number) {
  int lanes = number.type().lanes();
  return Cast::make(UInt(32, lanes),
                    Reinterpret::make(UInt(16, lanes), number));
}

/// One load of two neighbours, or nothing. LLVM puts two loads together as
/// well, but only after it has decided what a loop keeps in registers.
static Expr loadPair(const Expr &even, const Expr &odd) {
  const auto *first = even.as<Load>(), *second = odd.as<Load>();
  if (!first || !second || first->type.lanes() != 1 ||
      first->name != second->name || !is_const_one(first->predicate) ||
      !is_const_one(second->predicate) ||
      !is_const_one(simplify(second->index - first->index)))
    return Expr();
  constexpr int two = 2;
  return Reinterpret::make(
      UInt(32), Load::make(BFloat(16, two), first->name,
                           Ramp::make(first->index, 1, two), first->image,
                           first->param, const_true(two), ModulusRemainder()));
}

static const Call *asProduct(const Expr &value) {
  const auto *call = value.as<Call>();
  return call && call->name == kMultiplyPairs ? call : nullptr;
}

/// The words' lower or upper numbers in f32, whose upper half bf16 is. What is
/// one word in all lanes stays one until it is a float.
static Expr toFloat(const Expr &words, bool upper) {
  if (const auto *one = words.as<Broadcast>())
    return Broadcast::make(toFloat(one->value, upper), one->lanes);
  Expr bits = upper ? words & make_const(words.type(), 0xFFFF0000)
                    : words << make_const(words.type(), 16);
  return Reinterpret::make(Float(32, words.type().lanes()), bits);
}

/// The words' numbers one after another.
static Expr toPairs(const Expr &words) {
  int lanes = 2 * words.type().lanes();
  return Cast::make(Float(32, lanes),
                    Reinterpret::make(BFloat(16, lanes), words));
}

Expr LowerPairProducts::addProducts(const Expr &sum, Expr a, Expr b) const {
  constexpr int vector = 16;
  int lanes = a.type().lanes();
  if (hasPairProducts && lanes % vector == 0)
    return sum + VectorReduce::make(VectorReduce::Add, toPairs(a) * toPairs(b),
                                    lanes);
  // Each product is exact, and LLVM adds it in the same step.
  return (sum + toFloat(a, false) * toFloat(b, false)) +
         toFloat(a, true) * toFloat(b, true);
}

Expr LowerPairProducts::visit(const Add *add) {
  for (auto [product, sum] :
       {std::pair(add->b, add->a), std::pair(add->a, add->b)})
    if (const Call *call = asProduct(product))
      return addProducts(mutate(sum), mutate(call->args[0]),
                         mutate(call->args[1]));
  return IRMutator::visit(add);
}

Expr LowerPairProducts::visit(const Call *call) {
  if (call->name == kMakePair) {
    Expr even = mutate(call->args[0]), odd = mutate(call->args[1]);
    Expr word = loadPair(even, odd);
    return word.defined() ? word : getBits(even) | (getBits(odd) << 16);
  }
  if (!asProduct(call))
    return IRMutator::visit(call);
  return addProducts(make_zero(call->type), mutate(call->args[0]),
                     mutate(call->args[1]));
}

} // namespace maek::halide
