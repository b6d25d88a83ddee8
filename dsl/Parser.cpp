// Part of Maek, under the MIT licence; see LICENSE.
// The parser's tokens, recovery and top level.
#include "dsl/Parser.h"

#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/ParserBraces.h"

#include "llvm/ADT/StringSwitch.h"

using namespace llvm;

namespace maek::dsl {

StringRef getKindName(DefinitionKind kind) {
  switch (kind) {
  case DefinitionKind::Fn:
    return "fn";
  case DefinitionKind::Layer:
    return "layer";
  case DefinitionKind::Cell:
    return "cell";
  case DefinitionKind::Model:
    return "model";
  case DefinitionKind::Optimizer:
    return "optimizer";
  }
  return "";
}

std::string getKindWithArticle(DefinitionKind kind) {
  std::string text = kind == DefinitionKind::Optimizer ? "an " : "a ";
  text += getKindName(kind);
  return text;
}

const Token &Parser::peek(unsigned ahead) const {
  return tokens[std::min(position + ahead, tokens.size() - 1)];
}

Token Parser::take() {
  Token token = peek();
  if (position + 1 < tokens.size())
    ++position;
  if (token.is(TokenKind::LBrace))
    ++braces;
  else if (token.is(TokenKind::RBrace) && braces)
    --braces;
  return token;
}

bool Parser::takeIf(TokenKind kind) {
  if (!peek().is(kind))
    return false;
  take();
  return true;
}

Diagnostic &Parser::error(const Token &token, const Twine &message) {
  return diagnostics.error(token.loc, message);
}

Diagnostic &Parser::errorExpectedHere(StringRef what) {
  const Token &token = peek();
  if (token.is(TokenKind::Keyword))
    return error(token, "expected " + what + ", found the reserved word '" +
                            token.text + "'");
  if (token.is(TokenKind::String))
    return error(token, "expected " + what + ", found " + token.text);
  return error(token, "expected " + what + ", found '" + token.text + "'");
}

Diagnostic &Parser::errorExpected(StringRef what) {
  const Token &token = peek();
  bool ends = token.is(TokenKind::End);
  if (position == 0 || !(ends || token.startsLine))
    return errorExpectedHere(what);
  return diagnostics.error(tokens[position - 1].getEnd(),
                           "expected " + what + ", found the end of the " +
                               (ends ? "file" : "line"));
}

bool Parser::expect(TokenKind kind, StringRef what) {
  if (takeIf(kind))
    return true;
  errorExpected(what);
  return false;
}

bool Parser::parseIdentifier(Identifier &identifier, StringRef what) {
  if (!peek().is(TokenKind::Name)) {
    errorExpected(what);
    return false;
  }
  Token token = take();
  identifier = {token.name, token.loc};
  return true;
}

bool Parser::parseIdentifiers(std::vector<Identifier> &names, StringRef what) {
  do {
    if (!parseIdentifier(names.emplace_back(), what))
      return false;
  } while (takeIf(TokenKind::Comma));
  return true;
}

/// Leaves the statement that began at token `start`: moves to the next line's
/// start inside of `depth` braces, or to the brace that ends them.
void Parser::skipToStatement(unsigned depth, size_t start) {
  while (!peek().is(TokenKind::End) && !atTopLevel()) {
    if (braces < depth || (braces == depth && peek().is(TokenKind::RBrace)))
      return;
    if (position != start && braces == depth && peek().startsLine)
      return;
    take();
  }
}

/// A definition's first word in the first column: where the text is broken,
/// this is the surest sign that something new begins.
bool Parser::atTopLevel() const {
  static constexpr StringLiteral starts[] = {
      "fn", "layer", "cell", "model", "optimizer", "train", "import"};
  const Token &token = peek();
  bool isStart = token.is(TokenKind::Keyword)
                     ? llvm::is_contained(starts, token.name)
                     : atWeights();
  return isStart && token.startsLine &&
         (position == 0 || token.loc.getPointer()[-1] == '\n');
}

/// How far the line that holds `loc` is indented, in bytes.
size_t Parser::getIndent(SMLoc loc) const {
  const char *begin = loc.getPointer();
  while (begin > tokens.front().loc.getPointer() && begin[-1] != '\n')
    --begin;
  StringRef line(begin, loc.getPointer() - begin);
  return std::min(line.find_first_not_of(" \t"), line.size());
}

/// Where the text ends inside of a block. Of the blocks that are open there,
/// names the one whose brace is most likely the missing one.
void Parser::errorMissingBrace(const Token &open) {
  bool inside = misfit.isValid() && misfit.getPointer() > open.loc.getPointer();
  Diagnostic &missing = peek().is(TokenKind::End) ? errorExpected("'}'")
                                                  : errorExpectedHere("'}'");
  missing.note(inside ? misfit : open.loc, "to match this '{'");
}

/// In the body of a loop: what a model alone has, no further right than the
/// loop, comes behind a forgotten '}'. Reports it, and takes the body as ended.
bool Parser::closesEarly(const Token &open) {
  static constexpr StringLiteral words[] = {"input", "target", "output",
                                            "metric", "use"};
  const Token &token = peek();
  bool ofModel =
      token.isKeyword("param") ||
      (token.is(TokenKind::Name) && llvm::is_contained(words, token.name) &&
       peek(1).is(TokenKind::Name) && !peek(1).startsLine);
  if (!ofModel || !token.startsLine ||
      getIndent(token.loc) > getIndent(open.loc))
    return false;
  errorMissingBrace(open);
  --braces;
  return true;
}

void Parser::skipToTopLevel() {
  while (!peek().is(TokenKind::End) && !atTopLevel())
    take();
  braces = 0;
}

void Parser::parseTopLevel(File &file) {
  const Token &token = peek();
  auto kind = StringSwitch<std::optional<DefinitionKind>>(
                  token.is(TokenKind::Keyword) ? token.name : "")
                  .Case("fn", DefinitionKind::Fn)
                  .Case("layer", DefinitionKind::Layer)
                  .Case("cell", DefinitionKind::Cell)
                  .Case("model", DefinitionKind::Model)
                  .Case("optimizer", DefinitionKind::Optimizer)
                  .Default(std::nullopt);
  bool parsed;
  if (kind) {
    parsed = parseDefinition(file, *kind);
  } else if (token.isKeyword("train")) {
    parsed = parseTrain(file);
  } else if (token.isKeyword("import")) {
    parsed = parseImport(file);
  } else if (atWeights()) {
    parsed = parseWeights(file);
  } else {
    std::string hint = getForeignStatement(token.text).str();
    if (hint.empty() && token.is(TokenKind::Name))
      hint =
          didYouMean(token.text, {"fn", "layer", "cell", "model", "optimizer",
                                  "train", "weights", "import"});
    errorExpectedHere("a definition: fn, layer, cell, model, optimizer, train, "
                      "weights or import")
        .message += hint;
    parsed = false;
  }
  if (!parsed)
    skipToTopLevel();
}

File Parser::parseFile() {
  File file;
  while (!peek().is(TokenKind::End) && !diagnostics.isFull())
    parseTopLevel(file);
  file.inner = std::move(inner);
  return file;
}

} // namespace maek::dsl
