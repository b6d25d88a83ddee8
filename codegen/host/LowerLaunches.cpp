// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Descriptors.h"
#include "codegen/host/LowerHost.h"
#include "codegen/host/ProductCalls.h"
#include "ir/Entries.h"
#include "ir/MaekOps.h"
#include "ir/MatrixProducts.h"
#include "passes/memory/BufferForm.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

namespace maek {
#define GEN_PASS_DEF_LOWERLAUNCHES
#include "codegen/host/HostPasses.h.inc"
} // namespace maek

using namespace mlir;

namespace maek {

namespace {

/// One entry: its C signature, its buffers, its launches.
class EntryLowering {
public:
  EntryLowering(func::FuncOp entry, const LLVMTypeConverter &types,
                DescriptorConstants &constants, MemorySpace space,
                const llvm::StringSet<> &products)
      : entry(entry), types(types), constants(constants), space(space),
        products(products),
        pointer(LLVM::LLVMPointerType::get(entry.getContext())) {}

  /// Returns how many bytes the descriptors take.
  int64_t run();
  /// The arguments whose values the host program reads.
  ArrayRef<int64_t> getHostReads() const { return hostReads; }

private:
  void loadArguments(Value buffers, Value dims, Value arena);
  void takeValue(BlockArgument argument, Value dims, size_t numSymbols);
  Value makeMemRef(MemRefType type, DimsAttr dims, Value address);
  Value getSize(StringRef text);
  void fillMemRef(UnrealizedConversionCastOp memref,
                  ArrayRef<OpFoldResult> sizes);
  void lowerLaunch(LaunchOp launch, Block *error);
  void finishMemRefs();

  func::FuncOp entry;
  const LLVMTypeConverter &types;
  DescriptorConstants &constants;
  MemorySpace space;
  /// Kernels that a function stands before; see ProductCalls.h.
  const llvm::StringSet<> &products;
  LLVM::LLVMPointerType pointer;
  std::unique_ptr<OpBuilder> top;
  std::unique_ptr<Descriptors> descriptors;
  /// The memrefs that stand for arguments, with their sizes.
  SmallVector<std::pair<UnrealizedConversionCastOp, SmallVector<OpFoldResult>>>
      arguments;
  /// The values of symbols, and of extents made of them.
  llvm::StringMap<Value> symbols;
  SmallVector<int64_t> hostReads;
};

} // namespace

/// Loads element `index` of the array of `type` at `base`.
static Value loadElement(OpBuilder &builder, Location loc, Type type,
                         Value base, int64_t index) {
  Value address = LLVM::GEPOp::create(builder, loc, base.getType(), type, base,
                                      ArrayRef<LLVM::GEPArg>{int32_t(index)});
  return LLVM::LoadOp::create(builder, loc, type, address);
}

/// The symbols' values from the array `dims`, as index.
static SmallVector<Value> loadSymbols(OpBuilder &builder, Location loc,
                                      ArrayAttr names, Value dims) {
  SmallVector<Value> values;
  for (size_t i = 0; i < names.size(); ++i)
    values.push_back(arith::IndexCastOp::create(
        builder, loc, builder.getIndexType(),
        loadElement(builder, loc, builder.getI64Type(), dims, i)));
  return values;
}

/// The value of a dynamic extent, one for equal ones.
Value EntryLowering::getSize(StringRef text) {
  if (Value known = symbols.lookup(text))
    return known;
  Extent extent = *Extent::parse(text);
  Location loc = entry.getLoc();
  Value size;
  if (extent.factor != 1)
    size = arith::ConstantIndexOp::create(*top, loc, extent.factor);
  for (const std::string &symbol : extent.symbols) {
    Value value = symbols.lookup(symbol);
    size = size ? arith::MulIOp::create(*top, loc, size, value).getResult()
                : value;
  }
  return symbols[text] = size;
}

Value EntryLowering::makeMemRef(MemRefType type, DimsAttr dims, Value address) {
  Location loc = entry.getLoc();
  SmallVector<OpFoldResult> sizes;
  size_t next = 0;
  for (int64_t size : type.getShape()) {
    if (!ShapedType::isDynamic(size))
      sizes.push_back(top->getIndexAttr(size));
    else if (dims)
      sizes.push_back(getSize(dims.getSymbols()[next++].getValue()));
    else // The arena's own size is nobody's business.
      sizes.push_back(arith::ConstantIndexOp::create(*top, loc, 1).getResult());
  }
  auto memref = UnrealizedConversionCastOp::create(*top, loc, type, address);
  descriptors->setArgument(memref.getResult(0), address, sizes);
  arguments.emplace_back(memref, sizes);
  return memref.getResult(0);
}

/// Makes the structure that a memref is to LLVM, of an argument that not only
/// launches and their views use.
void EntryLowering::fillMemRef(UnrealizedConversionCastOp memref,
                               ArrayRef<OpFoldResult> sizes) {
  OpBuilder builder(memref);
  Location loc = memref.getLoc();
  Type i64 = builder.getI64Type();
  Type type = memref.getResult(0).getType();
  Value address = memref.getOperand(0);
  auto descriptor =
      MemRefDescriptor::poison(builder, loc, types.convertType(type));
  descriptor.setAllocatedPtr(builder, loc, address);
  descriptor.setAlignedPtr(builder, loc, address);
  descriptor.setConstantOffset(builder, loc, 0);
  Value stride = arith::ConstantIndexOp::create(builder, loc, 1);
  auto toI64 = [&](Value value) -> Value {
    return arith::IndexCastOp::create(builder, loc, i64, value);
  };
  for (size_t axis = sizes.size(); axis-- > 0;) {
    Value size = getValueOrCreateConstantIndexOp(builder, loc, sizes[axis]);
    descriptor.setSize(builder, loc, axis, toI64(size));
    descriptor.setStride(builder, loc, axis, toI64(stride));
    stride = arith::MulIOp::create(builder, loc, stride, size);
  }
  auto filled =
      UnrealizedConversionCastOp::create(builder, loc, type, Value(descriptor));
  memref.replaceAllUsesWith(filled);
}

/// What the host program reads of an argument comes behind the symbols: the
/// argument may be in a device's memory.
void EntryLowering::takeValue(BlockArgument argument, Value dims,
                              size_t numSymbols) {
  Value number;
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    auto load = dyn_cast<memref::LoadOp>(user);
    if (!load)
      continue;
    if (!number) {
      Value word = loadElement(*top, load.getLoc(), top->getI64Type(), dims,
                               numSymbols + hostReads.size());
      number =
          arith::TruncIOp::create(*top, load.getLoc(), load.getType(), word);
      hostReads.push_back(argument.getArgNumber());
    }
    load.replaceAllUsesWith(number);
    if (top->getInsertionPoint() == load->getIterator())
      top->setInsertionPointAfter(load);
    load.erase();
  }
}

