// Part of Maek, under the MIT licence; see LICENSE.
// Lines and spaces; columns are in FormatColumns.cpp.
#include "dsl/Formatter.h"

#include "dsl/Diagnostics.h"
#include "dsl/Frontend.h"
#include "dsl/Parser.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/Casting.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::dsl {

namespace {
class Formatter {
public:
  Formatter(const TokenList &list, const File &file) : list(list) {
    collectStarts(file);
    findBraces();
  }
  std::string run();

private:
  void collectStarts(const File &file);
  void collectStarts(const Block &block);
  void findBraces();
  void addComments(const char *before, bool inStatement);
  void addToken(size_t index);
  bool breaksBefore(size_t index) const;
  unsigned getSpaces(size_t index) const;
  unsigned getBracketSpaces(size_t index) const;
  bool isPrefix(size_t index) const;
  bool isTight(size_t index) const;
  bool inIndex(size_t index) const { return indexColons.contains(index); }
  void startLine(const char *at, bool continued);
  void classify(FormattedLine &line, size_t index);
  const Token &token(size_t index) const { return list.tokens[index]; }
  bool isStart(const Token &token) const {
    return starts.contains(token.loc.getPointer());
  }
  std::string print() const;

  const TokenList &list;
  /// First characters of statements; of the settings in train blocks.
  DenseSet<const char *> starts, trainItems;
  DenseSet<const char *> functionNames;
  /// Colons of ranges.
  DenseSet<size_t> indexColons;
  /// Braces of blocks that stay on one line.
  DenseSet<size_t> inlineBraces;
  std::vector<FormattedLine> lines;
  size_t nextComment = 0;
  unsigned braces = 0, brackets = 0;
  const char *previousEnd = nullptr;
};
} // namespace

void Formatter::collectStarts(const Block &block) {
  for (const StmtPtr &stmt : block) {
    starts.insert(stmt->loc.getPointer());
    if (auto *loop = dyn_cast<ForStmt>(stmt.get()))
      collectStarts(loop->body);
  }
}

void Formatter::collectStarts(const File &file) {
  DenseSet<const char *> functions;
  for (auto &definition : file.definitions) {
    collectStarts(definition->body);
    if (!definition->function)
      continue;
    collectStarts(definition->function->body);
    if (definition->kind != DefinitionKind::Fn)
      functions.insert(definition->function->loc.getPointer());
  }
  for (const Weights &weights : file.weights) {
    starts.insert(weights.loc.getPointer());
    collectStarts(weights.body);
  }
  for (const Train &train : file.trains)
    for (const TrainItem &item : train.items)
      trainItems.insert(item.keyword.loc.getPointer());
  // A function begins with the name before its parenthesis.
  for (size_t i = 1; i < list.tokens.size(); ++i)
    if (functions.contains(token(i).loc.getPointer())) {
      starts.insert(token(i - 1).loc.getPointer());
      functionNames.insert(token(i - 1).loc.getPointer());
    }
  unsigned depth = 0;
  for (const Token &token : list.tokens) {
    if (token.is(TokenKind::LBrace))
      ++depth;
    else if (token.is(TokenKind::RBrace) && depth)
      --depth;
    else if (token.is(TokenKind::Keyword) && depth == 0 &&
             token.name != "class")
      starts.insert(token.loc.getPointer());
  }
}

/// A block stays on one line if it was there, has at most one statement and no
/// comment.
void Formatter::findBraces() {
  struct Open {
    size_t index;
    unsigned statements = 0;
    bool broken = false;
  };
  std::vector<Open> open;
  std::vector<TokenKind> nested;
  for (size_t i = 0; i < list.tokens.size(); ++i) {
    const Token &current = token(i);
    if (current.is(TokenKind::LParen) || current.is(TokenKind::LBracket))
      nested.push_back(current.kind);
    else if ((current.is(TokenKind::RParen) ||
              current.is(TokenKind::RBracket)) &&
             !nested.empty())
      nested.pop_back();
    else if (current.is(TokenKind::Colon) && !nested.empty() &&
             nested.back() == TokenKind::LBracket &&
             !token(i - 1).is(TokenKind::String))
      indexColons.insert(i);
    if (current.startsLine)
      for (Open &brace : open)
        brace.broken = true;
    if (current.is(TokenKind::LBrace)) {
      // A block within it is a second line.
      for (Open &brace : open)
        brace.broken = true;
      open.push_back({i});
    } else if (current.is(TokenKind::RBrace) && !open.empty()) {
      Open brace = open.back();
      open.pop_back();
      if (!brace.broken && brace.statements <= 1) {
        inlineBraces.insert(brace.index);
        inlineBraces.insert(i);
      }
    } else if (!open.empty() &&
               (isStart(current) ||
                trainItems.contains(current.loc.getPointer()))) {
      ++open.back().statements;
    }
  }
}

