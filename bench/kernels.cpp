// Part of Maek, under the MIT licence; see LICENSE.
// Single kernels as the schedules make them, on one thread: the products' share
// of the FMA peak, the others' GB/s of arguments and results. All is measured
// in processor time, the peak beside each kernel, so that other work on the
// machine disturbs little.
//
//   maek-bench-kernels [part of a name] [B...]
//   maek-bench-kernels kernels.mlir B=16 T=100    the kernels of a model, as
//                       `maek ir --after maek-collapse-kernel-axes` prints them
#include "codegen/halide/Kernels.h"
#include "bench/MultiplyAdds.h"
#include "ir/Entries.h"
#include "ir/Extent.h"
#include "ir/MaekOps.h"
#include "tools/FailedWrites.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include "HalideRuntime.h"
#include <array>
#include <ctime>
#include <dlfcn.h>
#include <map>
#include <tuple>

using namespace mlir;

namespace {

struct Case {
  std::string name, text;
};

using Symbols = std::map<std::string, int64_t>;

std::string replaceAll(std::string text,
                       const std::map<std::string, std::string> &names) {
  for (const auto &[from, to] : names)
    for (size_t at; (at = text.find(from)) != std::string::npos;)
      text.replace(at, from.size(), to);
  return text;
}

constexpr const char *product = R"(
func.func private @k(%x: tensor<?x$Kxf32, #maek.dims<B>>,
                     %p: tensor<$Px$Kx16xf32>)
    -> tensor<?x$Nxf32, #maek.dims<B>> attributes {maek.kernel} {
  %w = maek.unpack %p dim 0 width 16 order [1]
      : tensor<$Px$Kx16xf32> -> tensor<$Nx$Kxf32>
  %0 = maek.einsum "bk,nk->bn" %x, %w
      : tensor<?x$Kxf32, #maek.dims<B>>, tensor<$Nx$Kxf32>
  func.return %0 : tensor<?x$Nxf32, #maek.dims<B>>
})";

constexpr const char *step = R"(
!h = tensor<?x$Nxf32, #maek.dims<B>>
!z = tensor<?x4x$Nxf32, #maek.dims<B>>
!p = tensor<$Px$Lx16xf32>
func.func private @k(%h: tensor<?x$Kxf32, #maek.dims<B>>, %p: !p, %x: !z,
                     %c: !h) -> ($R) attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order $O : !p -> tensor<4x$Nx$Kxf32>
  %0 = maek.einsum "bk,gnk->bgn" %h, %w
      : tensor<?x$Kxf32, #maek.dims<B>>, tensor<4x$Nx$Kxf32>
  %1 = maek.add %0, %x : !z
  %2:4 = maek.unstack %1 dim 1 : !z
  %f = maek.sigmoid %2#0 : !h
  %i = maek.sigmoid %2#1 : !h
  %g = maek.tanh %2#2 : !h
  %o = maek.sigmoid %2#3 : !h
  %3 = maek.mul %f, %c : !h
  %4 = maek.mul %i, %g : !h
  %5 = maek.add %3, %4 : !h
  %6 = maek.tanh %5 : !h
  %7 = maek.mul %o, %6 : !h
  func.return %7, %5$V : $R
})";

constexpr const char *project = R"(
!z = tensor<?x4x$Nxf32, #maek.dims<B>>
!p = tensor<$Px$Lx16xf32>
func.func private @k(%x: tensor<?x$Kxf32, #maek.dims<B>>, %p: !p,
                     %b: tensor<4x$Nxf32>) -> !z attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order $O : !p -> tensor<4x$Nx$Kxf32>
  %0 = maek.einsum "bk,gnk->bgn" %x, %w
      : tensor<?x$Kxf32, #maek.dims<B>>, tensor<4x$Nx$Kxf32>
  %1 = maek.broadcast %b dims [1, 2] : tensor<4x$Nxf32> -> !z
  %2 = maek.add %0, %1 : !z
  func.return %2 : !z
})";

