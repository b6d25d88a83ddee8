// Part of Maek, under the MIT licence; see LICENSE.
// Expressions. From loose to tight: comparison; + -; * / ·; unary -; ^ and
// superscripts; √; calls, indexing and transposes. A call's '(' and an
// index's '[' stand on the line of what they belong to, so that a statement
// ends with its line without a mark.
#include "dsl/Parser.h"

#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/Primitives.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

static constexpr StringLiteral tooDeep = "this expression nests too deeply";
/// Sets begin and depth; null if the tree has become too deep.
ExprPtr Parser::finish(ExprPtr expr,
                       std::initializer_list<const Expr *> children,
                       SMLoc begin) {
  expr->begin = begin;
  for (const Expr *child : children)
    if (child)
      expr->depth = std::max(expr->depth, child->depth + 1);
  if (expr->depth <= maxDepth)
    return expr;
  diagnostics.error(expr->loc, tooDeep);
  return nullptr;
}

/// One level deeper, as long as it lives; false, after an error at `token`, if
/// that is too deep.
class Parser::Nesting {
public:
  Nesting(Parser &parser, const Token &token)
      : parser(parser), fits(parser.nesting < maxDepth) {
    ++parser.nesting;
    if (!fits)
      parser.error(token, tooDeep);
  }
  Nesting(const Nesting &) = delete;
  Nesting &operator=(const Nesting &) = delete;
  ~Nesting() { --parser.nesting; }

  explicit operator bool() const { return fits; }

private:
  Parser &parser;
  bool fits;
};

static bool isComparison(TokenKind kind) {
  return kind >= TokenKind::Equal && kind <= TokenKind::GreaterEqual;
}

bool Parser::checkForeignOperator() {
  const Token &token = peek();
  bool goesOn = token.is(TokenKind::Name) && !token.startsLine &&
                !peek(1).is(TokenKind::Assign);
  if (!goesOn ||
      (token.name != "and" && token.name != "or" && token.name != "if"))
    return true;
  error(token, "there is no '" + token.text + "' between expressions" +
                   getForeignHint(token.name));
  return false;
}

ExprPtr Parser::parseExpr() {
  ExprPtr expr = parseComparison();
  return expr && checkForeignOperator() ? std::move(expr) : nullptr;
}

ExprPtr Parser::parseComparison() {
  Nesting deeper(*this, peek());
  if (!deeper)
    return nullptr;
  ExprPtr lhs = parseSum();
  if (!lhs || !isComparison(peek().kind))
    return lhs;
  Token op = take();
  ExprPtr rhs = parseSum();
  if (!rhs)
    return nullptr;
  if (isComparison(peek().kind)) {
    error(peek(), "comparisons do not chain; compare twice and multiply");
    return nullptr;
  }
  const Expr *left = lhs.get(), *right = rhs.get();
  return finish(std::make_unique<BinaryExpr>(op.loc, op.kind, std::move(lhs),
                                             std::move(rhs)),
                {left, right}, left->begin);
}

/// In a weights block: a line that begins with '-' is the next equation. A
/// difference could not be undone.
bool Parser::atNextMapping() const {
  return inWeights && nesting == 0 && peek().is(TokenKind::Minus) &&
         peek().startsLine;
}

ExprPtr Parser::parseSum() {
  ExprPtr lhs = parseProduct();
  while (lhs && (peek().is(TokenKind::Plus) || peek().is(TokenKind::Minus)) &&
         !atNextMapping()) {
    Token op = take();
    ExprPtr rhs = parseProduct();
    if (!rhs)
      return nullptr;
    const Expr *left = lhs.get(), *right = rhs.get();
    lhs = finish(std::make_unique<BinaryExpr>(op.loc, op.kind, std::move(lhs),
                                              std::move(rhs)),
                 {left, right}, left->begin);
  }
  return lhs;
}

ExprPtr Parser::parseProduct() {
  ExprPtr lhs = parseUnary();
  while (lhs && (peek().is(TokenKind::Times) || peek().is(TokenKind::Divide) ||
                 peek().is(TokenKind::Dot))) {
    Token op = take();
    StringRef twice(op.loc.getPointer(), 2);
    if (twice == "**" || twice == "//") {
      error(op, "there is no '" + twice + "'" + getForeignHint(twice));
      return nullptr;
    }
    ExprPtr rhs = parseUnary();
    if (!rhs)
      return nullptr;
    const Expr *left = lhs.get(), *right = rhs.get();
    lhs = finish(std::make_unique<BinaryExpr>(op.loc, op.kind, std::move(lhs),
                                              std::move(rhs)),
                 {left, right}, left->begin);
  }
  return lhs;
}

