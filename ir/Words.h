// Part of Maek, under the MIT licence; see LICENSE.
// Words of 32 bits that hold neighbours of a tensor of shorter numbers, the
// first in the lowest bits: two of bf16, four of i8 or ui8.
#ifndef MAEK_IR_WORDS_H
#define MAEK_IR_WORDS_H

#include <cstdint>

namespace mlir {
class Type;
} // namespace mlir

namespace maek {

/// Whether `element` is i8 or ui8.
bool isByte(mlir::Type element);

/// How many numbers of the type a word holds. f32 goes into words as bf16.
int64_t getWordLength(mlir::Type element);

/// The word with `number` in one of its places.
uint32_t putInWord(uint32_t word, int64_t place, double number,
                   mlir::Type element);

/// The number in one of the word's places.
double getFromWord(uint32_t word, int64_t place, mlir::Type element);

} // namespace maek

#endif // MAEK_IR_WORDS_H
