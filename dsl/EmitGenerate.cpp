// Part of Maek, under the MIT licence; see LICENSE.
// The entry generate_step of a language model: forward on a text whose cells go
// on from the states that the last piece of it left.
#include "dsl/ModelEmitter.h"

#include "ir/Entries.h"
#include "runtime/core/EntryNames.h"

#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace maek::dsl {

/// Whether `scores` are one number for each class of a text `steps` long, where
/// a last class may only say that it begins.
static bool areScores(mlir::Type scores, const Extent &steps, int64_t classes) {
  if (!isa<mlir::FloatType>(getElementType(scores)) || getRank(scores) != 3 ||
      getExtent(scores, 1) != steps)
    return false;
  Extent last = getExtent(scores, 2);
  return last == Extent(classes) || last == Extent(classes - 1);
}

/// The first input [T] of class(n) that an output scores, any T that no other
/// input has; empty if there is none.
std::string ModelEmitter::findText(ArrayRef<Result> results) const {
  for (const Argument &text : arguments) {
    if (text.role != "input" || !text.classes || getRank(text.type) != 2)
      continue;
    Extent steps = getExtent(text.type, 1);
    if (steps.symbols.size() != 1 || steps.factor != 1)
      continue;
    bool isShared = llvm::any_of(arguments, [&](const Argument &other) {
      return other.role == "input" && &other != &text &&
             llvm::any_of(getExtents(other.type), [&](const Extent &extent) {
               return llvm::is_contained(extent.symbols, steps.symbols.front());
             });
    });
    bool isScored = llvm::any_of(results, [&](const Result &result) {
      return result.role == "output" &&
             areScores(result.value.getType(), steps, text.classes);
    });
    if (isScored && !isShared)
      return text.name;
  }
  return "";
}

const ModelEmitter::Argument &ModelEmitter::getText() const {
  return *llvm::find_if(arguments, [&](const Argument &argument) {
    return argument.role == "input" && argument.name == textName;
  });
}

/// The first output that scores the text.
const std::pair<Identifier, Value> *
ModelEmitter::findScores(const Outcome &outcome) {
  const Argument &text = getText();
  for (auto &output : outcome.outputs) {
    const Value &value = output.second;
    if (value.is(ValueKind::Tensor) && value.element == Element::Float &&
        value.getRank() == 2 &&
        areScores(tensors.getType({0u}, value.axes, Element::Float),
                  getExtent(text.type, 1), text.classes))
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
  mlir::Value begins =
      getArgument("begins", runtime::kBeginsName, flag, location);
  mlir::Value zero =
      ConstantOp::create(ops, location, flag, ops.getF64FloatAttr(0));
  mlir::Value test =
      CompareOp::create(ops, location, withElementType(flag, ops.getI1Type()),
                        ComparePredicate::Gt, begins, zero);
  test =
      BroadcastOp::create(ops, location, withElementType(type, ops.getI1Type()),
                          test, ArrayRef<int64_t>{0});
  mlir::Value carried = getArgument("carried", name, type, location);
  return SelectOp::create(ops, location, test, init, carried);
}

bool ModelEmitter::emitGenerateBody(std::vector<Result> &results) {
  std::vector<Result> states;
  StringMap<unsigned> names;
  bool isCarried = true;
  CarriedStates carried;
  carried.axis = getExtent(getText().type, 1);
  carried.begin = [&](StringRef path, mlir::Value &init) {
    // A cell that is applied twice has two states of each name.
    std::string name = (Twine(runtime::kCarriedPrefix) + path).str();
    if (unsigned count = ++names[name]; count > 1)
      name += "_" + std::to_string(count);
    states.push_back({"carried", name, {}});
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
  const auto *scores = outcome && isCarried ? findScores(*outcome) : nullptr;
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

/// The entry on whole texts; maek-make-stepwise makes it one that goes on with
/// a text, or erases it if there is no way to.
bool ModelEmitter::emitGenerate(mlir::ModuleOp module) {
  if (textName.empty())
    return true;
  StringRef name = runtime::kGenerateStep;
  if (!emitEntry(Entry::GenerateStep, name, module))
    return false;
  auto step = module.lookupSymbol<mlir::func::FuncOp>(name);
  step->setAttr(kTextAttr, tensors.ops.getStringAttr(textName));
  return true;
}

} // namespace maek::dsl
