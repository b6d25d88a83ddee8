// Part of Maek, under the MIT licence; see LICENSE.
// The names in expressions, and the calls.
#include "dsl/NameChecker.h"

#include "dsl/Arguments.h"
#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/Primitives.h"
#include "dsl/Program.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

void NameChecker::checkExpr(const Expr *expr) {
  if (auto *name = dyn_cast<NameExpr>(expr)) {
    checkName(*name);
  } else if (auto *unary = dyn_cast<UnaryExpr>(expr)) {
    checkExpr(unary->operand.get());
  } else if (auto *binary = dyn_cast<BinaryExpr>(expr)) {
    checkExpr(binary->lhs.get());
    checkExpr(binary->rhs.get());
  } else if (auto *transpose = dyn_cast<TransposeExpr>(expr)) {
    checkExpr(transpose->operand.get());
  } else if (auto *concat = dyn_cast<ConcatExpr>(expr)) {
    for (const ExprPtr &element : concat->elements)
      checkExpr(element.get());
  } else if (auto *index = dyn_cast<IndexExpr>(expr)) {
    checkExpr(index->base.get());
    for (const IndexItem &item : index->items)
      for (const ExprPtr *part : {&item.low, &item.high})
        if (*part)
          checkExpr(part->get());
  } else if (auto *stored = dyn_cast<StoredExpr>(expr)) {
    for (const StoredExpr::Piece &piece : stored->pieces)
      if (piece.number)
        checkExpr(piece.number.get());
    if (stored->type)
      checkType(*stored->type, /*bindsDimensions=*/false);
  } else if (auto *call = dyn_cast<CallExpr>(expr)) {
    checkCall(*call);
  }
}

void NameChecker::checkName(const NameExpr &name) {
  if (findUsed(name.name))
    return;
  if (const Primitive *primitive = findPrimitive(name.name)) {
    if (!primitive->isNumber())
      diagnostics.error(name.loc,
                        "'" + name.spelling + "' is a function; call it");
    return;
  }
  if (const Definition *definition =
          program.find(name.name, current->isStandard)) {
    diagnostics
        .error(name.loc, "'" + name.spelling + "' is " +
                             getKindWithArticle(definition->kind) +
                             ", not a value")
        .note(definition->name.loc, "it is defined here");
    return;
  }
  unknown(name);
}

void NameChecker::usedTooEarly(SMLoc use, StringRef spelling, SMLoc value) {
  diagnostics.error(use, "'" + spelling + "' is used before it has a value")
      .note(value, "it gets its value here");
}

void NameChecker::unknown(const NameExpr &name) {
  if (auto it = later.find(name.name); it != later.end())
    return usedTooEarly(name.loc, name.spelling, it->second);
  std::vector<StringRef> known;
  for (Scope &scope : llvm::reverse(scopes))
    for (auto &entry : scope)
      known.push_back(entry.first());
  // A hash table's order is no order: the hint is the same in every run.
  llvm::sort(known);
  for (const Definition *definition :
       program.getDefinitions(current->isStandard))
    known.push_back(definition->name.name);
  for (const Primitive &primitive : getPrimitives())
    known.push_back(primitive.name);
  std::string hint = name.name == "not" ? getForeignHint("not").str()
                                        : getForeignName(name.name).str();
  if (hint.empty())
    hint = didYouMean(name.name, known);
  diagnostics.error(name.loc, "unknown name '" + name.spelling + "'" + hint);
}

void NameChecker::checkCall(const CallExpr &call) {
  for (const Argument &argument : call.arguments)
    checkExpr(argument.value.get());
  const NameExpr *name = call.getCalleeName();
  if (!name)
    return checkExpr(call.callee.get());
  if (Entry *entry = findUsed(name->name)) {
    if (entry->kind != NameKind::Value && entry->kind != NameKind::Metric)
      diagnostics
          .error(name->loc, "'" + name->spelling + "' is " +
                                describe(entry->kind) +
                                ", which cannot be called")
          .note(entry->loc, "it is declared here");
    return;
  }
  if (findPrimitive(name->name))
    return checkPrimitiveCall(call, name->name);
  if (const Definition *callee = program.find(name->name, current->isStandard))
    return checkDefinitionCall(call, *callee);
  unknown(*name);
}

