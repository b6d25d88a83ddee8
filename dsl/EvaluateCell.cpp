// Part of Maek, under the MIT licence; see LICENSE.
// A cell applied to sequences: one maek.scan, time-major inside.
#include "dsl/Evaluator.h"

#include "dsl/CallContext.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

struct Evaluator::CellState {
  Identifier name;
  Value init, next;
};

bool Evaluator::makeStates(Frame &frame, ArrayRef<unsigned> mapped,
                           std::vector<CellState> &states) {
  for (const StmtPtr &stmt : frame.definition->body) {
    auto *declare = dyn_cast<DeclareStmt>(stmt.get());
    if (!declare || declare->kind != StmtKind::State)
      continue;
    if (!declare->type || !declare->init || declare->isDistribution)
      return false;
    std::optional<Axes> axes = evaluateDims(*declare->type, frame);
    if (!axes)
      return false;
    for (Identifier name : declare->names) {
      Value init = evaluate(*declare->init, frame);
      moveTo(name.loc, frame);
      if (init.isPoison())
        return false;
      if (init.is(ValueKind::Number)) {
        init = tensors.constant(init.number, mapped, *axes);
      } else {
        init = tensors.toFloat(init);
        if (init.isPoison())
          return false;
        if (!haveSameSizes(init.axes, *axes)) {
          tensors.error("state '" + name.name + "' is " + describeShape(*axes) +
                        ", its initial value is " + describeShape(init.axes));
          return false;
        }
        init = tensors.broadcast(init, mapped, *axes);
      }
      if (init.isPoison())
        return false;
      states.push_back({name, init, {}});
    }
  }
  return true;
}

Value Evaluator::applyCell(Frame &callee, ArrayRef<Value> arguments,
                           SMLoc place) {
  if (llvm::any_of(arguments,
                   [](const Value &value) { return value.isPoison(); }))
    return {};
  const Function &function = *callee.definition->function;
  Binding binding;
  if (llvm::any_of(function.formals,
                   [](const Formal &formal) { return !formal.type; }) ||
      !bindFormals(function.formals, arguments, callee, /*isCell=*/true,
                   binding))
    return {};
  if (!binding.time) {
    tensors.error(
        "cell '" + callee.definition->name.name +
        "' needs a sequence: one axis more than its step has, "
        "found " +
        (arguments.empty() ? "no argument" : describe(arguments.front())));
    return {};
  }
  CallContext context(diagnostics, *callee.definition, place);
  // Time first, then the mapped axes, then the step's own.
  SmallVector<unsigned> mapped;
  for (auto [formal, value] : llvm::zip(function.formals, binding.values)) {
    SmallVector<unsigned> all;
    std::set_union(mapped.begin(), mapped.end(), value.mapped.begin(),
                   value.mapped.end(), std::back_inserter(all));
    mapped = all;
    bool timed = value.getRank() > formal.type->dims.size();
    if (!timed || value.mapped.empty())
      continue;
    unsigned time = value.mapped.size();
    SmallVector<int64_t> permutation{int64_t(time)};
    for (unsigned i = 0; i < time + value.getRank(); ++i)
      if (i != time)
        permutation.push_back(i);
    value.tensor =
        TransposeOp::create(tensors.ops, tensors.location, value.tensor,
                            tensors.ops.getDenseI64ArrayAttr(permutation));
  }
  std::vector<CellState> states;
  if (!makeStates(callee, mapped, states))
    return {};
  moveToCall(callee);
  return unmap(emitScan(callee, binding, states, mapped), binding);
}

