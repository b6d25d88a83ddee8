// Part of Maek, under the MIT licence; see LICENSE.
// Tokens of a valid file to its canonical text. Works on tokens, not on the
// tree: the author's line breaks, parentheses, spellings and comments stay.
#ifndef MAEK_DSL_FORMATTER_H
#define MAEK_DSL_FORMATTER_H

#include "dsl/AST.h"
#include "dsl/Lexer.h"

namespace maek::dsl {

/// One line of the result.
struct FormattedLine {
  struct Piece {
    unsigned spaces;
    std::string text;
  };
  unsigned indent = 0;
  bool blankBefore = false;
  std::vector<Piece> pieces;
  /// Behind the pieces.
  std::string comment;
  /// Which columns it shares with its neighbours.
  enum class Kind { Other, Assign, Declare, Input } kind = Kind::Other;
  /// Pieces that begin a shared column; 0 is none.
  unsigned colon = 0, init = 0;
};

/// Pads the columns of neighbouring lines of the same kind.
void alignColumns(std::vector<FormattedLine> &lines);

std::string formatFile(const TokenList &list, const File &file);

} // namespace maek::dsl

#endif // MAEK_DSL_FORMATTER_H
