// Part of Maek, under the MIT licence; see LICENSE.
// The train block: settings, gradients, clipping, the optimizer's update.
#include "dsl/ModelEmitter.h"

#include "dsl/Arguments.h"
#include "dsl/Augmentations.h"
#include "dsl/DataSets.h"
#include "dsl/Diagnostics.h"
#include "dsl/Program.h"
#include "dsl/Training.h"

#include "runtime/core/Defaults.h"
#include "runtime/core/EntryNames.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

std::optional<double> ModelEmitter::readNumber(StringRef keyword) {
  const TrainItem *item = findItem(*train, keyword);
  if (!item)
    return std::nullopt;
  std::optional<double> number = evaluator.evaluateFinite(
      *item->value, settingsFrame, "'" + keyword + "'");
  if (number && *number <= 0)
    diagnostics.error(item->value->begin, "'" + keyword +
                                              "' must be positive, found " +
                                              formatNumber(*number));
  return number;
}

std::optional<double> ModelEmitter::readDecay() {
  const TrainItem *item = findItem(*train, "average");
  if (!item)
    return std::nullopt;
  std::optional<double> number =
      evaluator.evaluateNumber(*item->value, settingsFrame, "'average'");
  if (number && !(*number >= 0 && *number < 1))
    diagnostics.error(item->value->begin,
                      "'average' keeps a share from 0 to below 1, found " +
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
  std::optional<int64_t> batch =
      readInteger("batch", runtime::kDefaultBatch, 1);
  std::optional<int64_t> epochs = readInteger("epochs", 1, 1);
  std::optional<int64_t> seed = readInteger("seed", 0, 0);
  std::optional<int64_t> batches = readInteger("accumulate", 1, 1);
  clipNorm = readNumber("clip_norm");
  decay = readDecay();

  if (!readOptimizer())
    return false;
  settings = {
      ops.getNamedAttr("batch", ops.getI64IntegerAttr(*batch)),
      ops.getNamedAttr("epochs", ops.getI64IntegerAttr(*epochs)),
      ops.getNamedAttr(
          "lr", ops.getF64FloatAttr(optimizer.hyperparameters["lr"].number)),
      ops.getNamedAttr("seed", ops.getI64IntegerAttr(*seed))};
  accumulate = *batches;
  if (accumulate > 1)
    settings.push_back(
        ops.getNamedAttr("accumulate", ops.getI64IntegerAttr(accumulate)));
  if (mlir::DictionaryAttr augment = readAugment(); !augment.empty())
    settings.push_back(ops.getNamedAttr("augment", augment));
  if (std::optional<std::string> data = readDataSet())
    settings.push_back(ops.getNamedAttr("data", ops.getStringAttr(*data)));
  auto addCall = [&](StringRef keyword, DefinitionKind kind) {
    if (const TrainItem *item = findItem(*train, keyword))
      settings.push_back(ops.getNamedAttr(
          keyword, ops.getStringAttr(describeCall(*item, kind))));
  };
  addCall("optimizer", DefinitionKind::Optimizer);
  addCall("schedule", DefinitionKind::Fn);
  if (mlir::DictionaryAttr numbers = readSchedule(); !numbers.empty())
    settings.push_back(ops.getNamedAttr("schedule_arguments", numbers));
  if (clipNorm)
    settings.push_back(
        ops.getNamedAttr("clip_norm", ops.getF64FloatAttr(*clipNorm)));
  if (decay)
    settings.push_back(
        ops.getNamedAttr("average", ops.getF64FloatAttr(*decay)));
  return !diagnostics.hasErrors();
}

/// What a setting calls and the numbers that it gives, each with its name:
/// adam(lr = 0.003).
std::string ModelEmitter::describeCall(const TrainItem &item,
                                       DefinitionKind kind) {
  ArrayRef<maek::dsl::Argument> given;
  const Definition *called = findCalled(*item.value, program, kind, given);
  unsigned supplied = kind == DefinitionKind::Fn ? kScheduleGiven : 0;
  if (!called || called->getFormals().size() < supplied ||
      !matchArguments(*called, called->getFormals(), given, item.value->loc,
                      nullptr, supplied))
    return ""; // reported with the names
  ArrayRef<Formal> formals =
      ArrayRef(called->getFormals()).drop_front(supplied);
  std::string text = called->name.name.str();
  StringRef separator = "(";
  for (auto [i, argument] : llvm::enumerate(given)) {
    bool isNamed = !argument.name.empty();
    StringRef name = isNamed ? argument.name : formals[i].name.name;
    text += (separator + name + " = ").str();
    separator = ", ";
    std::optional<double> number =
        evaluator.evaluateNumber(*argument.value, settingsFrame,
                                 "a number of '" + item.keyword.name + "'");
    text += formatNumber(number.value_or(0));
  }
  return given.empty() ? text : text + ")";
}

/// The numbers that the schedule goes by, for the runtime: given ones, and
/// defaults that are plain numbers.
mlir::DictionaryAttr ModelEmitter::readSchedule() {
  mlir::OpBuilder &ops = tensors.ops;
  const TrainItem *item = findItem(*train, "schedule");
  // Their errors are reported where they are described.
  if (!item || diagnostics.hasErrors())
    return ops.getDictionaryAttr({});
  ArrayRef<maek::dsl::Argument> given;
  const Definition *called =
      findCalled(*item->value, program, DefinitionKind::Fn, given);
  if (!called || called->getFormals().size() < kScheduleGiven)
    return ops.getDictionaryAttr({});
  ArrayRef<Formal> formals = called->getFormals();
  auto exprs = matchArguments(*called, formals, given, item->value->loc,
                              nullptr, kScheduleGiven);
  SmallVector<mlir::NamedAttribute> numbers;
  for (size_t i = kScheduleGiven; exprs && i < formals.size(); ++i) {
    const Expr *expr = (*exprs)[i];
    bool isDefault = expr == formals[i].defaultValue.get();
    if (isDefault && !isa<NumberExpr>(expr))
      continue;
    StringRef name = formals[i].name.name;
    if (std::optional<double> number =
            evaluator.evaluateNumber(*expr, settingsFrame, "'" + name + "'"))
      numbers.push_back(ops.getNamedAttr(name, ops.getF64FloatAttr(*number)));
  }
  return ops.getDictionaryAttr(numbers);
}

/// The data set as the runtime's option --data takes it: adding(T=200).
std::optional<std::string> ModelEmitter::readDataSet() {
  const TrainItem *item = findItem(*train, "data");
  if (!item)
    return std::nullopt;
  std::string text = item->text.str();
  const char *separator = "(";
  for (const NamedArgument &argument : item->arguments) {
    text += separator + argument.name.name.str() + "=";
    separator = ", ";
    if (!argument.value) {
      text += '"' + argument.text.str() + '"';
      continue;
    }
    std::optional<double> number = evaluator.evaluateNumber(
        *argument.value, settingsFrame, "'" + argument.name.name + "'");
    if (number)
      checkDataSetNumber(*item, argument, *number, diagnostics);
    text += formatNumber(number.value_or(0));
  }
  return item->arguments.empty() ? text : text + ")";
}

static bool isImage(mlir::Type type) {
  SmallVector<int64_t> sizes;
  for (const Extent &extent : ArrayRef(getExtents(type)).drop_front()) {
    if (!extent.isStatic())
      return false;
    sizes.push_back(extent.factor);
  }
  return runtime::findImage(sizes).has_value();
}

/// What is varied must be there: an image, mixtures are of numbers, and labels
/// are smoothed where they are numbers.
void ModelEmitter::checkAugmented(const Augmentation &kind, SMLoc loc) {
  constexpr unsigned labelRank = 2; // the batch, the classes
  using Varies = Augmentation::Varies;
  const Argument *label = nullptr;
  for (const Argument &argument : arguments) {
    bool isTarget = argument.role == "target";
    if (!isTarget && argument.role != "input")
      continue;
    unsigned rank = getExtents(argument.type).size();
    bool isNumbers = !argument.classes;
    if ((kind.varies == Varies::Images && !isTarget && isNumbers &&
         isImage(argument.type)) ||
        (kind.varies == Varies::Labels && isTarget && isNumbers &&
         rank >= labelRank))
      return;
    if (kind.varies == Varies::Everything && !isNumbers)
      errorMixed(kind, argument, loc);
    if (isTarget && !isNumbers)
      label = &argument;
  }
  if (kind.varies == Varies::Images)
    diagnostics.error(loc,
                      "'" + StringRef(kind.name) +
                          "' needs an image: an input of numbers [H, W], "
                          "[C, H, W] or [H, W, C], of known sizes, C up to 4");
  else if (kind.varies == Varies::Labels && label)
    errorMixed(kind, *label, loc);
  else if (kind.varies == Varies::Labels)
    diagnostics.error(loc,
                      "'" + StringRef(kind.name) +
                          "' needs a target of numbers, one for each class");
}

void ModelEmitter::errorMixed(const Augmentation &kind,
                              const Argument &argument, SMLoc loc) {
  std::string shape = (argument.role == "target" ? ", such as [" : ", [") +
                      std::to_string(argument.classes) + "]";
  diagnostics.error(loc, "'" + StringRef(kind.name) + "' mixes numbers, but " +
                             argument.role + " '" + argument.name +
                             "' is a class; declare it as numbers" + shape +
                             ", which a data set's class fills with 0 and 1" +
                             (argument.role == "target"
                                  ? ", for the loss soft_cross_entropy"
                                  : ""));
}

mlir::DictionaryAttr ModelEmitter::readAugment() {
  mlir::OpBuilder &ops = tensors.ops;
  const TrainItem *item = findItem(*train, "augment");
  SmallVector<mlir::NamedAttribute> values;
  for (size_t i = 0; item && i < item->list.size(); ++i) {
    const Expr &expr = *item->list[i];
    // Names and counts are right: what was wrong is reported.
    auto *call = dyn_cast<CallExpr>(&expr);
    const Augmentation *kind = findAugmentation(
        call ? call->getCalleeName()->name : cast<NameExpr>(expr).name);
    double number = kind->otherwise.value_or(0);
    if (const Expr *given = getAugmentationArgument(expr)) {
      std::string what =
          ("'" + StringRef(kind->argument) + "' of '" + kind->name + "'").str();
      std::optional<double> found =
          kind->isWhole ? std::optional<double>(evaluator.evaluateInteger(
                              *given, settingsFrame, what))
                        : evaluator.evaluateNumber(*given, settingsFrame, what);
      number = found.value_or(kind->least);
      if (number < kind->least || number > kind->most)
        diagnostics.error(given->begin, what + " must be from " +
                                            formatNumber(kind->least) + " to " +
                                            formatNumber(kind->most) +
                                            ", found " + formatNumber(number));
    }
    checkAugmented(*kind, expr.begin);
    values.push_back(ops.getNamedAttr(kind->name, ops.getF64FloatAttr(number)));
  }
  return ops.getDictionaryAttr(values);
}

/// The models that this one uses, by their names, for the runtime.
mlir::DictionaryAttr ModelEmitter::getUses() {
  mlir::OpBuilder &ops = tensors.ops;
  SmallVector<mlir::NamedAttribute> uses;
  for (const StmtPtr &stmt : model.body) {
    auto *use = dyn_cast<UseStmt>(stmt.get());
    if (!use)
      continue;
    StringRef file;
    for (size_t i = 0; train && i < train->items.size(); ++i)
      if (const TrainItem &item = train->items[i];
          item.used.name == use->name.name)
        file = item.text;
    mlir::NamedAttribute values[] = {
        ops.getNamedAttr("file", ops.getStringAttr(file)),
        ops.getNamedAttr("frozen", ops.getBoolAttr(use->isFrozen)),
        ops.getNamedAttr("model",
                         ops.getStringAttr(use->call->getCalleeName()->name))};
    uses.push_back(
        ops.getNamedAttr(use->name.name, ops.getDictionaryAttr(values)));
  }
  return ops.getDictionaryAttr(uses);
}

Value ModelEmitter::getScalar(StringRef name) {
  return tensors.wrap(getArgument("scalar", name,
                                  tensors.getType({}, {}, Element::Float),
                                  evaluator.getLocation(train->loc, name)),
                      {}, {});
}

/// The learning rate of this update: lr times the schedule's factor.
std::optional<Value> ModelEmitter::emitLearningRate(const Value &step) {
  Value rate = getScalar(runtime::kRateName);
  Value steps = getScalar(runtime::kStepsName);
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
    Value square =
        tensors.reduce(ReduceKind::Sum, tensors.multiply(gradient, gradient));
    total = total.isPoison() ? square : tensors.add(total, square);
  }
  Value norm = tensors.sqrt(total);
  results.push_back({"report", "grad_norm", norm.tensor});
  return tensors.min(tensors.divide(Value::makeNumber(*clipNorm), norm),
                     Value::makeNumber(1));
}