Value Evaluator::emitScan(Frame &callee, Binding &binding,
                          std::vector<CellState> &states,
                          ArrayRef<unsigned> mapped) {
  const Function &function = *callee.definition->function;
  mlir::OpBuilder &ops = tensors.ops;
  mlir::Location location = tensors.location;
  auto body = std::make_unique<mlir::Block>();
  SmallVector<mlir::Value> sequences, inits;
  SmallVector<mlir::Type> resultTypes;
  for (auto [formal, value] : llvm::zip(function.formals, binding.values)) {
    if (value.getRank() == formal.type->dims.size())
      continue;
    sequences.push_back(value.tensor);
    Value element = value;
    element.axes.erase(element.axes.begin());
    element.tensor = body->addArgument(
        tensors.getType(element.mapped, element.axes, element.element),
        getNameLocation(formal.name, callee));
    callee.scopes.back()[formal.name.name] = element;
  }
  for (CellState &state : states) {
    inits.push_back(state.init.tensor);
    resultTypes.push_back(state.init.tensor.getType());
    Value current = state.init;
    current.tensor = body->addArgument(resultTypes.back(),
                                       getNameLocation(state.name, callee));
    callee.scopes.back()[state.name.name] = current;
  }

  mlir::OpBuilder::InsertPoint outside = ops.saveInsertionPoint();
  ops.setInsertionPointToEnd(body.get());
  Value output = run(function, callee);
  SmallVector<mlir::Value> yielded;
  bool valid = !output.isPoison();
  for (CellState &state : states) {
    Value *next = callee.find(state.name.name);
    tensors.where = state.name.loc;
    if (callee.definition->isStandard)
      tensors.where = callee.callPlace;
    if (!valid || !next || next->isPoison()) {
      valid = false;
      continue;
    }
    Shape shape{SmallVector<unsigned, 4>(mapped), state.init.axes};
    if (!next->is(ValueKind::Number) &&
        !haveSameSizes(next->axes, state.init.axes)) {
      tensors.error("state '" + state.name.name + "' is " +
                    describeShape(state.init.axes) + ", its next value is " +
                    describe(*next));
      valid = false;
      continue;
    }
    Value value =
        next->is(ValueKind::Number)
            ? tensors.constant(next->number, mapped, shape.axes)
            : tensors.broadcast(tensors.toFloat(*next), mapped, shape.axes);
    valid &= !value.isPoison();
    yielded.push_back(value.tensor);
  }
  moveToCall(callee);
  if (valid)
    output = tensors.toFloat(output);
  if (valid && !output.isPoison())
    output = tensors.broadcast(output, mapped, output.axes);
  if (!valid || output.isPoison()) {
    ops.restoreInsertionPoint(outside);
    body->dropAllReferences();
    return {};
  }
  yielded.push_back(output.tensor);
  YieldOp::create(ops, location, yielded);
  ops.restoreInsertionPoint(outside);

  // The collected outputs have time before the mapped axes.
  SmallVector<Extent> extents = getExtents(output.tensor.getType());
  extents.insert(extents.begin(), binding.time->size);
  resultTypes.push_back(
      getTensorType(extents, getElementType(output.tensor.getType())));
  mlir::OperationState state(location, ScanOp::getOperationName());
  ScanOp::Properties &properties =
      state.getOrAddProperties<ScanOp::Properties>();
  properties.operandSegmentSizes = {int32_t(sequences.size()),
                                    int32_t(inits.size())};
  state.addOperands(sequences);
  state.addOperands(inits);
  state.addTypes(resultTypes);
  state.addRegion()->push_back(body.release());
  mlir::Operation *scan = ops.create(state);

  Axes axes{*binding.time};
  axes.append(output.axes.begin(), output.axes.end());
  if (!tensors.fits(mapped, axes))
    return {};
  Value result =
      tensors.wrap(scan->getResults().back(), {}, axes, output.element);
  if (mapped.empty() || result.isPoison())
    return result;
  unsigned count = mapped.size();
  SmallVector<int64_t> permutation;
  for (unsigned i = 0; i < count; ++i)
    permutation.push_back(i + 1);
  permutation.push_back(0);
  for (unsigned i = count + 1; i < extents.size(); ++i)
    permutation.push_back(i);
  return tensors.permute(result, permutation, mapped, axes);
}

} // namespace maek::dsl
