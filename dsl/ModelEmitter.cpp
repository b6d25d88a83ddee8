// Part of Maek, under the MIT licence; see LICENSE.
// The model's own statements.
#include "dsl/ModelEmitter.h"

#include "dsl/Diagnostics.h"
#include "dsl/Program.h"
#include "dsl/ShapeTable.h"
#include "dsl/Unicode.h"
#include "ir/Entries.h"

#include "llvm/Support/Casting.h"
#include <cmath>

using namespace llvm;

namespace maek::dsl {

ModelEmitter::ModelEmitter(const Program &program, Diagnostics &diagnostics,
                           mlir::MLIRContext *context, mlir::Type floatType,
                           const Definition &model, const Train *train)
    : program(program), diagnostics(diagnostics), floatType(floatType),
      model(model), train(train), tensors(context, floatType, diagnostics),
      evaluator(program, diagnostics, tensors),
      frame(&model, &root, model.name.loc, mlir::UnknownLoc::get(context)),
      settingsFrame(&model, nullptr, model.name.loc,
                    mlir::UnknownLoc::get(context)) {
  root.definition = &model;
}

bool ModelEmitter::setHyperparameters(const Overrides &overrides) {
  // A default that is no number may emit operations; they go nowhere.
  mlir::Block scratch;
  tensors.ops.setInsertionPointToEnd(&scratch);
  std::vector<StringRef> known;
  StringMap<double> given;
  for (const Formal &formal : model.hyperparameters)
    known.push_back(formal.name.name);
  for (auto &[spelling, text] : overrides) {
    std::string name = getCanonicalName(spelling);
    double number = 0;
    if (!llvm::is_contained(known, StringRef(name)))
      diagnostics.error(model.name.loc, "model '" + model.name.name +
                                            "' has no hyperparameter '" +
                                            spelling + "'" +
                                            didYouMean(name, known));
    else if (StringRef(text).getAsDouble(number) || !std::isfinite(number))
      diagnostics.error(model.name.loc, Twine("hyperparameter '") + name +
                                            "' needs a number, found '" + text +
                                            "'");
    given[name] = number;
  }
  for (const Formal &formal : model.hyperparameters) {
    StringRef name = formal.name.name;
    Value value;
    if (auto it = given.find(name); it != given.end()) {
      value = Value::makeNumber(it->second, formal.name.loc);
    } else if (!formal.defaultValue) {
      diagnostics.error(formal.name.loc,
                        "hyperparameter '" + name +
                            "' has no value; give it a default, or one by "
                            "--set " +
                            name + "=VALUE");
    } else if (std::optional<double> number =
                   evaluator.evaluateNumber(*formal.defaultValue, frame,
                                            "hyperparameter '" + name + "'")) {
      value = Value::makeNumber(*number, formal.defaultValue->begin);
    }
    root.hyperparameters[name] = value;
    frame.scopes.front()[name] = value;
    settingsFrame.scopes.front()[name] = value;
  }
  scratch.dropAllReferences();
  return !diagnostics.hasErrors();
}

mlir::Value ModelEmitter::getArgument(StringRef role, StringRef name,
                                      mlir::Type type, mlir::Location location,
                                      int64_t classes) {
  std::string key = (role + "." + name).str();
  auto [taken, isNew] = takers.try_emplace(key, 0);
  taken->second |= 1u << unsigned(current);
  if (isNew)
    arguments.push_back({role, name.str(), type, location, classes});
  mlir::Value &value = argumentValues[key];
  if (!value)
    value = entryBlock->addArgument(type, location);
  return value;
}

/// Whether the input or target was met with as many classes.
bool ModelEmitter::hasClasses(StringRef name, int64_t classes) const {
  return llvm::none_of(arguments, [&](const Argument &argument) {
    return (argument.role == "input" || argument.role == "target") &&
           argument.name == name && argument.classes != classes;
  });
}

/// A name that is not known yet is a size that each call of the program
/// chooses.
void ModelEmitter::bindSymbols(const TypeSyntax &type) {
  for (const ExprPtr &dim : type.dims) {
    auto *name = dyn_cast<NameExpr>(dim.get());
    if (!name || frame.find(name->name))
      continue;
    if (name->name == kBatchSymbol)
      diagnostics.error(name->loc, "'B' is the batch's own name; the batch "
                                   "axis is never written");
    frame.set(name->name,
              Value::makeSize(Extent::symbol(name->name), name->loc));
  }
}

void ModelEmitter::declareInputs(const DeclareStmt &declare) {
  if (!declare.type)
    return;
  bool isTarget = declare.kind == StmtKind::Target;
  const TypeSyntax &type = *declare.type;
  bindSymbols(type);
  std::optional<Axes> axes = evaluator.evaluateDims(type, frame);
  std::optional<Axis> classes;
  if (type.classes) {
    classes = evaluator.evaluateDim(*type.classes, frame);
    if (classes && !classes->size.isStatic()) {
      evaluator.moveTo(type.classes->begin, frame);
      tensors.error("the number of classes must be known when compiling");
      classes.reset();
    }
  }
  for (Identifier name : declare.names) {
    Value value;
    evaluator.moveTo(name.loc, frame);
    if (axes && (classes || !type.classes) && tensors.fits({0u}, *axes)) {
      Element element = classes ? Element::Class : Element::Float;
      mlir::Location location = evaluator.getLocation(name.loc, name.name);
      mlir::Type shape = tensors.getType({0u}, *axes, element);
      int64_t count = classes ? classes->size.factor : 0;
      mlir::Value argument = getArgument(isTarget ? "target" : "input",
                                         name.name, shape, location, count);
      if (argument.getType() != shape || !hasClasses(name.name, count)) {
        tensors.error("'" + name.name +
                      "' must be the same in training and elsewhere");
        continue;
      }
      value = tensors.wrap(argument, {0u}, *axes, element);
      value.classes = classes.value_or(Axis());
    }
    frame.set(name.name, value);
    if (evaluator.shapes)
      evaluator.shapes->end(evaluator.shapes->begin(name.loc, "", name.name),
                            value);
  }
}

Extent ModelEmitter::getBatchSize() { return Extent::symbol(kBatchSymbol); }

void ModelEmitter::beginEntry(Entry entry) {
  current = entry;
  tensors.reset();
  evaluator.reset();
  evaluator.isTraining = entry == Entry::TrainStep;
  tensors.times.clear();
  tensors.getRandomKey = {};
  if (evaluator.isTraining)
    tensors.getRandomKey = [&](StringRef name) {
      return getArgument("scalar", name,
                         tensors.getType({}, {}, Element::Class),
                         evaluator.getLocation(model.name.loc, name));
    };
}

std::optional<ModelEmitter::Outcome> ModelEmitter::evaluateModel() {
  tensors.addMappedAxis({getBatchSize(), model.name.loc});
  frame.scopes.resize(1);
  frame.scopes.front().clear();
  for (auto &given : root.hyperparameters)
    frame.scopes.front()[given.first()] = given.second;
  Outcome outcome;
  for (const StmtPtr &stmt : model.body) {
    if (auto *declare = dyn_cast<DeclareStmt>(stmt.get())) {
      if (declare->kind == StmtKind::Param)
        evaluator.declareParameters(*declare, frame);
      else
        declareInputs(*declare);
      continue;
    }
    if (auto *output = dyn_cast<OutputStmt>(stmt.get())) {
      for (Identifier name : output->names) {
        Value *value = frame.find(name.name);
        outcome.outputs.emplace_back(name, value ? *value : Value());
      }
      continue;
    }
    evaluator.evaluate(*stmt, frame);
    auto *assign = dyn_cast<AssignStmt>(stmt.get());
    if (!assign)
      continue;
    Value *value = frame.find(assign->target.name);
    if (assign->kind == StmtKind::Metric)
      outcome.metrics.emplace_back(assign->target, value ? *value : Value());
    else if (assign->target.name == "loss")
      outcome.loss.emplace(assign->target, value ? *value : Value());
  }
  checkOutcome(outcome);
  if (diagnostics.hasErrors())
    return std::nullopt;
  return outcome;
}

void ModelEmitter::checkOutcome(const Outcome &outcome) {
  auto checkScalar = [&](Identifier name, const Value &value, StringRef what) {
    if (value.isPoison() ||
        (value.isScalar() && value.element != Element::Class))
      return;
    evaluator.moveTo(name.loc, frame);
    Diagnostic &error = tensors.error(
        what + " of one example must be a scalar, found " + describe(value) +
        (value.isScalar() ? "" : "; mean(...) of it is one"));
    tensors.noteDifference(error, value.axes, {});
  };
  StringMap<SMLoc> seen;
  for (auto &[name, value] : outcome.outputs) {
    evaluator.moveTo(name.loc, frame);
    if (value.is(ValueKind::Instance))
      tensors.error("'" + name.name + "' is a layer; an output is a value");
    auto [entry, isNew] = seen.try_emplace(name.name, name.loc);
    if (!isNew)
      diagnostics.error(name.loc, "'" + name.name + "' is an output twice")
          .note(entry->second, "the first one is here");
  }
  if (outcome.loss)
    checkScalar(outcome.loss->first, outcome.loss->second, "the loss");
  // What a run says of itself, in the same line.
  constexpr StringLiteral taken[] = {
      "epoch",    "step",     "split", "seconds", "samples_per_second",
      "examples", "grad_norm"};
  for (auto &[name, value] : outcome.metrics) {
    checkScalar(name, value, "a metric");
    if (llvm::is_contained(taken, StringRef(name.name)))
      diagnostics.error(name.loc, "'" + name.name +
                                      "' is a figure of every run; a metric "
                                      "needs another name");
  }
  bool hasInput = llvm::any_of(arguments, [](const Argument &argument) {
    return argument.role == "input";
  });
  if (diagnostics.hasErrors())
    return;
  if (!hasInput)
    diagnostics.error(model.name.loc,
                      "model '" + model.name.name + "' has no input");
  if (outcome.outputs.empty())
    diagnostics.error(model.name.loc,
                      "model '" + model.name.name + "' has no output");
  if (train && !outcome.loss)
    diagnostics
        .error(train->model.loc,
               "model '" + model.name.name + "' has no loss to train on")
        .note(model.name.loc, "it is defined here");
}

} // namespace maek::dsl