ExprPtr Parser::parseUnary() {
  if (!peek().is(TokenKind::Minus))
    return parsePower();
  Nesting deeper(*this, peek());
  if (!deeper)
    return nullptr;
  Token op = take();
  ExprPtr operand = parseUnary();
  if (!operand)
    return nullptr;
  const Expr *child = operand.get();
  return finish(
      std::make_unique<UnaryExpr>(op.loc, op.kind, std::move(operand)), {child},
      op.loc);
}

ExprPtr Parser::parsePower() {
  ExprPtr base = parsePostfix();
  if (!base)
    return nullptr;
  ExprPtr exponent;
  Token op = peek();
  if (op.is(TokenKind::Superscript)) {
    take();
    exponent = std::make_unique<NumberExpr>(op.loc, op.value);
    if (peek().is(TokenKind::Superscript) || peek().is(TokenKind::Power)) {
      error(peek(), "powers do not chain; put the inner one in parentheses");
      return nullptr;
    }
  } else if (op.is(TokenKind::Power)) {
    Nesting deeper(*this, op);
    if (!deeper)
      return nullptr;
    take();
    exponent = parseUnary();
    if (!exponent)
      return nullptr;
  } else {
    return base;
  }
  const Expr *left = base.get(), *right = exponent.get();
  return finish(std::make_unique<BinaryExpr>(op.loc, TokenKind::Power,
                                             std::move(base),
                                             std::move(exponent)),
                {left, right}, left->begin);
}

ExprPtr Parser::parsePostfix() {
  if (peek().is(TokenKind::Sqrt)) {
    Nesting deeper(*this, peek());
    if (!deeper)
      return nullptr;
    Token op = take();
    ExprPtr operand = parsePostfix();
    if (!operand)
      return nullptr;
    const Expr *child = operand.get();
    return finish(
        std::make_unique<UnaryExpr>(op.loc, op.kind, std::move(operand)),
        {child}, op.loc);
  }
  ExprPtr expr = parsePrimary();
  while (expr) {
    const Token &next = peek();
    if (next.is(TokenKind::LParen) && !next.startsLine) {
      expr = parseCall(std::move(expr));
    } else if (next.is(TokenKind::LBracket) && !next.startsLine) {
      expr = parseIndex(std::move(expr));
    } else if (next.is(TokenKind::Transpose) ||
               (next.is(TokenKind::Period) && peek(1).isName("T"))) {
      SMLoc loc = take().loc;
      if (next.is(TokenKind::Period))
        take();
      const Expr *child = expr.get();
      expr = finish(std::make_unique<TransposeExpr>(loc, std::move(expr)),
                    {child}, child->begin);
    } else if (next.is(TokenKind::Period)) {
      errorMember(*expr);
      return nullptr;
    } else {
      break;
    }
  }
  return expr;
}

/// At the '.' of nn.Linear, x.mean: says how to write the last name.
void Parser::errorMember(const Expr &expr) {
  const Token at = peek();
  auto *name = dyn_cast<NameExpr>(&expr);
  StringRef base = name ? name->spelling : "";
  std::string hint = "; functions are written f(x)";
  while (peek().is(TokenKind::Period) && peek(1).is(TokenKind::Name)) {
    take();
    StringRef member = take().text;
    hint = getForeignMember(base.empty() ? "x" : base, member);
    base = member;
  }
  error(at, "the only thing behind a '.' is the transpose, '.T'" + hint);
}

ExprPtr Parser::parsePrimary() {
  const Token token = peek();
  switch (token.kind) {
  case TokenKind::Number:
    take();
    return std::make_unique<NumberExpr>(token.loc, token.value);
  case TokenKind::Name:
    // The next statement: this one was not finished.
    if (token.startsLine && peek(1).is(TokenKind::Assign)) {
      errorExpected("an expression");
      return nullptr;
    }
    take();
    if (token.name == "not" && !peek().startsLine &&
        (peek().is(TokenKind::Name) || peek().is(TokenKind::Number)) &&
        !peek(1).is(TokenKind::Assign)) {
      error(token, "there is no 'not'" + getForeignHint("not"));
      return nullptr;
    }
    return std::make_unique<NameExpr>(token);
  case TokenKind::String:
    if (inWeights)
      return parseStored();
    break;
  case TokenKind::LBracket:
    return parseConcat();
  case TokenKind::Dot:
    return parseDotCall();
  case TokenKind::LParen: {
    take();
    ExprPtr inner = parseExpr();
    if (!inner)
      return nullptr;
    if (!expectClosing(TokenKind::RParen, "')'", token))
      return nullptr;
    inner->begin = token.loc;
    return inner;
  }
  default:
    break;
  }
  errorExpected("an expression");
  return nullptr;
}

