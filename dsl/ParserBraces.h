// Part of Maek, under the MIT licence; see LICENSE.
// Parser::parseBraces, which two of the parser's files use.
#ifndef MAEK_DSL_PARSERBRACES_H
#define MAEK_DSL_PARSERBRACES_H

#include "dsl/Diagnostics.h"
#include "dsl/Parser.h"

namespace maek::dsl {

/// Parses `{ statement... }`. A statement that fails is skipped; false if the
/// braces themselves are wrong.
template <typename Fn>
bool Parser::parseBraces(llvm::StringRef what, Fn parseStatement) {
  const Token open = peek();
  if (!expect(TokenKind::LBrace, ("'{' before " + what).str()))
    return false;
  if (braces > maxDepth) {
    error(open, "blocks nest too deeply");
    return false;
  }
  unsigned depth = braces;
  while (!peek().is(TokenKind::RBrace)) {
    if (peek().is(TokenKind::End) || atTopLevel()) {
      errorMissingBrace(open);
      return false;
    }
    if (diagnostics.isFull())
      return false;
    size_t start = position;
    if (!parseStatement())
      skipToStatement(depth, start);
    if (braces < depth)
      return true;
  }
  if (peek().startsLine && getIndent(peek().loc) < getIndent(open.loc))
    misfit = open.loc;
  take();
  return true;
}

} // namespace maek::dsl

#endif // MAEK_DSL_PARSERBRACES_H
