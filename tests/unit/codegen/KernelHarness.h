// Part of Maek, under the MIT licence; see LICENSE.
// Compiles the kernels of a module, loads them and runs them beside the
// interpreter; for a device, if the harness is compiled for one.
#ifndef MAEK_TESTS_UNIT_CODEGEN_KERNELHARNESS_H
#define MAEK_TESTS_UNIT_CODEGEN_KERNELHARNESS_H

#include "codegen/halide/Kernels.h"
#include "tests/support/TestModule.h"

#include <optional>

struct halide_buffer_t;

namespace maek::test {

/// Whether the harness is compiled for a device.
extern const bool isOnDevice;
/// The types that kernels are tested with: f32, and f64 if it is for the host.
extern const std::vector<std::string> elements;

/// How a kernel's tensors lie in memory.
struct Layout {
  /// Unused elements after each row of each axis but the innermost.
  int64_t gap = 0;
  /// Results that lie in an argument's memory: {result, argument}.
  std::map<size_t, size_t> inPlace;
};

/// The kernels of one module, in memory.
class LoadedKernels {
public:
  /// Null after a message on stderr.
  static std::unique_ptr<LoadedKernels> load(mlir::ModuleOp module,
                                             const KernelOptions &options);
  ~LoadedKernels();

  /// The kernel's results. Elements of f32 and bf16 are rounded on the way in.
  /// Fails the running test if the kernel writes outside of its results.
  std::vector<Tensor> run(mlir::func::FuncOp kernel,
                          llvm::ArrayRef<Tensor> arguments, const Dims &dims,
                          const Layout &layout = {}) const;

  /// The address of a kernel, or of a function of Halide's runtime.
  void *lookup(llvm::StringRef name) const;

private:
  void takeFromDevice(halide_buffer_t &buffer) const;

  void *library = nullptr;
};

/// The kernels of a text in f32, in the precision of `element`, to be called
/// with numbers of the test's own. `kernels` is null after a message on stderr.
struct OwnKernels {
  OwnKernels(std::string text, llvm::StringRef element);

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<LoadedKernels> kernels;
};

/// Compiles `text` (kernels, maek.kernel may be left out) and, for each of
/// `sizes`, runs every kernel on random arguments, with and without Halide's
/// asserts, dense and with gaps; all elements are compared with the
/// interpreter's. Failures are GoogleTest's.
void checkKernels(llvm::StringRef text, llvm::ArrayRef<Dims> sizes,
                  double tolerance, const KernelOptions &options = {});

/// The same text in f64, with a tolerance of 1e-12 of the largest element.
void checkKernelsBothPrecisions(llvm::StringRef text,
                                llvm::ArrayRef<Dims> sizes);

} // namespace maek::test

#endif // MAEK_TESTS_UNIT_CODEGEN_KERNELHARNESS_H