constexpr const char *back = R"(
!z = tensor<?x4x$Kxf32, #maek.dims<B>>
!h = tensor<?x$Nxf32, #maek.dims<B>>
!p = tensor<$Px4x$Kx16xf32>
func.func private @k(%z: !z, %p: !p, %r: !h) -> !h attributes {maek.kernel} {
  %w = maek.unpack %p dim 2 width 16 order [0, 1] : !p -> tensor<4x$Kx$Nxf32>
  %0 = maek.einsum "bgn,gnk->bk" %z, %w : !z, tensor<4x$Kx$Nxf32>
  %1 = maek.add %0, %r : !h
  func.return %1 : !h
})";

constexpr const char *gradient = R"(
!z = tensor<?x4x$Nxf32, #maek.dims<B>>
!x = tensor<?x$Kxf32, #maek.dims<B>>
func.func private @k(%z: !z, %x: !x) -> tensor<4x$Nx$Kxf32>
    attributes {maek.kernel} {
  %0 = maek.einsum "bgn,bk->gnk" %z, %x : !z, !x
  func.return %0 : tensor<4x$Nx$Kxf32>
})";

/// Of two operands, neither of which is packed.
constexpr const char *matmul = R"(
!x = tensor<?x$Kxf32, #maek.dims<B>>
!y = tensor<?x$Nxf32, #maek.dims<B>>
func.func private @k(%x: !x, %w: tensor<$Kx$Nxf32>) -> !y
    attributes {maek.kernel} {
  %0 = maek.einsum "bk,kn->bn" %x, %w : !x, tensor<$Kx$Nxf32>
  func.return %0 : !y
})";

Case makeCase(const std::string &name, const char *text, int n, int k) {
  static const bool isApart = maek::sumsGatesApart("host");
  std::string summed = std::to_string(k);
  std::map<std::string, std::string> names{
      {"$O", isApart ? "[0, 2]" : "[2, 0]"},
      {"$L", isApart ? "4x" + summed : summed + "x4"},
      {"$N", std::to_string(n)},
      {"$K", std::to_string(k)},
      {"$P", std::to_string((n + 15) / 16)},
      {"$V", name == "train" ? ", %f, %i, %g, %o" : ""},
      {"$R", name == "train" ? "!h, !h, !h, !h, !h, !h" : "!h, !h"}};
  return {name + " " + std::to_string(n) + "x" + std::to_string(k),
          replaceAll(text, names)};
}

std::vector<Case> getCases() {
  std::vector<Case> cases{makeCase("product", product, 1024, 512),
                          makeCase("product", product, 200, 200),
                          makeCase("product", product, 10, 128),
                          makeCase("matmul", matmul, 512, 512)};
  for (int h : {128, 256}) {
    cases.push_back(makeCase("step", step, h, h));
    cases.push_back(makeCase("train", step, h, h));
    cases.push_back(makeCase("project", project, h, h));
    cases.push_back(makeCase("back", back, h, h));
    cases.push_back(makeCase("gradient", gradient, h, h));
  }
  cases.push_back(makeCase("project", project, 128, 28));
  cases.push_back(makeCase("gradient", gradient, 128, 28));
  cases.push_back(makeCase("step", step, 200, 200));
  cases.push_back(makeCase("gradient", gradient, 200, 200));
  return cases;
}

//===----------------------------------------------------------------------===//
// Measuring
//===----------------------------------------------------------------------===//

double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/// Best time of one call, of short batches.
double measure(llvm::function_ref<void()> body) {
  body();
  double begin = seconds();
  body();
  double one = std::max(seconds() - begin, 1e-7), best = 1e9;
  long count = std::max(1L, long(2e-3 / one));
  for (int repeat = 0; repeat < 25; ++repeat) {
    begin = seconds();
    for (long i = 0; i < count; ++i)
      body();
    best = std::min(best, (seconds() - begin) / double(count));
  }
  return best;
}

