// Part of Maek, under the MIT licence; see LICENSE.
// Entry functions and the module around them.
#include "dsl/ModelEmitter.h"

#include "dsl/Diagnostics.h"
#include "dsl/Program.h"
#include "dsl/WeightsEmitter.h"

#include "ir/DeadOps.h"
#include "ir/Entries.h"
#include "ir/Limits.h"
#include "runtime/core/EntryNames.h"

#include <map>

using namespace llvm;

namespace maek::dsl {

bool ModelEmitter::emitBody(Entry entry, std::vector<Result> &results) {
  beginEntry(entry);
  if (entry == Entry::Update)
    return emitAccumulatedUpdates(results);
  if (entry == Entry::GenerateStep)
    return emitGenerateBody(results);
  std::optional<Outcome> outcome = evaluateModel();
  if (!outcome)
    return false;
  hasLoss = outcome->loss.has_value();
  hasMetrics = !outcome->metrics.empty();
  auto add = [&](StringRef role, Identifier name, const Value &value) {
    results.push_back({role, name.name.str(), value.tensor});
    return !value.isPoison();
  };
  if (entry != Entry::TrainStep)
    for (auto &[name, value] : outcome->outputs) {
      evaluator.moveTo(name.loc, frame);
      bool isClass =
          value.is(ValueKind::Tensor) && value.element == Element::Class;
      Value output = isClass ? value : tensors.toFloat(value);
      if (!add("output", name, tensors.broadcast(output, {0u}, output.axes)))
        return false;
    }
  if (entry == Entry::Forward)
    return true;
  Value loss;
  if (outcome->loss) {
    auto &[name, value] = *outcome->loss;
    evaluator.moveTo(name.loc, frame);
    loss = tensors.exampleMean(value);
    if (!add("loss", name, loss))
      return false;
  }
  for (auto &[name, value] : outcome->metrics) {
    evaluator.moveTo(name.loc, frame);
    if (!add("metric", name, tensors.exampleMean(value)))
      return false;
  }
  return entry != Entry::TrainStep || emitTraining(loss, results);
}

/// Parameters and what the training keeps lie side by side in checkpoints.
void ModelEmitter::checkStateNames() {
  for (auto &parameter : evaluator.getParameters())
    for (const Argument &argument : arguments)
      if (argument.role == "state" && argument.name == parameter->name)
        diagnostics.error(model.name.loc,
                          "a parameter has the name '" + parameter->name +
                              "', which the training needs; choose another "
                              "one");
}

/// Emits everything once for its errors, and for the lists of parameters and
/// arguments.
bool ModelEmitter::check() {
  mlir::Block scratch;
  entryBlock = evaluator.parameterBlock = &scratch;
  tensors.ops.setInsertionPointToEnd(&scratch);
  std::vector<Result> results;
  evaluator.shapes = shapes;
  bool valid = emitBody(Entry::Evaluate, results);
  evaluator.shapes = nullptr;
  if (valid)
    textName = findText(results);
  results.clear();
  if (valid && train)
    valid = readTrain() && emitBody(Entry::TrainStep, results);
  if (valid && accumulate > 1)
    valid = emitBody(Entry::Update, results);
  if (valid)
    checkStateNames();
  results.clear();
  if (!valid || diagnostics.hasErrors() || textName.empty() ||
      !emitBody(Entry::GenerateStep, results))
    textName.clear();
  argumentValues.clear();
  evaluator.parameterTensors.clear();
  scratch.dropAllReferences();
  return valid && !diagnostics.hasErrors();
}

/// The targets of forward stand behind its other arguments: what it gives
/// must not need them.
bool ModelEmitter::checkTargets(mlir::Block &block, size_t numArguments) {
  for (mlir::BlockArgument target :
       block.getArguments().drop_front(numArguments)) {
    if (target.use_empty())
      continue;
    for (const StmtPtr &stmt : model.body)
      if (auto *output = dyn_cast<OutputStmt>(stmt.get())) {
        diagnostics.error(output->loc, "what the model gives must not depend "
                                       "on a target");
        return false;
      }
  }
  block.eraseArguments(numArguments, block.getNumArguments() - numArguments);
  return true;
}

bool ModelEmitter::emitEntry(Entry entry, StringRef name,
                             mlir::ModuleOp module) {
  mlir::OpBuilder &ops = tensors.ops;
  mlir::MLIRContext *context = ops.getContext();
  bool isTraining = entry == Entry::TrainStep || entry == Entry::Update;
  std::vector<const Argument *> order;
  SmallVector<mlir::Type> types;
  // An entry takes all parameters and inputs; of what belongs to the training
  // only what it has a use for.
  auto isTaken = [&](const Argument &argument) {
    return (argument.role != "state" && argument.role != "scalar") ||
           takers.lookup((argument.role + "." + argument.name).str()) &
               1u << unsigned(entry);
  };
  auto addRole = [&](StringRef role) {
    for (const Argument &argument : arguments)
      if (argument.role == role && isTaken(argument)) {
        order.push_back(&argument);
        types.push_back(argument.type);
      }
  };
  for (StringRef role : {"parameter", "state", "scalar"})
    if (isTraining || role == "parameter")
      addRole(role);
  if (entry != Entry::Update)
    addRole("input");
  if (entry == Entry::GenerateStep)
    for (StringRef role : {"begins", "carried"})
      addRole(role);
  if (entry == Entry::Evaluate || entry == Entry::TrainStep)
    addRole("target");

  ops.setInsertionPointToEnd(module.getBody());
  mlir::Location location = evaluator.getLocation(model.name.loc);
  auto function = mlir::func::FuncOp::create(ops, location, name,
                                             ops.getFunctionType(types, {}));
  mlir::Block &block = *function.addEntryBlock();
  entryBlock = evaluator.parameterBlock = &block;
  argumentValues.clear();
  evaluator.parameterTensors.clear();
  SmallVector<mlir::DictionaryAttr> attributes;
  for (auto [argument, value] : llvm::zip(order, block.getArguments())) {
    value.setLoc(argument->location);
    argumentValues[(argument->role + "." + argument->name).str()] = value;
    // An input of this entry alone.
    StringRef role = argument->role == "begins" ? "input" : argument->role;
    mlir::NamedAttrList own(getRoleAttrs(context, role, argument->name));
    if (argument->classes)
      own.append(kClassesAttr, ops.getI64IntegerAttr(argument->classes));
    attributes.push_back(own.getDictionary(context));
  }
  function.setAllArgAttrs(attributes);
  for (auto &parameter : evaluator.getParameters())
    evaluator.parameterTensors[parameter.get()] =
        argumentValues["parameter." + parameter->name];
  ops.setInsertionPointToEnd(&block);
  std::vector<Result> results;
  if (!emitBody(entry, results))
    return false;
  return finishEntry(function, results, order.size()) &&
         checkTargets(block, order.size());
}

/// In training, makes the streams' numbers operands, so that the kernels of
/// equal layers stay equal. What is given elsewhere must not need any.
bool ModelEmitter::finishRandoms(mlir::func::FuncOp function) {
  SmallVector<RandomOp> randoms;
  function.walk([&](RandomOp random) { randoms.push_back(random); });
  if (randoms.empty())
    return true;
  if (!evaluator.isTraining) {
    auto stream = randoms.front().getStream().getDefiningOp<ConstantOp>();
    auto &[where, detail] =
        tensors.randomPlaces[size_t(stream.getValue().convertToDouble())];
    tensors.where = where;
    tensors.detail = detail;
    tensors.error("random numbers are for training only: choose by "
                  "where(training, …, …)");
    return false;
  }
  constexpr size_t maxResults = 65536; // of unstack
  if (randoms.size() == 1 || randoms.size() > maxResults)
    return true;
  mlir::OpBuilder ops =
      mlir::OpBuilder::atBlockBegin(&function.getBody().front());
  auto numbers = IotaOp::create(
      ops, function.getLoc(),
      getTensorType(Extent(int64_t(randoms.size())), ops.getI32Type()), 0);
  auto streams = UnstackOp::create(ops, function.getLoc(), numbers, 0);
  for (auto [random, stream] : llvm::zip(randoms, streams.getResults()))
    random.getStreamMutable().set(stream);
  eraseDeadOps(function);
  return true;
}

/// Notes for the runtime which sizes have a bound.
void ModelEmitter::finishLimits(mlir::func::FuncOp function) {
  mlir::OpBuilder &ops = tensors.ops;
  SmallVector<mlir::Attribute> limits;
  for (const TensorBuilder::Limit &limit : tensors.limits) {
    auto argument = dyn_cast<mlir::BlockArgument>(limit.table);
    auto name = argument && argument.getOwner() == &function.front()
                    ? function.getArgAttrOfType<mlir::StringAttr>(
                          argument.getArgNumber(), kNameAttr)
                    : mlir::StringAttr();
    limits.push_back(ops.getDictionaryAttr(
        {ops.getNamedAttr("size", ops.getStringAttr(limit.size.size.str())),
         ops.getNamedAttr("most", ops.getI64IntegerAttr(limit.most)),
         ops.getNamedAttr("table", name ? name : ops.getStringAttr(""))}));
  }
  if (!limits.empty())
    function->setAttr(kLimitsAttr, ops.getArrayAttr(limits));
}

bool ModelEmitter::finishEntry(mlir::func::FuncOp function,
                               ArrayRef<Result> results, size_t numArguments) {
  mlir::OpBuilder &ops = tensors.ops;
  mlir::Block &block = function.front();
  SmallVector<mlir::Value> values;
  SmallVector<mlir::Type> types;
  SmallVector<mlir::DictionaryAttr> attributes;
  for (const Result &result : results) {
    values.push_back(result.value);
    types.push_back(result.value.getType());
    attributes.push_back(
        getRoleAttrs(ops.getContext(), result.role, result.name));
  }
  ops.setInsertionPointToEnd(&block);
  mlir::func::ReturnOp::create(ops, function.getLoc(), values);
  eraseDeadOps(function);
  function.setFunctionType(ops.getFunctionType(
      function.getFunctionType().getInputs().take_front(numArguments), types));
  function.setAllResultAttrs(attributes);
  finishLimits(function);
  return finishRandoms(function);
}

bool ModelEmitter::emitWeights(mlir::ModuleOp module) {
  std::vector<ModelTensor> stored;
  for (auto &parameter : evaluator.getParameters())
    stored.push_back(
        {"parameter", parameter->name, parameter->axes, parameter->location});
  std::map<std::vector<std::string>, Identifier> formats;
  for (const Weights *weights : program.getWeights(model)) {
    WeightsEmitter emitter(*weights, stored, evaluator, tensors, diagnostics,
                           settingsFrame);
    if (!emitter.emit(module))
      return false;
    auto [first, isNew] =
        formats.try_emplace(emitter.takeFileNames(), weights->name);
    if (!isNew)
      diagnostics
          .warning(weights->name.loc,
                   "files of '" + weights->name.name +
                       "' have the same names as those of '" +
                       first->second.name + "' and are read as such")
          .note(first->second.loc, "the first one is here");
  }
  return true;
}

/// What the training keeps beside the parameters, as it is before the first
/// step.
void ModelEmitter::emitStates() {
  auto add = [&](mlir::Location location, const Twine &name, const Axes &axes,
                 double init) {
    return StateOp::create(
        tensors.ops, location, name.str(),
        tensors.getType({}, axes, Element::Float),
        InitAttr::get(tensors.ops.getContext(), InitKind::Constant,
                      tensors.ops.getDenseF64ArrayAttr({init})),
        mlir::FlatSymbolRefAttr());
  };
  for (const OptimizerState &state : optimizer.states)
    for (const Parameter *parameter : getTrained())
      add(parameter->location, getStateName(state, *parameter), parameter->axes,
          getStateInit(state, *parameter));
  if (decay)
    for (const Parameter *parameter : getTrained())
      add(parameter->location, kAveragePrefix + parameter->name,
          parameter->axes, 0)
          .setAverageOf(parameter->name);
  if (accumulate == 1)
    return;
  for (const Parameter *parameter : getTrained())
    add(parameter->location, kSumPrefix + parameter->name, parameter->axes, 0);
  add(evaluator.getLocation(train->loc), kSumOfExamples, {}, 0);
}

void ModelEmitter::emitMetadata(mlir::ModuleOp module) {
  mlir::OpBuilder &ops = tensors.ops;
  ops.setInsertionPointToStart(module.getBody());
  if (mlir::DictionaryAttr uses = getUses(); !uses.empty())
    settings.push_back(ops.getNamedAttr("uses", uses));
  ModelOp::create(ops, evaluator.getLocation(model.name.loc), model.name.name,
                  ops.getDictionaryAttr(settings));
  auto getInit = [&](StringRef distribution, ArrayRef<double> numbers) {
    return InitAttr::get(ops.getContext(), *symbolizeInitKind(distribution),
                         ops.getDenseF64ArrayAttr(numbers));
  };
  for (auto &parameter : evaluator.getParameters())
    ParameterOp::create(ops, parameter->location, parameter->name,
                        tensors.getType({}, parameter->axes, Element::Float),
                        getInit(parameter->distribution, parameter->arguments),
                        parameter->isRunning);
  emitStates();
}

mlir::OwningOpRef<mlir::ModuleOp>
ModelEmitter::emit(const Overrides &overrides) {
  if (!setHyperparameters(overrides) || !check())
    return {};
  // Parameters come from the evaluator; each is an argument of every entry.
  std::vector<Argument> all;
  for (auto &parameter : evaluator.getParameters())
    all.push_back({"parameter", parameter->name,
                   tensors.getType({}, parameter->axes, Element::Float),
                   parameter->location, 0});
  all.insert(all.end(), arguments.begin(), arguments.end());
  arguments = std::move(all);
  auto module = mlir::ModuleOp::create(evaluator.getLocation(model.name.loc));
  mlir::OwningOpRef<mlir::ModuleOp> owner(module);
  emitMetadata(module);
  bool valid =
      emitEntry(Entry::Forward, runtime::kForward, module) &&
      (!(hasLoss || hasMetrics) ||
       emitEntry(Entry::Evaluate, runtime::kEvaluate, module)) &&
      (!train || emitEntry(Entry::TrainStep, runtime::kTrainStep, module)) &&
      (!train || accumulate == 1 ||
       emitEntry(Entry::Update, runtime::kUpdate, module)) &&
      emitGenerate(module) && emitWeights(module);
  if (!valid)
    return {};
  return owner;
}

} // namespace maek::dsl
