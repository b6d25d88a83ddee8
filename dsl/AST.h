// Part of Maek, under the MIT licence; see LICENSE.
// The syntax tree of model files. Names are canonical (see Unicode.h) and
// point into the token list, which outlives the tree.
#ifndef MAEK_DSL_AST_H
#define MAEK_DSL_AST_H

#include "dsl/Lexer.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <memory>
#include <optional>
#include <vector>

namespace maek::dsl {

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

enum class ExprKind {
  Number,
  Name,
  Unary,
  Binary,
  Call,
  Index,
  Concat,
  Transpose,
  Stored,
  Text
};

/// `loc` is where a caret points best: an operator, or the first character.
/// `begin` is the first character.
struct Expr {
  ExprKind kind;
  llvm::SMLoc loc, begin;
  /// Of the tree below; the parser keeps it under Parser::maxDepth.
  unsigned depth = 1;

  Expr(ExprKind kind, llvm::SMLoc loc) : kind(kind), loc(loc), begin(loc) {}
  virtual ~Expr() = default;
};
using ExprPtr = std::unique_ptr<Expr>;

template <ExprKind K>
struct ExprBase : Expr {
  ExprBase(llvm::SMLoc loc) : Expr(K, loc) {}
  static bool classof(const Expr *expr) { return expr->kind == K; }
};

struct NumberExpr : ExprBase<ExprKind::Number> {
  double value;
  NumberExpr(llvm::SMLoc loc, double value) : ExprBase(loc), value(value) {}
};

struct NameExpr : ExprBase<ExprKind::Name> {
  llvm::StringRef name, spelling;
  NameExpr(const Token &token)
      : ExprBase(token.loc), name(token.name), spelling(token.text) {}
};

/// Negation or square root.
struct UnaryExpr : ExprBase<ExprKind::Unary> {
  TokenKind op;
  ExprPtr operand;
  UnaryExpr(llvm::SMLoc loc, TokenKind op, ExprPtr operand)
      : ExprBase(loc), op(op), operand(std::move(operand)) {}
};

struct BinaryExpr : ExprBase<ExprKind::Binary> {
  TokenKind op;
  ExprPtr lhs, rhs;
  BinaryExpr(llvm::SMLoc loc, TokenKind op, ExprPtr lhs, ExprPtr rhs)
      : ExprBase(loc), op(op), lhs(std::move(lhs)), rhs(std::move(rhs)) {}
};

/// `value` or `name = value`.
struct Argument {
  llvm::StringRef name;
  llvm::SMLoc loc;
  ExprPtr value;
};

struct CallExpr : ExprBase<ExprKind::Call> {
  ExprPtr callee;
  std::vector<Argument> arguments;
  CallExpr(ExprPtr callee)
      : ExprBase(callee->begin), callee(std::move(callee)) {}
  const NameExpr *getCalleeName() const;
};

/// `low`, or `low:high` with either part left out.
struct IndexItem {
  llvm::SMLoc loc;
  ExprPtr low, high;
  bool isRange = false;
};

struct IndexExpr : ExprBase<ExprKind::Index> {
  ExprPtr base;
  std::vector<IndexItem> items;
  IndexExpr(llvm::SMLoc loc, ExprPtr base)
      : ExprBase(loc), base(std::move(base)) {}
};

struct ConcatExpr : ExprBase<ExprKind::Concat> {
  std::vector<ExprPtr> elements;
  ConcatExpr(llvm::SMLoc loc) : ExprBase(loc) {}
};

struct TransposeExpr : ExprBase<ExprKind::Transpose> {
  ExprPtr operand;
  TransposeExpr(llvm::SMLoc loc, ExprPtr operand)
      : ExprBase(loc), operand(std::move(operand)) {}
};

inline const NameExpr *CallExpr::getCalleeName() const {
  return callee->kind == ExprKind::Name
             ? static_cast<const NameExpr *>(callee.get())
             : nullptr;
}

//===----------------------------------------------------------------------===//
// Declarations and statements
//===----------------------------------------------------------------------===//

struct Identifier {
  llvm::StringRef name;
  llvm::SMLoc loc;
};

/// `[dims]`, `class(n)` or `[dims] of class(n)`.
struct TypeSyntax {
  llvm::SMLoc loc;
  std::vector<ExprPtr> dims;
  ExprPtr classes;
};

/// In a weights block: a tensor by its name, whose braces hold whole numbers,
/// `"blocks.{l - 1}.norm.weight" : [d]`.
struct StoredExpr : ExprBase<ExprKind::Stored> {
  using ExprBase::ExprBase;
  /// A text, and the number behind it; the last one has none.
  struct Piece {
    llvm::StringRef text;
    ExprPtr number;
  };
  std::vector<Piece> pieces;
  std::optional<TypeSyntax> type;
};

/// The text in quotes that a primitive takes first: einsum("ik, kj -> ij", a,
/// b).
struct TextExpr : ExprBase<ExprKind::Text> {
  llvm::StringRef text;
  TextExpr(const Token &token) : ExprBase(token.loc), text(token.name) {}
};

/// A parameter of a definition or function: `name`, `name : type`,
/// `name = value`.
struct Formal {
  Identifier name;
  std::shared_ptr<const TypeSyntax> type; // null: none
  ExprPtr defaultValue;
};

enum class StmtKind {
  Assign,
  For,
  Param,
  State,
  Running,
  Input,
  Target,
  Output,
  Metric,
  Use,
  Map,
  Ignore
};

struct Stmt {
  StmtKind kind;
  llvm::SMLoc loc;
  Stmt(StmtKind kind, llvm::SMLoc loc) : kind(kind), loc(loc) {}
  virtual ~Stmt() = default;
};
using StmtPtr = std::unique_ptr<Stmt>;
using Block = std::vector<StmtPtr>;

template <StmtKind... Kinds>
struct StmtBase : Stmt {
  using Stmt::Stmt;
  static bool classof(const Stmt *stmt) {
    return ((stmt->kind == Kinds) || ...);
  }
};

/// `name = value` or `metric name = value`. In a model `loss = value` is an
/// assignment like any other.
struct AssignStmt : StmtBase<StmtKind::Assign, StmtKind::Metric> {
  using StmtBase::StmtBase;
  Identifier target;
  ExprPtr value;
};

/// `for name in low..high { body }`, both ends included.
struct ForStmt : StmtBase<StmtKind::For> {
  using StmtBase::StmtBase;
  Identifier variable;
  ExprPtr low, high;
  Block body;
};

/// `names : type`, with an initial value for `param`, `state` and `running`: `=
/// value`, or `~ distribution(arguments)`.
struct DeclareStmt
    : StmtBase<StmtKind::Param, StmtKind::State, StmtKind::Running,
               StmtKind::Input, StmtKind::Target> {
  using StmtBase::StmtBase;
  std::vector<Identifier> names;
  std::shared_ptr<const TypeSyntax> type; // null: none
  ExprPtr init;
  bool isDistribution = false;
};

/// `use name = model(hyperparameters) frozen`: another model as a layer.
struct UseStmt : StmtBase<StmtKind::Use> {
  using StmtBase::StmtBase;
  Identifier name;
  std::unique_ptr<CallExpr> call; // its callee is a name
  bool isFrozen = false;
};

/// In a weights block, `model = file`: the same numbers under the model's names
/// and in a file.
struct MapStmt : StmtBase<StmtKind::Map> {
  using StmtBase::StmtBase;
  ExprPtr model, file;
};

/// `ignore "pattern"`: tensors of a file that stand for nothing in the model.
struct IgnoreStmt : StmtBase<StmtKind::Ignore> {
  using StmtBase::StmtBase;
  std::unique_ptr<StoredExpr> pattern;
};

struct OutputStmt : StmtBase<StmtKind::Output> {
  using StmtBase::StmtBase;
  std::vector<Identifier> names;
};

/// `(formals) = value` or `(formals) -> result { body }`.
struct Function {
  llvm::SMLoc loc;
  std::vector<Formal> formals;
  ExprPtr value;
  Identifier result;
  Block body;
};

enum class DefinitionKind { Fn, Layer, Cell, Model, Optimizer };

/// How the language spells the kind: "fn", "layer", ...
llvm::StringRef getKindName(DefinitionKind kind);
/// "a fn", "an optimizer".
std::string getKindWithArticle(DefinitionKind kind);

/// A `fn` has no hyperparameters, its formals are its function's; a model has
/// no function, and all its statements in `body`.
struct Definition {
  DefinitionKind kind;
  Identifier name;
  std::vector<Formal> hyperparameters;
  Block body;
  std::optional<Function> function;
  /// From the standard library: its places are not the user's.
  bool isStandard = false;