void EntryLowering::loadArguments(Value buffers, Value dims, Value arena) {
  Block &block = entry.getBody().front();
  Location loc = entry.getLoc();
  unsigned count = cast<BlockArgument>(buffers).getArgNumber();
  auto names = entry->getAttrOfType<ArrayAttr>(kSymbolsAttr);
  unsigned numBuffers = count - 1 - names.size();
  for (auto [i, value] : llvm::enumerate(loadSymbols(*top, loc, names, dims))) {
    symbols[cast<StringAttr>(names[i]).getValue()] = value;
    block.getArgument(numBuffers + 1 + i).replaceAllUsesWith(value);
  }
  for (unsigned i = 0; i <= numBuffers; ++i) {
    BlockArgument argument = block.getArgument(i);
    takeValue(argument, dims, names.size());
    if (argument.use_empty())
      continue;
    Value address =
        i < numBuffers ? loadElement(*top, loc, pointer, buffers, i) : arena;
    argument.replaceAllUsesWith(
        makeMemRef(cast<MemRefType>(argument.getType()),
                   entry.getArgAttrOfType<DimsAttr>(i, kDimsAttr), address));
  }
  block.eraseArguments(0, count);
}

void EntryLowering::lowerLaunch(LaunchOp launch, Block *error) {
  OpBuilder builder(launch);
  Location loc = launch.getLoc();
  Type i32 = builder.getI32Type();
  SmallVector<Value> buffers(launch.getInputs());
  llvm::append_range(buffers, launch.getOutputs());
  SmallVector<Value> operands = descriptors->getAddresses(buffers, builder);
  SmallVector<Value> outputs(
      ArrayRef(operands).drop_front(launch.getInputs().size()));
  operands.truncate(launch.getInputs().size());
  for (Value scalar : launch.getScalars())
    operands.push_back(arith::IndexCastOp::create(builder, loc, i32, scalar));
  llvm::append_range(operands, outputs);
  StringRef kernel = launch.getKernel();
  std::string callee =
      products.contains(kernel) ? getProductName(kernel) : kernel.str();
  Value status =
      LLVM::CallOp::create(builder, loc, TypeRange{i32}, callee, operands)
          .getResult();
  Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
  Value failed = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                       status, zero);
  Block *before = launch->getBlock();
  Block *behind = before->splitBlock(launch);
  builder.setInsertionPointToEnd(before);
  cf::CondBranchOp::create(builder, loc, failed, error, ValueRange{status},
                           behind, ValueRange{});
  launch.erase();
}

