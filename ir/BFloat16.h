// Part of Maek, under the MIT licence; see LICENSE.
// bf16: the upper half of an f32's bits. Eight bits of precision, f32's range.
#ifndef MAEK_IR_BFLOAT16_H
#define MAEK_IR_BFLOAT16_H

#include <cstdint>

namespace maek {

/// The nearest number of bf16; of two equally near ones the one with an even
/// last bit. An infinity from 2^128 - 2^119 on.
double roundToBFloat16(double number);

/// The bits of the number that roundToBFloat16 gives.
uint16_t toBFloat16Bits(double number);
/// The number whose bits the lower half of `bits` is.
double fromBFloat16Bits(uint32_t bits);

} // namespace maek

#endif // MAEK_IR_BFLOAT16_H
