// Part of Maek, under the MIT licence; see LICENSE.
// What other languages have and this one writes otherwise: hints for those who
// come from there. Each is "; …" behind an error, or "" if there is nothing to
// say.
#ifndef MAEK_DSL_FOREIGNSYNTAX_H
#define MAEK_DSL_FOREIGNSYNTAX_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace maek::dsl {

/// How to write what the word (and, !, **, ...) is within expressions.
llvm::StringRef getForeignHint(llvm::StringRef word);

/// The same of a word that begins a statement or a definition.
llvm::StringRef getForeignStatement(llvm::StringRef word);

/// Of a layer, a function or a module that a library has under this name.
llvm::StringRef getForeignName(llvm::StringRef name);

/// Of an argument of such a layer or optimizer.
llvm::StringRef getForeignArgument(llvm::StringRef name);

/// Of a setting of the training.
llvm::StringRef getForeignSetting(llvm::StringRef name);

/// What to write for `base.name`.
std::string getForeignMember(llvm::StringRef base, llvm::StringRef name);

} // namespace maek::dsl

#endif // MAEK_DSL_FOREIGNSYNTAX_H
