// Part of Maek, under the MIT licence; see LICENSE.
// Layers and cells with their hyperparameters, names and parameters.
#include "dsl/Evaluator.h"

#include "dsl/Arguments.h"
#include "dsl/CallContext.h"
#include "dsl/Program.h"

#include "runtime/core/EntryNames.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

bool Evaluator::bindHyperparameters(ArrayRef<const Expr *> exprs, Frame &caller,
                                    StringMap<Value> &values, Frame &callee) {
  const Definition &definition = *callee.definition;
  for (auto [expr, formal] : llvm::zip(exprs, definition.hyperparameters)) {
    bool isDefault = expr == formal.defaultValue.get();
    std::optional<double> number = evaluateNumber(
        *expr, isDefault ? callee : caller,
        "'" + formal.name.name + "' of '" + definition.name.name + "'");
    if (!number)
      return false;
    Value value = Value::makeNumber(*number, expr->begin);
    values[formal.name.name] = value;
    callee.scopes.front()[formal.name.name] = value;
  }
  return true;
}

/// Does a statement of the block, or of the loops in it, give that name to what
/// a call makes?
static bool bindsName(const Block &block, StringRef name, bool inLoop) {
  for (const StmtPtr &stmt : block) {
    if (auto *loop = dyn_cast<ForStmt>(stmt.get()))
      if (inLoop && bindsName(loop->body, name, false))
        return true;
    if (auto *use = dyn_cast<UseStmt>(stmt.get()))
      if (!inLoop && use->name.name == name)
        return true;
    auto *assign = dyn_cast<AssignStmt>(stmt.get());
    if (!inLoop && assign && assign->target.name == name &&
        isa<CallExpr>(assign->value.get()))
      return true;
  }
  return false;
}

/// The name that the instance is bound to, or its definition's in lower case;
/// numbered from the second one on. A name that another one is bound to is left
/// to that.
std::string Evaluator::chooseName(const CallExpr &call,
                                  const Definition &definition, Frame &frame) {
  bool isBound = frame.bound == &call;
  const Definition &outer = *frame.definition;
  std::string base =
      isBound ? frame.binding.str() : definition.name.name.lower();
  std::string name = base;
  bool inLoop = !frame.loop.empty();
  auto isTaken = [&] {
    if (!isBound &&
        (bindsName(outer.body, name, inLoop) ||
         (outer.function && bindsName(outer.function->body, name, inLoop))))
      return true;
    return !frame.owner->taken.insert(frame.loop + name).second;
  };
  for (unsigned i = 2; isTaken(); ++i)
    name = base + "_" + std::to_string(i);
  return frame.loop + name;
}

Value Evaluator::makeInstance(const CallExpr &call,
                              const Definition &definition, Frame &frame) {
  auto key = std::pair(&call, frame.loop);
  Instance &owner = *frame.owner;
  if (auto it = owner.children.find(key); it != owner.children.end())
    return Value::makeInstance(*it->second);
  auto exprs = matchArguments(definition, definition.hyperparameters,
                              call.arguments, call.loc, nullptr);
  if (!exprs)
    return {};
  auto instance = std::make_unique<Instance>();
  instance->definition = &definition;
  moveTo(call.loc, frame);
  Frame callee(&definition, instance.get(), tensors.where, tensors.location);
  if (!bindHyperparameters(*exprs, frame, instance->hyperparameters, callee))
    return {};
  std::string name = chooseName(call, definition, frame);
  instance->path = owner.path + name + ".";
  Instance &made = *instance;
  owner.children[key] = std::move(instance);
  // A model's equations are of its inputs: they wait for them.
  if (definition.kind == DefinitionKind::Model)
    return Value::makeInstance(made);
  CallContext context(diagnostics, definition, call.loc);
  // Each application shows what it finds there.
  ShapeTable *shown = std::exchange(shapes, nullptr);
  runBody(callee);
  shapes = shown;
  return Value::makeInstance(made);
}

void Evaluator::makeUsed(const UseStmt &use, Frame &frame) {
  const Definition *definition =
      program.find(use.call->getCalleeName()->name, false);
  if (!definition || definition->kind != DefinitionKind::Model || !frame.owner)
    return;
  StringRef outer = std::exchange(frame.binding, use.name.name);
  frame.bound = use.call.get();
  Value value = makeInstance(*use.call, *definition, frame);
  frame.binding = outer;
  if (!value.isPoison())
    value.instance->isFrozen = use.isFrozen;
  frame.set(use.name.name, value);
}

/// Gives a layer's frame its hyperparameters, parameters and what its text
/// names beside its function.
void Evaluator::runBody(Frame &frame) {
  for (auto &entry : frame.owner->hyperparameters)
    frame.scopes.front()[entry.first()] = entry.second;
  for (const StmtPtr &stmt : frame.definition->body) {
    if (auto *declare = dyn_cast<DeclareStmt>(stmt.get())) {
      if (declare->kind != StmtKind::State)
        declareParameters(*declare, frame);
    } else {
      evaluate(*stmt, frame);
    }
  }
}

/// The module's functions share their names with nothing.
static bool isEntryName(StringRef name) {
  return llvm::is_contained(runtime::kEntries, name);
}

