// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/ForeignSyntax.h"

#include "llvm/ADT/StringSwitch.h"

namespace maek::dsl {

llvm::StringRef getForeignHint(llvm::StringRef word) {
  return llvm::StringSwitch<llvm::StringRef>(word)
      .Cases({"and", "&", "&&"}, "; both of a and b hold where a * b does")
      .Cases({"or", "|", "||"}, "; one of a and b holds where max(a, b) does")
      .Cases({"not", "!"}, "; the opposite of a is 1 - a")
      .Case("if", "; 'a if c else b' is where(c, a, b)")
      .Case("**", "; a power is 'x^y'")
      .Case("//", "; a quotient is 'x / y', a comment begins with '#'")
      .Case("%", "; there is no remainder")
      .Case("@", "; the product is '·' or 'dot'")
      .Case(";", "; a statement needs none at its end")
      .Default("");
}

} // namespace maek::dsl
