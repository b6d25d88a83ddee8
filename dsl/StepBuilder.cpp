// Part of Maek, under the MIT licence; see LICENSE.
//
// Note [Steps]
// In the function of whole sequences an axis of size T is one of two things:
// the step that is computed (a query), or the steps that it looks at (keys).
// Of a tensor with two such axes the first is the query, as in Q · Kᵀ. In the
// function of one step queries have size 1 and keys the size C, the room of the
// caches; what stands behind the present step in them has no meaning, so every
// sum or maximum over keys must be of what is 0 or -inf there: made so by a
// comparison of the positions, j <= i.
#include "dsl/StepBuilder.h"

#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/Limits.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace llvm;
using mlir::Type;
using mlir::Value;

namespace maek::dsl {

namespace {

enum class Role { Query, Key };
/// What a tensor of queries and keys is behind the present step.
enum class Behind { Unknown, Infinite, Zero };

class StepBuilder {
public:
  StepBuilder(mlir::func::FuncOp whole, StringRef time)
      : whole(whole), time(Extent::symbol(time)),
        room(Extent::symbol(time == "C" ? "D" : "C")),
        builder(whole.getContext()) {}

  bool run();

private:
  bool keepLimits();

  // Types.
  SmallVector<int64_t> getTimes(Type type) const;
  Type convert(Type type, Role role) const;

  // Values: null if there is none.
  Value build(Value value, Role role);
  Value buildOp(mlir::Operation *op, Value value, Role role);
  Value buildPosition(IotaOp op, Role role);
  Value keep(Value value, Value row);
  bool buildOperands(mlir::Operation *op, Role role,
                     SmallVectorImpl<Value> &operands);
  std::optional<Role> getRole(BroadcastOp op, Role role) const;
  bool buildEinsum(EinsumOp op, SmallVectorImpl<Value> &operands);
  Value addInput(Type type, StringRef name);

  // What is known of the whole function's values.
  bool isPlain(Type type) const;
  bool isPositional(Value value, unsigned level = 0);
  int64_t getIndexAxis(Value value) const;
  bool isCausalMask(Value value) const;
  bool isSameForKeys(Value value, unsigned level = 0) const;
  Behind getBehind(Value value, unsigned level = 0) const;
  bool keepsSteps(mlir::Operation *op) const;
  bool keepsSteps(ReshapeOp op) const;
  bool keepsSteps(ReduceOp op) const;
  bool keepsSteps(ScanOp op) const;

