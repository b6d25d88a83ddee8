// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/KernelAlgorithm.h"

#include "codegen/halide/Activations.h"
#include "codegen/halide/DeadCalls.h"
#include "codegen/halide/HalideExpressible.h"
#include "codegen/halide/WordProducts.h"
#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "ir/Splat.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek::halide {

Halide::Type getHalideType(Type element) {
  if (element.isF32())
    return Halide::Float(32);
  if (element.isF64())
    return Halide::Float(64);
  if (element.isBF16())
    return Halide::BFloat(16);
  if (element.isInteger(1) || element.isUnsignedInteger(8))
    return Halide::UInt(8);
  if (element.isInteger(8))
    return Halide::Int(8);
  return Halide::Int(32);
}

Halide::Var KernelAlgorithm::var(int64_t rank, int64_t axis) {
  return Halide::Var("d" + std::to_string(rank - 1 - axis));
}

/// The axes' variables, outermost first.
static Index getVars(int64_t rank) {
  Index vars;
  for (int64_t axis = 0; axis < rank; ++axis)
    vars.push_back(KernelAlgorithm::var(rank, axis));
  return vars;
}

/// Halide's order of a position: innermost first.
static std::vector<Halide::Expr> reversed(IndexRef index) {
  return {index.rbegin(), index.rend()};
}

static std::string getFuncName(Value value) {
  if (Operation *op = value.getDefiningOp())
    return op->getName().stripDialect().str();
  return "input";
}

//===----------------------------------------------------------------------===//
// What the models use
//===----------------------------------------------------------------------===//

static bool isSamePlace(IndexRef a, IndexRef b) {
  return llvm::all_of(llvm::zip(a, b), [](auto pair) {
    return Halide::Internal::equal(std::get<0>(pair), std::get<1>(pair));
  });
}

Halide::Expr KernelAlgorithm::at(Value value, IndexRef index) {
  for (const auto &[place, element] : known[value])
    if (isSamePlace(place, index))
      return element;
  const Element &compute = elements.find(value)->second;
  Halide::Expr element = compute(index);
  known[value].emplace_back(Index(index), element);
  return element;
}

Halide::Func KernelAlgorithm::makeFunc(const std::string &name, int64_t rank,
                                       const Element &element) {
  Index vars = getVars(rank);
  Halide::Func func(name);
  func(reversed(vars)) = element(vars);
  return func;
}

Halide::Expr KernelAlgorithm::getWord(Value value, IndexRef index,
                                      int64_t axis) {
  Extent size = getExtent(value.getType(), axis);
  int length = getWordLength(getHalideType(getElementType(value.getType())));
  bool isFull = size.isStatic() && size.factor % length == 0;
  std::vector<Halide::Expr> numbers;
  for (int i = 0; i < length; ++i) {
    Index place(index);
    Halide::Expr position = place[axis] = index[axis] * length + i;
    // The first is always there.
    if (isFull || i == 0) {
      numbers.push_back(at(value, place));
      continue;
    }
    place[axis] = Halide::min(position, extent(size) - 1);
    Halide::Expr last = at(value, place);
    numbers.push_back(Halide::select(position < extent(size), last,
                                     Halide::Internal::make_zero(last.type())));
  }
  return makeWord(numbers);
}

Halide::Func KernelAlgorithm::getPadded(Value value, ArrayRef<int64_t> axes,
                                        std::optional<int64_t> words) {
  for (const PaddedSource &source : paddedSources)
    if (source.value == value && ArrayRef(source.axes) == axes &&
        source.words == words)
      return source.func;
  Halide::Func func =
      makeFunc("padded", getRank(value.getType()), [&](IndexRef index) {
        Index place(index);
        Halide::Expr isInside;
        for (int64_t axis : axes) {
          Halide::Expr size = extent(value, axis);
          Halide::Expr here = index[axis] >= 0 && index[axis] < size;
          isInside = isInside.defined() ? isInside && here : here;
          place[axis] = Halide::clamp(index[axis], 0, size - 1);
        }
        Halide::Expr element =
            words ? getWord(value, place, *words) : at(value, place);
        return Halide::select(isInside, element,
                              Halide::Internal::make_zero(element.type()));
      });
  paddedSources.push_back({value, SmallVector<int64_t>(axes), words, func});
  return func;
}