/// The end of what `open` begins. An '=' there was meant to compare.
bool Parser::expectClosing(TokenKind kind, StringRef what, const Token &open) {
  if (takeIf(kind))
    return true;
  Diagnostic &error = errorExpected(what);
  if (peek().is(TokenKind::Assign) && !peek().startsLine)
    error.message += "; a comparison has '=='";
  error.note(open.loc, ("to match this '" + open.text + "'").str());
  return false;
}

/// dot(a, b), which is a · b.
ExprPtr Parser::parseDotCall() {
  if (!peek(1).is(TokenKind::LParen)) {
    errorExpected("an expression");
    return nullptr;
  }
  Token dot = take();
  take();
  ExprPtr lhs = parseExpr();
  if (!lhs || !expect(TokenKind::Comma, "',' and what to multiply by"))
    return nullptr;
  ExprPtr rhs = parseExpr();
  if (!rhs || !expect(TokenKind::RParen, "')'"))
    return nullptr;
  const Expr *left = lhs.get(), *right = rhs.get();
  return finish(std::make_unique<BinaryExpr>(dot.loc, TokenKind::Dot,
                                             std::move(lhs), std::move(rhs)),
                {left, right}, dot.loc);
}

/// Whether the call is of a primitive whose first argument is a text.
static bool takesText(const CallExpr &call) {
  const NameExpr *name = call.getCalleeName();
  const Primitive *primitive = name ? findPrimitive(name->name) : nullptr;
  return primitive && primitive->takesText;
}

ExprPtr Parser::parseCall(ExprPtr callee) {
  Token open = take();
  auto call = std::make_unique<CallExpr>(std::move(callee));
  call->depth = call->callee->depth + 1;
  while (!peek().is(TokenKind::RParen)) {
    Argument argument;
    argument.loc = peek().loc;
    bool isText = call->arguments.empty() && takesText(*call) &&
                  peek().is(TokenKind::String);
    if (peek().is(TokenKind::Name) && peek(1).is(TokenKind::Assign)) {
      argument.name = take().name;
      take();
    }
    argument.value = isText ? std::make_unique<TextExpr>(take()) : parseExpr();
    if (!argument.value)
      return nullptr;
    call->depth = std::max(call->depth, argument.value->depth + 1);
    call->arguments.push_back(std::move(argument));
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (!expectClosing(TokenKind::RParen, "',' or ')'", open))
    return nullptr;
  SMLoc begin = call->callee->begin;
  return finish(std::move(call), {}, begin);
}

ExprPtr Parser::parseIndex(ExprPtr base) {
  Token open = take();
  SMLoc begin = base->begin;
  auto index = std::make_unique<IndexExpr>(open.loc, std::move(base));
  index->depth = index->base->depth + 1;
  do {
    IndexItem item;
    item.loc = peek().loc;
    auto parsePart = [&](ExprPtr &part) {
      part = parseExpr();
      if (part)
        index->depth = std::max(index->depth, part->depth + 1);
      return part != nullptr;
    };
    if (!peek().is(TokenKind::Colon) && !parsePart(item.low))
      return nullptr;
    item.isRange = takeIf(TokenKind::Colon);
    if (item.isRange && !peek().is(TokenKind::Comma) &&
        !peek().is(TokenKind::RBracket) && !parsePart(item.high))
      return nullptr;
    index->items.push_back(std::move(item));
  } while (takeIf(TokenKind::Comma));
  if (!expectClosing(TokenKind::RBracket, "',' or ']'", open))
    return nullptr;
  return finish(std::move(index), {}, begin);
}

ExprPtr Parser::parseConcat() {
  Token open = take();
  auto concat = std::make_unique<ConcatExpr>(open.loc);
  while (!peek().is(TokenKind::RBracket)) {
    ExprPtr element = parseExpr();
    if (!element)
      return nullptr;
    concat->depth = std::max(concat->depth, element->depth + 1);
    concat->elements.push_back(std::move(element));
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (!expectClosing(TokenKind::RBracket, "',' or ']'", open))
    return nullptr;
  return finish(std::move(concat), {}, open.loc);
}

} // namespace maek::dsl
