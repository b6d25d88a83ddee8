// Part of Maek, under the MIT licence; see LICENSE.
//
// Note [Steps]
// In the function of whole sequences an axis of size T is one of two things:
// the step that is computed (a query), or the steps that it looks at (keys).
// Of a tensor with two such axes the first is the query, as in Q · Kᵀ. In the
// function of one step queries have size 1 and keys the size C, the capacity of
// the caches; what stands behind the present step in them has no meaning, so
// every sum or maximum over keys must be of what is 0 or -inf there: made so by
// a comparison of the positions, j <= i.
#include "passes/steps/StepBuilder.h"

#include "passes/steps/StepMasks.h"

#include "ir/Entries.h"
#include "ir/Limits.h"
#include "runtime/core/EntryNames.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace maek {

namespace {

enum class Role { Query, Key };

/// How many steps the caches hold: a size that the entry has not.
Extent chooseCapacity(func::FuncOp whole) {
  llvm::StringSet<> used;
  auto add = [&](TypeRange types) {
    for (Type type : types)
      if (isa<RankedTensorType>(type))
        for (const Extent &extent : getExtents(type))
          used.insert(extent.symbols.begin(), extent.symbols.end());
  };
  add(whole.getArgumentTypes());
  whole.walk([&](Operation *op) { add(op->getResultTypes()); });
  std::string name = "C";
  for (unsigned i = 2; used.contains(name); ++i)
    name = "C" + std::to_string(i);
  return Extent::symbol(name);
}

class StepBuilder {
public:
  StepBuilder(func::FuncOp whole, const StepAxes &axes)
      : whole(whole), axes(axes), masks(axes), capacity(chooseCapacity(whole)),
        builder(whole.getContext()) {}

  func::FuncOp run();

private:
  bool keepLimits();
  void setAttributes();
  Type convert(Type type, Role role) const;

  // Values: null if there is none.
  Value build(Value value, Role role);
  Value buildOp(Operation *op, Value value, Role role);
  Value buildPosition(IotaOp op, Role role);
  Value keep(Value value, Value row);
  bool buildOperands(Operation *op, Role role,
                     SmallVectorImpl<Value> &operands);
  std::optional<Role> getRole(BroadcastOp op, Role role) const;
  bool buildEinsum(EinsumOp op, SmallVectorImpl<Value> &operands);
  Value addInput(Type type, StringRef name);

  bool keepsSteps(Operation *op) const;
  bool keepsSteps(ReduceOp op) const;

  func::FuncOp whole, step;
  const StepAxes &axes;
  StepMasks masks;
  Extent capacity;
  OpBuilder builder;
  Block *block = nullptr;
  DenseMap<std::pair<Value, int>, Value> built;
  Value position;
  SmallVector<std::pair<std::string, Value>> caches;
  unsigned depth = 0;
};

} // namespace

/// `role` is that of a single axis.
Type StepBuilder::convert(Type type, Role role) const {
  SmallVector<Extent> extents = getExtents(type);
  SmallVector<int64_t> own = axes.get(type);
  for (auto [i, axis] : llvm::enumerate(own)) {
    bool isQuery = own.size() == 1 ? role == Role::Query : i == 0;
    extents[axis] = isQuery ? Extent(1) : capacity;
  }
  return getTensorType(extents, getElementType(type));
}

/// Over keys only if those behind the step do not count.
bool StepBuilder::keepsSteps(ReduceOp op) const {
  Value operand = op.getOperand();
  SmallVector<int64_t> own = axes.get(operand.getType());
  if (own.empty())
    return true;
  if (llvm::is_contained(op.getDims(), own[0]))
    return false;
  if (own.size() == 1 || !llvm::is_contained(op.getDims(), own[1]))
    return true;
  switch (op.getKind()) {
  case ReduceKind::Sum:
    return masks.getBehind(operand) == Behind::Zero;
  case ReduceKind::Max:
    return masks.getBehind(operand) == Behind::Infinite;
  case ReduceKind::Min:
    return false;
  }
  llvm_unreachable("unknown kind");
}

/// Whether the op on single steps does what it does on all.
bool StepBuilder::keepsSteps(Operation *op) const {
  if (std::optional<bool> known = axes.keepsSteps(op))
    return *known;
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ReduceOp reduce) { return keepsSteps(reduce); })
      // buildEinsum looks at each operand.
      .Case([](EinsumOp) { return true; })
      .Case([&](TransposeOp transpose) {
        // The query stays in front of the keys.
        auto own = axes.get(transpose.getOperand().getType());
        ArrayRef<int64_t> order = transpose.getPermutation();
        return own.size() < 2 ||
               llvm::find(order, own[0]) < llvm::find(order, own[1]);
      })
      .Case([&](GatherOp gather) {
        return axes.get(gather.getTable().getType()).empty();
      })
      // Neither keys nor queries may be summed by an op that knows no mask.
      .Default([&](Operation *other) {
        return keepsAxes(other, [&](Value value, int64_t axis) {
          return llvm::is_contained(axes.get(value.getType()), axis);
        });
      });
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value StepBuilder::addInput(Type type, StringRef name) {
  Value input = block->addArgument(type, whole.getLoc());
  caches.emplace_back(name.str(), input);
  return input;
}

