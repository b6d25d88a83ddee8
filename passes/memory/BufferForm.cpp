// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/BufferForm.h"

#include "ir/Entries.h"
#include "ir/Segments.h"
#include "passes/memory/IndexMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace maek {

SmallVector<std::string> getAllSymbols(func::FuncOp entry) {
  SmallVector<std::string> symbols;
  auto collect = [&](Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (const Extent &extent : getExtents(tensor))
        llvm::append_range(symbols, extent.symbols);
  };
  llvm::for_each(entry.getArgumentTypes(), collect);
  llvm::for_each(entry.getResultTypes(), collect);
  entry.walk([&](Operation *op) {
    llvm::for_each(op->getResultTypes(), collect);
    if (auto scan = dyn_cast<ScanOp>(op))
      llvm::for_each(scan.getBody().getArgumentTypes(), collect);
  });
  llvm::sort(symbols);
  symbols.erase(llvm::unique(symbols), symbols.end());
  return symbols;
}

SmallVector<std::string> getSymbols(func::FuncOp entry) {
  SmallVector<std::string> symbols = getAllSymbols(entry);
  llvm::erase_if(symbols, [](const std::string &symbol) {
    return parseSegmentSymbol(symbol).has_value();
  });
  return symbols;
}

static SmallVector<int64_t> toStatic(ArrayRef<Extent> extents) {
  return llvm::map_to_vector(extents, [](const Extent &extent) {
    return extent.isStatic() ? extent.factor : ShapedType::kDynamic;
  });
}

/// Row-major, from element 0 on.
static MemRefType getMemRefType(Type tensor) {
  return MemRefType::get(toStatic(getExtents(tensor)), getElementType(tensor));
}

/// What a loop's variable refers to: rows of any buffer.
static MemRefType getRowType(const View &view) {
  return MemRefType::get(toStatic(view.extents), view.element,
                         StridedLayoutAttr::get(view.element.getContext(),
                                                ShapedType::kDynamic,
                                                toStatic(view.strides)));
}

namespace {

class Emitter {
public:
  Emitter(Placement &placement, const ArenaPlan &plan)
      : placement(placement), plan(plan), from(placement.getEntry()) {}

  func::FuncOp emit();

private:
  func::FuncOp createFunction(ArrayRef<std::string> symbols);
  void createSlots(IndexMath &index, Value arena);
  void createPlaces(IndexMath &index);
  void emitBlock(Block &block, OpBuilder &builder);
  void emitCall(func::CallOp call, OpBuilder &builder);
  void emitScan(ScanOp scan, OpBuilder &builder);
  void countSegmentSteps(ScanOp scan, OpBuilder &builder);
  SmallVector<Value> getInitial(ScanOp scan, OpBuilder &builder);
  void bindVariables(ScanOp scan, scf::ForOp loop);
  SmallVector<Value> getYielded(ScanOp scan, scf::ForOp loop,
                                OpBuilder &builder);
  Value getRoot(Storage *storage, Location location);
  Value getMemRef(const View &view, OpBuilder &builder, Location location);
  Value getRow(const View &view, OpBuilder &builder, Location location);
  Value castView(const View &view, OpBuilder &builder, Location location);

  Placement &placement;
  const ArenaPlan &plan;
  func::FuncOp from, to;
  SymbolTableCollection tables;
  IndexMath *index = nullptr;
  Value arena;
  DenseMap<const Storage *, Value> offsets, roots;
  llvm::StringMap<Value> casts;
};

} // namespace

