// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/host/HostHarness.h"

#include "codegen/host/EmitObject.h"
#include "codegen/host/LowerHost.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "passes/memory/BufferForm.h"
#include "passes/memory/Placement.h"
#include "runtime/include/maek/module.h"

#include "HalideRuntime.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace mlir;

namespace maek::test {

namespace {

/// Bytes with guards before and behind, filled with what is NaN as float and
/// as double.
class Guarded {
public:
  explicit Guarded(int64_t bytes)
      : size(bytes), storage(bytes + 2 * kGuard + 64, kMark) {
    auto address = reinterpret_cast<uintptr_t>(storage.data()) + kGuard;
    begin = reinterpret_cast<uint8_t *>((address + 63) / 64 * 64);
  }
  Guarded(Guarded &&) = default;
  uint8_t *data() { return begin; }
  /// The guards, too.
  MutableArrayRef<uint8_t> getAll() { return storage; }
  int64_t getGuard() const { return begin - storage.data(); }
  bool isIntact() const {
    const uint8_t *first = storage.data(), *last = first + storage.size();
    return std::all_of(first, static_cast<const uint8_t *>(begin), isMark) &&
           std::all_of(static_cast<const uint8_t *>(begin) + size, last,
                       isMark);
  }

private:
  static constexpr int64_t kGuard = 256;
  static constexpr uint8_t kMark = 0xff;
  static bool isMark(uint8_t byte) { return byte == kMark; }

  int64_t size;
  std::vector<uint8_t> storage;
  uint8_t *begin;
};

double readElement(Type element, const uint8_t *from) {
  if (element.isF32())
    return *reinterpret_cast<const float *>(from);
  if (element.isF64())
    return *reinterpret_cast<const double *>(from);
  if (element.isInteger(1))
    return *from;
  return *reinterpret_cast<const int32_t *>(from);
}

void writeElement(Type element, uint8_t *to, double value) {
  if (element.isF32())
    *reinterpret_cast<float *>(to) = float(value);
  else if (element.isF64())
    *reinterpret_cast<double *>(to) = value;
  else if (element.isInteger(1))
    *to = value != 0;
  else
    *reinterpret_cast<int32_t *>(to) = int32_t(value);
}

int64_t countBytes(Type type, const Dims &dims) {
  int64_t bytes = getElementBytes(getElementType(type));
  for (int64_t size : getShape(type, dims))
    bytes *= size;
  return bytes;
}

/// A tensor that a kernel sees by Halide's descriptor.
class Described {
public:
  Described(halide_buffer_t *buffer, Type type, const Dims &dims)
      : buffer(buffer), element(getElementType(type)),
        shape(getShape(type, dims)) {
    EXPECT_EQ(buffer->dimensions, int32_t(shape.size()));
    EXPECT_EQ(buffer->type.bits, std::max(8u, element.getIntOrFloatBitWidth()));
    EXPECT_EQ(buffer->type.lanes, 1);
    EXPECT_EQ(buffer->type.code, isa<FloatType>(element) ? halide_type_float
                                 : element.isInteger(1)  ? halide_type_uint
                                                         : halide_type_int);
    EXPECT_EQ(buffer->device, 0u);
    EXPECT_EQ(buffer->flags, 0u);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      const halide_dimension_t &dim = buffer->dim[shape.size() - 1 - axis];
      EXPECT_EQ(dim.min, 0);
      EXPECT_EQ(dim.extent, shape[axis]);
    }
    if (!shape.empty()) {
      EXPECT_TRUE(buffer->dim[0].stride == 1 || shape.back() == 1);
    }
  }

  Tensor read() const {
    return Tensor::generate(shape, [&](::maek::Index index) {
      return readElement(element, at(index));
    });
  }
  void write(const Tensor &tensor) const {
    EXPECT_EQ(tensor.shape, shape);
    forEachIndex(shape, [&](::maek::Index index) {
      writeElement(element, at(index), tensor[index]);
    });
  }

private:
  uint8_t *at(::maek::Index index) const {
    int64_t place = 0;
    for (size_t axis = 0; axis < index.size(); ++axis)
      place += index[axis] * buffer->dim[index.size() - 1 - axis].stride;
    return buffer->host + place * getElementBytes(element);
  }

  halide_buffer_t *buffer;
  Type element;
  Shape shape;
};

} // namespace

