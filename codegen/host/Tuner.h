// Part of Maek, under the MIT licence; see LICENSE.
// Looks for better schedules than the cost model's by running the kernels of a
// model on this machine, within a given time. See docs/rationale/schedules.md.
#ifndef MAEK_CODEGEN_HOST_TUNER_H
#define MAEK_CODEGEN_HOST_TUNER_H

#include "codegen/halide/Kernels.h"
#include "codegen/host/KernelUses.h"
#include "codegen/host/TuneFile.h"

#include <functional>

namespace maek {

/// What is said while the search runs.
struct TuneProgress {
  /// Seconds since the search began.
  double seconds = 0;
  /// The kernel that is tried, choices tried so far, and kernels that became
  /// faster.
  std::string kernel;
  size_t tried = 0, faster = 0;
};

struct TuneOptions {
  /// How long the search may take; the choice that is being tried then is
  /// finished.
  double seconds = 60;
  /// Threads that the kernels run with; 0 is one for each core.
  unsigned threads = 0;
  /// Of the symbols of the entries' types; see checkSizes.
  Sizes sizes;
  std::function<void(const TuneProgress &)> progress;
};

/// Searches, until Ctrl-C at the latest, around what each of the module's
/// kernels has, which `compiled` are for `kernels`; its target is a full name.
/// Gives the kernels of which something new is known, with the best choice.
/// Fails after a diagnostic.
mlir::FailureOr<std::vector<TunedKernel>>
tuneKernels(mlir::ModuleOp module, const CompiledKernels &compiled,
            const KernelOptions &kernels, const TuneOptions &options);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_TUNER_H
