// Part of Maek, under the MIT licence; see LICENSE.
// What `maek build --tune` found, in a JSON file beside the model: for each
// machine the fastest choices of kernels, the cost model's among them. Made to
// be read and committed: equal contents are equal bytes, in a stable order.
#ifndef MAEK_CODEGEN_HOST_TUNEFILE_H
#define MAEK_CODEGEN_HOST_TUNEFILE_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <string>
#include <vector>

namespace maek {

/// What the times of a kernel depend on beside the kernel.
struct TuneMachine {
  /// The processor's name; Halide's target; the kernel compiler's version.
  std::string processor, target, compiler;
  unsigned threads = 0;

  bool operator==(const TuneMachine &) const = default;
  /// "AMD EPYC, 2 threads, x86-64-linux-..."
  std::string str() const;
};

/// The machine that runs this, with `threads` threads; 0 is one for each core.
TuneMachine getThisMachine(llvm::StringRef target, unsigned threads);

struct TunedKernel {
  /// Its name in the module, for the reader; several may have one.
  std::string name;
  /// See getKernelKey and KernelSchedule.
  std::string key, choice;
  /// The cost model's choice.
  std::string modelled;
  /// The sizes that it was measured with, "B=64 T=28", and the microseconds of
  /// a call with either choice.
  std::string sizes;
  double microseconds = 0, modelledMicroseconds = 0;
};

struct TuneResults {
  TuneMachine machine;
  std::vector<TunedKernel> kernels;
};

class TuneFile {
public:
  /// Reads the file; empty if there is none. What is wrong with it is an error
  /// at its place in the file.
  static mlir::FailureOr<TuneFile> read(llvm::StringRef path,
                                        mlir::MLIRContext *context);

  /// Writes the file whole or not at all.
  mlir::LogicalResult write(llvm::StringRef path,
                            mlir::MLIRContext *context) const;

  /// The results of a machine; null if there are none.
  const TuneResults *find(const TuneMachine &machine) const;
  /// Puts a kernel's result in the place of one with its key; those of this
  /// machine with another compiler go.
  void add(const TuneMachine &machine, llvm::ArrayRef<TunedKernel> kernels);
  llvm::ArrayRef<TuneResults> getResults() const { return results; }

private:
  std::vector<TuneResults> results;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_TUNEFILE_H