/// Whether the value is a scalar that costs something and that many elements
/// are computed from.
static bool isSharedScalar(Value value) {
  Operation *op = value.getDefiningOp();
  return getRank(value.getType()) == 0 && op &&
         !isa<ConstantOp, ExtentOp>(op) &&
         llvm::any_of(value.getUsers(),
                      [](Operation *user) { return isa<BroadcastOp>(user); });
}

bool KernelAlgorithm::isCostly(Operation *op) {
  auto expressible = llvm::dyn_cast_if_present<HalideExpressible>(op);
  return expressible && expressible.isCostly();
}

void KernelAlgorithm::define(Value result, const Element &element) {
  elements[result] = element;
  bool isScalar = isSharedScalar(result);
  if (!isScalar && (!isCostly(result.getDefiningOp()) || result.hasOneUse()))
    return;
  Halide::Func func =
      makeFunc(getFuncName(result), getRank(result.getType()), element);
  if (isScalar)
    scalars.push_back(func);
  else
    shared.emplace_back(result, func);
  elements[result] = [func](IndexRef index) -> Halide::Expr {
    return func(reversed(index));
  };
}

Reduction KernelAlgorithm::makeReduction(Value result, ArrayRef<Extent> domain,
                                         Index &position,
                                         const DomainForm &form) const {
  Reduction reduction;
  reduction.op = result.getDefiningOp();
  reduction.func = Halide::Func(getFuncName(result));
  reduction.extents.assign(domain.begin(), domain.end());
  if (domain.empty())
    return reduction;
  Halide::Region ranges;
  for (size_t i = domain.size(); i-- > 0;) {
    Halide::Expr size = extent(domain[i]);
    if (form.words && form.words->axis == i)
      size = (size + (form.words->length - 1)) / form.words->length;
    if (i + 1 == domain.size() && form.lastMultiple > 1)
      size = (size + (form.lastMultiple - 1)) / form.lastMultiple *
             form.lastMultiple;
    ranges.emplace_back(0, size);
  }
  Halide::RDom rdom(ranges, "r");
  for (int i = domain.size() - 1; i >= 0; --i) {
    reduction.domain.push_back(rdom[i]);
    position.push_back(rdom[i]);
  }
  return reduction;
}

void KernelAlgorithm::reduce(
    Value result, ArrayRef<Extent> domain, const Halide::Tuple &init,
    const std::function<Halide::Tuple(IndexRef, IndexRef,
                                      ArrayRef<Halide::Expr>)> &step,
    const std::vector<Halide::Func> &operands, const DomainForm &form) {
  Halide::Type type = getHalideType(getElementType(result.getType()));
  if (domain.empty()) {
    // Nothing is summed over. `step` does not outlive this call.
    Halide::Func func = makeFunc(
        getFuncName(result), getRank(result.getType()),
        [&](IndexRef index) { return step(index, {}, init.as_vector())[0]; });
    elements[result] = [func, type](IndexRef index) -> Halide::Expr {
      return Halide::cast(type, func(reversed(index)));
    };
    return;
  }
  Index position;
  Reduction reduction = makeReduction(result, domain, position, form);
  reduction.operands = operands;
  Index vars = getVars(getRank(result.getType()));
  Halide::FuncRef element = reduction.func(reversed(vars));
  if (init.size() == 1) {
    element = init[0];
    element = step(vars, position, {Halide::Expr(element)})[0];
  } else {
    element = init;
    SmallVector<Halide::Expr> previous;
    for (size_t i = 0; i < init.size(); ++i)
      previous.push_back(element[i]);
    element = step(vars, position, previous);
  }
  reductions.push_back(reduction);
  Halide::Func func = reduction.func;
  bool isTuple = init.size() > 1;
  elements[result] = [func, type, isTuple](IndexRef index) -> Halide::Expr {
    Halide::FuncRef whole = func(reversed(index));
    return Halide::cast(type,
                        isTuple ? Halide::Expr(whole[0]) : Halide::Expr(whole));
  };
}