func::FuncOp Emitter::createFunction(ArrayRef<std::string> symbols) {
  OpBuilder builder(from);
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  auto add = [&](Type tensor, DictionaryAttr known) {
    types.push_back(getMemRefType(tensor));
    NamedAttrList list(known);
    if (Attribute dims = cast<RankedTensorType>(tensor).getEncoding())
      list.set(kDimsAttr, dims);
    attributes.push_back(list.getDictionary(builder.getContext()));
  };
  for (auto [i, type] : llvm::enumerate(from.getArgumentTypes()))
    add(type, from.getArgAttrDict(i));
  for (auto [i, type] : llvm::enumerate(from.getResultTypes()))
    add(type, from.getResultAttrDict(i));
  types.push_back(
      MemRefType::get({ShapedType::kDynamic}, builder.getIntegerType(8)));
  types.append(symbols.size(), builder.getIndexType());
  attributes.resize(types.size(), builder.getDictionaryAttr({}));
  auto made = func::FuncOp::create(builder, from.getLoc(), from.getName(),
                                   builder.getFunctionType(types, {}),
                                   ArrayRef<NamedAttribute>(), attributes);
  SmallVector<StringRef> names(symbols.begin(), symbols.end());
  made->setAttr(kSymbolsAttr, builder.getStrArrayAttr(names));
  return made;
}

void Emitter::createSlots(IndexMath &math, Value arenaArgument) {
  arena = arenaArgument;
  Value end;
  OpBuilder &top = math.getTop();
  for (const Slot &slot : plan.slots) {
    Value start = end ? end : math.getConstant(0);
    for (const Storage *member : slot.members)
      offsets[member] = start;
    if (&slot == &plan.slots.back())
      break;
    Value size = emitSlotSize(slot, math);
    end = end ? arith::AddIOp::create(top, top.getUnknownLoc(), end, size)
                    .getResult()
              : size;
  }
}

/// Reads the places that arguments tell; one outside of its axis, which is an
/// error of the caller, is the nearest one in it.
void Emitter::createPlaces(IndexMath &math) {
  OpBuilder &top = math.getTop();
  Location location = from.getLoc();
  for (const auto &[name, place] : placement.getPlaces()) {
    Value number = memref::LoadOp::create(
        top, location, to.getArgument(place.argument), ValueRange());
    Value index =
        arith::IndexCastOp::create(top, location, top.getIndexType(), number);
    index = arith::MinSIOp::create(top, location, index,
                                   math.get(Polynomial(place.size) - 1, top));
    math.setSymbol(name, arith::MaxSIOp::create(top, location, index,
                                                math.getConstant(0)));
  }
}

Value Emitter::getRoot(Storage *storage, Location location) {
  if (Value known = roots.lookup(storage))
    return known;
  OpBuilder &top = index->getTop();
  SmallVector<int64_t> shape;
  SmallVector<Value> sizes;
  for (auto [axis, extent] : llvm::enumerate(storage->extents)) {
    Polynomial size(extent);
    if (storage->extraRow && axis == 0)
      size = size + 1;
    shape.push_back(size.getConstant().value_or(ShapedType::kDynamic));
    if (!size.getConstant())
      sizes.push_back(index->get(size, top));
  }
  return roots[storage] =
             memref::ViewOp::create(top, storage->location.value_or(location),
                                    MemRefType::get(shape, storage->element),
                                    arena, offsets.lookup(storage), sizes);
}

Value Emitter::castView(const View &view, OpBuilder &builder,
                        Location location) {
  Value base = getRoot(view.storage, location);
  OpFoldResult offset = index->fold(view.offset, builder);
  if (view.storage->kind == Storage::Kind::Carried) {
    auto parts =
        memref::ExtractStridedMetadataOp::create(builder, location, base);
    base = parts.getBaseBuffer();
    offset = view.offset.isZero()
                 ? parts.getOffset()
                 : arith::AddIOp::create(builder, location, parts.getOffset(),
                                         index->get(view.offset, builder))
                       .getResult();
  }
  SmallVector<OpFoldResult> sizes, strides;
  for (const Extent &extent : view.extents)
    sizes.push_back(index->fold(extent, builder));
  for (const Extent &stride : view.strides)
    strides.push_back(index->fold(stride, builder));
  int64_t fixed =
      view.storage->kind == Storage::Kind::Carried
          ? ShapedType::kDynamic
          : view.offset.getConstant().value_or(ShapedType::kDynamic);
  auto type =
      MemRefType::get(toStatic(view.extents), view.element,
                      StridedLayoutAttr::get(builder.getContext(), fixed,
                                             toStatic(view.strides)));
  return memref::ReinterpretCastOp::create(builder, location, type, base,
                                           offset, sizes, strides);
}

