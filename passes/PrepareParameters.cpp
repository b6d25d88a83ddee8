// Part of Maek, under the MIT licence; see LICENSE.
// maek-prepare-parameters: what parameters alone determine is computed once,
// by the entry `prepare`, and not in every call.
#include "passes/EntryValues.h"
#include "passes/KernelOps.h"
#include "passes/Passes.h"
#include "passes/Remarks.h"

#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "ir/Words.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/RegionUtils.h"
#include "runtime/core/EntryNames.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace maek {
#define GEN_PASS_DEF_PREPAREPARAMETERS
#include "passes/Passes.h.inc"

namespace {

/// Ops that do the same with the same operands, wherever they are.
struct SameOp : llvm::DenseMapInfo<Operation *> {
  static constexpr auto flags = OperationEquivalence::IgnoreLocations;

  static unsigned getHashValue(Operation *op) {
    return OperationEquivalence::computeHash(
        op, OperationEquivalence::directHashValue,
        OperationEquivalence::ignoreHashValue, flags);
  }
  static bool isEqual(Operation *lhs, Operation *rhs) {
    if (lhs == rhs)
      return true;
    auto isMarker = [](Operation *op) {
      return op == getEmptyKey() || op == getTombstoneKey();
    };
    return !isMarker(lhs) && !isMarker(rhs) &&
           OperationEquivalence::isEquivalentTo(lhs, rhs, flags);
  }
};

/// The entry `prepare` while it is built. What two entries compute in the same
/// way of the same parameters is computed once.
class PrepareBuilder {
public:
  explicit PrepareBuilder(Block &block)
      : builder(OpBuilder::atBlockEnd(&block)) {}

  /// Computes what equals `values` of `entry`; returns it for each value.
  IRMapping build(func::FuncOp entry, ArrayRef<Value> values);
  /// The number among the results of `prepare`.
  unsigned getResult(Value prepared) {
    return results.try_emplace(prepared, results.size()).first->second;
  }
  SmallVector<Value> getResults() const {
    return llvm::to_vector(llvm::make_first_range(results));
  }
  ArrayRef<std::string> getParameters() const { return parameters; }

private:
  Value getParameter(func::FuncOp entry, BlockArgument argument);

  OpBuilder builder;
  SmallVector<std::string> parameters;
  llvm::StringMap<Value> knownArguments;
  llvm::DenseSet<Operation *, SameOp> knownOps;
  llvm::MapVector<Value, unsigned> results;
};

struct PrepareParameters : impl::PrepareParametersBase<PrepareParameters> {
  void runOnOperation() override;

private:
  void prepare(func::FuncOp entry, PrepareBuilder &prepared);
};

} // namespace

Value PrepareBuilder::getParameter(func::FuncOp entry, BlockArgument argument) {
  StringRef name = getArgName(entry, argument.getArgNumber());
  Value &made = knownArguments[name];
  if (!made) {
    made =
        builder.getBlock()->addArgument(argument.getType(), argument.getLoc());
    parameters.push_back(name.str());
  }
  return made;
}

IRMapping PrepareBuilder::build(func::FuncOp entry, ArrayRef<Value> values) {
  // Backwards, what the values are made of; then forwards, to build it.
  llvm::SetVector<Value> sources(values.begin(), values.end());
  SmallVector<Operation *> found;
  for (Operation &op : llvm::reverse(entry.front())) {
    if (llvm::none_of(op.getResults(),
                      [&](Value result) { return sources.contains(result); }))
      continue;
    found.push_back(&op);
    sources.insert(op.operand_begin(), op.operand_end());
    getUsedValuesDefinedAbove(op.getRegions(), sources);
  }
  IRMapping mapping;
  for (BlockArgument argument : entry.getArguments())
    if (sources.contains(argument))
      mapping.map(argument, getParameter(entry, argument));
  for (Operation *op : llvm::reverse(found)) {
    Operation *copy = builder.clone(*op, mapping);
    auto [known, isNew] = knownOps.insert(copy);
    if (isNew)
      continue;
    copy->erase();
    mapping.map(op->getResults(), (*known)->getResults());
  }
  return mapping;
}

/// A view of one operand: each entry makes its own.
static bool isCut(Operation *op) {
  return op && isView(op) && op->getNumOperands() == 1;
}

/// Whether the runtime keeps such tensors between calls. Those of short numbers
/// it does not: weights of products come packed, in words.
static bool isKept(Value value) {
  Type element = getElementTypeOrSelf(value.getType());
  return !element.isBF16() && !isByte(element);
}

