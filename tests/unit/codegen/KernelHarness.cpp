// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/codegen/KernelHarness.h"

#include "ir/BFloat16.h"
#include "ir/Extent.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include "HalideRuntime.h"
#include <dlfcn.h>
#include <gtest/gtest.h>

using namespace mlir;

namespace maek::test {

#ifdef MAEK_KERNEL_TARGET
const bool isOnDevice = true;
const std::vector<std::string> elements = {"f32"};
#else
#define MAEK_KERNEL_TARGET "host"
const bool isOnDevice = false;
const std::vector<std::string> elements = {"f32", "f64"};
#endif

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

namespace {

/// A tensor in memory as a kernel sees it, with gaps and guards that must keep
/// their value.
class Memory {
public:
  Memory(Type type, ArrayRef<int64_t> shape, int64_t gap);
  void write(const Tensor &tensor);
  Tensor read() const;
  bool isIntact() const;
  halide_buffer_t *getBuffer() { return &buffer; }

private:
  static constexpr uint8_t mark = 0xa5;
  int64_t place(ArrayRef<int64_t> index) const;

  Type element;
  Shape shape;
  std::vector<int64_t> strides;
  int64_t bytes;
  std::vector<uint8_t> storage;
  std::vector<halide_dimension_t> dims;
  halide_buffer_t buffer = {};
};

halide_type_t getRuntimeType(Type element) {
  if (element.isF32())
    return halide_type_of<float>();
  if (element.isF64())
    return halide_type_of<double>();
  if (element.isBF16())
    return halide_type_t(halide_type_bfloat, 16);
  if (element.isInteger(1) || element.isUnsignedInteger(8))
    return halide_type_of<uint8_t>();
  return element.isInteger(8) ? halide_type_of<int8_t>()
                              : halide_type_of<int32_t>();
}

Memory::Memory(Type type, ArrayRef<int64_t> shape, int64_t gap)
    : element(getElementType(type)), shape(shape), strides(shape.size()),
      bytes(getRuntimeType(element).bytes()), dims(shape.size()) {
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride = stride * shape[axis] + gap;
    dims[shape.size() - 1 - axis] = {0, int32_t(shape[axis]),
                                     int32_t(strides[axis]), 0};
  }
  storage.assign((stride + 2 * 64) * bytes, mark);
  buffer.host = storage.data() + 64 * bytes;
  buffer.type = getRuntimeType(element);
  buffer.dimensions = shape.size();
  buffer.dim = dims.data();
}

int64_t Memory::place(ArrayRef<int64_t> index) const {
  int64_t offset = 64;
  for (auto [i, stride] : llvm::zip(index, strides))
    offset += i * stride;
  return offset * bytes;
}

void Memory::write(const Tensor &tensor) {
  forEachIndex(shape, [&](::maek::Index index) {
    uint8_t *to = storage.data() + place(index);
    double x = tensor[index];
    if (element.isF32())
      *reinterpret_cast<float *>(to) = float(x);
    else if (element.isF64())
      *reinterpret_cast<double *>(to) = x;
    else if (element.isBF16())
      *reinterpret_cast<uint16_t *>(to) = toBFloat16Bits(x);
    else if (element.isInteger(1))
      *to = x != 0;
    else if (element.isInteger(8))
      *to = uint8_t(int32_t(x));
    else
      *reinterpret_cast<int32_t *>(to) = int32_t(x);
  });
}

Tensor Memory::read() const {
  return Tensor::generate(shape, [&](::maek::Index index) -> double {
    const uint8_t *from = storage.data() + place(index);
    if (element.isF32())
      return *reinterpret_cast<const float *>(from);
    if (element.isF64())
      return *reinterpret_cast<const double *>(from);
    if (element.isBF16())
      return fromBFloat16Bits(*reinterpret_cast<const uint16_t *>(from));
    if (element.isInteger(1) || element.isUnsignedInteger(8))
      return *from;
    if (element.isInteger(8))
      return *reinterpret_cast<const int8_t *>(from);
    return *reinterpret_cast<const int32_t *>(from);
  });
}

bool Memory::isIntact() const {
  std::vector<bool> used(storage.size());
  forEachIndex(shape, [&](::maek::Index index) {
    for (int64_t i = 0; i < bytes; ++i)
      used[place(index) + i] = true;
  });
  for (size_t i = 0; i < storage.size(); ++i)
    if (!used[i] && storage[i] != mark)
      return false;
  return true;
}

/// All arguments of a kernel are integers or pointers, which the x86-64 and
/// AArch64 conventions pass alike; surplus ones are ignored.
template <size_t... I>
int call(void *function, const std::array<uint64_t, 96> &arguments,
         std::index_sequence<I...>) {
  auto typed =
      reinterpret_cast<int (*)(std::decay_t<decltype(arguments[I])>...)>(
          function);
  return typed(arguments[I]...);
}

} // namespace

