// Part of Maek, under the MIT licence; see LICENSE.
// The texts of dsl/std/*.maek, embedded when Maek is built.
#ifndef MAEK_DSL_STANDARDLIBRARY_H
#define MAEK_DSL_STANDARDLIBRARY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace maek::dsl {

struct StandardFile {
  llvm::StringLiteral name; // "std/layers.maek"
  llvm::StringLiteral text;
};

llvm::ArrayRef<StandardFile> getStandardLibrary();

} // namespace maek::dsl

#endif // MAEK_DSL_STANDARDLIBRARY_H
