// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/NameChecker.h"

#include "dsl/Arguments.h"
#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/Primitives.h"
#include "dsl/Program.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

StringRef NameChecker::describe(NameKind kind) {
  switch (kind) {
  case NameKind::Hyperparameter:
    return "a hyperparameter";
  case NameKind::Parameter:
    return "a parameter of the function";
  case NameKind::Weight:
    return "a param";
  case NameKind::State:
    return "a state";
  case NameKind::Running:
    return "a running value";
  case NameKind::Dimension:
    return "a dimension";
  case NameKind::Index:
    return "the index of a loop";
  case NameKind::Input:
    return "an input or target";
  case NameKind::Value:
    return "a value";
  case NameKind::Metric:
    return "a metric";
  }
  return "";
}

NameChecker::Entry *NameChecker::find(StringRef name) {
  for (Scope &scope : llvm::reverse(scopes))
    if (auto it = scope.find(name); it != scope.end())
      return &it->second;
  return nullptr;
}

NameChecker::Entry *NameChecker::findUsed(StringRef name) {
  Entry *entry = find(name);
  if (!entry)
    return nullptr;
  entry->isUsed = true;
  if (entry->kind == NameKind::Hyperparameter)
    uses.hyperparameters.insert(entry->loc.getPointer());
  return entry;
}

/// What is for others to see or to give, and what its name excuses.
bool NameChecker::mayBeUnused(StringRef name, const Entry &entry) const {
  switch (entry.kind) {
  case NameKind::Weight:
  case NameKind::State:
  case NameKind::Running:
  case NameKind::Input:
    return name.starts_with("_");
  case NameKind::Value:
    return name.starts_with("_") || (name == "loss" && !function &&
                                     current->kind == DefinitionKind::Model);
  default:
    return true;
  }
}

void warnUnused(Identifier name, StringRef what, Diagnostics &diagnostics) {
  diagnostics.warning(name.loc, "'" + name.name + "' is " + what +
                                    " that nothing uses; name it '_" +
                                    name.name + "' if that is meant");
}

void NameChecker::leaveScope() {
  for (auto &scoped : scopes.back()) {
    StringRef name = scoped.first();
    const Entry &entry = scoped.second;
    if (current->isStandard || mayBeUnused(name, entry))
      continue;
    if (!entry.isUsed)
      warnUnused({name, entry.loc}, describe(entry.kind), diagnostics);
    else if ((entry.kind == NameKind::State ||
              entry.kind == NameKind::Running) &&
             entry.assignedIn.empty())
      diagnostics.warning(
          entry.loc, "'" + name + "' is " + describe(entry.kind) + " that '" +
                         (entry.kind == NameKind::State ? "step" : "apply") +
                         "' never sets: it keeps its first value");
  }
  scopes.pop_back();
}

void NameChecker::declare(Identifier name, NameKind kind) {
  if (Entry *known = find(name.name)) {
    diagnostics
        .error(name.loc,
               "'" + name.name + "' is already " + describe(known->kind))
        .note(known->loc, "the first one is here");
    return;
  }
  scopes.back()[name.name] = {kind, name.loc, {}};
}

void NameChecker::check(const Definition &definition) {
  current = &definition;
  uses.calls[current];
  scopes.emplace_back();
  checkHyperparameters();
  checkBlock(definition.body);
  if (definition.function) {
    checkFunction(*definition.function);
    leaveScope();
    function = nullptr;
  }
  leaveScope();
}

void NameChecker::beginSetting(const Definition &model) {
  current = &model;
  isSetting = true;
  scopes.emplace_back();
  for (const Formal &formal : model.hyperparameters)
    scopes.back()[formal.name.name] = {
        NameKind::Hyperparameter, formal.name.loc, {}};
}

void NameChecker::checkSetting(const Definition &model, const Expr &value) {
  beginSetting(model);
  checkExpr(&value);
}

void NameChecker::checkWeights(const Definition &model,
                               const Weights &weights) {
  beginSetting(model);
  checkBlock(weights.body);
}

void NameChecker::checkHyperparameters() {
  for (const Formal &formal : current->hyperparameters) {
    if (formal.defaultValue)
      checkExpr(formal.defaultValue.get());
    declare(formal.name, NameKind::Hyperparameter);
  }
  if (current->kind == DefinitionKind::Optimizer &&
      !scopes.back().contains("lr"))
    diagnostics.error(current->name.loc,
                      "optimizer '" + current->name.name +
                          "' needs a hyperparameter 'lr', the learning rate");
}

/// Which is which goes by the order: a usual name at another place is a slip.
void NameChecker::checkStepOrder(const Function &step) {
  static constexpr StringRef usual[] = {"p", "g", "lr", "t"};
  for (auto [i, formal] : llvm::enumerate(step.formals)) {
    const auto *place = llvm::find(usual, formal.name.name);
    if (place != std::end(usual) && place - usual != int64_t(i))
      return (void)diagnostics.error(
          formal.name.loc,
          "'" + formal.name.name +
              "' at another's place: a step takes the parameter, its gradient, "
              "the learning rate and the number of the update, in this order");
  }
}