  /// What a call gives values for first.
  const std::vector<Formal> &getFormals() const {
    return kind == DefinitionKind::Fn && function ? function->formals
                                                  : hyperparameters;
  }
};

/// `name = number` or `name = "text"`; the value is null for a text.
struct NamedArgument {
  Identifier name;
  ExprPtr value;
  llvm::StringRef text;
};

/// `keyword value`, where the value is an expression; for `data` a bare name
/// or a text, and arguments; for `except` patterns of names, and arguments; for
/// `use` the name of a model that is used, and the file of its weights; for
/// `augment` a list of names and calls.
struct TrainItem {
  Identifier keyword;
  /// Of a '=' or ':' behind the keyword, which there should not be.
  llvm::SMLoc sign;
  ExprPtr value;
  llvm::StringRef text;
  llvm::SMLoc textLoc;
  std::vector<Identifier> patterns;
  Identifier used;
  std::vector<ExprPtr> list;
  std::vector<NamedArgument> arguments;
};

struct Train {
  llvm::SMLoc loc;
  Identifier model;
  std::vector<TrainItem> items;
};

/// `weights name of model { ... }`: how files of other programs name and lay
/// out the model's tensors.
struct Weights {
  llvm::SMLoc loc;
  Identifier name, model;
  Block body;
};

struct Import {
  llvm::SMLoc loc;
  llvm::StringRef path;
};

struct File {
  std::vector<Import> imports;
  std::vector<std::unique_ptr<Definition>> definitions;
  std::vector<Train> trains;
  std::vector<Weights> weights;
  /// Of what stands in the braces of names.
  std::vector<std::unique_ptr<TokenList>> inner;
};

} // namespace maek::dsl

#endif // MAEK_DSL_AST_H
