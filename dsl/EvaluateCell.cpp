// Part of Maek, under the MIT licence; see LICENSE.
// A cell applied to sequences: one maek.scan, time-major inside.
#include "dsl/Evaluator.h"

#include "dsl/CallContext.h"

#include "llvm/Support/Casting.h"

using namespace llvm;

namespace maek::dsl {

struct Evaluator::CellState {
  Identifier name;
  Value init;
  /// Among the carried states, if it is one.
  std::optional<size_t> number;
};

struct Evaluator::ScanParts {
  std::unique_ptr<mlir::Block> body = std::make_unique<mlir::Block>();
  SmallVector<mlir::Value> sequences, inits;
  SmallVector<mlir::Type> resultTypes;
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
          Diagnostic &error = tensors.error(
              "state '" + name.name + "' is " + describeShape(*axes) +
              ", its initial value is " + describeShape(init.axes));
          tensors.noteDifference(error, init.axes, *axes);
          return false;
        }
        init = tensors.broadcast(init, mapped, *axes);
      }
      if (init.isPoison())
        return false;
      states.push_back({name, init, std::nullopt});
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
        (arguments.empty() ? "no argument" : describe(arguments.front())) +
        (tensors.times.empty()
             ? ""
             : "; a step takes no step of another cell: write "
               "its equations out"));
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
  if (carried && tensors.times.empty() && binding.time->size == carried->axis)
    for (CellState &state : states)
      state.number = carried->begin(callee.owner->path + state.name.name.str(),
                                    state.init.tensor);
  return unmap(emitScan(callee, binding, states, mapped), binding);
}

/// The step's block takes one element of each sequence, then the states.
void Evaluator::beginStep(Frame &callee, const Binding &binding,
                          ArrayRef<CellState> states, ScanParts &scan) {
  const Function &function = *callee.definition->function;
  for (auto [formal, value] : llvm::zip(function.formals, binding.values)) {
    if (value.getRank() == formal.type->dims.size())
      continue;
    scan.sequences.push_back(value.tensor);
    Value element = value;
    element.axes.erase(element.axes.begin());
    element.tensor = scan.body->addArgument(
        tensors.getType(element.mapped, element.axes, element.element),
        getNameLocation(formal.name, callee));
    callee.scopes.back()[formal.name.name] = element;
  }
  // The number of the step, for random numbers.
  Axis time = *binding.time;
  auto numbers = tensors.getType({}, time, Element::Class);
  scan.sequences.push_back(
      IotaOp::create(tensors.ops, tensors.location, numbers, 0));
  tensors.times.push_back(scan.body->addArgument(
      tensors.getType({}, {}, Element::Class), tensors.location));
  for (const CellState &state : states) {
    scan.inits.push_back(state.init.tensor);
    scan.resultTypes.push_back(state.init.tensor.getType());
    Value current = state.init;
    current.tensor = scan.body->addArgument(
        scan.resultTypes.back(), getNameLocation(state.name, callee));
    callee.scopes.back()[state.name.name] = current;
  }
}

/// What a state's name stands for after the step, in the state's shape.
Value Evaluator::getNextState(const CellState &state, Frame &callee,
                              ArrayRef<unsigned> mapped) {
  Value *next = callee.find(state.name.name);
  if (!next || next->isPoison())
    return {};
  moveToCall(callee);
  if (!callee.definition->isStandard)
    tensors.where = state.name.loc;
  if (next->is(ValueKind::Number))
    return tensors.constant(next->number, mapped, state.init.axes);
  if (!haveSameSizes(next->axes, state.init.axes)) {
    Diagnostic &error = tensors.shapeError(
        "state '" + state.name.name + "' is " + describeShape(state.init.axes) +
            ", its next value is " + describe(*next),
        next->axes, [&](ArrayRef<Axis> rest) {
          return haveSameSizes(rest, state.init.axes);
        });
    tensors.noteDifference(error, next->axes, state.init.axes);
    return {};
  }
  return tensors.broadcast(tensors.toFloat(*next), mapped, state.init.axes);
}

/// Runs the step and yields the states and its result, which is returned.
Value Evaluator::emitStep(Frame &callee, ArrayRef<CellState> states,
                          ArrayRef<unsigned> mapped) {
  Value output = run(*callee.definition->function, callee);
  SmallVector<mlir::Value> yielded;
  bool valid = !output.isPoison();
  for (const CellState &state : states) {
    Value next = getNextState(state, callee, mapped);
    valid &= !next.isPoison();
    yielded.push_back(next.tensor);
  }
  moveToCall(callee);
  if (!valid)
    return {};
  output = tensors.toFloat(output);
  output = tensors.broadcast(output, mapped, output.axes);
  if (output.isPoison())
    return {};
  yielded.push_back(output.tensor);
  YieldOp::create(tensors.ops, tensors.location, yielded);
  return output;
}

Value Evaluator::emitScan(Frame &callee, Binding &binding,
                          ArrayRef<CellState> states,
                          ArrayRef<unsigned> mapped) {
  mlir::OpBuilder &ops = tensors.ops;
  ScanParts scan;
  beginStep(callee, binding, states, scan);
  mlir::OpBuilder::InsertPoint outside = ops.saveInsertionPoint();
  ops.setInsertionPointToEnd(scan.body.get());
  Value output = emitStep(callee, states, mapped);
  ops.restoreInsertionPoint(outside);
  mlir::Value time = tensors.times.pop_back_val();
  if (time.use_empty()) {
    scan.body->eraseArgument(scan.sequences.size() - 1);
    scan.sequences.pop_back_val().getDefiningOp()->erase();
  }
  Axes axes{*binding.time};
  axes.append(output.axes.begin(), output.axes.end());
  if (output.isPoison() || !tensors.fits(mapped, axes)) {
    scan.body->dropAllReferences();
    return {};
  }

  // The collected outputs have time before the mapped axes.
  SmallVector<Extent> extents = getExtents(output.tensor.getType());
  extents.insert(extents.begin(), binding.time->size);
  scan.resultTypes.push_back(
      getTensorType(extents, getElementType(output.tensor.getType())));
  mlir::OperationState state(tensors.location, ScanOp::getOperationName());
  state.getOrAddProperties<ScanOp::Properties>().operandSegmentSizes = {
      int32_t(scan.sequences.size()), int32_t(scan.inits.size())};
  state.addOperands(scan.sequences);
  state.addOperands(scan.inits);
  state.addTypes(scan.resultTypes);
  state.addRegion()->push_back(scan.body.release());
  mlir::Operation *op = ops.create(state);
  for (auto [cellState, final] : llvm::zip(states, op->getResults()))
    if (cellState.number)
      carried->finish(*cellState.number, final);
  Value result = tensors.wrap(op->getResults().back(), {}, axes);
  if (mapped.empty() || result.isPoison())
    return result;
  auto permutation = llvm::to_vector(llvm::seq<int64_t>(1, mapped.size() + 1));
  permutation.push_back(0);
  for (size_t i = mapped.size() + 1; i < extents.size(); ++i)
    permutation.push_back(i);
  return tensors.permute(result, permutation, mapped, axes);
}

} // namespace maek::dsl