//===----------------------------------------------------------------------===//
// Lines
//===----------------------------------------------------------------------===//

static bool hasBlankLine(const char *from, const char *to) {
  return from && StringRef(from, to - from).count('\n') > 1;
}

void Formatter::startLine(const char *at, bool continued) {
  FormattedLine line;
  constexpr unsigned step = 2, continuation = 4;
  line.indent = braces * step + (continued ? continuation : 0);
  bool first =
      lines.empty() || (!lines.back().pieces.empty() &&
                        lines.back().pieces.back().text == "{" && !continued);
  line.blankBefore = !first && hasBlankLine(previousEnd, at);
  lines.push_back(std::move(line));
}

/// Adds the comments that stand before `before`.
void Formatter::addComments(const char *before, bool inStatement) {
  while (nextComment < list.comments.size() &&
         list.comments[nextComment].loc.getPointer() < before) {
    const Comment &comment = list.comments[nextComment++];
    const char *at = comment.loc.getPointer();
    if (comment.startsLine || lines.empty() || !lines.back().comment.empty()) {
      startLine(at, inStatement);
    }
    lines.back().comment = comment.text.str();
    previousEnd = at + comment.text.size();
  }
}

bool Formatter::breaksBefore(size_t index) const {
  const Token &current = token(index);
  if (index == 0)
    return true;
  const Token &before = token(index - 1);
  if (before.is(TokenKind::LBrace) || before.is(TokenKind::RBrace))
    if (!inlineBraces.contains(index - 1) || before.is(TokenKind::RBrace))
      return true;
  if (current.is(TokenKind::RBrace))
    return !inlineBraces.contains(index);
  // A comment ends its line, whatever should follow on it.
  if (!lines.empty() && !lines.back().comment.empty())
    return true;
  if (current.is(TokenKind::LBrace))
    return false;
  if (isStart(current))
    return !(before.is(TokenKind::LBrace) && inlineBraces.contains(index - 1));
  return current.startsLine;
}

void Formatter::addToken(size_t index) {
  const Token &current = token(index);
  const char *at = current.loc.getPointer();
  bool isItem = trainItems.contains(at);
  bool isFirst = index > 0 && token(index - 1).is(TokenKind::LBrace);
  bool starts = isStart(current) || isItem || current.is(TokenKind::RBrace);
  addComments(at, !starts && index > 0);
  if (current.is(TokenKind::RBrace) && braces)
    --braces;
  if (breaksBefore(index)) {
    startLine(at, !starts && index > 0);
    if (current.is(TokenKind::RBrace))
      lines.back().blankBefore = false;
    lines.back().pieces.push_back({0, current.text.str()});
    classify(lines.back(), index);
  } else {
    lines.back().pieces.push_back(
        {isItem && !isFirst ? 2 : getSpaces(index), current.text.str()});
  }
  FormattedLine &line = lines.back();
  bool atTop = brackets == 0;
  if (line.kind != FormattedLine::Kind::Other && atTop) {
    if (current.is(TokenKind::Colon) && !line.colon)
      line.colon = line.pieces.size() - 1;
    if ((current.is(TokenKind::Tilde) || current.is(TokenKind::Assign)) &&
        !line.init)
      line.init = line.pieces.size() - 1;
  }
  if (current.is(TokenKind::LBrace))
    ++braces;
  if (current.is(TokenKind::LParen) || current.is(TokenKind::LBracket))
    ++brackets;
  if ((current.is(TokenKind::RParen) || current.is(TokenKind::RBracket)) &&
      brackets)
    --brackets;
  previousEnd = current.getEnd().getPointer();
}

/// What the line's statement is, by its first tokens.
void Formatter::classify(FormattedLine &line, size_t index) {
  const Token &current = token(index);
  // A keyword alone on its line has no columns.
  if (!isStart(current) || index + 1 >= list.tokens.size() || braces == 0 ||
      token(index + 1).startsLine)
    return;
  if (token(index + 1).is(TokenKind::Assign))
    line.kind = FormattedLine::Kind::Assign;
  else if (current.isKeyword("param") || current.isName("state"))
    line.kind = FormattedLine::Kind::Declare;
  else if (current.isName("input") || current.isName("target"))
    line.kind = FormattedLine::Kind::Input;
}

