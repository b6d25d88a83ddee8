// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Lexer.h"

#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/Unicode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace llvm;

namespace maek::dsl {

bool isReserved(StringRef name) {
  return StringSwitch<bool>(name)
      .Cases({"fn", "layer", "cell", "model", "optimizer", "train", "import"},
             true)
      .Cases({"param", "for", "in", "class", "dot", "sqrt"}, true)
      .Default(false);
}

namespace {
class Lexer {
public:
  Lexer(StringRef text, Diagnostics &diagnostics, TokenList &list)
      : it(text.begin()), end(text.end()), diagnostics(diagnostics), list(list),
        saver(list.allocator) {}

  void run();

private:
  void lexComment();
  void lexName();
  void lexNumber();
  void lexString();
  void lexSuperscript();
  void lexSymbol();
  void report(const Twine &message) {
    diagnostics.error(SMLoc::getFromPointer(start), message);
  }
  Token &push(TokenKind kind);
  void skipInvalid();
  char peek(unsigned ahead = 0) const {
    return end - it > ptrdiff_t(ahead) ? it[ahead] : '\0';
  }

  const char *it, *end, *start = nullptr;
  bool startsLine = true;
  Diagnostics &diagnostics;
  TokenList &list;
  StringSaver saver;
};
} // namespace

Token &Lexer::push(TokenKind kind) {
  Token token;
  token.kind = kind;
  token.loc = SMLoc::getFromPointer(start);
  token.text = StringRef(start, it - start);
  token.startsLine = startsLine;
  startsLine = false;
  list.tokens.push_back(token);
  return list.tokens.back();
}

/// Past a byte that begins no character, and the ones that belong to it.
void Lexer::skipInvalid() {
  diagnostics.error(SMLoc::getFromPointer(it), "invalid UTF-8");
  do
    ++it;
  while (it != end && (static_cast<unsigned char>(*it) & 0xC0) == 0x80);
}

void Lexer::lexComment() {
  while (it != end && *it != '\n' && *it != '\r')
    if (!decodeUtf8(it, end))
      skipInvalid();
  list.comments.push_back({SMLoc::getFromPointer(start),
                           StringRef(start, it - start).rtrim(), startsLine});
}

void Lexer::lexName() {
  while (it != end) {
    const char *next = it;
    std::optional<uint32_t> codePoint = decodeUtf8(next, end);
    if (!codePoint || !isNamePart(*codePoint))
      break;
    it = next;
  }
  StringRef spelling(start, it - start);
  StringRef name = spelling;
  if (!llvm::all_of(spelling, [](char c) { return isASCII(c); }))
    name = saver.save(getCanonicalName(spelling));
  TokenKind kind = name == "dot"      ? TokenKind::Dot
                   : name == "sqrt"   ? TokenKind::Sqrt
                   : isReserved(name) ? TokenKind::Keyword
                                      : TokenKind::Name;
  push(kind).name = name;
}

void Lexer::lexNumber() {
  auto digits = [&] {
    while (isDigit(peek()))
      ++it;
  };
  digits();
  // 1..3 is a range.
  if (peek() == '.' && peek(1) != '.') {
    ++it;
    digits();
  }
  if (peek() == 'e' || peek() == 'E') {
    unsigned sign = peek(1) == '+' || peek(1) == '-';
    if (isDigit(peek(1 + sign))) {
      it += 1 + sign;
      digits();
    }
  }
  // What follows belongs to it for the reader: 28x28, 1.2.3, 1e.
  const char *numberEnd = it;
  while (it != end) {
    const char *next = it;
    std::optional<uint32_t> codePoint = decodeUtf8(next, end);
    bool fraction = peek() == '.' && isDigit(peek(1));
    if (!codePoint || !(isNamePart(*codePoint) || fraction))
      break;
    it = next;
  }
  StringRef text(start, it - start);
  double value = 0;
  if (it != numberEnd)
    report("'" + text + "' is no number");
  else if (text.getAsDouble(value) || !std::isfinite(value))
    report("the number " + text + " is out of range");
  push(TokenKind::Number).value = value;
}

void Lexer::lexString() {
  ++it;
  while (it != end && *it != '"' && *it != '\n')
    if (!decodeUtf8(it, end))
      skipInvalid();
  StringRef content(start + 1, it - start - 1);
  if (it == end || *it != '"')
    report("this text has no closing '\"' on its line");
  else
    ++it;
  push(TokenKind::String).name = content;
}

void Lexer::lexSuperscript() {
  double value = 0;
  bool negative = false, hasDigit = false, hasSign = false, valid = true;
  while (it != end) {
    const char *next = it;
    std::optional<uint32_t> codePoint = decodeUtf8(next, end);
    std::optional<unsigned> digit =
        codePoint ? getSuperscript(*codePoint) : std::nullopt;
    if (!digit)
      break;
    it = next;
    if (*digit >= 10) {
      valid &= !hasDigit && !hasSign;
      hasSign = true;
      negative = *digit == 11;
    } else {
      hasDigit = true;
      value = value * 10 + *digit;
    }
  }
  if (!valid || !hasDigit || value > 1e9) {
    report("this superscript is no whole number");
    value = 1;
  }
  push(TokenKind::Superscript).value = negative ? -value : value;
}

/// The token of a symbol past ASCII.
static TokenKind getSymbolKind(uint32_t codePoint) {
  switch (codePoint) {
  case 0x00B7: // ·
  case 0x22C5: // ⋅
    return TokenKind::Dot;
  case 0x2299: // ⊙
    return TokenKind::Times;
  case 0x221A: // √
    return TokenKind::Sqrt;
  case 0x1D40: // ᵀ
    return TokenKind::Transpose;
  case 0x211D: // ℝ
    return TokenKind::Reals;
  case 0x2212: // −
    return TokenKind::Minus;
  case 0x2192: // →
    return TokenKind::Arrow;
  case 0x2264: // ≤
    return TokenKind::LessEqual;
  case 0x2265: // ≥
    return TokenKind::GreaterEqual;
  case 0x2260: // ≠
    return TokenKind::NotEqual;
  default:
    return TokenKind::End;
  }
}

void Lexer::lexSymbol() {
  static constexpr std::pair<StringLiteral, TokenKind> symbols[] = {
      {"->", TokenKind::Arrow},        {"==", TokenKind::Equal},
      {"!=", TokenKind::NotEqual},     {"<=", TokenKind::LessEqual},
      {">=", TokenKind::GreaterEqual}, {"..", TokenKind::Range},
      {"(", TokenKind::LParen},        {")", TokenKind::RParen},
      {"[", TokenKind::LBracket},      {"]", TokenKind::RBracket},
      {"{", TokenKind::LBrace},        {"}", TokenKind::RBrace},
      {",", TokenKind::Comma},         {":", TokenKind::Colon},
      {".", TokenKind::Period},        {"=", TokenKind::Assign},
      {"~", TokenKind::Tilde},         {"+", TokenKind::Plus},
      {"-", TokenKind::Minus},         {"*", TokenKind::Times},
      {"/", TokenKind::Divide},        {"^", TokenKind::Power},
      {"<", TokenKind::Less},          {">", TokenKind::Greater},
  };
  StringRef rest(it, end - it);
  for (auto &[text, kind] : symbols)
    if (rest.starts_with(text)) {
      it += text.size();
      push(kind);
      return;
    }
  std::optional<uint32_t> codePoint = decodeUtf8(it, end);
  if (!codePoint)
    return skipInvalid();
  if (TokenKind kind = getSymbolKind(*codePoint); kind != TokenKind::End) {
    push(kind);
    return;
  }
  if (it != end && *it == *start && (*it == '&' || *it == '|'))
    ++it;
  StringRef text(start, it - start);
  if (isPrint(char(*codePoint)) || *codePoint >= 0xA0)
    report("unexpected character '" + text + "'" + getForeignHint(text));
  else
    report("unexpected character U+" + utohexstr(*codePoint, false, 4));
}

void Lexer::run() {
  if (StringRef(it, end - it).starts_with("\xEF\xBB\xBF"))
    it += 3;
  while (it != end) {
    start = it;
    char c = *it;
    const char *next = it;
    std::optional<uint32_t> codePoint = decodeUtf8(next, end);
    if (c == '\n') {
      startsLine = true;
      ++it;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++it;
    } else if (codePoint == 0xA0) {
      it = next;
    } else if (c == '#') {
      lexComment();
    } else if (c == '"') {
      lexString();
    } else if (isDigit(c)) {
      lexNumber();
    } else if (codePoint && isNameStart(*codePoint)) {
      lexName();
    } else if (codePoint && getSuperscript(*codePoint)) {
      lexSuperscript();
    } else {
      lexSymbol();
    }
    if (diagnostics.isFull())
      break;
  }
  start = it = end;
  startsLine = true;
  push(TokenKind::End);
}

void tokenize(StringRef text, Diagnostics &diagnostics, TokenList &list) {
  Lexer(text, diagnostics, list).run();
}

} // namespace maek::dsl