/// "; there is 'axis'": what the primitive takes by name.
static std::string describeNamed(const Primitive &primitive) {
  std::string text;
  for (StringRef name : llvm::split(primitive.named, ' '))
    if (!name.empty())
      text += (text.empty() ? "; there is '" : ", '") + name.str() + "'";
  return text;
}

void NameChecker::checkPrimitiveCall(const CallExpr &call, StringRef name) {
  const Primitive &primitive = *findPrimitive(name);
  if (primitive.isNumber()) {
    diagnostics.error(call.loc,
                      "'" + name + "' is a number, which cannot be called");
    return;
  }
  unsigned positional = 0;
  StringSet<> seen;
  for (const Argument &argument : call.arguments) {
    if (argument.name.empty())
      ++positional;
    else if (!primitive.takes(argument.name)) {
      // where(a = b, 1, 0)
      std::string hint = findUsed(argument.name) ? "; a comparison has '=='"
                                                 : describeNamed(primitive);
      diagnostics.error(argument.loc, "'" + name + "' has no parameter '" +
                                          argument.name + "'" + hint);
      return;
    } else if (!seen.insert(argument.name).second)
      diagnostics.error(argument.loc, "'" + argument.name + "' is given twice");
  }
  if (positional >= primitive.minArguments &&
      positional <= primitive.maxArguments)
    return;
  std::string needed = std::to_string(primitive.minArguments);
  if (primitive.maxArguments > primitive.minArguments + 1)
    needed = "at least " + needed;
  else if (primitive.maxArguments != primitive.minArguments)
    needed += " or " + std::to_string(primitive.maxArguments);
  bool isMany = positional > primitive.maxArguments;
  diagnostics.error(call.loc, "'" + name + "' takes " + needed + " argument" +
                                  (needed == "1" ? "" : "s") + ", found " +
                                  Twine(positional) +
                                  (isMany ? describeNamed(primitive) : ""));
}

/// `use name = model`, which makes a layer of it.
void NameChecker::checkUse(const UseStmt &use) {
  const CallExpr &call = *use.call;
  for (const Argument &argument : call.arguments)
    checkExpr(argument.value.get());
  const NameExpr &name = *call.getCalleeName();
  const Definition *used = program.find(name.name, false);
  if (used && used->kind != DefinitionKind::Model) {
    diagnostics
        .error(name.loc, "'" + name.spelling + "' is " +
                             getKindWithArticle(used->kind) +
                             "; 'use' takes a model")
        .note(used->name.loc, "it is defined here");
  } else if (!used) {
    std::vector<StringRef> known;
    for (const Definition *definition : program.getUserDefinitions())
      if (definition->kind == DefinitionKind::Model)
        known.push_back(definition->name.name);
    diagnostics.error(name.loc, "unknown model '" + name.spelling + "'" +
                                    didYouMean(name.name, known));
  } else {
    uses.calls[current].emplace_back(used, name.loc);
    matchArguments(*used, used->hyperparameters, call.arguments, call.loc,
                   &diagnostics);
  }
  declare(use.name, NameKind::Value);
}

void NameChecker::checkDefinitionCall(const CallExpr &call,
                                      const Definition &callee) {
  StringRef name = callee.name.name;
  bool hasParameters = callee.kind == DefinitionKind::Layer ||
                       callee.kind == DefinitionKind::Cell;
  if (callee.kind != DefinitionKind::Fn && !hasParameters) {
    diagnostics
        .error(call.loc, (callee.kind == DefinitionKind::Model
                              ? "'" + name +
                                    "' is a model, which cannot be "
                                    "called"
                              : "'" + name +
                                    "' is an optimizer, which belongs "
                                    "in a train block")
                             .str())
        .note(callee.name.loc, "it is defined here");
    return;
  }
  bool mayHold = current->kind != DefinitionKind::Fn &&
                 current->kind != DefinitionKind::Optimizer && !isSetting;
  if (hasParameters && !mayHold) {
    diagnostics
        .error(call.loc, "'" + name +
                             "' has parameters to train: it can only "
                             "stand in a layer, cell or model")
        .note(callee.name.loc, "it is defined here");
    return;
  }
  uses.calls[current].emplace_back(&callee, call.loc);
  matchArguments(callee, callee.getFormals(), call.arguments, call.loc,
                 &diagnostics);
}

} // namespace maek::dsl