Parameter *Evaluator::makeParameter(const DeclareStmt &declare, Identifier name,
                                    Frame &frame) {
  if (!declare.type || !declare.init || declare.type->classes)
    return nullptr;
  std::string path = frame.owner->path + name.name.str();
  if (isEntryName(path)) {
    moveTo(name.loc, frame);
    tensors.error("'" + path + "' is an entry's name; choose another one");
    return nullptr;
  }
  std::optional<Axes> axes = evaluateDims(*declare.type, frame);
  if (!axes)
    return nullptr;
  for (const Axis &axis : *axes)
    if (!axis.size.isStatic()) {
      moveTo(axis.origin, frame);
      tensors.error(
          "a param needs sizes that are known when compiling, found " +
          axis.size.str());
      return nullptr;
    }
  std::string distribution = "constant";
  SmallVector<double, 2> arguments;
  auto addNumber = [&](const Expr &expr, const Twine &what) {
    std::optional<double> number = evaluateFinite(expr, frame, what);
    arguments.push_back(number.value_or(0));
    return number.has_value();
  };
  auto *call = dyn_cast<CallExpr>(declare.init.get());
  if (!declare.isDistribution) {
    if (!addNumber(*declare.init, "the initial value"))
      return nullptr;
  } else {
    if (!call || !call->getCalleeName() || call->arguments.size() != 2)
      return nullptr;
    distribution = call->getCalleeName()->name.str();
    for (const Argument &argument : call->arguments)
      if (!addNumber(*argument.value, "an argument of '" + distribution + "'"))
        return nullptr;
    moveTo(call->loc, frame);
    if (distribution == "uniform" && arguments[0] > arguments[1]) {
      tensors.error("'uniform' from " + formatNumber(arguments[0]) + " to " +
                    formatNumber(arguments[1]) + " is empty");
      return nullptr;
    }
    if (distribution == "normal" && arguments[1] < 0) {
      tensors.error("the deviation of 'normal' is negative: " +
                    formatNumber(arguments[1]));
      return nullptr;
    }
  }
  moveTo(name.loc, frame);
  parameters.push_back(std::make_unique<Parameter>(Parameter{
      path, *axes, distribution, arguments, getNameLocation(name, frame),
      frozen > 0, declare.kind == StmtKind::Running}));
  return parameters.back().get();
}

void Evaluator::declareParameters(const DeclareStmt &declare, Frame &frame) {
  Instance &owner = *frame.owner;
  for (Identifier name : declare.names) {
    auto [entry, isNew] = owner.parameters.try_emplace(name.name, nullptr);
    if (isNew) {
      owner.taken.insert(name.name);
      entry->second = makeParameter(declare, name, frame);
    }
    Value value;
    if (Parameter *parameter = entry->second) {
      mlir::Value &tensor = parameterTensors[parameter];
      if (!tensor)
        tensor = parameterBlock->addArgument(
            tensors.getType({}, parameter->axes, Element::Float),
            parameter->location);
      value = tensors.wrap(tensor, {}, parameter->axes);
      if (auto next = runningValues.find(parameter);
          next != runningValues.end())
        value = next->second;
    }
    frame.set(name.name, value);
  }
}

/// What the layer's function gave its running values, which the next use of the
/// layer sees.
void Evaluator::keepRunningValues(Frame &frame) {
  for (const StmtPtr &stmt : frame.definition->body) {
    auto *declare = dyn_cast<DeclareStmt>(stmt.get());
    if (!declare || declare->kind != StmtKind::Running)
      continue;
    for (Identifier name : declare->names) {
      Parameter *parameter = frame.owner->parameters.lookup(name.name);
      Value *next = frame.find(name.name);
      if (!parameter || !next || next->isPoison())
        continue;
      moveToCall(frame);
      if (!frame.definition->isStandard)
        tensors.where = name.loc;
      keepRunningValue(*parameter, name, *next);
    }
  }
}

void Evaluator::keepRunningValue(const Parameter &parameter, Identifier name,
                                 Value next) {
  if (next.is(ValueKind::Number))
    next = tensors.constant(next.number, {}, parameter.axes);
  next = tensors.toFloat(next);
  if (next.isPoison() || next.tensor == parameterTensors.lookup(&parameter))
    return;
  if (!next.mapped.empty()) {
    tensors.error(
        "running value '" + name.name +
        "' becomes another one for each example; take its batch_mean");
    return;
  }
  if (!haveSameSizes(next.axes, parameter.axes)) {
    Diagnostic &error =
        tensors.shapeError("running value '" + name.name + "' is " +
                               describeShape(parameter.axes) +
                               ", its next value is " + describe(next),
                           next.axes, [&](ArrayRef<Axis> rest) {
                             return haveSameSizes(rest, parameter.axes);
                           });
    tensors.noteDifference(error, next.axes, parameter.axes);
    return;
  }
  if (next.tensor.getParentBlock() != parameterBlock) {
    tensors.error("running value '" + name.name +
                  "' gets its next value within a cell's step, of which there "
                  "are many");
    return;
  }
  runningValues[&parameter] = next;
}

} // namespace maek::dsl
