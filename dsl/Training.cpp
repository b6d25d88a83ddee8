// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Training.h"

#include "dsl/Arguments.h"
#include "dsl/Augmentations.h"
#include "dsl/DataSets.h"
#include "dsl/Diagnostics.h"
#include "dsl/ForeignSyntax.h"
#include "dsl/Program.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

static constexpr StringLiteral settings[] = {
    "data",       "optimizer", "except",  "clip_norm", "schedule", "batch",
    "accumulate", "augment",   "average", "use",       "epochs",   "seed"};

/// Settings that may stand in a block more than once.
static bool isRepeatable(const TrainItem &item) {
  return item.keyword.name == "except" || item.keyword.name == "use";
}

const TrainItem *findItem(const Train &train, StringRef keyword) {
  for (const TrainItem &item : train.items)
    if (item.keyword.name == keyword)
      return &item;
  return nullptr;
}

static const NameExpr *getCalledName(const Expr &value) {
  if (auto *call = dyn_cast<CallExpr>(&value))
    return call->getCalleeName();
  return dyn_cast<NameExpr>(&value);
}

const Definition *findCalled(const Expr &value, const Program &program,
                             DefinitionKind kind,
                             ArrayRef<Argument> &arguments) {
  const NameExpr *name = getCalledName(value);
  const Definition *definition =
      name ? program.find(name->name, false) : nullptr;
  if (!definition || definition->kind != kind)
    return nullptr;
  arguments = {};
  if (auto *call = dyn_cast<CallExpr>(&value))
    arguments = call->arguments;
  return definition;
}

static bool isSchedule(const Definition &definition) {
  ArrayRef<Formal> formals = definition.getFormals();
  return formals.size() >= kScheduleGiven && formals[0].name.name == "step" &&
         formals[1].name.name == "steps";
}

/// An item whose value is a call of a definition of `kind`.
static void checkCalled(const TrainItem &item, const Program &program,
                        DefinitionKind kind, Diagnostics &diagnostics) {
  bool schedule = kind == DefinitionKind::Fn;
  ArrayRef<Argument> arguments;
  const Definition *called = findCalled(*item.value, program, kind, arguments);
  if (called && schedule && !isSchedule(*called)) {
    diagnostics
        .error(item.value->loc, "'" + called->name.name +
                                    "' is no schedule: its first parameters "
                                    "must be 'step' and 'steps'")
        .note(called->name.loc, "it is defined here");
    return;
  }
  if (called) {
    matchArguments(*called, called->getFormals(), arguments, item.value->loc,
                   &diagnostics, schedule ? kScheduleGiven : 0);
    return;
  }
  StringRef what = schedule ? "schedule" : "optimizer";
  const NameExpr *name = getCalledName(*item.value);
  if (!name) {
    diagnostics.error(item.value->loc, "expected the name of a" +
                                           StringRef(schedule ? "" : "n") +
                                           " " + what + " and its settings");
    return;
  }
  std::vector<StringRef> known;
  for (const Definition *definition : program.getDefinitions(false))
    if (definition->kind == kind && (!schedule || isSchedule(*definition)))
      known.push_back(definition->name.name);
  std::string hint = didYouMean(name->name, known);
  if (hint.empty())
    hint = "; there are " + llvm::join(known, ", ") +
           ", and those that a file defines";
  diagnostics.error(name->loc,
                    "unknown " + what + " '" + name->spelling + "'" + hint);
}

/// The arguments of an exception are hyperparameters of the optimizer.
static void checkException(const TrainItem &item, const Train &train,
                           const Program &program, Diagnostics &diagnostics) {
  const TrainItem *called = findItem(train, "optimizer");
  ArrayRef<Argument> arguments;
  const Definition *optimizer =
      called ? findCalled(*called->value, program, DefinitionKind::Optimizer,
                          arguments)
             : nullptr;
  if (!optimizer)
    return;
  ArrayRef<Formal> known = optimizer->hyperparameters;
  for (const NamedArgument &argument : item.arguments)
    if (StringRef name = argument.name.name;
        llvm::none_of(known, [&](const Formal &formal) {
          return formal.name.name == name;
        }))
      diagnostics
          .error(argument.name.loc, "'" + optimizer->name.name +
                                        "' has no parameter '" + name + "'" +
                                        getParameterHint(name, known))
          .note(optimizer->name.loc,
                "'" + optimizer->name.name + "' is defined here");
}

/// Each is known, none comes twice.
static void checkAugment(const TrainItem &item, Diagnostics &diagnostics) {
  SmallVector<std::pair<const Augmentation *, SMLoc>> seen;
  for (const ExprPtr &expr : item.list) {
    const Augmentation *found = checkAugmentation(*expr, diagnostics);
    if (!found)
      continue;
    for (auto [other, place] : seen)
      if (other == found)
        diagnostics
            .error(expr->begin,
                   "'" + StringRef(found->name) + "' is given twice")
            .note(place, "the first one is here");
    seen.emplace_back(found, expr->begin);
  }
}