std::vector<const Parameter *> ModelEmitter::getTrained() const {
  std::vector<const Parameter *> trained;
  for (auto &parameter : evaluator.getParameters())
    if (!parameter->isFrozen && !parameter->isRunning)
      trained.push_back(parameter.get());
  return trained;
}

/// One for each parameter. Of several batches the sums over their examples are
/// wanted, which add up to what one batch has, whatever the batches' sizes.
std::vector<Value> ModelEmitter::emitGradients(const Value &loss) {
  SmallVector<mlir::Value> wrt;
  SmallVector<mlir::Type> types;
  for (const Parameter *parameter : getTrained()) {
    wrt.push_back(evaluator.parameterTensors[parameter]);
    types.push_back(wrt.back().getType());
  }
  Value total = loss;
  if (accumulate > 1)
    total = tensors.multiply(loss, Value::makeSize(getBatchSize(), {}));
  auto gradient = GradientOp::create(tensors.ops, tensors.location, types,
                                     total.tensor, wrt);
  std::vector<Value> gradients;
  for (auto [parameter, value] :
       llvm::zip(getTrained(), gradient.getGradients()))
    gradients.push_back(tensors.wrap(value, {}, parameter->axes));
  return gradients;
}

bool ModelEmitter::emitTraining(const Value &loss,
                                std::vector<Result> &results) {
  if (getTrained().empty()) {
    diagnostics.error(train->model.loc, "model '" + model.name.name +
                                            "' has no parameters to train");
    return false;
  }
  evaluator.moveTo(findItem(*train, "optimizer")->value->loc, frame);
  std::vector<Value> gradients = emitGradients(loss);
  bool valid = accumulate > 1 ? emitAccumulation(gradients, results)
                              : emitUpdates(std::move(gradients), results);
  for (auto &parameter : evaluator.getParameters())
    if (auto next = evaluator.runningValues.find(parameter.get());
        next != evaluator.runningValues.end())
      results.push_back({"parameter", parameter->name, next->second.tensor});
  return valid;
}

} // namespace maek::dsl
