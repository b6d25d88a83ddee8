// Part of Maek, under the MIT licence; see LICENSE.
// Weights blocks: equations between the model's tensors and those of a file.
#include "dsl/Parser.h"

#include "dsl/Diagnostics.h"
#include "dsl/ParserBraces.h"

#include "llvm/Support/Casting.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace llvm;

namespace maek::dsl {

/// `weights` is no reserved word: it has its meaning only here.
bool Parser::atWeights() const {
  return peek().isName("weights") && peek(1).is(TokenKind::Name) &&
         !peek(1).startsLine;
}

bool Parser::parseWeights(File &file) {
  Weights weights;
  weights.loc = take().loc;
  if (!parseIdentifier(weights.name, "a name for the weights"))
    return false;
  if (!peek().isName("of")) {
    errorExpected("'of' and the name of a model");
    return false;
  }
  take();
  if (!parseIdentifier(weights.model, "the name of a model"))
    return false;
  inWeights = true;
  bool parsed = parseBraces("the equations of the weights",
                            [&] { return parseMapping(weights.body); });
  inWeights = false;
  file.weights.push_back(std::move(weights));
  return parsed;
}

bool Parser::parseMapping(Block &block) {
  const Token token = peek();
  if (token.isKeyword("for"))
    return parseFor(block);
  if (token.isName("ignore") && peek(1).is(TokenKind::String)) {
    take();
    auto ignore = std::make_unique<IgnoreStmt>(StmtKind::Ignore, token.loc);
    ignore->pattern = parseStoredName();
    if (!ignore->pattern)
      return false;
    block.push_back(std::move(ignore));
    return true;
  }
  if (token.is(TokenKind::Name) && peek(1).is(TokenKind::Assign)) {
    errorExpectedHere("a tensor's name in quotes");
    return false;
  }
  auto map = std::make_unique<MapStmt>(StmtKind::Map, token.loc);
  map->model = parseSum();
  if (!map->model ||
      !expect(TokenKind::Assign, "'=' and the tensors of the file"))
    return false;
  map->file = parseSum();
  if (!map->file)
    return false;
  if (peek().is(TokenKind::Assign)) {
    auto *last = dyn_cast<BinaryExpr>(map->file.get());
    bool isMinus = last && last->op == TokenKind::Minus;
    errorExpectedHere("the next equation").message +=
        isMinus ? "; one that begins with '-' begins a line" : "";
    return false;
  }
  block.push_back(std::move(map));
  return true;
}

/// What stands in the braces of a name.
ExprPtr Parser::parseNumberInName(StringRef text) {
  if (text.trim().empty()) {
    diagnostics.error(SMLoc::getFromPointer(text.begin()),
                      "expected a number between '{' and '}'");
    return nullptr;
  }
  inner.push_back(std::make_unique<TokenList>());
  unsigned errors = diagnostics.getNumErrors();
  tokenize(text, diagnostics, *inner.back());
  if (diagnostics.getNumErrors() != errors)
    return nullptr;
  Parser parser(inner.back()->tokens, diagnostics);
  ExprPtr number = parser.parseSum();
  if (number && !parser.peek().is(TokenKind::End)) {
    parser.errorExpected("'}'");
    return nullptr;
  }
  return number;
}

/// A name in quotes, with numbers in braces.
std::unique_ptr<StoredExpr> Parser::parseStoredName() {
  const Token token = take();
  auto stored = std::make_unique<StoredExpr>(token.loc);
  StringRef rest = token.name;
  if (rest.empty()) {
    error(token, "a tensor's name is empty");
    return nullptr;
  }
  while (true) {
    size_t open = rest.find('{');
    StoredExpr::Piece piece{rest.take_front(open), nullptr};
    if (open != StringRef::npos) {
      size_t close = rest.find('}', open);
      if (close == StringRef::npos) {
        diagnostics.error(SMLoc::getFromPointer(rest.data() + open),
                          "this '{' has no '}' in its name");
        return nullptr;
      }
      piece.number = parseNumberInName(rest.slice(open + 1, close));
      if (!piece.number)
        return nullptr;
      rest = rest.drop_front(close + 1);
    }
    bool isLast = !piece.number;
    stored->pieces.push_back(std::move(piece));
    if (isLast)
      return stored;
  }
}

ExprPtr Parser::parseStored() {
  std::unique_ptr<StoredExpr> stored = parseStoredName();
  if (!stored)
    return nullptr;
  if (takeIf(TokenKind::Colon)) {
    // Its numbers go on in the next line, as anywhere in brackets.
    SaveAndRestore outside(inWeights, false);
    if (!parseType(stored->type.emplace()))
      return nullptr;
  }
  return stored;
}

} // namespace maek::dsl