Value Emitter::getMemRef(const View &view, OpBuilder &builder,
                         Location location) {
  const Storage &storage = *view.storage;
  if (view.isWhole() && !storage.extraRow && view.extents == storage.extents)
    return getRoot(view.storage, location);
  auto changes = [](const Polynomial &size) {
    return IndexMath::dependsOnStep(size);
  };
  if (storage.kind == Storage::Kind::Carried || changes(view.offset) ||
      llvm::any_of(view.extents, changes) ||
      llvm::any_of(view.strides, changes))
    return castView(view, builder, location);
  // Nothing in it changes in loops: make it once, at the top.
  std::string key;
  llvm::raw_string_ostream out(key);
  out << view.storage << " " << view.offset.str();
  for (auto [extent, stride] : llvm::zip(view.extents, view.strides))
    out << " " << extent.str() << " " << stride.str();
  Value &known = casts[key];
  if (!known)
    known = castView(view, index->getTop(), location);
  return known;
}

Value Emitter::getRow(const View &view, OpBuilder &builder, Location location) {
  View row = view.asRowMajor();
  Value memref = getMemRef(row, builder, location);
  MemRefType type = getRowType(row);
  if (memref.getType() == type)
    return memref;
  return memref::CastOp::create(builder, location, type, memref);
}

void Emitter::emitCall(func::CallOp call, OpBuilder &builder) {
  SmallVector<Value> inputs, scalars, outputs;
  for (Value operand : call.getOperands())
    inputs.push_back(
        getMemRef(placement.getView(operand), builder, call.getLoc()));
  for (Value result : call.getResults())
    outputs.push_back(
        getMemRef(placement.getView(result), builder, call.getLoc()));
  auto kernel =
      tables.lookupNearestSymbolFrom<func::FuncOp>(from, call.getCalleeAttr());
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    for (StringAttr name : names.getAsRange<StringAttr>())
      scalars.push_back(index->getSymbol(name));
  LaunchOp::create(builder, call.getLoc(), call.getCalleeAttr(), inputs,
                   scalars, outputs);
}

/// A state in rows of a sequence is one variable: its row. One in two buffers
/// has its current value, where the next one goes, and, unless the initial
/// value lies there, the buffer for the one after that.
SmallVector<Value> Emitter::getInitial(ScanOp scan, OpBuilder &builder) {
  SmallVector<Value> initial;
  auto add = [&](const View &view) {
    initial.push_back(getRow(view, builder, scan.getLoc()));
  };
  for (auto [init, state] :
       llvm::zip(scan.getInits(), placement.getScan(scan).states)) {
    if (!state.current)
      continue;
    add(placement.getView(init));
    if (state.next)
      add(View::whole(state.first, init.getType()));
    if (state.next && !state.initIsSecond)
      add(View::whole(state.second, init.getType()));
  }
  return initial;
}

/// What the loop's variables are called in views.
void Emitter::bindVariables(ScanOp scan, scf::ForOp loop) {
  const ScanPlacement &placed = placement.getScan(scan);
  index->setSymbol(placed.counter, loop.getInductionVar());
  size_t next = 0;
  for (const ScanState &state : placed.states) {
    if (!state.current)
      continue;
    roots[state.current] = loop.getRegionIterArgs()[next];
    if (state.next) {
      roots[state.next] = loop.getRegionIterArgs()[next + 1];
      roots[state.final] = loop.getResults()[next];
      next += state.initIsSecond ? 1 : 2;
    }
    ++next;
  }
}

