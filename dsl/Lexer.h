// Part of Maek, under the MIT licence; see LICENSE.
// Text to tokens. Never fails: what is no token is reported and left out.
#ifndef MAEK_DSL_LEXER_H
#define MAEK_DSL_LEXER_H

#include "dsl/Token.h"

#include "llvm/Support/Allocator.h"
#include "llvm/Support/StringSaver.h"
#include <vector>

namespace maek::dsl {
class Diagnostics;

/// A comment, from `#` to the end of its line.
struct Comment {
  llvm::SMLoc loc;
  llvm::StringRef text;
  bool startsLine = false;
};

/// The tokens of one buffer, ended by an End token. Owns the names that are
/// not spelled in the buffer itself.
struct TokenList {
  std::vector<Token> tokens;
  std::vector<Comment> comments;
  llvm::BumpPtrAllocator allocator;
};

/// `text` stays alive as long as the tokens do.
void tokenize(llvm::StringRef text, Diagnostics &diagnostics, TokenList &list);

} // namespace maek::dsl

#endif // MAEK_DSL_LEXER_H
