// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/BufferForm.h"

#include "ir/Entries.h"
#include "passes/memory/IndexMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace maek {

SmallVector<std::string> getSymbols(func::FuncOp entry) {
  SmallVector<std::string> symbols;
  auto collect = [&](Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      for (const Extent &extent : getExtents(tensor))
        llvm::append_range(symbols, extent.symbols);
  };
  llvm::for_each(entry.getArgumentTypes(), collect);
  llvm::for_each(entry.getResultTypes(), collect);
  entry.walk(
      [&](Operation *op) { llvm::for_each(op->getResultTypes(), collect); });
  llvm::sort(symbols);
  symbols.erase(llvm::unique(symbols), symbols.end());
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
  void emitBlock(Block &block, OpBuilder &builder);
  void emitCall(func::CallOp call, OpBuilder &builder);
  void emitScan(ScanOp scan, OpBuilder &builder);
  Value getRoot(Storage *storage, Location location);
  Value getMemRef(const View &view, OpBuilder &builder, Location location);
  Value getRow(const View &view, OpBuilder &builder, Location location);
  Value castView(const View &view, OpBuilder &builder, Location location);

  Placement &placement;
  const ArenaPlan &plan;
  func::FuncOp from, to;
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

/// "B*Tx24xf32"
static std::string describe(const Storage &storage) {
  std::string text;
  llvm::raw_string_ostream out(text);
  for (auto [axis, extent] : llvm::enumerate(storage.extents)) {
    if (storage.extraRow && axis == 0)
      out << "(" << extent.str() << "+1)x";
    else
      out << extent.str() << "x";
  }
  out << storage.element;
  return text;
}

static std::string describeSize(const Slot &slot) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << (slot.bytes.size() == 1 ? "" : "max(");
  llvm::interleaveComma(slot.bytes, out,
                        [&](const Polynomial &bytes) { out << bytes.str(); });
  out << (slot.bytes.size() == 1 ? "" : ")");
  return text;
}

static ArrayAttr describeSlots(const ArenaPlan &plan, Builder builder) {
  SmallVector<Attribute> slots;
  for (const Slot &slot : plan.slots) {
    SmallVector<Attribute> tensors;
    for (const Storage *member : slot.members) {
      const Lifetime &lifetime = plan.lifetimes.find(member)->second;
      tensors.push_back(builder.getDictionaryAttr(
          {builder.getNamedAttr("from",
                                builder.getI64IntegerAttr(lifetime.first)),
           builder.getNamedAttr("to", builder.getI64IntegerAttr(lifetime.last)),
           builder.getNamedAttr("type",
                                builder.getStringAttr(describe(*member)))}));
    }
    slots.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("bytes",
                              builder.getStringAttr(describeSize(slot))),
         builder.getNamedAttr("tensors", builder.getArrayAttr(tensors))}));
  }
  return builder.getArrayAttr(slots);
}

void Emitter::createSlots(IndexMath &math, Value arenaArgument) {
  arena = arenaArgument;
  Polynomial known;
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
  if (storage.kind == Storage::Kind::Carried ||
      IndexMath::dependsOnStep(view.offset))
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
  auto kernel = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(
      from, call.getCalleeAttr());
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    for (StringAttr name : names.getAsRange<StringAttr>())
      scalars.push_back(index->getSymbol(name));
  LaunchOp::create(builder, call.getLoc(), call.getCalleeAttr(), inputs,
                   scalars, outputs);
}

void Emitter::emitScan(ScanOp scan, OpBuilder &builder) {
  const ScanPlacement &placed = placement.getScan(scan);
  Location location = scan.getLoc();
  // A state in rows of a sequence: the row. One in two buffers: the current
  // value, where the next one goes, and a third where that is not the first.
  SmallVector<Value> initial;
  for (auto [i, state] : llvm::enumerate(placed.states)) {
    if (!state.current)
      continue;
    initial.push_back(
        getRow(placement.getView(scan.getInits()[i]), builder, location));
    Type type = scan.getInits()[i].getType();
    if (!state.next)
      continue;
    initial.push_back(
        getRow(View::whole(state.first, type), builder, location));
    if (!state.initIsSecond)
      initial.push_back(
          getRow(View::whole(state.second, type), builder, location));
  }
  Polynomial steps(getExtent(scan.getSequences()[0].getType(), 0));
  auto loop = scf::ForOp::create(builder, location, index->getConstant(0),
                                 index->get(steps, builder),
                                 index->getConstant(1), initial);
  index->setSymbol(placed.counter, loop.getInductionVar());
  Block &body = *loop.getBody();
  if (!body.empty())
    body.getTerminator()->erase();
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  size_t next = 0;
  for (const ScanState &state : placed.states) {
    if (!state.current)
      continue;
    roots[state.current] = loop.getRegionIterArgs()[next++];
    if (state.next) {
      roots[state.next] = loop.getRegionIterArgs()[next++];
      roots[state.final] = loop.getResults()[next - 2];
      next += !state.initIsSecond;
    }
  }
  emitBlock(scan.getBody().front(), inner);
  SmallVector<Value> yielded;
  next = 0;
  for (auto [i, state] : llvm::enumerate(placed.states)) {
    if (!state.current)
      continue;
    if (!state.next) {
      Value value = scan.getYield().getOperand(i);
      yielded.push_back(getRow(placement.getView(value), inner, location));
      continue;
    }
    yielded.push_back(roots[state.next]);
    if (!state.initIsSecond)
      yielded.push_back(loop.getRegionIterArgs()[yielded.size() + 1]);
    yielded.push_back(state.initIsSecond ? roots[state.current]
                                         : roots[state.next]);
  }
  scf::YieldOp::create(inner, location, yielded);
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
