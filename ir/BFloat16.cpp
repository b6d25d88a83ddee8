// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/BFloat16.h"

#include "llvm/ADT/APFloat.h"

using llvm::APFloat;

namespace maek {

static APFloat convert(double number) {
  APFloat value(number);
  bool isInexact;
  value.convert(APFloat::BFloat(), APFloat::rmNearestTiesToEven, &isInexact);
  return value;
}

double roundToBFloat16(double number) {
  return convert(number).convertToDouble();
}

uint16_t toBFloat16Bits(double number) {
  return convert(number).bitcastToAPInt().getZExtValue();
}

double fromBFloat16Bits(uint32_t bits) {
  return APFloat(APFloat::BFloat(), llvm::APInt(16, bits & 0xFFFF))
      .convertToDouble();
}

} // namespace maek
