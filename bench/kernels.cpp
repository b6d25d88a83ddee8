// Part of Maek, under the MIT licence; see LICENSE.
// Single kernels as the schedules make them: GFLOP/s on one thread and their
// share of the FMA peak, measured beside them in processor time, so that other
// work on the machine disturbs little.
//
//   kernels [name part] [B...]
#include "codegen/halide/Kernels.h"
#include "ir/Extent.h"
#include "ir/MaekDialect.h"

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

using namespace mlir;

namespace {

struct Case {
  std::string name, text;
  /// Floating-point operations for one unit of the symbol B.
  double flops;
};

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
!p = tensor<$Px$Kx4x16xf32>
func.func private @k(%h: tensor<?x$Kxf32, #maek.dims<B>>, %p: !p, %x: !z,
                     %c: !h) -> ($R) attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] : !p -> tensor<4x$Nx$Kxf32>
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
!p = tensor<$Px$Kx4x16xf32>
func.func private @k(%x: tensor<?x$Kxf32, #maek.dims<B>>, %p: !p,
                     %b: tensor<4x$Nxf32>) -> !z attributes {maek.kernel} {
  %w = maek.unpack %p dim 1 width 16 order [2, 0] : !p -> tensor<4x$Nx$Kxf32>
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

Case makeCase(const std::string &name, const char *text, int n, int k,
              int gates) {
  std::map<std::string, std::string> names{
      {"$N", std::to_string(n)},
      {"$K", std::to_string(k)},
      {"$P", std::to_string((n + 15) / 16)},
      {"$V", name == "train" ? ", %f, %i, %g, %o" : ""},
      {"$R", name == "train" ? "!h, !h, !h, !h, !h, !h" : "!h, !h"}};
  return {name + " " + std::to_string(n) + "x" + std::to_string(k),
          replaceAll(text, names), 2.0 * n * k * gates};
}

std::vector<Case> getCases() {
  std::vector<Case> cases{makeCase("product", product, 1024, 512, 1),
                          makeCase("product", product, 200, 200, 1),
                          makeCase("product", product, 10, 128, 1)};
  for (int h : {128, 256}) {
    cases.push_back(makeCase("step", step, h, h, 4));
    cases.push_back(makeCase("train", step, h, h, 4));
    cases.push_back(makeCase("project", project, h, h, 4));
    cases.push_back(makeCase("back", back, h, h, 4));
    cases.push_back(makeCase("gradient", gradient, h, h, 4));
  }
  cases.push_back(makeCase("project", project, 128, 28, 4));
  cases.push_back(makeCase("gradient", gradient, 128, 28, 4));
  cases.push_back(makeCase("step", step, 200, 200, 4));
  cases.push_back(makeCase("gradient", gradient, 200, 200, 4));
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

/// One 512-bit or two 256-bit FMAs a cycle: whatever 16 independent chains of
/// the widest vectors reach.
__attribute__((target("avx512f"))) void fma512() {
#define FMA(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n"
  for (int i = 0; i < 100000; ++i)
    asm volatile(FMA(0) FMA(1) FMA(2) FMA(3) FMA(4) FMA(5) FMA(6) FMA(7) FMA(8)
                     FMA(9) FMA(10) FMA(11) FMA(12) FMA(13) FMA(14) FMA(15)::
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
                           "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                           "xmm12", "xmm13", "xmm14", "xmm15");
}

double getPeak() {
  return __builtin_cpu_supports("avx512f")
             ? 32.0 * 16 * 100000 / measure(fma512) * 1e-9
             : 0;
}

struct Buffer {
  Buffer(Type type, int64_t symbol) {
    int32_t stride = 1;
    SmallVector<maek::Extent> extents = maek::getExtents(type);
    dims.resize(extents.size());
    for (auto [dim, extent] : llvm::zip(dims, llvm::reverse(extents))) {
      int32_t size = extent.factor * (extent.isStatic() ? 1 : symbol);
      dim = {0, size, stride, 0};
      stride *= size;
    }
    storage.resize(stride + 16);
    for (size_t i = 0; i < storage.size(); ++i)
      storage[i] = float(i * 37 % 101) * 1e-2f - 0.5f;
    uint64_t address = reinterpret_cast<uint64_t>(storage.data());
    buffer.host = reinterpret_cast<uint8_t *>((address + 63) / 64 * 64);
    buffer.type = halide_type_of<float>();
    buffer.dimensions = dims.size();
    buffer.dim = dims.data();
  }
  std::vector<float> storage;
  std::vector<halide_dimension_t> dims;
  halide_buffer_t buffer = {};
};

template <size_t... I>
void call(void *kernel, const std::array<void *, 16> &arguments,
          std::index_sequence<I...>) {
  reinterpret_cast<int (*)(std::decay_t<decltype(arguments[I])>...)>(kernel)(
      arguments[I]...);
}

void runCase(MLIRContext &context, const Case &subject,
             ArrayRef<int64_t> sizes) {
  OwningOpRef<ModuleOp> module =
      parseSourceString<ModuleOp>(subject.text, &context);
  llvm::SmallString<128> directory;
  if (!module || llvm::sys::fs::createUniqueDirectory("bench", directory))
    return;
  maek::KernelOptions options;
  options.outputDir = directory.str();
  timespec begin, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  auto compiled = maek::compileKernels(*module, options);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  if (failed(compiled))
    return;
  std::string path = std::string(directory) + "/k.so";
  std::vector<StringRef> command{MAEK_CXX, "-shared", "-o", path};
  command.insert(command.end(), compiled->objects.begin(),
                 compiled->objects.end());
  llvm::sys::ExecuteAndWait(MAEK_CXX, command);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  llvm::sys::fs::remove_directories(directory);
  if (!library)
    return;
  reinterpret_cast<int (*)(int)>(dlsym(library, "halide_set_num_threads"))(1);
  auto function = *module->getOps<func::FuncOp>().begin();
  void *kernel = dlsym(library, "k");
  llvm::outs() << llvm::format("%-18s%4.0f ms to compile%s ",
                               subject.name.c_str(),
                               double(end.tv_sec - begin.tv_sec) * 1e3 +
                                   double(end.tv_nsec - begin.tv_nsec) * 1e-6,
                               compiled->fromCache ? " (cached)" : "");
  for (int64_t size : sizes) {
    std::vector<std::unique_ptr<Buffer>> buffers;
    std::array<void *, 16> arguments = {};
    size_t count = 0;
    for (TypeRange types :
         {function.getArgumentTypes(), function.getResultTypes()})
      for (Type type : types) {
        buffers.push_back(std::make_unique<Buffer>(type, size));
        arguments[count++] = &buffers.back()->buffer;
      }
    double peak = getPeak();
    double time = measure(
        [&] { call(kernel, arguments, std::make_index_sequence<16>()); });
    double rate = subject.flops * double(size) / time * 1e-9;
    llvm::outs() << llvm::format("| B=%d %.1f us %.0f%% ", int(size),
                                 time * 1e6, 100 * rate / peak);
    llvm::outs().flush();
  }
  llvm::outs() << '\n';
}

} // namespace

int main(int argc, char **argv) {
  StringRef part = argc > 1 ? argv[1] : "";
  SmallVector<int64_t> sizes;
  for (int i = 2; i < argc; ++i)
    sizes.push_back(std::atoi(argv[i]));
  DialectRegistry registry;
  registry.insert<maek::MaekDialect, func::FuncDialect>();
  maek::registerHalideModels(registry);
  MLIRContext context(registry);
  for (const Case &subject : getCases()) {
    if (!StringRef(subject.name).contains(part))
      continue;
    bool isLong = subject.text.find("->gnk") != std::string::npos;
    SmallVector<int64_t> usual = isLong
                                     ? SmallVector<int64_t>{128, 1600, 6400}
                                     : SmallVector<int64_t>{1, 7, 16, 64, 3200};
    runCase(context, subject, sizes.empty() ? usual : sizes);
  }
  return 0;
}