void NameChecker::checkFunction(const Function &checked) {
  function = &checked;
  bool isOptimizer = current->kind == DefinitionKind::Optimizer;
  scopes.emplace_back();
  if (isOptimizer && checked.formals.size() != 4)
    diagnostics.error(checked.loc,
                      "an optimizer's step takes a parameter, its gradient, "
                      "the learning rate and the number of the update");
  if (isOptimizer)
    checkStepOrder(checked);
  for (const Formal &formal : checked.formals) {
    if (formal.defaultValue)
      checkExpr(formal.defaultValue.get());
    if (current->kind == DefinitionKind::Cell && !formal.type)
      diagnostics.error(formal.name.loc, "'" + formal.name.name +
                                             "' needs a shape: a cell scans "
                                             "the axis before it");
    // The scheduled learning rate takes the place of the setting.
    if (isOptimizer && formal.name.name == "lr")
      continue;
    declare(formal.name, NameKind::Parameter);
  }
  for (const Formal &formal : checked.formals)
    if (formal.type)
      checkType(*formal.type, /*bindsDimensions=*/true);
  if (checked.value) {
    checkExpr(checked.value.get());
    return;
  }
  checkBlock(checked.body);
  StringRef result = checked.result.name;
  Entry *entry = findUsed(result);
  if (!entry || entry->assignedIn.empty())
    diagnostics.error(checked.result.loc,
                      "the result '" + result + "' is never given a value");
}

void NameChecker::checkType(const TypeSyntax &type, bool bindsDimensions) {
  auto checkDim = [&](const Expr *dim) {
    auto *name = dyn_cast<NameExpr>(dim);
    if (!name || !bindsDimensions)
      return checkExpr(dim);
    Entry *known = findUsed(name->name);
    if (!known) {
      scopes.back()[name->name] = {NameKind::Dimension, name->loc, {}};
    } else if (known->kind != NameKind::Dimension &&
               known->kind != NameKind::Hyperparameter &&
               known->kind != NameKind::Index &&
               known->kind != NameKind::Value) {
      diagnostics
          .error(name->loc, "'" + name->spelling + "' is already " +
                                describe(known->kind) + ", not a dimension")
          .note(known->loc, "the first one is here");
    }
  };
  for (const ExprPtr &dim : type.dims)
    checkDim(dim.get());
  // A class count that is not known has no symbol to stand for it.
  if (type.classes && function)
    checkDim(type.classes.get());
  else if (type.classes)
    checkExpr(type.classes.get());
}

/// The number that the text itself states: a range of computed ends may well
/// be empty.
static std::optional<double> getWritten(const Expr &expr) {
  if (auto *number = dyn_cast<NumberExpr>(&expr))
    return number->value;
  auto *unary = dyn_cast<UnaryExpr>(&expr);
  if (!unary || unary->op != TokenKind::Minus)
    return std::nullopt;
  std::optional<double> operand = getWritten(*unary->operand);
  return operand ? std::optional(-*operand) : std::nullopt;
}

void NameChecker::checkLoop(const ForStmt &loop) {
  checkExpr(loop.low.get());
  checkExpr(loop.high.get());
  std::optional<double> low = getWritten(*loop.low);
  std::optional<double> high = getWritten(*loop.high);
  if (low && high && *low > *high)
    diagnostics.warning(loop.low->begin,
                        "this loop runs no times: a range counts upwards");
  scopes.emplace_back();
  declare(loop.variable, NameKind::Index);
  ++loops;
  checkBlock(loop.body);
  --loops;
  leaveScope();
}