/// The number of the step, or of each key.
Value StepBuilder::buildPosition(IotaOp op, Role role) {
  Type type = convert(op.getType(), role);
  SmallVector<int64_t> own = axes.get(op.getType());
  bool isQuery =
      llvm::is_contained(own, op.getDim()) &&
      (own.size() == 1 ? role == Role::Query : own[0] == op.getDim());
  if (!isQuery)
    return IotaOp::create(builder, op.getLoc(), type, op.getDim());
  Value number = position;
  if (Type own = withElementType(position.getType(), getElementType(type));
      own != number.getType())
    number = ConvertOp::create(builder, op.getLoc(), own, number);
  return BroadcastOp::create(builder, op.getLoc(), type, number,
                             ArrayRef<int64_t>{});
}

/// `row`, the `value` of one step, among those of the steps before; null if it
/// is no number.
Value StepBuilder::keep(Value value, Value row) {
  auto now = cast<RankedTensorType>(row.getType());
  if (!isa<FloatType>(now.getElementType()))
    return {};
  int64_t axis = axes.get(value.getType()).front();
  Location loc = value.getLoc();
  Type type = convert(value.getType(), Role::Key);
  std::string name = "state.cache";
  if (!caches.empty())
    name += "_" + std::to_string(caches.size() + 1);
  size_t number = caches.size();
  Value before = addInput(type, name);
  Value after = UpdateSliceOp::create(builder, loc, type, before, row, position,
                                      builder.getI64IntegerAttr(axis));
  caches[number].second = after;
  return after;
}

/// Of a broadcast's operand with one axis of steps; nothing if it has another
/// number of them.
std::optional<Role> StepBuilder::getRole(BroadcastOp op, Role role) const {
  SmallVector<int64_t> inner = axes.get(op.getOperand().getType());
  SmallVector<int64_t> outer = axes.get(op.getType());
  if (inner.size() != 1)
    return std::nullopt;
  int64_t axis = op.getDims()[inner[0]];
  if (outer.size() == 1)
    return role;
  return axis == outer[0] ? Role::Query : Role::Key;
}

bool StepBuilder::buildEinsum(EinsumOp op, SmallVectorImpl<Value> &operands) {
  EinsumAttr equation = op.getEquation();
  SmallVector<int64_t> steps = axes.get(op.getType());
  char query = steps.empty() ? 0 : equation.getResult()[steps[0]];
  // The keys of tensors that say which of them count.
  std::string summed;
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    StringRef term = equation.getTerm(i);
    SmallVector<int64_t> own = axes.get(operand.getType());
    if (own.size() == 2 && term[own[0]] != query)
      return false;
    Role role = Role::Query;
    if (own.size() == 1 && term[own[0]] != query)
      role = Role::Key;
    // What is summed over keys must be 0 behind the step.
    if (own.size() == 2 && !equation.inResult(term[own[1]])) {
      if (masks.getBehind(operand) != Behind::Zero)
        return false;
      summed.push_back(term[own[1]]);
    }
    operands.push_back(build(operand, role));
    // At once: a chain of products of a value with itself would ask twice at
    // each link, again and again.
    if (!operands.back())
      return false;
  }
  // Places that are not yet reached are numbers of all kinds: 0 times one of
  // them may be none, unlike 0 times what a cache has there.
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (SmallVector<int64_t> own = axes.get(operand.getType());
        own.size() == 1 && equation.getTerm(i)[own[0]] != query &&
        masks.isPositional(operand))
      return false;
  // A sum over steps needs the tensor that says which of them count: another
  // one's keys say nothing of it.
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    for (int64_t axis : axes.get(operand.getType()))
      if (char letter = equation.getTerm(i)[axis];
          !equation.inResult(letter) && !StringRef(summed).contains(letter))
        return false;
  return true;
}

bool StepBuilder::buildOperands(Operation *op, Role role,
                                SmallVectorImpl<Value> &operands) {
  if (auto einsum = dyn_cast<EinsumOp>(op))
    return buildEinsum(einsum, operands);
  auto broadcast = dyn_cast<BroadcastOp>(op);
  for (Value operand : op->getOperands()) {
    Role own = broadcast ? getRole(broadcast, role).value_or(role) : role;
    operands.push_back(build(operand, own));
    if (!operands.back())
      return false;
  }
  return true;
}