/// Removes views that launches alone used.
void EntryLowering::finishMemRefs() {
  for (Block &block : llvm::reverse(entry.getBody()))
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isa<memref::CastOp, memref::ReinterpretCastOp, memref::ViewOp>(op) &&
          op.use_empty())
        op.erase();
  for (auto &[memref, sizes] : arguments) {
    if (!memref->use_empty())
      fillMemRef(memref, sizes);
    memref.erase();
  }
}

int64_t EntryLowering::run() {
  MLIRContext *context = entry.getContext();
  Location loc = entry.getLoc();
  Type i32 = IntegerType::get(context, 32);
  Block &block = entry.getBody().front();
  Operation *first = &block.front();
  Value buffers = block.addArgument(pointer, loc);
  Value dims = block.addArgument(pointer, loc);
  Value arena = block.addArgument(pointer, loc);
  Value memory = block.addArgument(pointer, loc);
  descriptors = std::make_unique<Descriptors>(block, constants, memory, space);
  // Behind the descriptors' own mark.
  top = std::make_unique<OpBuilder>(first);
  loadArguments(buffers, dims, arena);
  entry.setName(("maek_entry_" + entry.getName()).str());
  entry.setType(
      FunctionType::get(context, {pointer, pointer, pointer, pointer}, {i32}));
  // The arrays of buffers and sizes, the arena and the descriptors lie apart.
  NamedAttribute apart(
      StringAttr::get(context, LLVM::LLVMDialect::getNoAliasAttrName()),
      UnitAttr::get(context));
  entry.setAllArgAttrs(
      SmallVector<Attribute>(4, DictionaryAttr::get(context, apart)));
  SmallVector<func::ReturnOp> returns;
  SmallVector<LaunchOp> launches;
  entry.walk([&](func::ReturnOp op) { returns.push_back(op); });
  entry.walk([&](LaunchOp op) { launches.push_back(op); });
  for (func::ReturnOp op : returns) {
    OpBuilder builder(op);
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
    func::ReturnOp::create(builder, loc, zero);
    op.erase();
  }
  if (launches.empty()) {
    finishMemRefs();
    return 0;
  }
  // All descriptors first: afterwards the blocks are cut up.
  for (LaunchOp launch : launches) {
    auto describe = [&](Value memref) { descriptors->describe(memref); };
    llvm::for_each(launch.getInputs(), describe);
    llvm::for_each(launch.getOutputs(), describe);
  }
  int64_t bytes = descriptors->finish();
  Block *error = new Block;
  entry.getBody().push_back(error);
  error->addArgument(i32, loc);
  OpBuilder atError = OpBuilder::atBlockEnd(error);
  func::ReturnOp::create(atError, loc, error->getArgument(0));
  // The last one first: a cut moves all ops behind it to another block.
  for (LaunchOp launch : llvm::reverse(launches))
    lowerLaunch(launch, error);
  finishMemRefs();
  return bytes;
}

