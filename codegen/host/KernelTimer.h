// Part of Maek, under the MIT licence; see LICENSE.
// Runs compiled kernels on this machine, in a process of their own: compares
// their results and times them in turns. See runtime/measure/Main.cpp.
#ifndef MAEK_CODEGEN_HOST_KERNELTIMER_H
#define MAEK_CODEGEN_HOST_KERNELTIMER_H

#include "codegen/host/KernelUses.h"
#include "codegen/host/RuntimeFiles.h"

#include "llvm/Support/JSON.h"

namespace maek {

/// A kernel in a library that can be loaded.
struct LoadableKernel {
  std::string library, symbol;
};

/// What is run with the arguments of one kernel function.
struct TimingJob {
  mlir::func::FuncOp kernel;
  /// The first one's results are what the others' are compared with; those are
  /// timed, or the first one if it is alone.
  std::vector<LoadableKernel> variants;
  double seconds = 0;
};

struct Timing {
  /// Whether all results are those of the first variant, up to the order of
  /// sums.
  bool isRight = false;
  /// Microseconds of a call, for each round those of all timed variants.
  std::vector<std::vector<double>> rounds;

  double median(size_t variant) const;
  /// What `variant` takes of the time of `other`: the median of all rounds, and
  /// what it is below all but surely.
  double ratio(size_t variant, size_t other) const;
  double ratioBound(size_t variant, size_t other) const;
};

class KernelTimer {
public:
  /// Intermediate files go to `scratch`.
  KernelTimer(const RuntimeFiles &files, llvm::StringRef scratch,
              unsigned threads, const Sizes &sizes)
      : files(files), scratch(scratch), threads(threads), sizes(sizes) {}

  /// Whether the kernel's arguments can be made: of known sizes, and of a
  /// gigabyte at most.
  bool canRun(mlir::func::FuncOp kernel) const;

  /// Nothing if a kernel crashed or could not be loaded.
  std::optional<std::vector<Timing>> run(llvm::ArrayRef<TimingJob> jobs) const;

private:
  llvm::json::Value describe(const TimingJob &job) const;
  std::optional<std::string> execute(llvm::StringRef jobs) const;

  const RuntimeFiles &files;
  llvm::StringRef scratch;
  unsigned threads;
  const Sizes &sizes;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_KERNELTIMER_H
