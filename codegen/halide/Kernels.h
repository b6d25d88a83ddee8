// Part of Maek, under the MIT licence; see LICENSE.
// From a module's kernel functions to object files, by way of Halide.
#ifndef MAEK_CODEGEN_HALIDE_KERNELS_H
#define MAEK_CODEGEN_HALIDE_KERNELS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Support/LLVM.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace maek {

/// What can be written of each kernel, for reading: Halide's loop nest, LLVM IR
/// or assembly of what the host's processor runs, or the device's code.
enum class KernelText { None, Stmt, LLVM, Assembly, Device };

/// ".stmt", ".ll", ".s"; of a device, ".cl" of OpenCL and ".ptx".
llvm::StringRef getSuffix(KernelText text, llvm::StringRef target = "");

/// What one run of the kernel compiler does.
struct KernelOptions {
  /// `host`, or a Halide target such as `x86-64-linux-avx2-fma-f16c-sse41`; or
  /// a device beside the host's processor, see resolveTarget.
  std::string target = "host";
  /// Halide's checks of every buffer's type, rank, bounds and strides.
  bool asserts = false;
  /// Objects (and text) are written here; it exists.
  std::string outputDir;
  bool useCache = true;
  /// Empty: $MAEK_CACHE_DIR, else $XDG_CACHE_HOME/maek, else ~/.cache/maek.
  std::string cacheDir;
  /// 0: one thread per core.
  unsigned threads = 0;
  /// Written beside each object. It comes from a compilation; the cache is not
  /// read for it.
  KernelText text = KernelText::None;
  /// Of kernels, by getKernelKey, the choices that their schedules are asked
  /// for. The cost model's are taken of others, and where one does not fit.
  std::map<std::string, std::string> choices;
};

/// How a kernel was scheduled.
struct KernelSchedule {
  /// The place, in the kernel's body, of the op that it is about.
  unsigned op = 0;
  /// The numbers that were chosen, `product rows=8 vectors=2 gates=1 task=60`;
  /// empty where there is nothing to choose.
  std::string choice;
  /// What the schedule does, and why.
  std::string reason;
  /// Whether it was asked for a choice that does not fit.
  bool isRefused = false;
};

/// Told after each kernel: how many are done, of how many, and which one.
using KernelProgress =
    std::function<void(size_t done, size_t total, llvm::StringRef name)>;

struct CompiledKernels {
  /// <outputDir>/<kernel>.o in the order of the module's kernels. What they are
  /// linked with beside each other is Halide's runtime.
  std::vector<std::string> objects;
  /// In the same order; the same of a kernel from the cache.
  std::vector<KernelSchedule> schedules;
  /// How many of the kernels came from the cache.
  size_t fromCache = 0;
};

/// Compiles every `maek.kernel` function of the module. The kernel `@k` becomes
///   int32_t k(halide_buffer_t *inputs..., int32_t symbols...,
///             halide_buffer_t *outputs...)
/// dim[0] of a buffer is the tensor's innermost axis and has stride 1; the
/// other strides are free; every min is 0. i1 is one byte. Only kernels without
/// a contraction, reduction or movement of elements may run in place.
/// Errors are diagnostics at the kernel's location.
mlir::FailureOr<CompiledKernels>
compileKernels(mlir::ModuleOp module, const KernelOptions &options,
               const KernelProgress &progress = nullptr);

/// Names what the kernel computes and nothing else, in 16 hexadecimal digits.
std::string getKernelKey(mlir::func::FuncOp kernel);

/// Choices that the kernel's schedule may be asked for instead of the one that
/// it has with `options`, whose target is a full name; likelier ones first.
std::vector<std::string> getOtherChoices(mlir::func::FuncOp kernel,
                                         const KernelOptions &options);

/// Maek's and Halide's version, and a digest of the kernel compiler's sources.
std::string getCompilerVersion();

/// The full name of a target, or a diagnostic at `location` that says what is
/// wrong with it. Beside Halide's own names: `host`; `cuda-sm_75` and others of
/// a compute capability, `cuda` (that is 8.0) and `opencl`, for kernels that
/// the host's processor launches on such a device.
mlir::FailureOr<std::string> resolveTarget(llvm::StringRef target,
                                           mlir::Location location);

/// Whether the target's kernels run on a device; `target` as resolveTarget
/// gives it.
bool runsOnDevice(llvm::StringRef target);

/// Whether the schedules sum the gates of a product one after another, so that
/// packed weights should lie in that order; `target` as resolveTarget gives it.
bool sumsGatesApart(llvm::StringRef target);

/// "21.0.0"
std::string getHalideVersion();

/// Attaches the Halide algorithm of every op that can stand in a kernel.
void registerHalideModels(mlir::DialectRegistry &registry);

} // namespace maek

#endif // MAEK_CODEGEN_HALIDE_KERNELS_H
