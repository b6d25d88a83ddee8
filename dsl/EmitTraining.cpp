// Part of Maek, under the MIT licence; see LICENSE.
// The train block: settings, gradients, clipping, the optimizer's update.
#include "dsl/ModelEmitter.h"

#include "dsl/Arguments.h"
#include "dsl/Diagnostics.h"
#include "dsl/Program.h"
#include "dsl/Training.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

std::optional<double> ModelEmitter::readNumber(StringRef keyword) {
  const TrainItem *item = findItem(*train, keyword);
  if (!item)
    return std::nullopt;
  std::optional<double> number = evaluator.evaluateNumber(
      *item->value, settingsFrame, "'" + keyword + "'");
  if (number && *number <= 0)
    diagnostics.error(item->value->begin, "'" + keyword +
                                              "' must be positive, found " +
                                              formatNumber(*number));
  return number;
}

std::optional<int64_t> ModelEmitter::readInteger(StringRef keyword,
                                                 int64_t otherwise,
                                                 int64_t smallest) {
  const TrainItem *item = findItem(*train, keyword);
  if (!item)
    return otherwise;
  std::optional<int64_t> number = evaluator.evaluateInteger(
      *item->value, settingsFrame, "'" + keyword + "'");
  if (number && (*number < smallest || *number > TensorBuilder::maxElements))
    diagnostics.error(item->value->begin,
                      "'" + keyword + "' must be " +
                          (*number < smallest
                               ? "at least " + std::to_string(smallest)
                               : std::string("at most 2^31 - 1")) +
                          ", found " + Twine(*number));
  return number;
}

bool ModelEmitter::readTrain() {
  mlir::OpBuilder &ops = tensors.ops;
  constexpr int64_t defaultBatch = 32;
  std::optional<int64_t> batch = readInteger("batch", defaultBatch, 1);
  std::optional<int64_t> epochs = readInteger("epochs", 1, 1);
  std::optional<int64_t> seed = readInteger("seed", 0, 0);
  clipNorm = readNumber("clip_norm");

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
  const Value &rate = optimizer.hyperparameters["lr"];
  optimizer.learningRate = rate.number;
  if (rate.number <= 0)
    diagnostics.error(item->value->loc, "the learning rate must be positive, "
                                        "found " +
                                            formatNumber(rate.number));
  for (const StmtPtr &stmt : definition.body)
    if (auto *declare = dyn_cast<DeclareStmt>(stmt.get()))
      for (Identifier name : declare->names) {
        std::optional<double> init = evaluator.evaluateNumber(
            *declare->init, callee, "the initial value of a state");
        optimizer.states.push_back(name);
        optimizer.stateInits.push_back(init.value_or(0));
      }
  if (diagnostics.hasErrors())
    return false;
  settings = {
      ops.getNamedAttr("batch", ops.getI64IntegerAttr(*batch)),
      ops.getNamedAttr("epochs", ops.getI64IntegerAttr(*epochs)),
      ops.getNamedAttr("lr", ops.getF64FloatAttr(optimizer.learningRate)),
      ops.getNamedAttr("seed", ops.getI64IntegerAttr(*seed))};
  if (std::optional<std::string> data = readDataSet())
    settings.push_back(ops.getNamedAttr("data", ops.getStringAttr(*data)));
  return !diagnostics.hasErrors();
}

/// The data set as the runtime's option --data takes it: adding(T=200).
std::optional<std::string> ModelEmitter::readDataSet() {
  const TrainItem *item = findItem(*train, "data");
  if (!item)
    return std::nullopt;
  std::string text = item->text.str();
  const char *separator = "(";
  for (const DataArgument &argument : item->arguments) {
    text += separator + argument.name.name.str() + "=";
    separator = ", ";
    if (!argument.value) {
      text += '"' + argument.text.str() + '"';
      continue;
    }
    std::optional<double> number = evaluator.evaluateNumber(
        *argument.value, settingsFrame, "'" + argument.name.name + "'");
    text += formatNumber(number.value_or(0));
  }
  return item->arguments.empty() ? text : text + ")";
}

Value ModelEmitter::getScalar(StringRef name) {
  return tensors.wrap(getArgument("scalar", name,
                                  tensors.getType({}, {}, Element::Float),
                                  evaluator.getLocation(train->loc, name)),
                      {}, {});
}

