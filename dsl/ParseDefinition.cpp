// Part of Maek, under the MIT licence; see LICENSE.
// Definitions, statements and train blocks.
#include "dsl/Parser.h"

#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/ParserBraces.h"

using namespace llvm;

namespace maek::dsl {

bool Parser::parseImport(File &file) {
  SMLoc loc = take().loc;
  if (!peek().is(TokenKind::String)) {
    errorExpected("a file name in quotes");
    return false;
  }
  file.imports.push_back({loc, take().name});
  return true;
}

bool Parser::parseDefinition(File &file, DefinitionKind kind) {
  take();
  auto definition = std::make_unique<Definition>();
  definition->kind = kind;
  StringRef what = getKindName(kind);
  if (!parseIdentifier(definition->name, ("a name for the " + what).str()))
    return false;
  Definition &added = *definition;
  file.definitions.push_back(std::move(definition));
  unsigned errors = diagnostics.getNumErrors();
  if (kind == DefinitionKind::Fn) {
    added.function.emplace();
    return parseFunction(*added.function);
  }
  if (peek().is(TokenKind::LParen) &&
      !parseFormals(added.hyperparameters, /*typed=*/false))
    return false;
  if (!parseBraces(("the body of '" + added.name.name + "'").str(),
                   [&] { return parseMember(added); }))
    return false;
  bool isModel = kind == DefinitionKind::Model;
  if (!isModel && !added.function && diagnostics.getNumErrors() == errors) {
    StringRef needed = kind == DefinitionKind::Layer ? "apply" : "step";
    diagnostics.error(added.name.loc, what + " '" + added.name.name +
                                          "' has no '" + needed + "'");
  }
  return true;
}

/// A statement of a layer, cell, optimizer or model.
bool Parser::parseMember(Definition &definition) {
  DefinitionKind kind = definition.kind;
  bool isModel = kind == DefinitionKind::Model;
  const Token token = peek();
  bool called = token.is(TokenKind::Name) && peek(1).is(TokenKind::LParen);
  StringRef function = kind == DefinitionKind::Layer ? "apply" : "step";
  if (called && !isModel && (token.name == "apply" || token.name == "step")) {
    if (token.name != function) {
      error(token, getKindWithArticle(kind) + " has '" + function + "', not '" +
                       token.name + "'");
      return false;
    }
    take();
    if (definition.function) {
      error(token, getKindName(kind) + " '" + definition.name.name +
                       "' has a second '" + function + "'")
          .note(definition.function->loc, "the first one is here");
      return false;
    }
    definition.function.emplace();
    return parseFunction(*definition.function);
  }
  bool named = token.is(TokenKind::Name) && peek(1).is(TokenKind::Name) &&
               !peek(1).startsLine;
  if (token.isKeyword("param")) {
    if (kind == DefinitionKind::Layer || kind == DefinitionKind::Cell ||
        isModel)
      return parseDeclaration(definition.body, StmtKind::Param);
  } else if (named && token.name == "state" &&
             (kind == DefinitionKind::Cell ||
              kind == DefinitionKind::Optimizer)) {
    return parseDeclaration(definition.body, StmtKind::State);
  } else if (named && token.name == "running" &&
             kind == DefinitionKind::Layer) {
    return parseDeclaration(definition.body, StmtKind::Running);
  }
  if (isModel)
    return parseModelStatement(definition.body);
  if (token.is(TokenKind::Name) && peek(1).is(TokenKind::Assign) &&
      kind != DefinitionKind::Optimizer)
    return parseAssign(definition.body);
  std::string what =
      kind == DefinitionKind::Layer  ? "param, running, an assignment or apply"
      : kind == DefinitionKind::Cell ? "param, state, an assignment or step"
                                     : "state or step";
  std::string hint = getForeignStatement(token.text).str();
  if (hint.empty() && token.is(TokenKind::Name))
    hint = didYouMean(token.name, {"param", "state", "running", function});
  errorExpectedHere(what).message += hint;
  return false;
}

bool Parser::parseModelStatement(Block &block) {
  const Token token = peek();
  bool named = token.is(TokenKind::Name) && peek(1).is(TokenKind::Name) &&
               !peek(1).startsLine;
  if (!named)
    return parseStatement(block);
  if (token.name == "input")
    return parseDeclaration(block, StmtKind::Input);
  if (token.name == "target")
    return parseDeclaration(block, StmtKind::Target);
  if (token.name == "use")
    return parseUse(block);
  if (token.name == "output") {
    take();
    auto output = std::make_unique<OutputStmt>(StmtKind::Output, token.loc);
    if (!parseIdentifiers(output->names, "the name of a value"))
      return false;
    const Token &next = peek();
    if (!next.startsLine && next.is(TokenKind::LParen)) {
      errorExpectedHere("',' or the next statement").message +=
          "; an output is the name of a value that has an equation";
      return false;
    }
    block.push_back(std::move(output));
    return true;
  }
  if (token.name == "metric") {
    take();
    auto metric = std::make_unique<AssignStmt>(StmtKind::Metric, token.loc);
    if (!parseIdentifier(metric->target, "a name for the metric") ||
        !expect(TokenKind::Assign, "'='"))
      return false;
    metric->value = parseExpr();
    if (!metric->value)
      return false;
    block.push_back(std::move(metric));
    return true;
  }
  return parseStatement(block);
}

bool Parser::parseUse(Block &block) {
  auto use = std::make_unique<UseStmt>(StmtKind::Use, take().loc);
  if (!parseIdentifier(use->name, "a name for the model") ||
      !expect(TokenKind::Assign, "'=' and the name of a model"))
    return false;
  if (!peek().is(TokenKind::Name)) {
    errorExpected("the name of a model");
    return false;
  }
  ExprPtr value = std::make_unique<NameExpr>(take());
  if (peek().is(TokenKind::LParen) && !peek().startsLine) {
    value = parseCall(std::move(value));
    if (!value)
      return false;
    use->call.reset(static_cast<CallExpr *>(value.release()));
  } else {
    use->call = std::make_unique<CallExpr>(std::move(value));
  }
  if (peek().isName("frozen") && !peek().startsLine) {
    take();
    use->isFrozen = true;
  }
  block.push_back(std::move(use));
  return true;
}

bool Parser::parseStatement(Block &block) {
  const Token token = peek();
  if (token.isKeyword("for"))
    return parseFor(block);
  if (token.is(TokenKind::Name) && peek(1).is(TokenKind::Assign))
    return parseAssign(block);
  std::string hint;
  if (token.is(TokenKind::Name) && peek(1).is(TokenKind::Equal)) {
    error(peek(1), "an equation has '=', not '=='");
    return false;
  }
  bool isList = token.is(TokenKind::LParen) && token.startsLine;
  if (isList || (token.is(TokenKind::Name) && peek(1).is(TokenKind::Comma))) {
    error(isList ? token : peek(1),
          "an equation gives one name its value; parts of a value "
          "are taken by an index");
    return false;
  }
  hint = getForeignStatement(token.text).str();
  bool endsEarly = hint.empty() && !token.startsLine && position > 0 &&
                   !tokens[position - 1].is(TokenKind::LBrace);
  if (endsEarly) {
    errorExpectedHere("an operator or the next statement, a name and '='");
    return false;
  }
  bool goesOn = !peek(1).startsLine && !peek(1).is(TokenKind::Name) &&
                !peek(1).is(TokenKind::LParen);
  if (hint.empty() && token.is(TokenKind::Name) && goesOn) {
    static constexpr StringLiteral words[] = {"input", "target", "output",
                                              "metric", "use"};
    bool isWord = llvm::is_contained(words, token.name);
    take();
    errorExpected(
        ((isWord ? "a name behind '" : "'=' behind '") + token.text + "'")
            .str());
    return false;
  }
  if (hint.empty() && token.is(TokenKind::Name) && peek(1).is(TokenKind::Name))
    hint = didYouMean(token.name, {"param", "input", "target", "output",
                                   "metric", "use", "for"});
  errorExpectedHere("a statement: a name and '='").message += hint;
  return false;
}

bool Parser::parseAssign(Block &block) {
  Token name = take();
  take();
  auto assign = std::make_unique<AssignStmt>(StmtKind::Assign, name.loc);
  assign->target = {name.name, name.loc};
  assign->value = parseExpr();
  if (!assign->value)
    return false;
  block.push_back(std::move(assign));
  return true;
}

bool Parser::parseFor(Block &block) {
  auto loop = std::make_unique<ForStmt>(StmtKind::For, take().loc);
  if (!parseIdentifier(loop->variable, "a name for the index"))
    return false;
  if (!peek().isKeyword("in")) {
    errorExpected("'in'");
    return false;
  }
  take();
  if (!(loop->low = parseSum()) ||
      !expect(TokenKind::Range, "'..' between the first and the last index, "
                                "as in '1..depth'") ||
      !(loop->high = parseSum()))
    return false;
  const Token open = peek();
  if (!parseBraces("the body of the loop", [&] {
        if (inWeights)
          return parseMapping(loop->body);
        return !closesEarly(open) && parseStatement(loop->body);
      }))
    return false;
  block.push_back(std::move(loop));
  return true;
}

bool Parser::parseDeclaration(Block &block, StmtKind kind) {
  auto declare = std::make_unique<DeclareStmt>(kind, take().loc);
  if (!parseIdentifiers(declare->names, "a name"))
    return false;
  if (takeIf(TokenKind::Colon) && !(declare->type = parseNewType()))
    return false;
  bool hasInit = kind == StmtKind::Param || kind == StmtKind::State ||
                 kind == StmtKind::Running;
  if (!hasInit && peek().is(TokenKind::Assign)) {
    errorExpected("':' and a shape, such as ': [N, d]'");
    return false;
  }
  if (hasInit &&
      (peek().is(TokenKind::Tilde) || peek().is(TokenKind::Assign))) {
    declare->isDistribution = take().is(TokenKind::Tilde);
    if (!(declare->init = parseExpr()))
      return false;
  }
  if (hasInit && !declare->init) {
    errorExpected("'~' or '=' and the initial value");
    return false;
  }
  block.push_back(std::move(declare));
  return true;
}

std::shared_ptr<const TypeSyntax> Parser::parseNewType() {
  auto type = std::make_shared<TypeSyntax>();
  return parseType(*type) ? type : nullptr;
}

bool Parser::parseType(TypeSyntax &type) {
  takeIf(TokenKind::Reals);
  type.loc = peek().loc;
  if (!peek().isKeyword("class")) {
    const Token open = peek();
    if (!expect(TokenKind::LBracket, "a shape such as [N, d], or class(n)"))
      return false;
    while (!peek().is(TokenKind::RBracket)) {
      type.dims.push_back(parseSum());
      if (!type.dims.back())
        return false;
      if (!takeIf(TokenKind::Comma))
        break;
    }
    if (!peek().is(TokenKind::RBracket)) {
      errorExpected("',' or ']'").note(open.loc, "to match this '['");
      return false;
    }
    take();
    if (!peek().isName("of") || !peek(1).isKeyword("class"))
      return true;
    take();
  }
  take();
  return expect(TokenKind::LParen, "'(' and the number of classes") &&
         (type.classes = parseSum()) && expect(TokenKind::RParen, "')'");
}

bool Parser::parseFormals(std::vector<Formal> &formals, bool typed) {
  const Token open = take();
  while (!peek().is(TokenKind::RParen)) {
    Formal &formal = formals.emplace_back();
    if (!parseIdentifier(formal.name, "the name of a parameter"))
      return false;
    if (typed && takeIf(TokenKind::Colon) && !(formal.type = parseNewType()))
      return false;
    if (takeIf(TokenKind::Assign) && !(formal.defaultValue = parseExpr()))
      return false;
    if (!takeIf(TokenKind::Comma))
      break;
  }
  if (peek().is(TokenKind::RParen)) {
    take();
    return true;
  }
  errorExpected("',' or ')'").note(open.loc, "to match this '('");
  return false;
}

bool Parser::parseFunction(Function &function) {
  function.loc = peek().loc;
  if (!peek().is(TokenKind::LParen)) {
    errorExpected("'(' and the parameters");
    return false;
  }
  if (!parseFormals(function.formals, /*typed=*/true))
    return false;
  if (takeIf(TokenKind::Assign)) {
    function.value = parseExpr();
    return function.value != nullptr;
  }
  if (!expect(TokenKind::Arrow, "'=' and an expression, or '->' and the name "
                                "of the result") ||
      !parseIdentifier(function.result, "the name of the result"))
    return false;
  return parseBraces("the equations",
                     [&] { return parseStatement(function.body); });
}

} // namespace maek::dsl