struct HostProgram::Impl {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  std::vector<func::FuncOp> kernels, wrappers;
  /// Of all entries, sorted.
  std::vector<std::string> symbols;
  llvm::StringMap<int64_t> descriptorBytes;
  /// Of entries, the arguments whose values they take.
  llvm::StringMap<SmallVector<int64_t>> hostReads;
  Dims dims;
  size_t launches = 0;
  std::optional<size_t> failAt;
};

HostProgram::HostProgram() : impl(std::make_unique<Impl>()) {}
HostProgram::~HostProgram() = default;

/// A function that calls `kernel` and takes one more argument, from whose shape
/// the interpreter learns the symbols.
static func::FuncOp makeWrapper(func::FuncOp kernel,
                                ArrayRef<std::string> symbols) {
  OpBuilder builder(kernel);
  SmallVector<Type> types(kernel.getArgumentTypes());
  SmallVector<Extent> extents;
  for (const std::string &symbol : symbols)
    extents.push_back(Extent::symbol(symbol));
  types.push_back(getTensorType(extents, builder.getF32Type()));
  auto wrapper = func::FuncOp::create(
      builder, kernel.getLoc(), ("wrapped_" + kernel.getName()).str(),
      builder.getFunctionType(types, kernel.getResultTypes()));
  wrapper.setPrivate();
  Block *block = wrapper.addEntryBlock();
  builder.setInsertionPointToEnd(block);
  auto call = func::CallOp::create(builder, kernel.getLoc(), kernel,
                                   block->getArguments().drop_back());
  func::ReturnOp::create(builder, kernel.getLoc(), call.getResults());
  return wrapper;
}

int32_t HostProgram::dispatch(HostProgram *self, int32_t kernel,
                              void **arguments) {
  return self->launch(kernel, arguments);
}

int32_t HostProgram::launch(size_t number, void **arguments) {
  if (impl->failAt == impl->launches++)
    return -7;
  func::FuncOp kernel = impl->kernels[number];
  std::vector<Tensor> inputs;
  for (Type type : kernel.getArgumentTypes())
    inputs.push_back(Described(static_cast<halide_buffer_t *>(*arguments++),
                               type, impl->dims)
                         .read());
  if (auto names = kernel->getAttrOfType<ArrayAttr>(kSymbolsAttr)) {
    for (auto name : names.getAsRange<StringAttr>())
      EXPECT_EQ(int64_t(reinterpret_cast<intptr_t>(*arguments++)),
                impl->dims.at(name.str()));
  }
  Shape shape;
  for (const std::string &symbol : impl->symbols)
    shape.push_back(impl->dims.at(symbol));
  inputs.emplace_back(shape);
  FailureOr<SmallVector<Tensor>> results =
      interpret(impl->wrappers[number], inputs);
  if (failed(results))
    return -8;
  for (auto [type, result] : llvm::zip(kernel.getResultTypes(), *results))
    Described(static_cast<halide_buffer_t *>(*arguments++), type, impl->dims)
        .write(result);
  return 0;
}

/// Gives each declared kernel a body that hands its arguments to the harness.
static void addTrampolines(llvm::Module &module,
                           const std::vector<func::FuncOp> &kernels,
                           void *harness, void *dispatch) {
  llvm::LLVMContext &context = module.getContext();
  auto *pointer = llvm::PointerType::getUnqual(context);
  auto *i32 = llvm::Type::getInt32Ty(context);
  auto *i64 = llvm::Type::getInt64Ty(context);
  auto *type = llvm::FunctionType::get(i32, {pointer, i32, pointer}, false);
  for (size_t i = 0; i < kernels.size(); ++i) {
    llvm::Function *kernel =
        module.getFunction(StringRef(func::FuncOp(kernels[i]).getName()));
    if (!kernel)
      continue;
    llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", kernel));
    auto address = [&](void *to) {
      return builder.CreateIntToPtr(
          builder.getInt64(reinterpret_cast<uint64_t>(to)), pointer);
    };
    auto *count = builder.getInt64(kernel->arg_size());
    llvm::Value *array = builder.CreateAlloca(i64, count);
    for (auto [n, argument] : llvm::enumerate(kernel->args())) {
      llvm::Value *word = argument.getType()->isPointerTy()
                              ? builder.CreatePtrToInt(&argument, i64)
                              : builder.CreateSExt(&argument, i64);
      builder.CreateStore(word,
                          builder.CreateGEP(i64, array, builder.getInt64(n)));
    }
    builder.CreateRet(
        builder.CreateCall(type, address(dispatch),
                           {address(harness), builder.getInt32(i), array}));
  }
}

