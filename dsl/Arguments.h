// Part of Maek, under the MIT licence; see LICENSE.
// Which argument of a call belongs to which parameter.
#ifndef MAEK_DSL_ARGUMENTS_H
#define MAEK_DSL_ARGUMENTS_H

#include "dsl/AST.h"

#include <string>

namespace maek::dsl {
class Diagnostics;

/// One expression per formal: the argument or the default, null for the first
/// `given` ones (which the compiler supplies). Nothing where they do not fit,
/// reported if `diagnostics` is there, at `loc`.
std::optional<std::vector<const Expr *>>
matchArguments(const Definition &definition, llvm::ArrayRef<Formal> formals,
               llvm::ArrayRef<Argument> arguments, llvm::SMLoc loc,
               Diagnostics *diagnostics, unsigned given = 0);

/// Behind "no parameter 'name'": what was meant, or all that there are.
std::string getParameterHint(llvm::StringRef name,
                             llvm::ArrayRef<Formal> formals);

} // namespace maek::dsl

#endif // MAEK_DSL_ARGUMENTS_H
