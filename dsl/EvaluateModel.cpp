// Part of Maek, under the MIT licence; see LICENSE.
// A model used by another one: its inputs are what it is applied to, its output
// is what that gives. What it says of its training has no meaning there.
#include "dsl/Evaluator.h"

#include "dsl/Arguments.h"
#include "dsl/CallContext.h"
#include "dsl/Diagnostics.h"
#include "dsl/ShapeTable.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

/// A model's inputs as the parameters of a function.
static std::vector<Formal> getInputs(const Definition &model) {
  std::vector<Formal> formals;
  for (const StmtPtr &stmt : model.body)
    if (auto *declare = dyn_cast<DeclareStmt>(stmt.get());
        declare && declare->kind == StmtKind::Input)
      for (Identifier name : declare->names) {
        Formal &formal = formals.emplace_back();
        formal.name = name;
        formal.type = declare->type;
      }
  return formals;
}

/// The output's name; null, reported, if there is not exactly one.
static const Identifier *getOutput(const Definition &model, SMLoc place,
                                   Diagnostics &diagnostics) {
  const Identifier *output = nullptr;
  size_t count = 0;
  for (const StmtPtr &stmt : model.body)
    if (auto *stated = dyn_cast<OutputStmt>(stmt.get())) {
      count += stated->names.size();
      output = &stated->names.front();
    }
  if (count == 1)
    return output;
  diagnostics
      .error(place, "a model that is used gives one output, '" +
                        model.name.name + "' has " +
                        (count ? std::to_string(count) : std::string("none")))
      .note(model.name.loc, "it is defined here");
  return nullptr;
}

/// The model's equations, all of them, so that its layers have the names that
/// they have when the model is trained by itself. Targets have no value, and
/// neither has what depends on them.
Value Evaluator::runModel(Frame &callee, SMLoc place) {
  const Definition &model = *callee.definition;
  for (const StmtPtr &stmt : model.body) {
    auto *declare = dyn_cast<DeclareStmt>(stmt.get());
    if (!declare) {
      evaluate(*stmt, callee);
    } else if (declare->kind == StmtKind::Param) {
      declareParameters(*declare, callee);
    } else if (declare->kind == StmtKind::Target) {
      for (const ExprPtr &dim : declare->type->dims)
        if (auto *name = dyn_cast<NameExpr>(dim.get());
            name && !callee.find(name->name))
          callee.set(name->name, Value());
      for (Identifier name : declare->names)
        callee.set(name.name, Value());
    }
  }
  const Identifier *output = getOutput(model, place, diagnostics);
  Value *value = output ? callee.find(output->name) : nullptr;
  if (!value)
    return {};
  if (value->isPoison() && !diagnostics.hasErrors())
    diagnostics.error(output->loc, "what the model gives must not depend on a "
                                   "target");
  return *value;
}

Value Evaluator::applyModel(const CallExpr &call, Instance &instance,
                            Frame &frame) {
  const Definition &definition = *instance.definition;
  std::vector<Formal> formals = getInputs(definition);
  moveTo(call.loc, frame);
  auto exprs = matchArguments(definition, formals, call.arguments,
                              tensors.where, &diagnostics);
  if (!exprs)
    return {};
  SmallVector<Value, 0> arguments;
  for (const Expr *expr : *exprs)
    arguments.push_back(evaluate(*expr, frame));
  if (llvm::any_of(arguments,
                   [](const Value &value) { return value.isPoison(); }))
    return {};
  moveTo(call.loc, frame);
  Frame callee(&definition, &instance, tensors.where, tensors.location);
  for (const Expr *expr : *exprs)
    callee.argumentPlaces.push_back(expr->begin);
  for (auto &entry : instance.hyperparameters)
    callee.scopes.front()[entry.first()] = entry.second;
  Binding binding;
  if (!bindFormals(formals, arguments, callee, /*isCell=*/false, binding))
    return {};
  size_t row = shapes ? shapes->begin(call.callee->begin, instance) : 0;
  frozen += instance.isFrozen;
  llvm::scope_exit leave([&] { frozen -= instance.isFrozen; });
  Value result;
  {
    CallContext context(diagnostics, definition, call.loc);
    result = runModel(callee, call.loc);
  }
  moveToCall(callee);
  result = unmap(result, binding);
  if (shapes)
    shapes->end(row, result);
  return instance.isFrozen ? tensors.stopGradient(result) : result;
}

} // namespace maek::dsl
