// Part of Maek, under the MIT licence; see LICENSE.
// Trees: precedence, statements, recovery.
#include "dsl/Parser.h"

#include "dsl/Diagnostics.h"
#include "dsl/Lexer.h"

#include "llvm/Support/Casting.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

using namespace maek::dsl;
using llvm::cast;

namespace {
struct Parsed {
  Diagnostics diagnostics;
  TokenList list;
  File file;

  explicit Parsed(llvm::StringRef text) {
    auto buffer = llvm::MemoryBuffer::getMemBufferCopy(text, "test.maek");
    llvm::StringRef copy = buffer->getBuffer();
    diagnostics.sources.AddNewSourceBuffer(std::move(buffer), {});
    tokenize(copy, diagnostics, list);
    file = Parser(list.tokens, diagnostics).parseFile();
  }
};
} // namespace

/// The tree with all its parentheses.
static std::string show(const Expr &expr) {
  switch (expr.kind) {
  case ExprKind::Number:
    return std::to_string(int(cast<NumberExpr>(expr).value));
  case ExprKind::Name:
    return cast<NameExpr>(expr).name.str();
  case ExprKind::Unary: {
    auto &unary = cast<UnaryExpr>(expr);
    return (unary.op == TokenKind::Minus ? "neg(" : "root(") +
           show(*unary.operand) + ")";
  }
  case ExprKind::Binary: {
    auto &binary = cast<BinaryExpr>(expr);
    std::string op = binary.op == TokenKind::Plus     ? "+"
                     : binary.op == TokenKind::Minus  ? "-"
                     : binary.op == TokenKind::Times  ? "*"
                     : binary.op == TokenKind::Divide ? "/"
                     : binary.op == TokenKind::Power  ? "^"
                     : binary.op == TokenKind::Dot    ? "·"
                                                      : "=";
    std::string text = "(";
    text += show(*binary.lhs) + op + show(*binary.rhs) + ")";
    return text;
  }
  case ExprKind::Call: {
    auto &call = cast<CallExpr>(expr);
    std::string text = show(*call.callee) + "<";
    for (const Argument &argument : call.arguments)
      text += (argument.name.empty() ? "" : argument.name.str() + ":") +
              show(*argument.value) + ";";
    return text + ">";
  }
  case ExprKind::Index: {
    auto &index = cast<IndexExpr>(expr);
    std::string text = show(*index.base) + "[";
    for (const IndexItem &item : index.items)
      text += (item.low ? show(*item.low) : "") + (item.isRange ? ":" : "") +
              (item.high ? show(*item.high) : "") + ";";
    return text + "]";
  }
  case ExprKind::Concat: {
    std::string text = "{";
    for (const ExprPtr &element : cast<ConcatExpr>(expr).elements)
      text += show(*element) + ";";
    return text + "}";
  }
  case ExprKind::Text:
    return '"' + cast<TextExpr>(expr).text.str() + '"';
  case ExprKind::Transpose:
    return show(*cast<TransposeExpr>(expr).operand) + "'";
  case ExprKind::Stored:
    return cast<StoredExpr>(expr).pieces.front().text.str();
  }
  return "?";
}

static std::string parse(llvm::StringRef expr) {
  Parsed parsed(("fn f(x) = " + expr).str());
  if (parsed.diagnostics.hasErrors() || parsed.file.definitions.size() != 1)
    return "error";
  return show(*parsed.file.definitions[0]->function->value);
}

TEST(Parser, precedence) {
  EXPECT_EQ(parse("a + b * c - d"), "((a+(b*c))-d)");
  EXPECT_EQ(parse("Q · Kᵀ / √d · V"), "(((Q·K')/root(d))·V)");
  EXPECT_EQ(parse("-x^2"), "neg((x^2))");
  EXPECT_EQ(parse("-x²"), "neg((x^2))");
  EXPECT_EQ(parse("2^-x"), "(2^neg(x))");
  EXPECT_EQ(parse("2^3^4"), "(2^(3^4))");
  EXPECT_EQ(parse("√x²"), "(root(x)^2)");
  EXPECT_EQ(parse("√x[0]"), "root(x[0;])");
  EXPECT_EQ(parse("-1/√H"), "(neg(1)/root(H))");
  EXPECT_EQ(parse("a == b + 1"), "(a=(b+1))");
  EXPECT_EQ(parse("x.T · y"), "(x'·y)");
  EXPECT_EQ(parse("dot(a, b + 1)"), "(a·(b+1))");
  EXPECT_EQ(parse("a dot b"), "(a·b)");
}

