// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Primitives.h"

#include "dsl/primitives/Tables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace maek::dsl {

bool Primitive::takes(StringRef argument) const {
  return llvm::is_contained(llvm::split(named, ' '), argument);
}

ArrayRef<Primitive> getPrimitives() {
  static const SmallVector<Primitive, 0> primitives = [] {
    SmallVector<Primitive, 0> all;
    for (ArrayRef<Primitive> table :
         {getElementwisePrimitives(), getReductionPrimitives(),
          getShapePrimitives(), getWindowPrimitives(),
          getCompileTimePrimitives()})
      all.append(table.begin(), table.end());
    return all;
  }();
  return primitives;
}

const Primitive *findPrimitive(StringRef name) {
  for (const Primitive &primitive : getPrimitives())
    if (primitive.name == name)
      return &primitive;
  return nullptr;
}

} // namespace maek::dsl