Value StepBuilder::buildOp(Operation *op, Value value, Role role) {
  if (auto iota = dyn_cast<IotaOp>(op))
    return buildPosition(iota, role);
  SmallVector<Value> operands;
  if (!keepsSteps(op) || !buildOperands(op, role, operands))
    return {};
  IRMapping mapping;
  // Values from outside that a scan's body uses.
  llvm::SetVector<Value> used;
  getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value outside : used) {
    Value own = build(outside, Role::Query);
    if (!own)
      return {};
    mapping.map(outside, own);
  }
  Operation *copy = builder.clone(*op, mapping);
  // Not by the mapping: one value may be the queries and the keys.
  copy->setOperands(operands);
  for (auto [result, own] : llvm::zip(op->getResults(), copy->getResults())) {
    own.setType(convert(result.getType(), role));
    built[{result, int(role)}] = own;
  }
  return built.lookup({value, int(role)});
}

Value StepBuilder::build(Value value, Role role) {
  if (!axes.arePlain(value.getType(), 2))
    return {};
  size_t times = axes.get(value.getType()).size();
  if (times != 1)
    role = Role::Query;
  if (Value known = built.lookup({value, int(role)}))
    return known;
  Operation *op = value.getDefiningOp();
  if (depth == StepMasks::maxDepth)
    return {};
  ++depth;
  Value result;
  if (role == Role::Key && !masks.isPositional(value)) {
    // Kept as it was made: what turns it costs nothing where it is read, and
    // one cache serves several that turn it in their own ways.
    if (isa_and_nonnull<ReshapeOp, TransposeOp>(op))
      result = buildOp(op, value, role);
    else if (Value row = build(value, Role::Query))
      result = keep(value, row);
  } else if (op) {
    result = buildOp(op, value, role);
  }
  --depth;
  if (result)
    built[{value, int(role)}] = result;
  return result;
}

/// The caches need to hold no more steps than a table has rows. False if there
/// is no capacity to limit.
bool StepBuilder::keepLimits() {
  auto limits = whole->getAttrOfType<ArrayAttr>(kLimitsAttr);
  if (!limits)
    return true;
  SmallVector<Attribute> kept;
  for (auto limit : limits.getAsRange<DictionaryAttr>()) {
    NamedAttrList list(limit);
    auto size = Extent::parse(limit.getAs<StringAttr>("size").getValue());
    for (std::string &symbol : size->symbols)
      if (symbol == axes.getTime().str()) {
        if (caches.empty())
          return false;
        symbol = capacity.symbols.front();
      }
    list.set("size", builder.getStringAttr(size->str()));
    kept.push_back(list.getDictionary(builder.getContext()));
  }
  step->setAttr(kLimitsAttr, builder.getArrayAttr(kept));
  return true;
}

void StepBuilder::setAttributes() {
  MLIRContext *context = builder.getContext();
  SmallVector<DictionaryAttr> arguments, results;
  whole.getAllArgAttrs(arguments);
  whole.getAllResultAttrs(results);
  arguments.push_back(getRoleAttrs(context, "input", runtime::kPositionName));
  for (auto &[name, value] : caches) {
    arguments.push_back(getRoleAttrs(context, "carried", name));
    results.push_back(getRoleAttrs(context, "carried", name));
  }
  step.setAllArgAttrs(arguments);
  step.setAllResultAttrs(results);
}

func::FuncOp StepBuilder::run() {
  step = func::FuncOp::create(whole.getLoc(), whole.getName(),
                              builder.getFunctionType({}, {}));
  OwningOpRef<func::FuncOp> owner(step);
  block = step.addEntryBlock();
  builder.setInsertionPointToEnd(block);
  for (BlockArgument argument : whole.getArguments())
    built[{argument, int(Role::Query)}] = block->addArgument(
        convert(argument.getType(), Role::Query), argument.getLoc());
  Operation *end = whole.getBody().front().getTerminator();
  position = block->addArgument(getTensorType({}, builder.getI32Type()),
                                whole.getLoc());
  SmallVector<Value> results;
  for (Value result : end->getOperands()) {
    results.push_back(build(result, Role::Query));
    if (!results.back())
      return {};
  }
  for (auto &[name, value] : caches)
    results.push_back(value);
  if (!keepLimits())
    return {};
  func::ReturnOp::create(builder, whole.getLoc(), results);
  step.setFunctionType(builder.getFunctionType(block->getArgumentTypes(),
                                               ValueRange(results).getTypes()));
  setAttributes();
  OpBuilder(whole).insert(owner.release());
  whole.erase();
  return step;
}

func::FuncOp makeStepwise(func::FuncOp function, const StepAxes &axes) {
  return StepBuilder(function, axes).run();
}

} // namespace maek