/// The ops of the entry's own block that `prepare` takes over: what parameters
/// alone determine, unless the rest of the entry reads a result that is not
/// kept.
static llvm::DenseSet<Operation *>
findMoved(func::FuncOp entry, const llvm::DenseSet<Value> &parameterValues) {
  Block &block = entry.front();
  llvm::DenseSet<Operation *> moved;
  auto isNeeded = [&](Value result) {
    return llvm::any_of(result.getUsers(), [&](Operation *user) {
      return !moved.contains(block.findAncestorOpInBlock(*user));
    });
  };
  for (Operation &op : llvm::reverse(block))
    if (op.getNumResults() > 0 && parameterValues.contains(op.getResult(0)) &&
        llvm::all_of(op.getResults(), [&](Value result) {
          return isKept(result) || !isNeeded(result);
        }))
      moved.insert(&op);
  return moved;
}

void PrepareParameters::prepare(func::FuncOp entry, PrepareBuilder &prepared) {
  llvm::DenseSet<Value> parameterValues = findParameterValues(entry);
  llvm::DenseSet<Operation *> moved = findMoved(entry, parameterValues);
  // What the rest of the entry reads of them, seen through views.
  llvm::SetVector<Value> needed;
  entry.walk([&](Operation *op) {
    if (moved.contains(op))
      return;
    for (Value value : op->getOperands()) {
      if (!parameterValues.contains(value) || !isKept(value))
        continue;
      while (isCut(value.getDefiningOp()))
        value = value.getDefiningOp()->getOperand(0);
      if (value.getDefiningOp())
        needed.insert(value);
    }
  });
  // All are built before any is replaced: one may be an operand of another.
  SmallVector<Value> values = needed.takeVector();
  IRMapping mapping = prepared.build(entry, values);
  unsigned first = entry.getNumArguments();
  SmallVector<DictionaryAttr> attrs;
  SmallVector<Location> locations;
  for (Value value : values) {
    std::string name =
        "prepared." + std::to_string(prepared.getResult(mapping.lookup(value)));
    remarkPassed(value.getDefiningOp(), "prepare-parameters")
        << ("computed once, as " + name);
    attrs.push_back(getRoleAttrs(&getContext(), "prepared", name));
    locations.push_back(value.getLoc());
  }
  if (failed(entry.insertArguments(SmallVector<unsigned>(values.size(), first),
                                   TypeRange(ValueRange(values)), attrs,
                                   locations)))
    return signalPassFailure();
  for (auto [i, value] : llvm::enumerate(values))
    value.replaceAllUsesWith(entry.getArgument(first + i));
  // Calls have no declared effects; those of kernels have none.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(entry.front())))
    if (op.use_empty() && moved.contains(&op))
      op.erase();
}

/// An entry without inputs runs when the parameters are wanted in another form,
/// not whenever the model does.
static bool takesInput(func::FuncOp entry) {
  return llvm::any_of(llvm::seq(entry.getNumArguments()), [&](unsigned i) {
    return getArgRole(entry, i) == "input";
  });
}

void PrepareParameters::runOnOperation() {
  ModuleOp module = getOperation();
  SmallVector<func::FuncOp> entries;
  for (auto function : module.getOps<func::FuncOp>())
    if (isEntry(function) && !function.isDeclaration() &&
        !changesParameters(function) && takesInput(function))
      entries.push_back(function);
  if (entries.empty() || module.lookupSymbol(runtime::kPrepare))
    return;

  auto function =
      func::FuncOp::create(entries.front().getLoc(), runtime::kPrepare,
                           FunctionType::get(&getContext(), {}, {}));
  Block *body = function.addEntryBlock();
  PrepareBuilder prepared(*body);
  for (func::FuncOp entry : entries)
    prepare(entry, prepared);
  SmallVector<Value> results = prepared.getResults();
  if (results.empty())
    return function.erase();

  SmallVector<Location> locations;
  for (Value result : results)
    locations.push_back(result.getLoc());
  function->setLoc(FusedLoc::get(&getContext(), locations));
  // Behind all entries, whose numbers are the same with and without it.
  func::FuncOp last = entries.front();
  for (auto other : module.getOps<func::FuncOp>())
    if (isEntry(other))
      last = other;
  OpBuilder builder(&getContext());
  builder.setInsertionPointAfter(last);
  builder.insert(function);
  builder.setInsertionPointToEnd(body);
  func::ReturnOp::create(builder, function.getLoc(), results);
  function.setFunctionType(builder.getFunctionType(
      body->getArgumentTypes(), TypeRange(ValueRange(results))));
  SmallVector<DictionaryAttr> argumentRoles, resultRoles;
  for (StringRef name : prepared.getParameters())
    argumentRoles.push_back(getRoleAttrs(&getContext(), "parameter", name));
  for (size_t i = 0; i < results.size(); ++i)
    resultRoles.push_back(getRoleAttrs(&getContext(), "prepared",
                                       "prepared." + std::to_string(i)));
  function.setAllArgAttrs(argumentRoles);
  function.setAllResultAttrs(resultRoles);
  numPrepared += results.size();
}

} // namespace maek
