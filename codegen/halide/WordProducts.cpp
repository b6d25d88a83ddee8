// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/WordProducts.h"

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

/// Of no functions: names for what LowerWordProducts replaces.
static const char *const kMultiplyPairs = "maek_multiply_pairs";
static const char *const kMultiplyCodes = "maek_multiply_codes";
static const char *const kMakeWord = "maek_make_word";

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

int getWordLength(const Type &type) { return 32 / type.bits(); }

Expr makeWord(const std::vector<Expr> &numbers) {
  return Call::make(UInt(32), kMakeWord, numbers, Call::PureExtern);
}

Expr getFromWord(const Expr &word, const Expr &place, const Type &type) {
  Expr bits = word >> (cast<uint32_t>(place) * type.bits());
  return reinterpret(type, cast(UInt(type.bits()), bits));
}

Expr multiplyPairs(const Expr &a, const Expr &b) {
  return Call::make(Float(32), kMultiplyPairs, {a, b}, Call::PureExtern);
}

Expr multiplyCodes(const Expr &a, const Expr &b) {
  return Call::make(Int(32), kMultiplyCodes, {a, b}, Call::PureExtern);
}

LowerWordProducts::LowerWordProducts(const Target &target)
    : hasWordProducts(
          target.features_any_of({Target::AVX512_Zen4, Target::AVX512_Zen5,
                                  Target::AVX512_SapphireRapids})),
      isForCuda(target.has_feature(Target::CUDA)),
      isForOpenCl(target.has_feature(Target::OpenCL)) {}

/// The numbers' bits in words of their own.
static Expr getBits(const Expr &number) {
  Type bits = UInt(number.type().bits(), number.type().lanes());
  return Cast::make(bits.with_bits(32), Reinterpret::make(bits, number));
}

/// One load of neighbours, or nothing. LLVM puts several loads together as
/// well, but only after it has decided what a loop keeps in registers.
static Expr loadWord(const std::vector<Expr> &numbers) {
  const auto *first = numbers.front().as<Load>();
  if (!first)
    return Expr();
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto *load = numbers[i].as<Load>();
    if (!load || load->type.lanes() != 1 || load->name != first->name ||
        !is_const_one(load->predicate) ||
        !is_const(simplify(load->index - first->index), int64_t(i)))
      return Expr();
  }
  int length = numbers.size();
  return Reinterpret::make(
      UInt(32),
      Load::make(first->type.with_lanes(length), first->name,
                 Ramp::make(first->index, 1, length), first->image,
                 first->param, const_true(length), ModulusRemainder()));
}

static const Call *asProduct(const Expr &value) {
  const auto *call = value.as<Call>();
  bool isProduct =
      call && (call->name == kMultiplyPairs || call->name == kMultiplyCodes);
  return isProduct ? call : nullptr;
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
static Expr unpackWords(const Expr &words, const Type &type) {
  int lanes = getWordLength(type) * words.type().lanes();
  return Reinterpret::make(type.with_lanes(lanes), words);
}

static Expr addNeighbours(const Expr &products, int lanes) {
  return VectorReduce::make(VectorReduce::Add, products, lanes);
}

/// Whether the target's instructions for words take so many.
static bool areVectors(const Expr &words) {
  constexpr int vector = 16;
  return words.type().lanes() % vector == 0;
}

Expr LowerWordProducts::addPairs(const Expr &sum, const Expr &a,
                                 const Expr &b) const {
  int lanes = a.type().lanes();
  if (hasWordProducts && areVectors(a)) {
    auto unpack = [&](const Expr &words) {
      return Cast::make(Float(32, 2 * lanes), unpackWords(words, BFloat(16)));
    };
    return sum + addNeighbours(unpack(a) * unpack(b), lanes);
  }
  // Each product is exact, and LLVM adds it in the same step.
  return (sum + toFloat(a, false) * toFloat(b, false)) +
         toFloat(a, true) * toFloat(b, true);
}

/// The numbers in the even or in the odd bytes of words, in i16.
static Expr getAlternate(const Expr &words, const Type &type, bool odd) {
  Expr pairs = unpackWords(words, type.with_bits(16));
  Expr eight = make_const(pairs.type(), 8);
  return reinterpret(Int(16, pairs.type().lanes()),
                     (odd ? pairs : pairs << eight) >> eight);
}

/// One product after another.
static Expr addEachCode(Expr sum, const Expr &a, const Expr &b) {
  for (int place = 0; place < 4; ++place) {
    auto get = [&](const Expr &words, const Type &type) {
      Expr bits = words >> make_const(words.type(), 8 * place);
      Type byte = UInt(8, words.type().lanes());
      return Cast::make(sum.type(),
                        Reinterpret::make(type.with_lanes(byte.lanes()),
                                          Cast::make(byte, bits)));
    };
    sum = sum + get(a, UInt(8)) * get(b, Int(8));
  }
  return sum;
}

Expr LowerWordProducts::addCodes(const Expr &sum, const Expr &a,
                                 const Expr &b) const {
  int lanes = a.type().lanes();
  if (isForOpenCl)
    return addEachCode(sum, a, b);
  if (isForCuda || (hasWordProducts && areVectors(a)))
    return sum + addNeighbours(Cast::make(Int(32, 4 * lanes),
                                          widening_mul(unpackWords(a, UInt(8)),
                                                       unpackWords(b, Int(8)))),
                               lanes);
  auto add = [&](const Expr &so, bool odd) {
    return so + addNeighbours(widening_mul(getAlternate(a, UInt(8), odd),
                                           getAlternate(b, Int(8), odd)),
                              lanes);
  };
  return add(add(sum, false), true);
}

Expr LowerWordProducts::addProducts(const Expr &sum, const Call *product) {
  Expr a = mutate(product->args[0]), b = mutate(product->args[1]);
  return product->name == kMultiplyPairs ? addPairs(sum, a, b)
                                         : addCodes(sum, a, b);
}

Expr LowerWordProducts::visit(const Add *add) {
  for (auto [product, sum] :
       {std::pair(add->b, add->a), std::pair(add->a, add->b)})
    if (const Call *call = asProduct(product))
      return addProducts(mutate(sum), call);
  return IRMutator::visit(add);
}

Expr LowerWordProducts::visit(const Call *call) {
  if (call->name == kMakeWord) {
    std::vector<Expr> numbers;
    for (const Expr &number : call->args)
      numbers.push_back(mutate(number));
    Expr word = loadWord(numbers);
    if (word.defined())
      return word;
    word = getBits(numbers.front());
    for (size_t i = 1; i < numbers.size(); ++i)
      word = word | (getBits(numbers[i]) << make_const(
                         word.type(), int64_t(i) * numbers[i].type().bits()));
    return word;
  }
  if (const Call *product = asProduct(call))
    return addProducts(make_zero(call->type), product);
  return IRMutator::visit(call);
}

} // namespace maek::halide
