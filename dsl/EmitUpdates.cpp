// Part of Maek, under the MIT licence; see LICENSE.
// The optimizer: its hyperparameters, which groups of parameters may have of
// their own, and its step for one parameter.
#include "dsl/ModelEmitter.h"

#include "dsl/Arguments.h"
#include "dsl/Diagnostics.h"
#include "dsl/Program.h"
#include "dsl/Training.h"
#include "dsl/Unicode.h"

#include "runtime/core/EntryNames.h"
#include "runtime/core/Patterns.h"
#include "llvm/Support/Casting.h"
#include <cmath>

using namespace llvm;

namespace maek::dsl {

bool ModelEmitter::checkRate(double rate, SMLoc place) {
  if (rate > 0 && std::isfinite(rate))
    return true;
  diagnostics.error(place,
                    "the learning rate must be positive and finite, found " +
                        formatNumber(rate));
  return false;
}

bool ModelEmitter::readOptimizer() {
  const TrainItem *item = findItem(*train, "optimizer");
  ArrayRef<maek::dsl::Argument> given;
  optimizer.definition =
      item ? findCalled(*item->value, program, DefinitionKind::Optimizer, given)
           : nullptr;
  if (!optimizer.definition)
    return false;
  const Definition &definition = *optimizer.definition;
  auto exprs = matchArguments(definition, definition.hyperparameters, given,
                              item->value->loc, nullptr);
  evaluator.moveTo(item->value->loc, frame);
  Frame callee(&definition, nullptr, tensors.where, tensors.location);
  if (!exprs || !evaluator.bindHyperparameters(
                    *exprs, settingsFrame, optimizer.hyperparameters, callee))
    return false;
  auto rate = optimizer.hyperparameters.find("lr");
  if (rate == optimizer.hyperparameters.end())
    return false; // reported with the definition
  checkRate(rate->second.number, item->value->loc);
  for (const StmtPtr &stmt : definition.body)
    if (auto *declare = dyn_cast<DeclareStmt>(stmt.get()))
      for (Identifier name : declare->names)
        optimizer.states.push_back({name, declare->init.get()});
  readExceptions();
  if (diagnostics.hasErrors())
    return false;
  // Once for its errors: where it stands, none can be reported.
  for (const Parameter *parameter : getTrained())
    for (const OptimizerState &state : optimizer.states)
      getStateInit(state, *parameter);
  return !diagnostics.hasErrors();
}

/// `except "*.b" (weight_decay = 0)`: of parameters with such names.
void ModelEmitter::readExceptions() {
  for (const TrainItem &item : train->items) {
    if (item.keyword.name != "except")
      continue;
    OptimizerGroup group;
    for (Identifier pattern : item.patterns) {
      group.patterns.push_back(getCanonicalName(pattern.name));
      bool isUsed = llvm::any_of(getTrained(), [&](auto *known) {
        return runtime::matches(group.patterns.back(), known->name);
      });
      if (!isUsed)
        diagnostics.error(pattern.loc, "no parameter of '" + model.name.name +
                                           "' has a name like \"" +
                                           pattern.name + "\"");
    }
    for (const NamedArgument &argument : item.arguments) {
      StringRef name = argument.name.name;
      std::optional<double> number = evaluator.evaluateNumber(
          *argument.value, settingsFrame,
          "'" + name + "' of '" + optimizer.definition->name.name + "'");
      if (number && name == "lr")
        checkRate(*number, argument.value->begin);
      group.hyperparameters[name] =
          Value::makeNumber(number.value_or(0), argument.value->begin);
    }
    optimizer.groups.push_back(std::move(group));
  }
}

/// What the optimizer is told for this parameter: where several exceptions
/// speak of it, the last one counts.
StringMap<Value>
ModelEmitter::getHyperparameters(const Parameter &parameter) const {
  StringMap<Value> values = optimizer.hyperparameters;
  for (const OptimizerGroup &group : optimizer.groups)
    if (runtime::matchesAny(group.patterns, parameter.name))
      for (auto &entry : group.hyperparameters)
        values[entry.first()] = entry.second;
  return values;
}

std::string ModelEmitter::getStateName(const OptimizerState &state,
                                       const Parameter &parameter) const {
  return (optimizer.definition->name.name + "." + state.name.name + "." +
          parameter.name)
      .str();
}

double ModelEmitter::getStateInit(const OptimizerState &state,
                                  const Parameter &parameter) {
  Frame callee(optimizer.definition, nullptr, tensors.where, tensors.location);
  callee.scopes.front() = getHyperparameters(parameter);
  return evaluator
      .evaluateFinite(*state.init, callee, "the initial value of a state")
      .value_or(0);
}

bool ModelEmitter::emitUpdates(std::vector<Value> gradients,
                               std::vector<Result> &results) {
  Value step = getScalar(runtime::kStepName);
  std::optional<Value> rate = emitLearningRate(step);
  if (!rate || rate->isPoison())
    return false;
  if (clipNorm) {
    Value factor = emitClipping(gradients, results);
    for (Value &value : gradients)
      value = tensors.multiply(value, factor);
  }
  std::vector<Result> updates;
  for (auto [parameter, value] : llvm::zip(getTrained(), gradients))
    if (value.isPoison() ||
        !emitUpdate(*parameter, value, *rate, step, updates))
      return false;
  // All parameters, then each state of all parameters.
  size_t each = optimizer.states.size() + 1;
  for (size_t i = 0; i < each; ++i)
    for (size_t j = i; j < updates.size(); j += each)
      results.push_back(updates[j]);
  if (!decay)
    return true;
  evaluator.moveTo(findItem(*train, "average")->keyword.loc, frame);
  constexpr double eta = 8;
  Value share =
      tensors.max(Value::makeNumber(1 - *decay),
                  tensors.divide(Value::makeNumber(eta + 1),
                                 tensors.add(step, Value::makeNumber(eta))));
  for (auto [i, parameter] : llvm::enumerate(getTrained()))
    if (!emitAverage(updates[i * each], *parameter, share, results))
      return false;
  return true;
}

/// The mean of the parameter's values after each update, with weights that fall
/// by the decay; as long as they are few, by a power of their age's share,
/// which leaves the first ones behind sooner (Shamir, Zhang 2013, with η = 8).
bool ModelEmitter::emitAverage(const Result &updated,
                               const Parameter &parameter, const Value &share,
                               std::vector<Result> &results) {
  std::string name = (kAveragePrefix + parameter.name).str();
  Value average = tensors.wrap(
      getArgument("state", name, updated.value.getType(), parameter.location),
      {}, parameter.axes);
  Value current = tensors.wrap(updated.value, {}, parameter.axes);
  Value next = tensors.add(
      average, tensors.multiply(share, tensors.subtract(current, average)));
  results.push_back({"state", name, next.tensor});
  return !next.isPoison();
}

Value ModelEmitter::getSum(const Parameter &parameter) {
  mlir::Type type = tensors.getType({}, parameter.axes, Element::Float);
  return tensors.wrap(getArgument("state", (kSumPrefix + parameter.name).str(),
                                  type, parameter.location),
                      {}, parameter.axes);
}

Value ModelEmitter::getExamples() {
  return tensors.wrap(
      getArgument("state", kSumOfExamples,
                  tensors.getType({}, {}, Element::Float),
                  evaluator.getLocation(train->loc, kSumOfExamples)),
      {}, {});
}

bool ModelEmitter::emitAccumulation(ArrayRef<Value> gradients,
                                    std::vector<Result> &results) {
  auto add = [&](const Twine &name, const Value &value) {
    results.push_back({"state", name.str(), value.tensor});
    return !value.isPoison();
  };
  for (auto [parameter, gradient] : llvm::zip(getTrained(), gradients))
    if (!add(kSumPrefix + parameter->name,
             tensors.add(getSum(*parameter), gradient)))
      return false;
  return add(kSumOfExamples,
             tensors.add(getExamples(), Value::makeSize(getBatchSize(), {})));
}

/// The entry `update`: what several batches have gathered makes one update, and
/// the sums begin anew.
bool ModelEmitter::emitAccumulatedUpdates(std::vector<Result> &results) {
  evaluator.moveTo(findItem(*train, "optimizer")->value->loc, frame);
  std::vector<Value> gradients;
  for (const Parameter *parameter : getTrained())
    gradients.push_back(tensors.divide(getSum(*parameter), getExamples()));
  if (!emitUpdates(std::move(gradients), results))
    return false;
  for (const Parameter *parameter : getTrained())
    results.push_back({"state", (kSumPrefix + parameter->name).str(),
                       tensors.constant(0, {}, parameter->axes).tensor});
  results.push_back(
      {"state", kSumOfExamples.str(), tensors.constant(0, {}, {}).tensor});
  return true;
}

/// Runs the optimizer's step: the new value of the parameter, then of its
/// states.
bool ModelEmitter::emitUpdate(const Parameter &parameter, const Value &gradient,
                              const Value &learningRate, const Value &step,
                              std::vector<Result> &results) {
  const Definition &definition = *optimizer.definition;
  const Function &function = *definition.function;
  SMLoc place = findItem(*train, "optimizer")->value->loc;
  evaluator.moveTo(place, frame);
  Frame callee(&definition, nullptr, tensors.where,
               evaluator.getLocation(place, parameter.name));
  callee.binding = parameter.name;
  callee.scopes.front() = getHyperparameters(parameter);
  // What the command line says of the rate holds for all, in proportion.
  double share = callee.scopes.front()["lr"].number /
                 optimizer.hyperparameters["lr"].number;
  Value rate = share == 1
                   ? learningRate
                   : tensors.multiply(learningRate, Value::makeNumber(share));
  callee.scopes.emplace_back();
  Value current =
      tensors.wrap(evaluator.parameterTensors[&parameter], {}, parameter.axes);
  const Value *values[] = {&current, &gradient, &rate, &step};
  if (function.formals.size() != std::size(values))
    return false;
  for (auto [formal, value] : llvm::zip(function.formals, values))
    callee.scopes.back()[formal.name.name] = *value;
  for (const OptimizerState &state : optimizer.states)
    callee.scopes.back()[state.name.name] =
        tensors.wrap(getArgument("state", getStateName(state, parameter),
                                 current.tensor.getType(), parameter.location),
                     {}, parameter.axes);
  Value result = evaluator.run(function, callee);
  evaluator.moveToCall(callee);
  auto add = [&](StringRef role, std::string name, StringRef what,
                 const Value &value) {
    if (value.isPoison())
      return false;
    Value whole = value;
    if (value.is(ValueKind::Number))
      whole = tensors.constant(value.number, {}, parameter.axes);
    if (!haveSameSizes(whole.axes, parameter.axes)) {
      tensors.error("'" + what + "' of '" + definition.name.name +
                    "' becomes " + describe(value) + " for a parameter of " +
                    describeShape(parameter.axes));
      return false;
    }
    whole = tensors.toFloat(whole);
    results.push_back({role, std::move(name), whole.tensor});
    return !whole.isPoison();
  };
  bool valid = add("parameter", parameter.name,
                   function.formals.front().name.name, result);
  for (const OptimizerState &state : optimizer.states)
    if (Value *value = callee.find(state.name.name); valid && value)
      valid =
          add("state", getStateName(state, parameter), state.name.name, *value);
  return valid;
}

} // namespace maek::dsl
