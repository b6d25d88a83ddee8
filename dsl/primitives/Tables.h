// Part of Maek, under the MIT licence; see LICENSE.
// The primitives of each file of this folder.
#ifndef MAEK_DSL_PRIMITIVES_TABLES_H
#define MAEK_DSL_PRIMITIVES_TABLES_H

#include "dsl/Primitives.h"

namespace maek::dsl {

llvm::ArrayRef<Primitive> getElementwisePrimitives();
llvm::ArrayRef<Primitive> getReductionPrimitives();
llvm::ArrayRef<Primitive> getShapePrimitives();
llvm::ArrayRef<Primitive> getWindowPrimitives();
llvm::ArrayRef<Primitive> getCompileTimePrimitives();

} // namespace maek::dsl

#endif // MAEK_DSL_PRIMITIVES_TABLES_H
