// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/steps/SourceSplit.h"

#include "passes/steps/KnownSizes.h"

#include "ir/DeadOps.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "runtime/core/EntryNames.h"

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
  func::FuncOp run(StringRef name);

private:
  enum class Needs { Parameters, Source, Text };

  bool isSource(unsigned argument);
  bool isOfText(unsigned argument);
  void classify();
  Needs classify(Operation &op, ArrayRef<Value> used) const;
  func::FuncOp makeSource(StringRef name);
  void replaceFrontier();
  Type getPassedType(Value value);

  func::FuncOp step;
  StringRef text;
  OpBuilder builder;
  DenseMap<Value, Needs> needs;
  /// By the source and the parameters.
  KnownSizes known;
  /// Values of the source that others use.
  llvm::SetVector<Value> frontier;
};
} // namespace

bool SourceSplit::isSource(unsigned argument) {
  StringRef name = getArgName(step, argument);
  return getArgRole(step, argument) == "input" && name != text &&
         !name.starts_with(runtime::kCarriedPrefix);
}

/// The text, or what one call hands to the next.
bool SourceSplit::isOfText(unsigned argument) {
  StringRef role = getArgRole(step, argument);
  return role == "carried" || (role == "input" && !isSource(argument));
}

bool SourceSplit::hasSource() {
  for (unsigned i = 0; i < step.getNumArguments(); ++i)
    if (isSource(i))
      return true;
  return false;
}

SourceSplit::Needs SourceSplit::classify(Operation &op,
                                         ArrayRef<Value> used) const {
  // A size that only the text tells.
  if (!known.cover(&op))
    return Needs::Text;
  Needs most = Needs::Parameters;
  for (Value value : used)
    most = std::max(most, needs.lookup(value));
  return most;
}

void SourceSplit::classify() {
  for (BlockArgument argument : step.getArguments()) {
    unsigned number = argument.getArgNumber();
    needs[argument] = isSource(number)   ? Needs::Source
                      : isOfText(number) ? Needs::Text
                                         : Needs::Parameters;
    if (needs[argument] != Needs::Text)
      known.add(argument.getType());
  }
  for (Operation &op : step.front()) {
    llvm::SetVector<Value> used(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), used);
    Needs most = isa<func::ReturnOp>(op) ? Needs::Text
                                         : classify(op, used.getArrayRef());
    for (Value result : op.getResults())
      needs[result] = most;
    if (most != Needs::Text)
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
    if (isOfText(i))
      others.set(i);
  (void)source.eraseArguments(others);
  (void)source.eraseResults(llvm::BitVector(source.getNumResults(), true));
  source.setFunctionType(
      builder.getFunctionType(block.getArgumentTypes(), types));
  SmallVector<DictionaryAttr> roles;
  for (size_t i = 0; i < results.size(); ++i)
    roles.push_back(getRoleAttrs(builder.getContext(), "output", getName(i)));
  source.setAllResultAttrs(roles);
  return source;
}

void SourceSplit::replaceFrontier() {
  unsigned first = step.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> roles;
  SmallVector<Location> locations;
  for (auto [i, value] : llvm::enumerate(frontier)) {
    types.push_back(getPassedType(value));
    roles.push_back(getRoleAttrs(builder.getContext(), "input", getName(i)));
    locations.push_back(value.getLoc());
  }
  (void)step.insertArguments(SmallVector<unsigned>(frontier.size(), first),
                             types, roles, locations);
  for (auto [i, computed] : llvm::enumerate(frontier)) {
    Value value = computed, passed = step.getArgument(first + i);
    if (passed.getType() != value.getType()) {
      builder.setInsertionPointToStart(&step.front());
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

func::FuncOp SourceSplit::run(StringRef name) {
  classify();
  func::FuncOp source = makeSource(name);
  OpBuilder(step).insert(source);
  replaceFrontier();
  return source;
}

FailureOr<func::FuncOp> splitSource(func::FuncOp step, StringRef text,
                                    StringRef name) {
  SourceSplit split(step, text);
  if (!split.hasSource())
    return func::FuncOp();
  if (Operation *other = SymbolTable::lookupNearestSymbolFrom(
          step, StringAttr::get(step.getContext(), name))) {
    InFlightDiagnostic error = step.emitError()
                               << "what its source gives would be another '"
                               << name << "'";
    error.attachNote(other->getLoc()) << "the first one is here";
    return error;
  }
  return split.run(name);
}

} // namespace maek