//===----------------------------------------------------------------------===//
// Loading and running
//===----------------------------------------------------------------------===//

/// One cache for the whole program.
static std::string getSharedCache() {
  static const std::string directory = [] {
    llvm::SmallString<128> path;
    if (llvm::sys::fs::createUniqueDirectory("maek-cache", path))
      return std::string();
    std::atexit([] {
      [[maybe_unused]] std::error_code ignored =
          llvm::sys::fs::remove_directories(getSharedCache());
    });
    return path.str().str();
  }();
  return directory;
}

std::unique_ptr<LoadedKernels> LoadedKernels::load(ModuleOp module,
                                                   const KernelOptions &given) {
  llvm::SmallString<128> directory;
  if (llvm::sys::fs::createUniqueDirectory("maek-kernels", directory))
    return nullptr;
  KernelOptions options = given;
  if (isOnDevice)
    options.target = MAEK_KERNEL_TARGET;
  if (options.outputDir.empty())
    options.outputDir = directory.str();
  if (options.cacheDir.empty())
    options.cacheDir = getSharedCache();
  auto loaded = std::make_unique<LoadedKernels>();
  FailureOr<CompiledKernels> compiled = compileKernels(module, options);
  if (succeeded(compiled)) {
    // Loaded libraries stay, and are known by their paths: one that comes
    // again, as a folder of a random name may, would be another's.
    static int number = 0;
    std::string path =
        std::string(directory) + "/kernels" + std::to_string(number++) + ".so";
    std::vector<StringRef> command{MAEK_CXX, "-shared", "-o", path,
                                   MAEK_HALIDE_RUNTIME};
    for (const std::string &object : compiled->objects)
      command.push_back(object);
    if (llvm::sys::ExecuteAndWait(MAEK_CXX, command) == 0)
      loaded->library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!loaded->library)
      llvm::errs() << "cannot load " << path << '\n';
  }
  [[maybe_unused]] std::error_code ignored =
      llvm::sys::fs::remove_directories(directory);
  return loaded->library ? std::move(loaded) : nullptr;
}

LoadedKernels::~LoadedKernels() {
  // Unloading would end the Halide runtime's threads under our feet.
}

void *LoadedKernels::lookup(StringRef name) const {
  return dlsym(library, name.str().c_str());
}

/// The kernel's work is done when the copy is; without it the numbers would be
/// those from before, and no error.
void LoadedKernels::takeFromDevice(halide_buffer_t &buffer) const {
  for (const char *name : {"halide_copy_to_host", "halide_device_free"}) {
    auto *function =
        reinterpret_cast<int (*)(void *, halide_buffer_t *)>(lookup(name));
    EXPECT_EQ(function(nullptr, &buffer), 0) << name;
  }
}

std::vector<Tensor> LoadedKernels::run(func::FuncOp kernel,
                                       ArrayRef<Tensor> tensors,
                                       const Dims &dims,
                                       const Layout &layout) const {
  std::vector<std::unique_ptr<Memory>> arguments, results;
  std::array<uint64_t, 96> words = {};
  size_t count = 0;
  auto push = [&](Memory &memory) {
    words[count++] = reinterpret_cast<uint64_t>(memory.getBuffer());
  };
  for (auto [type, tensor] : llvm::zip(kernel.getArgumentTypes(), tensors)) {
    arguments.push_back(
        std::make_unique<Memory>(type, tensor.shape, layout.gap));
    arguments.back()->write(tensor);
    push(*arguments.back());
  }
  if (auto symbols = kernel->getAttrOfType<ArrayAttr>("maek.symbols"))
    for (auto symbol : symbols.getAsRange<StringAttr>())
      words[count++] = dims.at(symbol.str());
  for (auto [i, type] : llvm::enumerate(kernel.getResultTypes())) {
    auto shared = layout.inPlace.find(i);
    results.push_back(
        std::make_unique<Memory>(type, getShape(type, dims), layout.gap));
    push(shared == layout.inPlace.end() ? *results.back()
                                        : *arguments[shared->second]);
  }
  void *function = lookup(kernel.getName());
  std::vector<Tensor> values;
  if (!function) {
    ADD_FAILURE() << "no symbol " << kernel.getName().str();
    return values;
  }
  if (isOnDevice)
    for (auto *memories : {&arguments, &results})
      for (auto &memory : *memories)
        memory->getBuffer()->set_host_dirty();
  int status = call(function, words, std::make_index_sequence<96>());
  EXPECT_EQ(status, 0) << kernel.getName().str();
  if (isOnDevice)
    for (auto *memories : {&arguments, &results})
      for (auto &memory : *memories)
        takeFromDevice(*memory->getBuffer());
  for (auto [i, result] : llvm::enumerate(results)) {
    auto shared = layout.inPlace.find(i);
    Memory &memory =
        shared == layout.inPlace.end() ? *result : *arguments[shared->second];
    EXPECT_TRUE(memory.isIntact())
        << kernel.getName().str() << " writes outside of result " << i;
    values.push_back(memory.read());
  }
  return values;
}

