// Part of Maek, under the MIT licence; see LICENSE.
// Tokens to a syntax tree by recursive descent. After an error it goes on at
// the next statement, so that one run reports several.
#ifndef MAEK_DSL_PARSER_H
#define MAEK_DSL_PARSER_H

#include "dsl/AST.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"

namespace maek::dsl {
class Diagnostics;
struct Diagnostic;

class Parser {
public:
  /// Of expressions and of blocks: keeps every later walk off the stack's end.
  static constexpr unsigned maxDepth = 200;

  Parser(llvm::ArrayRef<Token> tokens, Diagnostics &diagnostics)
      : tokens(tokens), diagnostics(diagnostics) {}

  File parseFile();

private:
  // Parser.cpp: tokens, files, functions, blocks.
  const Token &peek(unsigned ahead = 0) const;
  Token take();
  bool takeIf(TokenKind kind);
  bool expect(TokenKind kind, llvm::StringRef what);
  Diagnostic &error(const Token &token, const llvm::Twine &message);
  /// Something that goes on: where the line or file ends instead, the error
  /// is there.
  Diagnostic &errorExpected(llvm::StringRef what);
  /// Something that begins at the next token.
  Diagnostic &errorExpectedHere(llvm::StringRef what);
  bool parseIdentifier(Identifier &identifier, llvm::StringRef what);
  bool parseIdentifiers(std::vector<Identifier> &names, llvm::StringRef what);
  void skipToStatement(unsigned depth, size_t start);
  bool atTopLevel() const;
  void skipToTopLevel();
  size_t getIndent(llvm::SMLoc loc) const;
  void errorMissingBrace(const Token &open);
  bool closesEarly(const Token &open);
  void parseTopLevel(File &file);
  template <typename Fn>
  bool parseBraces(llvm::StringRef what, Fn parseStatement);

  // ParseDefinition.cpp: what stands between the braces.
  bool parseImport(File &file);
  bool parseDefinition(File &file, DefinitionKind kind);
  bool parseMember(Definition &definition);
  bool parseFunction(Function &function);
  bool parseFormals(std::vector<Formal> &formals, bool typed);
  bool parseType(TypeSyntax &type);
  /// Null after an error.
  std::shared_ptr<const TypeSyntax> parseNewType();
  bool parseStatement(Block &block);
  bool parseAssign(Block &block);
  bool parseFor(Block &block);
  bool parseDeclaration(Block &block, StmtKind kind);
  bool parseModelStatement(Block &block);
  bool parseUse(Block &block);

  // ParseTrain.cpp
  bool parseTrain(File &file);
  bool parseTrainItem(Train &train);
  bool parseDataSet(TrainItem &item);
  bool parseException(TrainItem &item);
  bool parseUsedFile(TrainItem &item);
  bool parseList(TrainItem &item);
  bool parseNamedArguments(TrainItem &item, bool allowsText);

  // ParseWeights.cpp
  bool atWeights() const;
  bool parseWeights(File &file);
  bool parseMapping(Block &block);
  std::unique_ptr<StoredExpr> parseStoredName();
  ExprPtr parseStored();
  ExprPtr parseNumberInName(llvm::StringRef text);

  // ParseExpr.cpp: null after an error.
  class Nesting;
  ExprPtr parseExpr();
  ExprPtr parseComparison();
  /// False, reported, where the text goes on as another language would.
  bool checkForeignOperator();
  void errorMember(const Expr &expr);
  bool atNextMapping() const;
  ExprPtr parseSum();
  ExprPtr parseProduct();
  ExprPtr parseUnary();
  ExprPtr parsePower();
  ExprPtr parsePostfix();
  ExprPtr parsePrimary();
  ExprPtr parseDotCall();
  bool expectClosing(TokenKind kind, llvm::StringRef what, const Token &open);
  ExprPtr parseCall(ExprPtr callee);
  ExprPtr parseIndex(ExprPtr base);
  ExprPtr parseConcat();
  ExprPtr finish(ExprPtr expr, std::initializer_list<const Expr *> children,
                 llvm::SMLoc begin);

  llvm::ArrayRef<Token> tokens;
  size_t position = 0;
  /// Open braces, and the depth of the expression being parsed.
  unsigned braces = 0, nesting = 0;
  /// A '{' whose '}' stands further left than its line begins: most likely
  /// that of a block around it.
  llvm::SMLoc misfit;
  /// Inside of a weights block, where names in quotes are tensors.
  bool inWeights = false;
  std::vector<std::unique_ptr<TokenList>> inner;
  Diagnostics &diagnostics;
};

} // namespace maek::dsl

#endif // MAEK_DSL_PARSER_H