void NameChecker::checkBlock(const Block &block) {
  // Those of the blocks around stay; a copy of them all would cost each loop.
  std::vector<StringRef> own;
  auto expect = [&](const Identifier &name) {
    if (later.try_emplace(name.name, name.loc).second)
      own.push_back(name.name);
  };
  for (const StmtPtr &stmt : block)
    if (auto *assign = dyn_cast<AssignStmt>(stmt.get()))
      expect(assign->target);
    else if (auto *use = dyn_cast<UseStmt>(stmt.get()))
      expect(use->name);
  for (const StmtPtr &stmt : block) {
    if (auto *assign = dyn_cast<AssignStmt>(stmt.get())) {
      checkAssign(*assign, block);
    } else if (auto *declared = dyn_cast<DeclareStmt>(stmt.get())) {
      checkDeclare(*declared);
    } else if (auto *use = dyn_cast<UseStmt>(stmt.get())) {
      checkUse(*use);
    } else if (auto *loop = dyn_cast<ForStmt>(stmt.get())) {
      checkLoop(*loop);
    } else if (auto *map = dyn_cast<MapStmt>(stmt.get())) {
      checkExpr(map->model.get());
      checkExpr(map->file.get());
    } else if (auto *ignore = dyn_cast<IgnoreStmt>(stmt.get())) {
      checkExpr(ignore->pattern.get());
    } else if (auto *output = dyn_cast<OutputStmt>(stmt.get())) {
      for (Identifier name : output->names)
        if (auto it = later.find(name.name);
            it != later.end() && !find(name.name)) {
          usedTooEarly(name.loc, name.name, it->second);
        } else if (!findUsed(name.name)) {
          std::vector<StringRef> known;
          for (auto &entry : scopes.back())
            known.push_back(entry.first());
          llvm::sort(known);
          diagnostics.error(name.loc, "unknown name '" + name.name + "'" +
                                          didYouMean(name.name, known));
        }
    }
  }
  for (StringRef name : own)
    later.erase(name);
}

/// x = Block(x) in a loop, where x is from outside of the loop.
bool NameChecker::isCarried(StringRef name, const Entry &known) const {
  if (!loops || known.kind != NameKind::Value || scopes.back().contains(name))
    return false;
  // What a layer names beside its function stays what it is.
  return !function || !scopes.front().contains(name);
}

void NameChecker::checkAssign(const AssignStmt &assign, const Block &block) {
  checkExpr(assign.value.get());
  Identifier name = assign.target;
  Entry *known = find(name.name);
  if (!known) {
    declare(name, assign.kind == StmtKind::Metric ? NameKind::Metric
                                                  : NameKind::Value);
    scopes.back()[name.name].assignedIn.insert(&block);
    return;
  }
  bool isState =
      (known->kind == NameKind::State || known->kind == NameKind::Running) &&
      function;
  // p = p - ... in an optimizer.
  bool isResult = current->kind == DefinitionKind::Optimizer && function &&
                  known->kind == NameKind::Parameter &&
                  name.name == function->result.name;
  bool fresh = !known->assignedIn.contains(&block);
  if (fresh && assign.kind == StmtKind::Assign &&
      (isState || isResult || isCarried(name.name, *known))) {
    known->assignedIn.insert(&block);
    return;
  }
  diagnostics
      .error(name.loc,
             "'" + name.name + "' is already " + describe(known->kind))
      .note(known->loc, "the first one is here");
}

void NameChecker::checkDeclare(const DeclareStmt &declared) {
  bool isInput =
      declared.kind == StmtKind::Input || declared.kind == StmtKind::Target;
  bool isOptimizer = current->kind == DefinitionKind::Optimizer;
  if (!declared.type && !isOptimizer)
    diagnostics.error(declared.names.front().loc,
                      "'" + declared.names.front().name +
                          "' needs a shape, such as ': [N, d]'");
  if (declared.type && isOptimizer)
    diagnostics.error(declared.type->loc, "an optimizer's state has the shape "
                                          "of its parameter");
  if (declared.type)
    checkType(*declared.type, isInput);
  if (declared.type && declared.type->classes && !isInput)
    diagnostics.error(declared.type->loc, "only inputs, targets and parameters "
                                          "of functions can be classes");
  checkInit(declared);
  for (Identifier name : declared.names)
    declare(name, isInput                              ? NameKind::Input
                  : declared.kind == StmtKind::State   ? NameKind::State
                  : declared.kind == StmtKind::Running ? NameKind::Running
                                                       : NameKind::Weight);
}

void NameChecker::checkInit(const DeclareStmt &declared) {
  if (!declared.init)
    return;
  if (!declared.isDistribution)
    return checkExpr(declared.init.get());
  auto *call = dyn_cast<CallExpr>(declared.init.get());
  const NameExpr *name = call ? call->getCalleeName() : nullptr;
  if (!name || (name->name != "uniform" && name->name != "normal")) {
    std::string hint = name ? getForeignName(name->name).str() : "";
    if (hint.empty() && name)
      hint = didYouMean(name->name, {"uniform", "normal"});
    diagnostics.error(declared.init->loc,
                      "expected uniform(low, high) or normal(mean, deviation)" +
                          hint);
    return;
  }
  if (declared.kind == StmtKind::State || declared.kind == StmtKind::Running)
    diagnostics.error(call->loc, (declared.kind == StmtKind::State
                                      ? Twine("a state")
                                      : Twine("a running value")) +
                                     " starts from a value, not from a "
                                     "distribution");
  if (call->arguments.size() != 2 || !call->arguments[0].name.empty() ||
      !call->arguments[1].name.empty())
    diagnostics.error(call->loc, "'" + name->name + "' takes two numbers");
  for (const Argument &argument : call->arguments)
    checkExpr(argument.value.get());
}

} // namespace maek::dsl