/// The learning rate of this update: lr times the schedule's factor.
std::optional<Value> ModelEmitter::emitLearningRate(const Value &step) {
  Value rate = getScalar("lr");
  Value steps = getScalar("steps");
  const TrainItem *item = findItem(*train, "schedule");
  if (!item)
    return rate;
  ArrayRef<maek::dsl::Argument> given;
  const Definition *schedule =
      findCalled(*item->value, program, DefinitionKind::Fn, given);
  if (!schedule)
    return std::nullopt;
  ArrayRef<Formal> formals = schedule->getFormals();
  auto exprs = matchArguments(*schedule, formals, given, item->value->loc,
                              nullptr, kScheduleGiven);
  if (!exprs)
    return std::nullopt;
  evaluator.moveTo(item->value->loc, frame);
  Frame callee(schedule, nullptr, tensors.where, tensors.location);
  SmallVector<Value, 0> arguments{step, steps};
  for (size_t i = kScheduleGiven; i < formals.size(); ++i) {
    const Expr *expr = (*exprs)[i];
    bool isDefault = expr == formals[i].defaultValue.get();
    arguments.push_back(
        evaluator.evaluate(*expr, isDefault ? callee : settingsFrame));
  }
  evaluator.moveToCall(callee);
  Value factor = evaluator.apply(callee, arguments, item->value->loc);
  evaluator.moveTo(item->value->loc, frame);
  if (factor.isPoison())
    return std::nullopt;
  if (!factor.isScalar()) {
    tensors.error("a schedule's factor must be a scalar, found " +
                  describe(factor));
    return std::nullopt;
  }
  return tensors.multiply(rate, factor);
}

/// The factor that brings the gradients' common norm down to `clip_norm`.
Value ModelEmitter::emitClipping(std::vector<Value> &gradients,
                                 std::vector<Result> &results) {
  const TrainItem *item = findItem(*train, "clip_norm");
  evaluator.moveTo(item->keyword.loc, frame);
  Value total;
  for (const Value &gradient : gradients) {
    Value square = tensors.reduce("sum", tensors.multiply(gradient, gradient));
    total = total.isPoison() ? square : tensors.add(total, square);
  }
  Value norm = tensors.sqrt(total);
  results.push_back({"report", "grad_norm", norm.tensor});
  return tensors.min(tensors.divide(Value::makeNumber(*clipNorm), norm),
                     Value::makeNumber(1));
}

bool ModelEmitter::emitTraining(const Value &loss,
                                std::vector<Result> &results) {
  if (evaluator.getParameters().empty()) {
    diagnostics.error(train->model.loc, "model '" + model.name.name +
                                            "' has no parameters to train");
    return false;
  }
  evaluator.moveTo(findItem(*train, "optimizer")->value->loc, frame);
  SmallVector<mlir::Value> wrt;
  SmallVector<mlir::Type> types;
  for (auto &parameter : evaluator.getParameters()) {
    wrt.push_back(evaluator.parameterTensors[parameter.get()]);
    types.push_back(wrt.back().getType());
  }
  auto gradient = GradientOp::create(tensors.ops, tensors.location, types,
                                     loss.tensor, wrt);
  std::vector<Value> gradients;
  for (auto [parameter, value] :
       llvm::zip(evaluator.getParameters(), gradient.getGradients()))
    gradients.push_back(tensors.wrap(value, {}, parameter->axes));
  Value step = getScalar("step");
  std::optional<Value> rate = emitLearningRate(step);
  if (!rate || rate->isPoison())
    return false;
  if (clipNorm) {
    Value factor = emitClipping(gradients, results);
    for (Value &value : gradients)
      value = tensors.multiply(value, factor);
  }
  std::vector<Result> updates;
  for (auto [parameter, value] :
       llvm::zip(evaluator.getParameters(), gradients))
    if (value.isPoison() ||
        !emitUpdate(*parameter, value, *rate, step, updates))
      return false;
  // All parameters, then each state of all parameters.
  size_t each = optimizer.states.size() + 1;
  for (size_t i = 0; i < each; ++i)
    for (size_t j = i; j < updates.size(); j += each)
      results.push_back(updates[j]);
  return true;
}

/// Runs the optimizer's step: the new value of the parameter, then of its
/// states.
bool ModelEmitter::emitUpdate(const Parameter &parameter, Value gradient,
                              const Value &learningRate, const Value &step,
                              std::vector<Result> &results) {
  const Definition &definition = *optimizer.definition;
  const Function &function = *definition.function;
  SMLoc place = findItem(*train, "optimizer")->value->loc;
  evaluator.moveTo(place, frame);
  Frame callee(&definition, nullptr, tensors.where,
               evaluator.getLocation(place, parameter.name));
  callee.binding = parameter.name;
  for (auto &entry : optimizer.hyperparameters)
    callee.scopes.front()[entry.first()] = entry.second;
  callee.scopes.emplace_back();
  Value current =
      tensors.wrap(evaluator.parameterTensors[&parameter], {}, parameter.axes);
  const Value *values[] = {&current, &gradient, &learningRate, &step};
  if (function.formals.size() != std::size(values))
    return false;
  for (auto [formal, value] : llvm::zip(function.formals, values))
    callee.scopes.back()[formal.name.name] = *value;
  auto getStateName = [&](Identifier state) {
    return (definition.name.name + "." + state.name + "." + parameter.name)
        .str();
  };
  for (Identifier state : optimizer.states)
    callee.scopes.back()[state.name] =
        tensors.wrap(getArgument("state", getStateName(state),
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
    results.push_back({role, name, whole.tensor});
    return !whole.isPoison();
  };
  bool valid = add("parameter", parameter.name,
                   function.formals.front().name.name, result);
  for (Identifier state : optimizer.states)
    if (Value *value = callee.find(state.name); valid && value)
      valid = add("state", getStateName(state), state.name, *value);
  return valid;
}

} // namespace maek::dsl