//===----------------------------------------------------------------------===//
// Spaces
//===----------------------------------------------------------------------===//

static bool endsOperand(const Token &token) {
  switch (token.kind) {
  case TokenKind::Name:
  case TokenKind::Number:
  case TokenKind::String:
  case TokenKind::Superscript:
  case TokenKind::RParen:
  case TokenKind::RBracket:
  case TokenKind::Transpose:
    return true;
  default:
    return token.isKeyword("class");
  }
}

/// Is this minus, root or dot one that begins an operand?
bool Formatter::isPrefix(size_t index) const {
  if (token(index).is(TokenKind::Sqrt))
    return true;
  return index == 0 || isStart(token(index)) || !endsOperand(token(index - 1));
}

/// 1/√H stays as it is, a / b too.
bool Formatter::isTight(size_t index) const {
  const Token &op = token(index);
  return token(index - 1).getEnd() == op.loc &&
         op.getEnd() == token(index + 1).loc;
}

/// Before '(' and '['.
unsigned Formatter::getBracketSpaces(size_t index) const {
  const Token &before = token(index - 1);
  if (functionNames.contains(before.loc.getPointer()))
    return 1;
  if (before.is(TokenKind::Sqrt) || before.is(TokenKind::Reals))
    return 0;
  if (before.is(TokenKind::Dot) && before.text == "dot")
    return !isPrefix(index - 1);
  // except "*.b" (weight_decay = 0)
  if (before.is(TokenKind::String) && token(index).is(TokenKind::LParen))
    return 1;
  if (before.isName("of") || !endsOperand(before))
    return 1;
  return 0;
}

unsigned Formatter::getSpaces(size_t index) const {
  using K = TokenKind;
  const Token &before = token(index - 1), &current = token(index);
  switch (before.kind) {
  case K::LParen:
  case K::LBracket:
  case K::Power:
  case K::Range:
  case K::Period:
  case K::Reals:
    return 0;
  case K::Sqrt:
    return before.text == "sqrt" && !current.is(K::LParen);
  case K::Minus:
    if (isPrefix(index - 1))
      return 0;
    break;
  case K::Colon:
    if (inIndex(index - 1))
      return 0;
    break;
  case K::Times:
  case K::Divide:
    if (isTight(index - 1))
      return 0;
    break;
  default:
    break;
  }
  switch (current.kind) {
  case K::RParen:
  case K::RBracket:
  case K::Comma:
  case K::Period:
  case K::Transpose:
  case K::Superscript:
  case K::Power:
  case K::Range:
    return 0;
  case K::LParen:
  case K::LBracket:
    return getBracketSpaces(index);
  case K::Colon:
    return !inIndex(index);
  case K::Times:
  case K::Divide:
    return !isTight(index);
  default:
    return 1;
  }
}

std::string Formatter::run() {
  for (size_t i = 0; i + 1 < list.tokens.size(); ++i)
    addToken(i);
  addComments(list.tokens.back().getEnd().getPointer() + 1, false);
  alignColumns(lines);
  return print();
}

std::string Formatter::print() const {
  std::string text;
  for (const FormattedLine &line : lines) {
    if (line.blankBefore)
      text += "\n";
    text.append(line.indent, ' ');
    for (const FormattedLine::Piece &piece : line.pieces) {
      text.append(piece.spaces, ' ');
      text += piece.text;
    }
    text += line.comment + "\n";
  }
  return text;
}

std::string formatFile(const TokenList &list, const File &file) {
  return Formatter(list, file).run();
}

} // namespace maek::dsl

std::optional<std::string> maek::formatModel(StringRef text, StringRef name,
                                             raw_ostream &errors) {
  dsl::Diagnostics diagnostics;
  auto buffer = MemoryBuffer::getMemBufferCopy(text, name);
  StringRef copy = buffer->getBuffer();
  diagnostics.sources.AddNewSourceBuffer(std::move(buffer), SMLoc());
  dsl::TokenList list;
  dsl::tokenize(copy, diagnostics, list);
  dsl::File file;
  if (!diagnostics.hasErrors())
    file = dsl::Parser(list.tokens, diagnostics).parseFile();
  if (diagnostics.hasErrors()) {
    diagnostics.print(errors);
    return std::nullopt;
  }
  return dsl::formatFile(list, file);
}