//===----------------------------------------------------------------------===//
// Checking
//===----------------------------------------------------------------------===//

static std::string describe(const Dims &dims) {
  std::string text;
  for (const auto &[name, value] : dims)
    text += " " + name + "=" + std::to_string(value);
  return text;
}

static void checkKernel(const LoadedKernels &kernels, func::FuncOp kernel,
                        const Dims &dims, double tolerance,
                        const Layout &layout) {
  FailureOr<NamedTensors> arguments = makeArguments(kernel, dims, 1);
  ASSERT_TRUE(succeeded(arguments));
  std::vector<Tensor> tensors;
  for (auto &[name, tensor] : *arguments)
    tensors.push_back(tensor);
  FailureOr<SmallVector<Tensor>> expected = interpret(kernel, tensors);
  ASSERT_TRUE(succeeded(expected));
  std::vector<Tensor> actual = kernels.run(kernel, tensors, dims, layout);
  ASSERT_EQ(actual.size(), expected->size());
  for (size_t i = 0; i < actual.size(); ++i)
    EXPECT_LE(relativeError(actual[i], (*expected)[i]), tolerance)
        << kernel.getName().str() << " result " << i << describe(dims)
        << " gap " << layout.gap;
}

static std::unique_ptr<MLIRContext> makeKernelContext() {
  std::unique_ptr<MLIRContext> context = makeTestContext();
  DialectRegistry registry;
  registerHalideModels(registry);
  context->appendDialectRegistry(registry);
  return context;
}

OwnKernels::OwnKernels(std::string text, StringRef element)
    : context(makeKernelContext()) {
  for (size_t at = 0; (at = text.find("f32", at)) != std::string::npos; ++at)
    text.replace(at, 3, element.str());
  module = parseModule(*context, text);
  if (module)
    kernels = LoadedKernels::load(*module, KernelOptions());
}

/// PoCL takes its time; the schedules of a device are the same for all sizes.
static std::vector<Dims> pickSizes(ArrayRef<Dims> sizes) {
  if (!isOnDevice || sizes.size() <= 2)
    return sizes.vec();
  return {sizes[1], sizes.back()};
}

void checkKernels(StringRef text, ArrayRef<Dims> sizes, double tolerance,
                  const KernelOptions &given) {
  std::unique_ptr<MLIRContext> context = makeKernelContext();
  OwningOpRef<ModuleOp> module = parseModule(*context, text);
  ASSERT_TRUE(module);
  for (auto kernel : module->getOps<func::FuncOp>()) {
    kernel->setAttr("maek.kernel", UnitAttr::get(context.get()));
    kernel.setPrivate();
  }
  for (bool asserts : {true, false}) {
    // A device's kernels have none.
    if (isOnDevice && asserts)
      continue;
    KernelOptions options = given;
    options.asserts = asserts;
    std::unique_ptr<LoadedKernels> kernels =
        LoadedKernels::load(*module, options);
    ASSERT_TRUE(kernels);
    for (auto kernel : module->getOps<func::FuncOp>())
      for (const Dims &dims : pickSizes(sizes))
        for (int64_t gap : {0, 5})
          checkKernel(*kernels, kernel, dims, tolerance, Layout{gap, {}});
  }
}

void checkKernelsBothPrecisions(StringRef text, ArrayRef<Dims> sizes) {
  checkKernels(text, sizes, 1e-5);
  // Some devices have no f64.
  if (isOnDevice)
    return;
  std::string wide = text.str();
  for (size_t at; (at = wide.find("f32")) != std::string::npos;)
    wide.replace(at, 3, "f64");
  checkKernels(wide, sizes, 1e-12);
}

} // namespace maek::test
