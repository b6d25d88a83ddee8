// Part of Maek, under the MIT licence; see LICENSE.
// What other languages have and this one writes otherwise: hints for those who
// come from there.
#ifndef MAEK_DSL_FOREIGNSYNTAX_H
#define MAEK_DSL_FOREIGNSYNTAX_H

#include "llvm/ADT/StringRef.h"

namespace maek::dsl {

/// How to write what `word` (and, !, **, ...) is elsewhere; "" if there is
/// nothing to say.
llvm::StringRef getForeignHint(llvm::StringRef word);

} // namespace maek::dsl

#endif // MAEK_DSL_FOREIGNSYNTAX_H