double getPeak() {
  maek::bench::MultiplyAdds loop = maek::bench::getMultiplyAdds();
  constexpr long iterations = 100'000;
  return loop.run ? loop.flopsPerIteration * iterations /
                        measure([&] { loop.run(iterations); }) * 1e-9
                  : 0;
}

int64_t getSize(const maek::Extent &extent, const Symbols &symbols) {
  int64_t size = extent.factor;
  for (const std::string &symbol : extent.symbols)
    size *= symbols.at(symbol);
  return size;
}

/// Floating-point operations of the contractions.
double countFlops(func::FuncOp kernel, const Symbols &symbols) {
  double total = 0;
  kernel.walk([&](maek::EinsumOp einsum) {
    maek::EinsumAttr equation = einsum.getEquation();
    std::map<char, int64_t> sizes;
    for (auto [term, value] : {std::pair(equation.getLhs(), einsum.getLhs()),
                               std::pair(equation.getRhs(), einsum.getRhs())})
      for (auto [letter, extent] :
           llvm::zip(term, maek::getExtents(value.getType())))
        sizes[letter] = getSize(extent, symbols);
    double flops = 2;
    for (auto [letter, size] : sizes)
      flops *= double(size);
    total += flops;
  });
  return total;
}

struct Buffer {
  Buffer(Type type, const Symbols &symbols) {
    int32_t stride = 1;
    SmallVector<maek::Extent> extents = maek::getExtents(type);
    dims.resize(extents.size());
    for (auto [dim, extent] : llvm::zip(dims, llvm::reverse(extents))) {
      int32_t size = int32_t(getSize(extent, symbols));
      dim = {0, size, stride, 0};
      stride *= size;
    }
    bytes = 4.0 * stride;
    storage.resize(stride + 16);
    Type element = maek::getElementType(type);
    buffer.type =
        element.isF32() ? halide_type_of<float>() : halide_type_of<int32_t>();
    for (size_t i = 0; i < storage.size() && element.isF32(); ++i)
      storage[i] = float(i * 37 % 101) * 1e-2f - 0.5f;
    uint64_t address = reinterpret_cast<uint64_t>(storage.data());
    buffer.host = reinterpret_cast<uint8_t *>((address + 63) / 64 * 64);
    buffer.dimensions = dims.size();
    buffer.dim = dims.data();
  }
  double bytes;
  std::vector<float> storage;
  std::vector<halide_dimension_t> dims;
  halide_buffer_t buffer = {};
};

template <size_t... I>
void call(void *kernel, const std::array<void *, 32> &arguments,
          std::index_sequence<I...>) {
  reinterpret_cast<int (*)(std::decay_t<decltype(arguments[I])>...)>(kernel)(
      arguments[I]...);
}

/// Compiles the module's kernels and loads them; null if that fails.
void *load(ModuleOp module) {
  llvm::SmallString<128> directory;
  if (llvm::sys::fs::createUniqueDirectory("bench", directory))
    return nullptr;
  maek::KernelOptions options;
  options.outputDir = directory.str();
  auto compiled = maek::compileKernels(module, options);
  if (failed(compiled))
    return nullptr;
  std::string path = std::string(directory) + "/kernels.so";
  std::vector<StringRef> command{MAEK_CXX, "-shared", "-o", path,
                                 MAEK_HALIDE_RUNTIME};
  command.insert(command.end(), compiled->objects.begin(),
                 compiled->objects.end());
  void *library = llvm::sys::ExecuteAndWait(MAEK_CXX, command) == 0
                      ? dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)
                      : nullptr;
  std::ignore = llvm::sys::fs::remove_directories(directory);
  if (library)
    reinterpret_cast<int (*)(int)>(dlsym(library, "halide_set_num_threads"))(1);
  return library;
}

