// Part of Maek, under the MIT licence; see LICENSE.
// The whole way from a model's module to files: passes, kernels, host code,
// link.
#ifndef MAEK_CODEGEN_HOST_COMPILER_H
#define MAEK_CODEGEN_HOST_COMPILER_H

#include "codegen/host/TunedKernels.h"
#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
class PassManager;
} // namespace mlir

namespace maek {

struct BuildTarget;

enum class Emit {
  Executable,
  Shared,
  Static,
  Object,
  Header,
  LLVM,
  Assembly,
  Stmt,
  KernelLLVM,
  KernelAssembly,
  Device
};

/// The kind that a name stands for: exe, shared, static, object, header, llvm,
/// asm, stmt, kernel-llvm, kernel-asm, device.
std::optional<Emit> parseEmit(llvm::StringRef name);

/// The text of each kernel that is wanted, or None: the output is a file then,
/// not a folder.
KernelText getKernelText(Emit emit);

struct CompileOptions {
  Emit emit = Emit::Executable;
  /// A file; for a text of each kernel a folder.
  std::string output;
  /// What the functions in C begin with; empty: the output's name, see
  /// getLibraryName.
  std::string library;
  /// The model file as the user named it.
  std::string source;
  /// See parseTargets.
  std::string target = "host";
  /// Passes to leave out; see getOptionalPasses().
  std::vector<std::string> disabledPasses;
  /// What products multiply.
  Factors factors = Factors::Full;
  /// Gradients compute the steps of loops again; see PipelineOptions.
  bool recompute = false;
  /// Threads that compile kernels; 0: one per core.
  unsigned threads = 0;
  bool useCache = true;
  /// Halide's checks of every buffer.
  bool asserts = false;
  /// Choices of schedules that were found before, and a search for others. The
  /// model's own batch, if `search.sizes` has none.
  TuneSettings tune;
  /// Called with each pass manager before it runs (dumps, timing).
  std::function<void(mlir::PassManager &)> configure;
  KernelProgress progress;
  /// Called with false where remarks that follow repeat others, with true where
  /// they do no longer.
  std::function<void(bool)> keepRemarks;
};

/// How long each part took, in milliseconds, and what the cache saved.
struct CompileReport {
  double passes = 0, kernels = 0, host = 0, link = 0;
  size_t compiledKernels = 0, cachedKernels = 0;
};

/// Dialects, op interfaces and LLVM's translations that a context needs.
void registerCompilerDialects(mlir::DialectRegistry &registry);

/// What follows buildPipeline, with the same options, and the compilation of
/// the kernels: the plan of memory and the lowering of the host program.
void buildHostPipeline(mlir::OpPassManager &manager,
                       const PipelineOptions &options,
                       const BuildTarget &target);

/// What the options say of the passes, for one target.
PipelineOptions getPipelineOptions(const CompileOptions &options,
                                   const BuildTarget &target);

/// Compiles the module that the front end made and writes the output, or
/// nothing after a diagnostic. The module is consumed.
mlir::FailureOr<CompileReport> compileModule(mlir::ModuleOp module,
                                             const CompileOptions &options);

/// The name of a library from its file: build/liblstm.so -> lstm; characters
/// that C does not allow become '_'.
std::string getLibraryName(llvm::StringRef output);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_COMPILER_H