/// `use teacher = "file"`: the model has a statement of that name.
static void checkUsed(const TrainItem &item, const Train &train,
                      const Definition &model, Diagnostics &diagnostics) {
  std::vector<StringRef> known;
  for (const StmtPtr &stmt : model.body)
    if (auto *use = dyn_cast<UseStmt>(stmt.get()))
      known.push_back(use->name.name);
  if (!llvm::is_contained(known, item.used.name))
    diagnostics.error(item.used.loc, "'" + model.name.name +
                                         "' uses no model '" + item.used.name +
                                         "'" +
                                         didYouMean(item.used.name, known));
  for (const TrainItem &other : train.items) {
    if (&other == &item)
      break;
    if (other.used.name == item.used.name)
      diagnostics
          .error(item.used.loc, "'" + item.used.name + "' is given twice")
          .note(other.used.loc, "the first one is here");
  }
}

/// False if there is no such setting.
static bool checkItem(const TrainItem &item, const Train &train,
                      const Program &program, Diagnostics &diagnostics) {
  Identifier keyword = item.keyword;
  if (!llvm::is_contained(settings, keyword.name)) {
    SmallVector<StringRef> known(std::begin(settings), std::end(settings));
    std::string hint = getForeignSetting(keyword.name).str();
    if (hint.empty())
      hint = didYouMean(keyword.name, known);
    diagnostics.error(keyword.loc,
                      "unknown setting '" + keyword.name + "'" + hint);
    return false;
  }
  if (item.sign.isValid())
    diagnostics.error(item.sign,
                      "'" + keyword.name + "' takes its value without a '" +
                          StringRef(item.sign.getPointer(), 1) + "'");
  if (keyword.name == "optimizer") {
    checkCalled(item, program, DefinitionKind::Optimizer, diagnostics);
  } else if (keyword.name == "schedule") {
    checkCalled(item, program, DefinitionKind::Fn, diagnostics);
  } else if (keyword.name == "augment") {
    checkAugment(item, diagnostics);
  } else if (keyword.name == "except") {
    checkException(item, train, program, diagnostics);
  }
  return true;
}

/// The names in an item's value, or in the arguments of what it calls.
static void checkValue(const TrainItem &item, const Program &program,
                       const Definition &model, Diagnostics &diagnostics,
                       Uses &uses) {
  auto check = [&](const Expr &value) {
    NameChecker(program, diagnostics, uses).checkSetting(model, value);
  };
  for (const NamedArgument &argument : item.arguments) {
    if (argument.value)
      check(*argument.value);
    auto first = llvm::find_if(item.arguments, [&](const NamedArgument &other) {
      return other.name.name == argument.name.name;
    });
    if (&*first != &argument)
      diagnostics
          .error(argument.name.loc,
                 "'" + argument.name.name + "' is given twice")
          .note(first->name.loc, "the first one is here");
  }
  for (const ExprPtr &expr : item.list)
    if (const Expr *number = getAugmentationArgument(*expr))
      check(*number);
  if (!item.value)
    return;
  bool isCalled =
      item.keyword.name == "optimizer" || item.keyword.name == "schedule";
  if (auto *call = dyn_cast<CallExpr>(item.value.get()); call && isCalled) {
    for (const Argument &argument : call->arguments)
      check(*argument.value);
  } else if (!isCalled) {
    check(*item.value);
  }
}

/// The model that a block is about; null, reported, if there is none.
static const Definition *findModel(Identifier name, const Program &program,
                                   Diagnostics &diagnostics) {
  const Definition *model = program.find(name.name, false);
  if (model && model->kind == DefinitionKind::Model)
    return model;
  std::vector<StringRef> known;
  for (const Definition *definition : program.getUserDefinitions())
    if (definition->kind == DefinitionKind::Model)
      known.push_back(definition->name.name);
  diagnostics.error(name.loc, "unknown model '" + name.name + "'" +
                                  didYouMean(name.name, known));
  return nullptr;
}

void checkWeights(const Weights &weights, const Program &program,
                  Diagnostics &diagnostics, Uses &uses) {
  const Definition *model = findModel(weights.model, program, diagnostics);
  if (!model)
    return;
  for (const Weights *other : program.getWeights(*model)) {
    if (other == &weights)
      break;
    if (other->name.name == weights.name.name)
      diagnostics
          .error(weights.name.loc, "'" + model->name.name +
                                       "' has a second weights block '" +
                                       weights.name.name + "'")
          .note(other->name.loc, "the first one is here");
  }
  NameChecker(program, diagnostics, uses).checkWeights(*model, weights);
}

void checkTrain(const Train &train, const Program &program,
                Diagnostics &diagnostics, Uses &uses) {
  const Definition *model = findModel(train.model, program, diagnostics);
  for (const Train &other : program.getMainFile().trains) {
    if (&other == &train)
      break;
    if (other.model.name == train.model.name)
      diagnostics
          .error(train.model.loc,
                 "'" + train.model.name + "' has a second train block")
          .note(other.model.loc, "the first one is here");
  }
  bool allKnown = true;
  for (const TrainItem &item : train.items) {
    const TrainItem *first = findItem(train, item.keyword.name);
    if (first != &item && !isRepeatable(item))
      diagnostics
          .error(item.keyword.loc, "'" + item.keyword.name + "' is set twice")
          .note(first->keyword.loc, "the first one is here");
    bool known = checkItem(item, train, program, diagnostics);
    allKnown &= known;
    if (known && item.keyword.name == "data")
      checkDataSet(item, diagnostics);
    if (known && model && item.keyword.name == "use")
      checkUsed(item, train, *model, diagnostics);
    if (known && model)
      checkValue(item, program, *model, diagnostics, uses);
  }
  if (allKnown && !findItem(train, "optimizer"))
    diagnostics.error(train.model.loc, "training needs an optimizer");
}

} // namespace maek::dsl