/// @f_arena(symbols...) -> index  =>  maek_arena_f(dims) -> i64
static void lowerArenaSize(func::FuncOp function) {
  MLIRContext *context = function.getContext();
  Location loc = function.getLoc();
  auto pointer = LLVM::LLVMPointerType::get(context);
  Type i64 = IntegerType::get(context, 64);
  auto entry = function->getAttrOfType<FlatSymbolRefAttr>(kArenaOfAttr);
  Block &block = function.getBody().front();
  unsigned count = block.getNumArguments();
  Value dims = block.addArgument(pointer, loc);
  OpBuilder builder = OpBuilder::atBlockBegin(&block);
  for (auto [i, value] : llvm::enumerate(
           loadSymbols(builder, loc,
                       function->getAttrOfType<ArrayAttr>(kSymbolsAttr), dims)))
    block.getArgument(i).replaceAllUsesWith(value);
  block.eraseArguments(0, count);
  Operation *end = block.getTerminator();
  builder.setInsertionPoint(end);
  end->setOperand(
      0, arith::IndexCastOp::create(builder, loc, i64, end->getOperand(0)));
  function.setName(("maek_arena_" + entry.getValue()).str());
  function.setPublic();
  function.setType(FunctionType::get(context, {pointer}, {i64}));
  function.setAllArgAttrs(SmallVector<Attribute>{DictionaryAttr::get(context)});
}

/// The kernel's body, no part of LLVM's, becomes Halide's business; a
/// declaration remains.
static LLVM::LLVMFuncOp declareKernel(func::FuncOp kernel) {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointAfter(kernel);
  auto pointer = LLVM::LLVMPointerType::get(kernel.getContext());
  SmallVector<Type> types(kernel.getNumArguments(), pointer);
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr))
    types.append(names.size(), builder.getI32Type());
  types.append(kernel.getNumResults(), pointer);
  std::string name = kernel.getName().str();
  Location loc = kernel.getLoc();
  kernel.erase();
  return LLVM::LLVMFuncOp::create(
      builder, loc, name,
      LLVM::LLVMFunctionType::get(builder.getI32Type(), types));
}

namespace {

struct LowerLaunches : impl::LowerLaunchesBase<LowerLaunches> {
  using LowerLaunchesBase::LowerLaunchesBase;

  /// Gives the kernels that a function stands before.
  llvm::StringSet<> lowerKernels() {
    llvm::StringSet<> products;
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!isKernel(function))
        continue;
      EinsumOp product =
          library ? findLargeMatrixProduct(function) : EinsumOp();
      EinsumAttr equation = product ? product.getEquation() : EinsumAttr();
      LLVM::LLVMFuncOp kernel = declareKernel(function);
      if (!equation)
        continue;
      makeProductCall(kernel, equation, tf32);
      products.insert(kernel.getName());
    }
    return products;
  }

  void runOnOperation() override {
    LLVMTypeConverter types(&getContext());
    DescriptorConstants constants(getOperation());
    Builder builder(&getContext());
    NamedAttrList descriptorBytes, hostReads;
    llvm::StringSet<> products = lowerKernels();
    for (auto function :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (function->hasAttr(kArenaOfAttr)) {
        lowerArenaSize(function);
      } else if (function->hasAttr(kMemoryAttr)) {
        std::string name = function.getName().str();
        EntryLowering entry(function, types, constants,
                            device ? MemorySpace::Device : MemorySpace::Host,
                            products);
        descriptorBytes.set(name, builder.getI64IntegerAttr(entry.run()));
        if (!entry.getHostReads().empty())
          hostReads.set(name,
                        builder.getDenseI64ArrayAttr(entry.getHostReads()));
      } else {
        function.emitError("is not in buffer form; run maek-plan-memory");
        return signalPassFailure();
      }
    }
    for (Operation &op : llvm::make_early_inc_range(*getOperation().getBody()))
      if (isa<ModelOp, ParameterOp, StateOp>(op))
        op.erase();
    // The plan outlives its functions: the module's description tells it.
    NamedAttrList memory;
    getOperation().walk([&](func::FuncOp function) {
      StringRef name = function.getName();
      if (Attribute plan = function->getAttr(kMemoryAttr);
          plan && name.consume_front("maek_entry_"))
        memory.set(name, plan);
      for (StringRef attribute : {kMemoryAttr, kSymbolsAttr, kArenaOfAttr})
        function->removeAttr(attribute);
    });
    getOperation()->setAttr(kMemoryAttr, memory.getDictionary(&getContext()));
    getOperation()->setAttr(kDescriptorsAttr,
                            descriptorBytes.getDictionary(&getContext()));
    getOperation()->setAttr(kHostReadsAttr,
                            hostReads.getDictionary(&getContext()));
  }
};

} // namespace
} // namespace maek