  mlir::func::FuncOp whole, step;
  Extent time, room;
  mlir::OpBuilder builder;
  mlir::Block *block = nullptr;
  DenseMap<std::pair<Value, int>, Value> built;
  DenseMap<Value, bool> positional;
  Value position;
  SmallVector<std::pair<std::string, Value>> caches;
  unsigned depth = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

SmallVector<int64_t> StepBuilder::getTimes(Type type) const {
  SmallVector<int64_t> axes;
  for (auto [axis, extent] : llvm::enumerate(getExtents(type)))
    if (extent == time)
      axes.push_back(axis);
  return axes;
}

/// Steps on at most two axes of their own.
bool StepBuilder::isPlain(Type type) const {
  if (!isa<mlir::RankedTensorType>(type))
    return false;
  for (const Extent &extent : getExtents(type))
    if (extent != time &&
        llvm::is_contained(extent.symbols, time.symbols.front()))
      return false;
  return getTimes(type).size() <= 2;
}

/// `role` is that of a single axis.
Type StepBuilder::convert(Type type, Role role) const {
  SmallVector<Extent> extents = getExtents(type);
  SmallVector<int64_t> axes = getTimes(type);
  for (auto [i, axis] : llvm::enumerate(axes)) {
    bool isQuery = axes.size() == 1 ? role == Role::Query : i == 0;
    extents[axis] = isQuery ? Extent(1) : room;
  }
  return getTensorType(extents, getElementType(type));
}

//===----------------------------------------------------------------------===//
// What is known of values
//===----------------------------------------------------------------------===//

static constexpr unsigned maxDepth = 1000;

/// Whether places and constants alone make the value.
bool StepBuilder::isPositional(Value value, unsigned level) {
  mlir::Operation *op = value.getDefiningOp();
  if (getTimes(value.getType()).empty())
    return true;
  if (!op || level == maxDepth ||
      !(isa<ConstantOp, IotaOp, BroadcastOp>(op) ||
        op->hasTrait<mlir::OpTrait::Elementwise>()))
    return false;
  if (auto known = positional.find(value); known != positional.end())
    return known->second;
  bool found = llvm::all_of(op->getOperands(), [&](Value operand) {
    return isPositional(operand, level + 1);
  });
  return positional[value] = found;
}

/// The axis whose index the value's elements are; -1 if they are none.
int64_t StepBuilder::getIndexAxis(Value value) const {
  if (auto iota = value.getDefiningOp<IotaOp>())
    return iota.getDim();
  if (auto convert = value.getDefiningOp<ConvertOp>())
    return getIndexAxis(convert.getOperand());
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    if (int64_t axis = getIndexAxis(broadcast.getOperand()); axis >= 0)
      return broadcast.getDims()[axis];
  return -1;
}

/// Whether the value of queries and keys holds for no key behind the query.
bool StepBuilder::isCausalMask(Value value) const {
  if (auto broadcast = value.getDefiningOp<BroadcastOp>())
    return getTimes(broadcast.getOperand().getType()).size() == 2 &&
           isCausalMask(broadcast.getOperand());
  auto compare = value.getDefiningOp<CompareOp>();
  SmallVector<int64_t> axes = getTimes(value.getType());
  if (!compare || axes.size() != 2)
    return false;
  using enum ComparePredicate;
  ComparePredicate predicate = compare.getPredicate();
  Value key = compare.getLhs(), query = compare.getRhs();
  if (predicate == Ge || predicate == Gt)
    std::swap(key, query);
  else if (predicate != Le && predicate != Lt)
    return false;
  return getIndexAxis(key) == axes[1] && getIndexAxis(query) == axes[0];
}

/// Whether the value of queries and keys does not change with the key, so that
/// behind the step it is what the whole has there. Caches hold zeros there, of
/// which a quotient or a logarithm may be no number.
bool StepBuilder::isSameForKeys(Value value, unsigned level) const {
  mlir::Operation *op = value.getDefiningOp();
  SmallVector<int64_t> axes = getTimes(value.getType());
  if (!op || level == maxDepth || axes.size() != 2)
    return false;
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value operand = broadcast.getOperand();
    SmallVector<int64_t> own = getTimes(operand.getType());
    return own.empty() ||
           (own.size() == 1 ? broadcast.getDims()[own[0]] == axes[0]
                            : isSameForKeys(operand, level + 1));
  }
  return isa<ConstantOp>(op) || (isa<StopGradientOp, ConvertOp>(op) &&
                                 isSameForKeys(op->getOperand(0), level + 1));
}

Behind StepBuilder::getBehind(Value value, unsigned level) const {
  mlir::Operation *op = value.getDefiningOp();
  if (!op || level == maxDepth || getTimes(value.getType()).size() != 2)
    return Behind::Unknown;
  auto of = [&](Value operand) { return getBehind(operand, level + 1); };
  return llvm::TypeSwitch<mlir::Operation *, Behind>(op)
      .Case([&](SelectOp select) {
        std::optional<double> other = getSplat(select.getOnFalse());
        if (!other || !isCausalMask(select.getCondition()))
          return Behind::Unknown;
        return *other == 0                        ? Behind::Zero
               : std::isinf(*other) && *other < 0 ? Behind::Infinite
                                                  : Behind::Unknown;
      })
      .Case([&](SubOp sub) {
        return of(sub.getLhs()) == Behind::Infinite &&
                       isSameForKeys(sub.getRhs())
                   ? Behind::Infinite
                   : Behind::Unknown;
      })
      .Case([&](ExpOp exp) {
        return of(exp.getOperand()) == Behind::Infinite ? Behind::Zero
                                                        : Behind::Unknown;
      })
      .Case([&](DivOp div) {
        return of(div.getLhs()) == Behind::Zero && isSameForKeys(div.getRhs())
                   ? Behind::Zero
                   : Behind::Unknown;
      })
      .Case([&](StopGradientOp stop) { return of(stop.getOperand()); })
      .Default([](mlir::Operation *) { return Behind::Unknown; });
}

bool StepBuilder::keepsSteps(ReshapeOp op) const {
  auto from = getExtents(op.getOperand().getType());
  auto to = getExtents(op.getType());
  auto a = getTimes(op.getOperand().getType()), b = getTimes(op.getType());
  if (a.empty() && b.empty())
    return true;
  return a.size() == 1 && b.size() == 1 &&
         getNumElements(ArrayRef(from).take_front(a[0])) ==
             getNumElements(ArrayRef(to).take_front(b[0]));
}

/// Over keys only if those behind the step do not count.
bool StepBuilder::keepsSteps(ReduceOp op) const {
  Value operand = op.getOperand();
  SmallVector<int64_t> axes = getTimes(operand.getType());
  if (axes.empty())
    return true;
  if (llvm::is_contained(op.getDims(), axes[0]))
    return false;
  if (axes.size() == 1 || !llvm::is_contained(op.getDims(), axes[1]))
    return true;
  switch (op.getKind()) {
  case ReduceKind::Sum:
    return getBehind(operand) == Behind::Zero;
  case ReduceKind::Max:
    return getBehind(operand) == Behind::Infinite;
  case ReduceKind::Min:
    return false;
  }
  llvm_unreachable("unknown kind");
}

bool StepBuilder::keepsSteps(ScanOp op) const {
  for (Value sequence : op.getSequences())
    if (SmallVector<int64_t> axes = getTimes(sequence.getType());
        !axes.empty() && (axes.size() > 1 || axes[0] != 0 || op.getReverse()))
      return false;
  for (Value init : op.getInits())
    if (!getTimes(init.getType()).empty())
      return false;
  auto result = op.getBody().front().walk([&](mlir::Operation *inner) {
    for (Value operand : inner->getOperands())
      if (!isPlain(operand.getType()) || !getTimes(operand.getType()).empty())
        return mlir::WalkResult::interrupt();
    return mlir::WalkResult::advance();
  });
  return !result.wasInterrupted();
}

/// Whether the op on single steps does what it does on all.
bool StepBuilder::keepsSteps(mlir::Operation *op) const {
  return llvm::TypeSwitch<mlir::Operation *, bool>(op)
      .Case<ReshapeOp, ReduceOp, ScanOp>(
          [&](auto known) { return keepsSteps(known); })
      .Case([&](TransposeOp transpose) {
        // The query stays in front of the keys.
        auto axes = getTimes(transpose.getOperand().getType());
        ArrayRef<int64_t> order = transpose.getPermutation();
        return axes.size() < 2 ||
               llvm::find(order, axes[0]) < llvm::find(order, axes[1]);
      })
      .Case([&](GatherOp gather) {
        return getTimes(gather.getTable().getType()).empty();
      })
      .Case([&](ExtentOp extent) {
        std::optional<Extent> size = Extent::parse(extent.getSymbol());
        return size && !llvm::is_contained(size->symbols, time.symbols.front());
      })
      .Case([](RandomOp) { return false; })
      .Default([&](mlir::Operation *other) {
        return !fixesAxis(other, [&](Value value, int64_t axis) {
          return llvm::is_contained(getTimes(value.getType()), axis);
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
  SmallVector<int64_t> axes = getTimes(op.getType());
  bool isQuery =
      llvm::is_contained(axes, op.getDim()) &&
      (axes.size() == 1 ? role == Role::Query : axes[0] == op.getDim());
  if (!isQuery)
    return IotaOp::create(builder, op.getLoc(), type, op.getDim());
  Value number = ConvertOp::create(
      builder, op.getLoc(), getTensorType({}, getElementType(type)), position);
  return BroadcastOp::create(builder, op.getLoc(), type, number,
                             ArrayRef<int64_t>{});
}

/// `row`, the `value` of one step, among those of the steps before; null if it
/// is no number.
Value StepBuilder::keep(Value value, Value row) {
  auto now = cast<mlir::RankedTensorType>(row.getType());
  if (!isa<mlir::FloatType>(now.getElementType()))
    return {};
  int64_t axis = getTimes(value.getType()).front();
  mlir::Location loc = value.getLoc();
  Type type = convert(value.getType(), Role::Key);
  std::string name = "state.cache";
  if (!caches.empty())
    name += "_" + std::to_string(caches.size() + 1);
  size_t number = caches.size();
  Value before = addInput(type, name);
  Type numbers = withElementType(type, builder.getI32Type());
  Value place = ConvertOp::create(
      builder, loc, getTensorType({}, builder.getI32Type()), position);
  Value isNow = CompareOp::create(
      builder, loc, withElementType(type, builder.getI1Type()),
      ComparePredicate::Eq,
      IotaOp::create(builder, loc, numbers, axis).getResult(),
      BroadcastOp::create(builder, loc, numbers, place, ArrayRef<int64_t>{})
          .getResult());
  SmallVector<Extent> extents = getExtents(now);
  extents.erase(extents.begin() + axis);
  SmallVector<int64_t> dims;
  for (int64_t i = 0; i < getRank(type); ++i)
    if (i != axis)
      dims.push_back(i);
  row = ReshapeOp::create(builder, loc,
                          getTensorType(extents, now.getElementType()), row);
  Value after = SelectOp::create(
      builder, loc, isNow, BroadcastOp::create(builder, loc, type, row, dims),
      before);
  caches[number].second = after;
  return after;
}

/// Of a broadcast's operand with one axis of steps; nothing if it has another
/// number of them.
std::optional<Role> StepBuilder::getRole(BroadcastOp op, Role role) const {
  SmallVector<int64_t> inner = getTimes(op.getOperand().getType());
  SmallVector<int64_t> outer = getTimes(op.getType());
  if (inner.size() != 1)
    return std::nullopt;
  int64_t axis = op.getDims()[inner[0]];
  if (outer.size() == 1)
    return role;
  return axis == outer[0] ? Role::Query : Role::Key;
}

bool StepBuilder::buildEinsum(EinsumOp op, SmallVectorImpl<Value> &operands) {
  EinsumAttr equation = op.getEquation();
  SmallVector<int64_t> axes = getTimes(op.getType());
  char query = axes.empty() ? 0 : equation.getResult()[axes[0]];
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    StringRef term = equation.getTerm(i);
    SmallVector<int64_t> own = getTimes(operand.getType());
    if (own.size() == 2 && term[own[0]] != query)
      return false;
    Role role = Role::Query;
    if (own.size() == 1 && term[own[0]] != query)
      role = Role::Key;
    // What is summed over keys must be 0 behind the step.
    if (own.size() == 2 && !equation.inResult(term[own[1]]) &&
        getBehind(operand) != Behind::Zero)
      return false;
    operands.push_back(build(operand, role));
  }
  // Places that are not yet reached are numbers of all kinds: 0 times one of
  // them may be none, unlike 0 times what a cache has there.
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (SmallVector<int64_t> own = getTimes(operand.getType());
        own.size() == 1 && equation.getTerm(i)[own[0]] != query &&
        isPositional(operand))
      return false;
  // A sum over steps needs the tensor that says which of them count.
  bool hasBoth = llvm::any_of(op->getOperandTypes(), [&](Type type) {
    return getTimes(type).size() == 2;
  });
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    for (int64_t axis : getTimes(operand.getType()))
      if (!equation.inResult(equation.getTerm(i)[axis]) && !hasBoth)
        return false;
  return llvm::all_of(operands, [](Value value) { return bool(value); });
}

bool StepBuilder::buildOperands(mlir::Operation *op, Role role,
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

Value StepBuilder::buildOp(mlir::Operation *op, Value value, Role role) {
  if (auto iota = dyn_cast<IotaOp>(op))
    return buildPosition(iota, role);
  SmallVector<Value> operands;
  if (!keepsSteps(op) || !buildOperands(op, role, operands))
    return {};
  mlir::IRMapping mapping;
  // Values from outside that a scan's body uses.
  SetVector<Value> used;
  mlir::getUsedValuesDefinedAbove(op->getRegions(), used);
  for (Value outside : used) {
    Value own = build(outside, Role::Query);
    if (!own)
      return {};
    mapping.map(outside, own);
  }
  mlir::Operation *copy = builder.clone(*op, mapping);
  // Not by the mapping: one value may be the queries and the keys.
  copy->setOperands(operands);
  for (auto [result, own] : llvm::zip(op->getResults(), copy->getResults())) {
    own.setType(convert(result.getType(), role));
    built[{result, int(role)}] = own;
  }
  return built.lookup({value, int(role)});
}

Value StepBuilder::build(Value value, Role role) {
  if (!isPlain(value.getType()))
    return {};
  size_t times = getTimes(value.getType()).size();
  if (times != 1)
    role = Role::Query;
  if (Value known = built.lookup({value, int(role)}))
    return known;
  mlir::Operation *op = value.getDefiningOp();
  if (depth == maxDepth)
    return {};
  ++depth;
  Value result;
  if (role == Role::Key && !isPositional(value)) {
    if (Value row = build(value, Role::Query))
      result = keep(value, row);
  } else if (op) {
    result = buildOp(op, value, role);
  }
  --depth;
  if (result)
    built[{value, int(role)}] = result;
  return result;
}

/// As many steps as a table has rows are as much room. False if there is no
/// room to limit.
bool StepBuilder::keepLimits() {
  auto limits = whole->getAttrOfType<mlir::ArrayAttr>(kLimitsAttr);
  if (!limits)
    return true;
  SmallVector<mlir::Attribute> kept;
  for (auto limit : limits.getAsRange<mlir::DictionaryAttr>()) {
    mlir::NamedAttrList list(limit);
    auto size = Extent::parse(limit.getAs<mlir::StringAttr>("size").getValue());
    for (std::string &symbol : size->symbols)
      if (symbol == time.symbols.front()) {
        if (caches.empty())
          return false;
        symbol = room.symbols.front();
      }
    list.set("size", builder.getStringAttr(size->str()));
    kept.push_back(list.getDictionary(builder.getContext()));
  }
  step->setAttr(kLimitsAttr, builder.getArrayAttr(kept));
  return true;
}

bool StepBuilder::run() {
  step = mlir::func::FuncOp::create(whole.getLoc(), whole.getName(),
                                    builder.getFunctionType({}, {}));
  mlir::OwningOpRef<mlir::func::FuncOp> owner(step);
  block = step.addEntryBlock();
  builder.setInsertionPointToEnd(block);
  for (mlir::BlockArgument argument : whole.getArguments())
    built[{argument, int(Role::Query)}] = block->addArgument(
        convert(argument.getType(), Role::Query), argument.getLoc());
  mlir::Operation *end = whole.getBody().front().getTerminator();
  Type number = getTensorType({}, getElementType(end->getOperand(0).getType()));
  position = block->addArgument(number, whole.getLoc());
  SmallVector<Value> results;
  for (Value result : end->getOperands()) {
    results.push_back(build(result, Role::Query));
    if (!results.back())
      return false;
  }
  for (auto &[name, value] : caches)
    results.push_back(value);
  if (!keepLimits())
    return false;
  mlir::func::ReturnOp::create(builder, whole.getLoc(), results);
  step.setFunctionType(builder.getFunctionType(
      block->getArgumentTypes(), mlir::ValueRange(results).getTypes()));
  mlir::MLIRContext *context = builder.getContext();
  unsigned numArguments = whole.getNumArguments();
  unsigned numResults = whole.getNumResults();
  for (unsigned i = 0; i < numArguments; ++i)
    step.setArgAttrs(i, whole.getArgAttrDict(i));
  for (unsigned i = 0; i < numResults; ++i)
    step.setResultAttrs(i, whole.getResultAttrDict(i));
  step.setArgAttrs(numArguments,
                   getRoleAttrs(context, "input", "state.position"));
  for (auto [i, cache] : llvm::enumerate(caches)) {
    step.setArgAttrs(numArguments + 1 + i,
                     getRoleAttrs(context, "input", cache.first));
    step.setResultAttrs(numResults + i,
                        getRoleAttrs(context, "output", cache.first));
  }
  mlir::OpBuilder(whole).insert(owner.release());
  whole.erase();
  return true;
}

bool makeStepwise(mlir::func::FuncOp function, StringRef time) {
  return StepBuilder(function, time).run();
}

} // namespace maek::dsl