/// Makes the addresses of compiled kernels known by their names.
static llvm::Error
defineKernels(llvm::orc::LLJIT &jit, const std::vector<func::FuncOp> &kernels,
              const std::function<void *(StringRef)> &native) {
  llvm::orc::SymbolMap symbols;
  for (func::FuncOp kernel : kernels)
    symbols[jit.mangleAndIntern(kernel.getName())] = {
        llvm::orc::ExecutorAddr::fromPtr(native(kernel.getName())),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  return jit.getMainJITDylib().define(
      llvm::orc::absoluteSymbols(std::move(symbols)));
}

std::unique_ptr<HostProgram>
HostProgram::load(ModuleOp module, StringRef planOptions,
                  const std::function<void *(StringRef)> &native,
                  EntryPlace *place) {
  static const bool registered = (registerHostPasses(), true);
  (void)registered;
  std::unique_ptr<HostProgram> program(new HostProgram);
  if (place)
    program->place = place;
  program->tensors = cast<ModuleOp>(module->clone());
  if (failed(runPasses(*program->tensors, "maek-materialize-copies")))
    return nullptr;
  program->buffers = cast<ModuleOp>(program->tensors->clone());
  if (failed(runPasses(*program->buffers,
                       ("maek-plan-memory" + planOptions).str())))
    return nullptr;
  OwningOpRef<ModuleOp> lowered(
      cast<ModuleOp>(program->buffers->getOperation()->clone()));
  if (failed(runPasses(
          *lowered, ("maek-lower-host" + program->place->getLowering()).str())))
    return nullptr;
  auto bytes = (*lowered)->getAttrOfType<DictionaryAttr>(kDescriptorsAttr);
  for (NamedAttribute entry : bytes)
    program->impl->descriptorBytes[entry.getName()] =
        cast<IntegerAttr>(entry.getValue()).getInt();
  auto reads = (*lowered)->getAttrOfType<DictionaryAttr>(kHostReadsAttr);
  for (NamedAttribute entry : reads)
    llvm::append_range(program->impl->hostReads[entry.getName()],
                       cast<DenseI64ArrayAttr>(entry.getValue()).asArrayRef());
  std::vector<std::string> &symbols = program->impl->symbols;
  for (auto function : program->tensors->getOps<func::FuncOp>())
    if (isEntry(function))
      llvm::append_range(symbols, getSymbols(function));
  llvm::sort(symbols);
  symbols.erase(llvm::unique(symbols), symbols.end());
  for (auto function :
       llvm::make_early_inc_range(program->tensors->getOps<func::FuncOp>()))
    if (isKernel(function)) {
      program->impl->kernels.push_back(function);
      program->impl->wrappers.push_back(makeWrapper(function, symbols));
    }
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> translated =
      translateToLLVM(*lowered, *context);
  if (!translated)
    return nullptr;
  for (llvm::Function &function : *translated)
    function.setVisibility(llvm::GlobalValue::DefaultVisibility);
  if (!native)
    addTrampolines(*translated, program->impl->kernels, program.get(),
                   reinterpret_cast<void *>(&HostProgram::dispatch));
  auto jit = llvm::orc::LLJITBuilder().create();
  if (!jit) {
    llvm::errs() << llvm::toString(jit.takeError());
    return nullptr;
  }
  program->impl->jit = std::move(*jit);
  if (native)
    if (llvm::Error error = defineKernels(*program->impl->jit,
                                          program->impl->kernels, native)) {
      llvm::errs() << llvm::toString(std::move(error));
      return nullptr;
    }
  if (llvm::Error error =
          program->impl->jit->addIRModule(llvm::orc::ThreadSafeModule(
              std::move(translated), std::move(context)))) {
    llvm::errs() << llvm::toString(std::move(error));
    return nullptr;
  }
  return program;
}

void *HostProgram::lookup(StringRef name) {
  auto address = impl->jit->lookup(name);
  if (!address) {
    ADD_FAILURE() << llvm::toString(address.takeError());
    return nullptr;
  }
  return address->toPtr<void *>();
}

int64_t HostProgram::getArenaSize(StringRef entry, ArrayRef<int64_t> dims) {
  auto function = reinterpret_cast<int64_t (*)(const int64_t *)>(
      lookup(("maek_arena_" + entry).str()));
  return function ? function(dims.data()) : -2;
}

HostRun HostProgram::run(StringRef name, const Dims &dims, uint64_t seed,
                         std::optional<size_t> failAt) {
  HostRun run;
  auto entry = tensors->lookupSymbol<func::FuncOp>(name);
  NamedTensors prepared;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    if (getArgRole(entry, i) == "prepared" && prepared.empty())
      prepared = this->run("prepare", dims, seed).results;
  FailureOr<NamedTensors> arguments =
      makeArguments(entry, dims, seed, prepared);
  if (failed(arguments))
    return run;
  std::vector<int64_t> values;
  for (const std::string &symbol : getSymbols(entry))
    values.push_back(dims.at(symbol));
  impl->dims = dims;
  run.arenaBytes = getArenaSize(name, values);
  if (run.arenaBytes < 0)
    return run;
  std::vector<Guarded> storage;
  std::vector<void *> pointers;
  for (auto [type, argument] :
       llvm::zip(entry.getArgumentTypes(), *arguments)) {
    Guarded &memory = storage.emplace_back(countBytes(type, dims));
    Type element = getElementType(type);
    for (auto [i, value] : llvm::enumerate(argument.second.elements))
      writeElement(element, memory.data() + i * getElementBytes(element),
                   value);
    pointers.push_back(memory.data());
  }
  for (auto [type, argument] :
       llvm::zip(entry.getResultTypes(), getUpdatedArguments(entry))) {
    if (argument >= 0)
      pointers.push_back(pointers[argument]);
    else
      pointers.push_back(storage.emplace_back(countBytes(type, dims)).data());
  }
  for (int64_t argument : impl->hostReads.lookup(name))
    values.push_back(int64_t((*arguments)[argument].second.elements.front()));
  storage.emplace_back(run.arenaBytes);
  Guarded descriptors(impl->descriptorBytes.lookup(name));
  impl->launches = 0;
  impl->failAt = failAt;
  auto function =
      reinterpret_cast<maek_entry_fn>(lookup(("maek_entry_" + name).str()));
  if (!function)
    return run;
  llvm::DenseMap<void *, void *> places;
  for (Guarded &memory : storage)
    places[memory.data()] =
        static_cast<uint8_t *>(place->bring(memory.getAll())) +
        memory.getGuard();
  std::vector<void *> given;
  for (void *pointer : pointers)
    given.push_back(places.lookup(pointer));
  run.status = place->run([&] {
    return function(given.data(), values.data(),
                    places.lookup(storage.back().data()), descriptors.data());
  });
  place->takeBack();
  run.launches = impl->launches;
  EXPECT_TRUE(descriptors.isIntact()) << "wrote outside of the descriptors";
  for (const Guarded &memory : storage)
    EXPECT_TRUE(memory.isIntact())
        << "wrote outside of "
        << (&memory == &storage.back() ? "the arena" : "a buffer");
  for (auto [i, type] : llvm::enumerate(entry.getResultTypes())) {
    auto *from =
        static_cast<const uint8_t *>(pointers[entry.getNumArguments() + i]);
    Type element = getElementType(type);
    Tensor result(getShape(type, dims));
    for (double &value : result.elements) {
      value = readElement(element, from);
      from += getElementBytes(element);
    }
    std::string resultName = getResultName(entry, i).str();
    if (resultName.empty())
      resultName = "result" + std::to_string(i);
    StringRef role = getResultRole(entry, i);
    if (role == "parameter" || role == "state")
      resultName = "new " + resultName;
    run.results.emplace_back(resultName, std::move(result));
  }
  return run;
}

void checkEntry(ModuleOp module, StringRef entry, ArrayRef<Dims> sizes,
                double tolerance, StringRef planOptions) {
  std::unique_ptr<HostProgram> program = HostProgram::load(module, planOptions);
  ASSERT_TRUE(program);
  for (const Dims &dims : sizes) {
    FailureOr<NamedTensors> expected = runEntry(module, entry, dims);
    ASSERT_TRUE(succeeded(expected));
    HostRun run = program->run(entry, dims);
    ASSERT_EQ(run.status, 0);
    ASSERT_GE(run.arenaBytes, 0);
    EXPECT_EQ(describeDifference(run.results, *expected, tolerance), "");
  }
}

} // namespace maek::test