SmallVector<Value> Emitter::getYielded(ScanOp scan, scf::ForOp loop,
                                       OpBuilder &builder) {
  SmallVector<Value> yielded;
  for (auto [value, state] :
       llvm::zip(scan.getYield().getValues(), placement.getScan(scan).states)) {
    if (!state.current)
      continue;
    if (!state.next) {
      yielded.push_back(
          getRow(placement.getView(value), builder, scan.getLoc()));
      continue;
    }
    Value next = roots.lookup(state.next);
    yielded.push_back(next);
    if (state.initIsSecond) {
      yielded.push_back(roots.lookup(state.current));
    } else {
      // The initial value is not overwritten.
      yielded.push_back(loop.getRegionIterArgs()[yielded.size() + 1]);
      yielded.push_back(next);
    }
  }
  return yielded;
}

/// The steps of the present segment: what is left of all, the length of a
/// segment at most.
void Emitter::countSegmentSteps(ScanOp scan, OpBuilder &builder) {
  Extent steps = scan.getSteps();
  Polynomial length(getSegmentLength(steps));
  Polynomial rest = Polynomial(steps) - placement.getScan(scan).row * length;
  index->setSymbol(getSegmentSteps(steps).str(),
                   arith::MinSIOp::create(builder, scan.getLoc(),
                                          index->get(rest, builder),
                                          index->get(length, builder)));
}

void Emitter::emitScan(ScanOp scan, OpBuilder &builder) {
  Location location = scan.getLoc();
  Polynomial rounds(scan.getRounds());
  auto loop = scf::ForOp::create(
      builder, location, index->getConstant(0), index->get(rounds, builder),
      index->getConstant(1), getInitial(scan, builder));
  bindVariables(scan, loop);
  Block &body = *loop.getBody();
  if (!body.empty())
    body.getTerminator()->erase();
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  if (scan.getSegmented())
    countSegmentSteps(scan, inner);
  emitBlock(scan.getBody().front(), inner);
  scf::YieldOp::create(inner, location, getYielded(scan, loop, inner));
}

void Emitter::emitBlock(Block &block, OpBuilder &builder) {
  for (Operation &op : block) {
    if (auto call = dyn_cast<func::CallOp>(op))
      emitCall(call, builder);
    else if (auto scan = dyn_cast<ScanOp>(op))
      emitScan(scan, builder);
  }
}

func::FuncOp Emitter::emit() {
  SmallVector<std::string> symbols = getSymbols(from);
  to = createFunction(symbols);
  Block *block = to.addEntryBlock();
  OpBuilder builder = OpBuilder::atBlockEnd(block);
  auto end = func::ReturnOp::create(builder, from.getLoc());
  // Index arithmetic goes before this mark, launches behind it.
  OpBuilder body(end);
  auto mark = arith::ConstantIndexOp::create(body, from.getLoc(), 0);
  IndexMath math{OpBuilder(mark.getOperation())};
  index = &math;
  unsigned numArguments = from.getNumArguments();
  for (unsigned i = 0; i < numArguments; ++i)
    roots[placement.getArgument(i)] = to.getArgument(i);
  for (unsigned i = 0; i < from.getNumResults(); ++i)
    roots.try_emplace(placement.getResult(i), to.getArgument(numArguments + i));
  unsigned next = numArguments + from.getNumResults();
  Value arenaArgument = to.getArgument(next++);
  for (const std::string &symbol : symbols)
    math.setSymbol(symbol, to.getArgument(next++));
  createPlaces(math);
  createSlots(math, arenaArgument);
  emitBlock(from.getBody().front(), body);
  mark->erase();
  to->setAttr(kMemoryAttr, describeSlots(plan, builder));
  return to;
}

func::FuncOp emitBufferForm(Placement &placement, const ArenaPlan &plan) {
  func::FuncOp made = Emitter(placement, plan).emit();
  placement.getEntry().erase();
  return made;
}

} // namespace maek