void KernelAlgorithm::scatter(
    Value result, ArrayRef<Extent> domain,
    const std::function<std::pair<Index, Halide::Expr>(IndexRef, IndexRef)>
        &term) {
  Index position;
  Reduction reduction = makeReduction(result, domain, position);
  Halide::Func func = reduction.func;
  Index vars = getVars(getRank(result.getType()));
  func(reversed(vars)) = Halide::Internal::make_zero(
      getHalideType(getElementType(result.getType())));
  auto [place, number] = term(vars, position);
  func(reversed(place)) += number;
  reductions.push_back(reduction);
  elements[result] = [func](IndexRef index) -> Halide::Expr {
    return func(reversed(index));
  };
}

Halide::Expr KernelAlgorithm::extent(const Extent &size) const {
  if (size.isStatic())
    return int32_t(size.factor);
  if (auto known = dynamicExtents.find(size.str());
      known != dynamicExtents.end())
    return known->second;
  // A product of which no axis is, from its symbols.
  Halide::Expr product = int32_t(size.factor);
  for (const std::string &name : size.symbols) {
    auto known = dynamicExtents.find(name);
    product = product *
              (known != dynamicExtents.end() ? known->second : symbol(name));
  }
  return product;
}

Halide::Expr KernelAlgorithm::extent(Value value, int64_t axis) const {
  return extent(getExtent(value.getType(), axis));
}