TEST(Parser, callsAndIndices) {
  EXPECT_EQ(parse("LSTM(28, H)(x)[-1]"), "LSTM<28;H;><x;>[neg(1);]");
  EXPECT_EQ(parse("f(a, b = 1)"), "f<a;b:1;>");
  EXPECT_EQ(parse("x[1:, :2, :, 3:4]"), "x[1:;:2;:;3:4;]");
  EXPECT_EQ(parse("[h, x + 1]"), "{h;(x+1);}");
}

TEST(Parser, aLineEndsAStatement) {
  Parsed parsed("fn f(x) -> y {\n  a = x\n  y = a\n    + 1\n}\n");
  EXPECT_FALSE(parsed.diagnostics.hasErrors());
  EXPECT_EQ(parsed.file.definitions[0]->function->body.size(), 2u);
  // A parenthesis on the next line calls nothing.
  EXPECT_TRUE(
      Parsed("fn f(x) -> y {\n  y = x\n  (1)\n}").diagnostics.hasErrors());
}

TEST(Parser, modelAndTrain) {
  Parsed parsed("model M(H = 3) {\n"
                "  input a, b : [T, H] of class(H)\n"
                "  for l in 1..H { c = a }\n"
                "  output a, b\n"
                "  metric m = 1\n"
                "}\n"
                "train M { data d optimizer o(lr = 1) batch 2 + 1 }\n");
  EXPECT_FALSE(parsed.diagnostics.hasErrors());
  ASSERT_EQ(parsed.file.definitions.size(), 1u);
  EXPECT_EQ(parsed.file.definitions[0]->body.size(), 4u);
  ASSERT_EQ(parsed.file.trains.size(), 1u);
  EXPECT_EQ(parsed.file.trains[0].items.size(), 3u);
  EXPECT_EQ(parsed.file.trains[0].items[0].text, "d");
}

TEST(Parser, dataSets) {
  Parsed parsed("train M { data d(T = 2 + 1, f = \"a, b\",) optimizer o }\n"
                "train N { data d\n(3) }\n");
  ASSERT_GE(parsed.file.trains.size(), 1u);
  auto &item = parsed.file.trains[0].items[0];
  ASSERT_EQ(item.arguments.size(), 2u);
  EXPECT_EQ(item.arguments[0].name.name, "T");
  EXPECT_TRUE(item.arguments[0].value);
  EXPECT_EQ(item.arguments[1].text, "a, b");
  EXPECT_FALSE(item.arguments[1].value);
  // The parenthesis on the next line belongs to nothing.
  EXPECT_EQ(parsed.diagnostics.getNumErrors(), 1u);
  for (llvm::StringRef wrong : {"d(3)", "d(T 3)", "d(T = )", "d(T = 3 n = 4)",
                                "d(T = 3", "d(T = 3, = 4)"})
    EXPECT_TRUE(Parsed(("train M { data " + wrong + " }\n").str())
                    .diagnostics.hasErrors())
        << wrong.str();
}

TEST(Parser, contextualWordsAreNames) {
  Parsed parsed("fn mse(input, target, step, state, output, metric, loss, of) "
                "= input + target + step + state + output + metric + loss\n");
  EXPECT_FALSE(parsed.diagnostics.hasErrors());
}

TEST(Parser, oneRunReportsSeveralErrors) {
  Parsed parsed("fn f(x) = )\nfn g(x) = x\nlayer L(d) {\n  param = 3\n"
                "  param W : [d] = 0\n  apply x\n}\nfn h(x) = [\n");
  EXPECT_GE(parsed.diagnostics.getNumErrors(), 4u);
  bool found = false;
  for (auto &definition : parsed.file.definitions)
    found |= definition->name.name == "g" && definition->function->value;
  EXPECT_TRUE(found);
}
