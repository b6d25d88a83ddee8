// Part of Maek, under the MIT licence; see LICENSE.
// Calls: of functions, which are inlined, and of layers and cells.
#include "dsl/Evaluator.h"

#include "dsl/Arguments.h"
#include "dsl/CallContext.h"
#include "dsl/Diagnostics.h"
#include "dsl/Primitives.h"
#include "dsl/Program.h"
#include "dsl/ShapeTable.h"
#include "dsl/primitives/PrimitiveCall.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

/// Where a function of the library was called in place of the layer: linear(3,
/// 4)(x).
std::string Evaluator::getLayerHint(const Expr &callee) const {
  const auto *made = dyn_cast<CallExpr>(&callee);
  const NameExpr *name = made ? made->getCalleeName() : nullptr;
  if (!name)
    return "";
  for (const Definition *definition : program.getDefinitions(false)) {
    StringRef other = definition->name.name;
    if ((definition->kind == DefinitionKind::Layer ||
         definition->kind == DefinitionKind::Cell) &&
        other.equals_insensitive(name->name))
      return ("; did you mean '" + other + "'?").str();
  }
  return "";
}

/// Poison where the number of arguments is wrong, which is reported already.
static Value evaluatePrimitive(const Primitive &primitive, PrimitiveCall call) {
  bool isComplete = !primitive.isNumber() &&
                    call.size() >= primitive.minArguments &&
                    call.size() <= primitive.maxArguments;
  return isComplete ? primitive.evaluate(call) : Value();
}

Value Evaluator::evaluateCall(const CallExpr &call, Frame &frame) {
  const NameExpr *name = call.getCalleeName();
  Value callee;
  if (name && !frame.find(name->name)) {
    if (const Primitive *primitive = findPrimitive(name->name))
      return evaluatePrimitive(*primitive, {*this, tensors, call, frame});
    const Definition *definition =
        program.find(name->name, frame.definition->isStandard);
    if (!definition)
      return {};
    if (definition->kind == DefinitionKind::Fn)
      return callFunction(call, *definition, frame);
    if (definition->kind != DefinitionKind::Layer &&
        definition->kind != DefinitionKind::Cell)
      return {};
    return frame.owner ? makeInstance(call, *definition, frame) : Value();
  }
  callee = evaluate(*call.callee, frame);
  if (callee.isPoison())
    return {};
  if (!callee.is(ValueKind::Instance)) {
    moveTo(call.loc, frame);
    tensors.error(describe(callee) +
                  " cannot be called; only functions, layers and cells can" +
                  getLayerHint(*call.callee));
    return {};
  }
  return applyInstance(call, *callee.instance, frame);
}

/// Arguments are evaluated where the call stands, defaults where the formals
/// do.
static bool isDefault(const Expr *expr, const Formal &formal) {
  return expr == formal.defaultValue.get();
}

/// Where errors about arguments are: at the argument, if that is the user's.
static void setArgumentPlaces(ArrayRef<const Expr *> exprs, const Frame &caller,
                              Frame &callee) {
  for (const Expr *expr : exprs)
    callee.argumentPlaces.push_back(
        caller.definition->isStandard ? callee.callPlace : expr->begin);
}

Value Evaluator::callFunction(const CallExpr &call,
                              const Definition &definition, Frame &frame) {
  ArrayRef<Formal> formals = definition.getFormals();
  auto exprs =
      matchArguments(definition, formals, call.arguments, call.loc, nullptr);
  if (!exprs || !definition.function)
    return {};
  SmallVector<Value, 0> arguments;
  for (auto [expr, formal] : llvm::zip(*exprs, formals))
    arguments.push_back(isDefault(expr, formal) ? Value()
                                                : evaluate(*expr, frame));
  moveTo(call.loc, frame);
  Frame callee(&definition, nullptr, tensors.where, tensors.location);
  callee.binding = frame.binding;
  setArgumentPlaces(*exprs, frame, callee);
  for (auto [expr, formal, argument] : llvm::zip(*exprs, formals, arguments))
    if (isDefault(expr, formal))
      argument = evaluate(*expr, callee);
  // The library's functions are as simple as operators.
  bool isShown = shapes && !definition.isStandard;
  size_t row =
      isShown ? shapes->begin(call.callee->begin, "", definition.name.name) : 0;
  Value result = apply(callee, arguments, call.loc);
  if (isShown)
    shapes->end(row, result);
  return result;
}

Value Evaluator::applyInstance(const CallExpr &call, Instance &instance,
                               Frame &frame) {
  const Definition &definition = *instance.definition;
  if (definition.kind == DefinitionKind::Model)
    return applyModel(call, instance, frame);
  if (!definition.function)
    return {};
  const Function &function = *definition.function;
  SmallVector<Value, 0> arguments;
  moveTo(call.loc, frame);
  auto exprs = matchArguments(definition, function.formals, call.arguments,
                              tensors.where, &diagnostics);
  if (!exprs)
    return {};
  for (auto [expr, formal] : llvm::zip(*exprs, function.formals))
    arguments.push_back(evaluate(*expr, frame));
  moveTo(call.loc, frame);
  Frame callee(&definition, &instance, tensors.where, tensors.location);
  setArgumentPlaces(*exprs, frame, callee);
  bool isShown = shapes && !frame.definition->isStandard;
  size_t row = isShown ? shapes->begin(call.callee->begin, instance) : 0;
  runBody(callee);
  callee.scopes.emplace_back();
  moveToCall(callee);
  Value result = definition.kind == DefinitionKind::Layer
                     ? apply(callee, arguments, call.loc)
                     : applyCell(callee, arguments, call.loc);
  if (isShown)
    shapes->end(row, result);
  return result;
}

void Evaluator::moveToCall(const Frame &callee) {
  tensors.where = callee.callPlace;
  tensors.location = callee.callLocation;
  tensors.detail = {};
}

Value Evaluator::apply(Frame &callee, ArrayRef<Value> arguments, SMLoc place) {
  const Function &function = *callee.definition->function;
  if (llvm::any_of(arguments,
                   [](const Value &value) { return value.isPoison(); }))
    return {};
  Binding binding;
  if (!bindFormals(function.formals, arguments, callee, /*isCell=*/false,
                   binding))
    return {};
  Value result;
  {
    CallContext context(diagnostics, *callee.definition, place);
    result = run(function, callee);
    if (callee.owner)
      keepRunningValues(callee);
  }
  moveToCall(callee);
  return unmap(result, binding);
}

} // namespace maek::dsl