void runKernel(void *library, func::FuncOp function, const Symbols &symbols) {
  std::array<void *, 32> arguments = {};
  auto names = function->getAttrOfType<ArrayAttr>(maek::kSymbolsAttr);
  void *kernel = dlsym(library, function.getName().str().c_str());
  size_t numArguments = function.getNumArguments() + function.getNumResults() +
                        (names ? names.size() : 0);
  if (!kernel || numArguments > arguments.size()) {
    llvm::outs() << (kernel ? "has too many arguments" : "is missing");
    return;
  }
  std::vector<std::unique_ptr<Buffer>> buffers;
  size_t count = 0;
  double bytes = 0;
  auto add = [&](Type type) {
    buffers.push_back(std::make_unique<Buffer>(type, symbols));
    arguments[count++] = &buffers.back()->buffer;
    bytes += buffers.back()->bytes;
  };
  llvm::for_each(function.getArgumentTypes(), add);
  if (names)
    for (auto name : names.getAsRange<StringAttr>())
      arguments[count++] = reinterpret_cast<void *>(symbols.at(name.str()));
  llvm::for_each(function.getResultTypes(), add);
  double peak = getPeak();
  double time =
      measure([&] { call(kernel, arguments, std::make_index_sequence<32>()); });
  if (double flops = countFlops(function, symbols))
    llvm::outs() << llvm::format("%9.1f us %4.0f%% of peak", time * 1e6,
                                 100 * flops / time * 1e-9 / peak);
  else
    llvm::outs() << llvm::format("%9.1f us %5.1f GB/s", time * 1e6,
                                 bytes / time * 1e-9);
}

/// Each built-in kernel for each of some batches.
void runCases(MLIRContext &context, StringRef part, ArrayRef<int64_t> sizes) {
  for (const Case &subject : getCases()) {
    if (!StringRef(subject.name).contains(part))
      continue;
    auto module = parseSourceString<ModuleOp>(subject.text, &context);
    void *library = module ? load(*module) : nullptr;
    if (!library)
      return;
    bool isLong = subject.text.find("->gnk") != std::string::npos;
    SmallVector<int64_t> usual{1, 7, 16, 64, isLong ? 6400 : 512};
    llvm::outs() << llvm::format("%-18s", subject.name.c_str());
    for (int64_t size : sizes.empty() ? ArrayRef(usual) : sizes) {
      llvm::outs() << " | B=" << size;
      runKernel(library, *module->getOps<func::FuncOp>().begin(),
                {{"B", size}});
    }
    llvm::outs() << '\n';
  }
}

/// Each kernel of a file, for one value of each symbol.
int runFile(MLIRContext &context, StringRef path, const Symbols &symbols) {
  auto module = parseSourceFile<ModuleOp>(path, &context);
  void *library = module ? load(*module) : nullptr;
  if (!library)
    return 1;
  for (auto kernel : module->getOps<func::FuncOp>())
    if (maek::isKernel(kernel)) {
      llvm::outs() << llvm::format("%-16s", kernel.getName().str().c_str());
      runKernel(library, kernel, symbols);
      llvm::outs() << '\n';
    }
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  maek::cli::reportFailedWrites("maek-bench-kernels");
  StringRef what = argc > 1 ? argv[1] : "";
  SmallVector<int64_t> sizes;
  Symbols symbols;
  for (int i = 2; i < argc; ++i) {
    auto [name, value] = StringRef(argv[i]).split('=');
    int64_t number;
    if ((value.empty() ? name : value).getAsInteger(10, number)) {
      llvm::errs() << "'" << argv[i] << "' is no number\n";
      return 2;
    }
    if (value.empty())
      sizes.push_back(number);
    else
      symbols[name.str()] = number;
  }
  DialectRegistry registry;
  registry.insert<maek::MaekDialect, func::FuncDialect>();
  maek::registerHalideModels(registry);
  MLIRContext context(registry);
  if (what.ends_with(".mlir"))
    return runFile(context, what, symbols);
  runCases(context, what, sizes);
  return 0;
}
