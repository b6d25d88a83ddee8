// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/steps/SourceSplit.h"

#include "passes/steps/KnownSizes.h"

#include "ir/DeadOps.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace maek {

namespace {
class SourceSplit {
public:
  SourceSplit(func::FuncOp step, StringRef text)
      : step(step), text(text), builder(step.getContext()) {}

  bool hasSource();
  void run(StringRef name);

private:
  enum class Needs { Parameters, Source, Text };

  bool isSource(unsigned argument);
  void classify();
  Needs classify(Operation &op) const;
  void findFrontier();
  func::FuncOp makeSource(StringRef name);
  void replaceFrontier();
  Type getPassedType(Value value);

  func::FuncOp step;
  StringRef text;
  OpBuilder builder;
  DenseMap<Value, Needs> needs;
  /// By the source and the parameters.
  KnownSizes known;
  llvm::SetVector<Value> frontier;
};
} // namespace

bool SourceSplit::isSource(unsigned argument) {
  StringRef name = getArgName(step, argument);
  return getArgRole(step, argument) == "input" && name != text &&
         !name.starts_with("state.");
}

bool SourceSplit::hasSource() {
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    if (isSource(i))
      return true;
  return false;
}

SourceSplit::Needs SourceSplit::classify(Operation &op) const {
  // A size that only the text tells.
  if (!known.cover(&op))
    return Needs::Text;
  llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
  getUsedValuesDefinedAbove(op.getRegions(), used);
  Needs most = Needs::Parameters;
  for (Value value : used)
    most = std::max(most, needs.lookup(value));
  return most;
}

void SourceSplit::classify() {
  for (BlockArgument argument : step.getArguments()) {
    unsigned number = argument.getArgNumber();
    bool isInput = getArgRole(step, number) == "input";
    needs[argument] = isSource(number) ? Needs::Source
                      : isInput        ? Needs::Text
                                       : Needs::Parameters;
    if (needs[argument] != Needs::Text)
      known.add(argument.getType());
  }
  for (Operation &op : step.front()) {
    Needs most = classify(op);
    for (Value result : op.getResults())
      needs[result] = most;
  }
}

/// Values of the source that others use.
void SourceSplit::findFrontier() {
  for (Operation &op : step.front()) {
    llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), used);
    if (!isa<func::ReturnOp>(op) && classify(op) != Needs::Text)
      continue;
    for (Value value : used)
      if (needs.lookup(value) == Needs::Source)
        frontier.insert(value);
  }
}

/// Truths are handed over as numbers.
Type SourceSplit::getPassedType(Value value) {
  Type type = value.getType();
  if (!getElementType(type).isInteger(1))
    return type;
  Type number = step.getResultTypes().front();
  return withElementType(type, getElementType(number));
}

static std::string getName(size_t number) {
  return number == 0 ? "state.source"
                     : "state.source_" + std::to_string(number + 1);
}

func::FuncOp SourceSplit::makeSource(StringRef name) {
  IRMapping mapping;
  auto source = cast<func::FuncOp>(step->clone(mapping));
  source.setName(name);
  Block &block = source.front();
  Operation *end = block.getTerminator();
  builder.setInsertionPoint(end);
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (Value value : frontier) {
    Value own = mapping.lookup(value);
    if (Type type = getPassedType(value); type != own.getType())
      own = ConvertOp::create(builder, value.getLoc(), type, own);
    results.push_back(own);
    types.push_back(own.getType());
  }
  func::ReturnOp::create(builder, step.getLoc(), results);
  end->erase();
  eraseDeadOps(source);
  // Neither the text nor the states are anything to it.
  llvm::BitVector others(source.getNumArguments());
  for (unsigned i = 0; i < source.getNumArguments(); ++i)
    if (getArgRole(source, i) == "input" && !isSource(i))
      others.set(i);
  (void)source.eraseArguments(others);
  (void)source.eraseResults(llvm::BitVector(source.getNumResults(), true));
  source.setFunctionType(
      builder.getFunctionType(block.getArgumentTypes(), types));
  for (size_t i = 0; i < results.size(); ++i)
    source.setResultAttrs(
        i, getRoleAttrs(builder.getContext(), "output", getName(i)));
  return source;
}

void SourceSplit::replaceFrontier() {
  Block &block = step.front();
  for (size_t i = 0; i < frontier.size(); ++i) {
    Value value = frontier[i];
    Type type = getPassedType(value);
    unsigned number = step.getNumArguments();
    (void)step.insertArgument(
        number, type, getRoleAttrs(builder.getContext(), "input", getName(i)),
        value.getLoc());
    Value passed = step.getArgument(number);
    if (type != value.getType()) {
      builder.setInsertionPointToStart(&block);
      passed =
          ConvertOp::create(builder, value.getLoc(), value.getType(), passed);
    }
    value.replaceAllUsesWith(passed);
  }
  eraseDeadOps(step);
  llvm::BitVector sources(step.getNumArguments());
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    if (isSource(i))
      sources.set(i);
  (void)step.eraseArguments(sources);
}

void SourceSplit::run(StringRef name) {
  classify();
  findFrontier();
  func::FuncOp source = makeSource(name);
  OpBuilder(step).insert(source);
  replaceFrontier();
}

void splitSource(func::FuncOp step, StringRef text, StringRef name) {
  SourceSplit split(step, text);
  if (split.hasSource())
    split.run(name);
}

} // namespace maek