Halide::Expr KernelAlgorithm::symbol(StringRef name) const {
  for (auto [known, param] : llvm::zip(symbolNames, symbols))
    if (known == name)
      return param;
  throw Halide::CompileError("the kernel has no value for the symbol '" +
                             name.str() + "'");
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

std::unique_ptr<KernelAlgorithm> KernelAlgorithm::build(func::FuncOp kernel,
                                                        bool isForDevice) {
  std::unique_ptr<KernelAlgorithm> algorithm(new KernelAlgorithm);
  algorithm->kernel = kernel;
  algorithm->isForDevice = isForDevice;
  algorithm->addInputs();
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (failed(algorithm->express(op)))
      return nullptr;
  algorithm->addOutputs();
  algorithm->dropDead();
  return algorithm;
}

/// Forgets the functions that no result needs, so that none is scheduled.
void KernelAlgorithm::dropDead() {
  Functions live = dropDeadCalls(getResults());
  auto isDead = [&](const Halide::Func &func) {
    return live.count(func.name()) == 0;
  };
  llvm::erase_if(reductions, [&](const auto &r) { return isDead(r.func); });
  llvm::erase_if(attention, [&](const auto &a) { return isDead(a.total); });
  llvm::erase_if(paddedSources, [&](const auto &p) { return isDead(p.func); });
  llvm::erase_if(scalars, isDead);
  llvm::erase_if(shared, [&](const auto &s) { return isDead(s.second); });
}

LogicalResult KernelAlgorithm::express(Operation &op) {
  auto model = dyn_cast<HalideExpressible>(op);
  if (!model)
    return op.emitOpError("has no Halide algorithm");
  model.express(*this);
  return success();
}

/// Fixes min and extent of each axis: a constant, or the one Expr of its size.
/// The first buffer with an axis of some dynamic size gives that size its Expr.
template <typename Buffer>
static void setBounds(Buffer &buffer, Type type,
                      std::map<std::string, Halide::Expr> &known) {
  SmallVector<Extent> extents = getExtents(type);
  for (auto [i, size] : llvm::enumerate(llvm::reverse(extents))) {
    Halide::Internal::Dimension dim = buffer.dim(i);
    dim.set_min(0);
    if (size.isStatic()) {
      dim.set_extent(int32_t(size.factor));
      continue;
    }
    auto [entry, isNew] = known.try_emplace(size.str(), dim.extent());
    if (!isNew)
      dim.set_extent(entry->second);
  }
}

void KernelAlgorithm::addInputs() {
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    for (auto name : names.getAsRange<StringAttr>()) {
      symbolNames.push_back(name.str());
      symbols.emplace_back("symbol" + std::to_string(symbols.size()));
      dynamicExtents.try_emplace(symbolNames.back(), symbols.back());
    }
  for (BlockArgument argument : kernel.getArguments()) {
    Type element = getElementType(argument.getType());
    Halide::ImageParam input(getHalideType(element),
                             getRank(argument.getType()),
                             "in" + std::to_string(argument.getArgNumber()));
    setBounds(input, argument.getType(), dynamicExtents);
    inputs.push_back(input);
    elements[argument] = [input, element](IndexRef index) -> Halide::Expr {
      Halide::Expr stored = input(reversed(index));
      return element.isInteger(1) ? stored != 0 : stored;
    };
  }
}

/// Whether elements of `value` may be those of a reduced maximum or minimum,
/// chosen, moved or shifted.
static bool holdsExtreme(Value value) {
  SmallVector<Value> pending{value};
  llvm::SmallPtrSet<Operation *, 8> seen;
  while (!pending.empty()) {
    Operation *op = pending.pop_back_val().getDefiningOp();
    if (!op || !seen.insert(op).second)
      continue;
    auto reduce = dyn_cast<ReduceOp>(op);
    if (reduce && reduce.getKind() != ReduceKind::Sum)
      return true;
    if (op->hasTrait<Linear>() || isa<SelectOp, MaxOp, MinOp>(op))
      pending.append(op->operand_begin(), op->operand_end());
  }
  return false;
}

static bool hasInfinity(func::FuncOp kernel) {
  return llvm::any_of(kernel.getOps<ConstantOp>(), [](ConstantOp constant) {
    return !isFiniteIn(constant.getType(),
                       constant.getValue().convertToDouble());
  });
}

void KernelAlgorithm::addOutputs() {
  Operation *terminator = kernel.getBody().front().getTerminator();
  for (Value value : terminator->getOperands()) {
    SmallVector<Extent> extents = getExtents(value.getType());
    auto group = llvm::find_if(
        outputs, [&](OutputGroup &g) { return g.extents == extents; });
    if (group == outputs.end())
      group = outputs.insert(group, OutputGroup{{}, extents, {}});
    group->values.push_back(value);
  }
  bool isInfinite = hasInfinity(kernel);
  for (auto [i, group] : llvm::enumerate(outputs)) {
    Index vars = getVars(group.extents.size());
    std::vector<Halide::Expr> parts;
    for (Value value : group.values) {
      Halide::Expr element = at(value, vars);
      // The largest finite number may stand for an infinity.
      if (element.type().is_float() && (isInfinite || holdsExtreme(value)))
        element = withInfinity(element);
      parts.push_back(element.type().is_bool() ? Halide::cast<uint8_t>(element)
                                               : element);
    }
    group.func = Halide::Func("out" + std::to_string(i));
    group.func(reversed(vars)) = Halide::Tuple(parts);
    // Halide lets only the first buffer of a Tuple state its bounds.
    Halide::OutputImageParam first = group.func.output_buffers().front();
    setBounds(first, group.values.front().getType(), dynamicExtents);
  }
}

std::vector<Halide::Argument> KernelAlgorithm::getArguments() const {
  std::vector<Halide::Argument> arguments(inputs.begin(), inputs.end());
  arguments.insert(arguments.end(), symbols.begin(), symbols.end());
  return arguments;
}

std::vector<Halide::Func> KernelAlgorithm::getResults() const {
  std::vector<Halide::Func> funcs;
  for (const OutputGroup &group : outputs)
    funcs.push_back(group.func);
  return funcs;
}

Halide::Pipeline KernelAlgorithm::getPipeline() const {
  return Halide::Pipeline(getResults());
}

std::vector<std::string> KernelAlgorithm::getResultNames() {
  std::vector<std::string> names;
  Operation *terminator = kernel.getBody().front().getTerminator();
  for (auto [i, value] : llvm::enumerate(terminator->getOperands()))
    for (const OutputGroup &group : outputs)
      for (auto [j, member] : llvm::enumerate(group.values))
        if (member == value)
          names.push_back(group.func.output_buffers()[j].name());
  return names;
}

} // namespace maek::halide
