// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/Words.h"

#include "ir/BFloat16.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

namespace maek {

static constexpr int64_t wordBits = 32;

bool isByte(Type element) {
  return element.isSignlessInteger(8) || element.isUnsignedInteger(8);
}

static int64_t getBits(Type element) { return isByte(element) ? 8 : 16; }

int64_t getWordLength(Type element) { return wordBits / getBits(element); }

uint32_t putInWord(uint32_t word, int64_t place, double number, Type element) {
  int64_t bits = getBits(element), shift = place * bits;
  uint32_t mask = (1u << bits) - 1;
  uint32_t pattern = isByte(element) ? uint32_t(int32_t(number))
                                     : uint32_t(toBFloat16Bits(number));
  return (word & ~(mask << shift)) | (pattern & mask) << shift;
}

double getFromWord(uint32_t word, int64_t place, Type element) {
  uint32_t pattern = word >> (place * getBits(element));
  if (element.isUnsignedInteger(8))
    return uint8_t(pattern);
  return isByte(element) ? double(int8_t(pattern)) : fromBFloat16Bits(pattern);
}

} // namespace maek
