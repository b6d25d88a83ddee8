// Part of Maek, under the MIT licence; see LICENSE.
// Tokens of model files. A Unicode spelling and its ASCII spelling are the
// same token; `text` keeps what was written.
#ifndef MAEK_DSL_TOKEN_H
#define MAEK_DSL_TOKEN_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/SMLoc.h"

namespace maek::dsl {

enum class TokenKind {
  End,
  Name,
  Keyword, // a reserved word
  Number,
  String,
  Superscript, // x², x⁻¹
  LParen,
  RParen,
  LBracket,
  RBracket,
  LBrace,
  RBrace,
  Comma,
  Colon,
  Period,
  Range,  // ..
  Assign, // =
  Tilde,
  Arrow, // -> →
  Plus,
  Minus,
  Times, // * ⊙
  Divide,
  Power,
  Dot,       // · dot
  Sqrt,      // √ sqrt
  Transpose, // ᵀ (.T is two tokens)
  Reals,     // ℝ
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
};

struct Token {
  TokenKind kind = TokenKind::End;
  llvm::SMLoc loc;
  /// As written.
  llvm::StringRef text;
  /// Of a name or keyword: its canonical, mostly ASCII form; of a string: what
  /// stands between the quotes.
  llvm::StringRef name;
  /// Of a number or superscript.
  double value = 0;
  /// It is the first token of its line.
  bool startsLine = false;

  bool is(TokenKind other) const { return kind == other; }
  bool isName(llvm::StringRef other) const {
    return kind == TokenKind::Name && name == other;
  }
  bool isKeyword(llvm::StringRef other) const {
    return kind == TokenKind::Keyword && name == other;
  }
  llvm::SMLoc getEnd() const { return llvm::SMLoc::getFromPointer(text.end()); }
};

/// Is `name` a word that no definition or value may have as its name?
bool isReserved(llvm::StringRef name);

} // namespace maek::dsl

#endif // MAEK_DSL_TOKEN_H
