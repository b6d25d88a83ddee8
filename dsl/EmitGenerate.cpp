// Part of Maek, under the MIT licence; see LICENSE.
// The entry generate_step of a language model: forward on the next piece of a
// text, whose cells go on from the states that the last piece left.
#include "dsl/ModelEmitter.h"

#include "dsl/Causality.h"
#include "dsl/StepBuilder.h"

using namespace llvm;

namespace maek::dsl {

/// The role of what one call hands to the next, until the entry is made.
static constexpr StringLiteral carryRole = "carry";

/// The model's only input, [T] of class(n) with any T; null if it has another.
const ModelEmitter::Argument *ModelEmitter::findText() const {
  const Argument *text = nullptr;
  for (const Argument &argument : arguments) {
    if (argument.role != "input")
      continue;
    if (text)
      return nullptr;
    text = &argument;
  }
  if (!text || !text->classes || getRank(text->type) != 2)
    return nullptr;
  Extent steps = getExtent(text->type, 1);
  return steps.symbols.size() == 1 && steps.factor == 1 ? text : nullptr;
}

/// The first output [T, n], a score for each class of the text.
const std::pair<Identifier, Value> *
ModelEmitter::findScores(const Outcome &outcome, const Argument &text) const {
  Extent steps = getExtent(text.type, 1);
  for (auto &output : outcome.outputs) {
    const Value &value = output.second;
    if (value.is(ValueKind::Tensor) && value.element == Element::Float &&
        value.getRank() == 2 && value.axes[0].size == steps &&
        value.axes[1].size == Extent(text.classes))
      return &output;
  }
  return nullptr;
}

/// The value that a state has before the first step: its own one where the
/// text begins, else what was handed on.
mlir::Value ModelEmitter::beginState(StringRef name, mlir::Value init) {
  mlir::OpBuilder &ops = tensors.ops;
  mlir::Location location = tensors.location;
  auto type = cast<mlir::RankedTensorType>(init.getType());
  auto flag = getTensorType(getExtent(type, 0), floatType);
  mlir::Value begins = getArgument(carryRole, "state.begins", flag, location);
  mlir::Value zero =
      ConstantOp::create(ops, location, flag, ops.getF64FloatAttr(0));
  mlir::Value test =
      CompareOp::create(ops, location, withElementType(flag, ops.getI1Type()),
                        ops.getStringAttr("gt"), begins, zero);
  test =
      BroadcastOp::create(ops, location, withElementType(type, ops.getI1Type()),
                          test, ArrayRef<int64_t>{0});
  mlir::Value carried = getArgument(carryRole, name, type, location);
  return SelectOp::create(ops, location, test, init, carried);
}

bool ModelEmitter::emitGenerateBody(std::vector<Result> &results) {
  std::vector<Result> states;
  StringMap<unsigned> names;
  bool isCarried = true;
  CarriedStates carried;
  carried.axis = getExtent(findText()->type, 1);
  carried.begin = [&](StringRef path, mlir::Value &init) {
    // A cell that is applied twice has two states of each name.
    std::string name = ("state." + path).str();
    if (unsigned count = ++names[name]; count > 1)
      name += "_" + std::to_string(count);
    states.push_back({"output", name, {}});
    isCarried &= getRank(init.getType()) > 0 &&
                 getExtent(init.getType(), 0) == tensors.getMappedAxis(0).size;
    if (isCarried)
      init = beginState(name, init);
    return states.size() - 1;
  };
  carried.finish = [&](size_t number, mlir::Value final) {
    states[number].value = final;
  };
  evaluator.carried = &carried;
  std::optional<Outcome> outcome = evaluateModel();
  evaluator.carried = nullptr;
  const auto *scores =
      outcome && isCarried ? findScores(*outcome, *findText()) : nullptr;
  if (!scores)
    return false;
  auto &[name, value] = *scores;
  evaluator.moveTo(name.loc, frame);
  Value output = tensors.broadcast(value, {0u}, value.axes);
  results.push_back({"output", name.name.str(), output.tensor});
  llvm::append_range(results, states);
  return llvm::all_of(results,
                      [](const Result &result) { return bool(result.value); });
}

/// The entry, if the text can be read piece by piece, or step by step.
bool ModelEmitter::emitGenerate(mlir::ModuleOp module) {
  if (!canGenerate)
    return true;
  StringRef name = "generate_step";
  if (!emitEntry(Entry::GenerateStep, name, module))
    return false;
  auto function = module.lookupSymbol<mlir::func::FuncOp>(name);
  std::string time = getExtent(findText()->type, 1).symbols.front();
  if (!isCausal(function, time) && !makeStepwise(function, time))
    function.erase();
  return true;
}

} // namespace maek::dsl
