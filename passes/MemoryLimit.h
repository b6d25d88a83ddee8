// Part of Maek, under the MIT licence; see LICENSE.
// Whether the arenas of a recurrent model stay within a limit.
#ifndef MAEK_PASSES_MEMORYLIMIT_H
#define MAEK_PASSES_MEMORYLIMIT_H

#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include <map>

namespace maek {

struct MemoryLimit {
  /// Of each arena.
  uint64_t bytes = 0;
  /// The largest sizes that matter, by symbol. Of others any may come.
  std::map<std::string, int64_t> sizes;
};

/// Whether an entry with a loop may need a larger arena than the limit, run
/// with sizes up to those given: it has a size that is not given, or the
/// pipeline makes a larger plan. `module` is the front end's and stays as it
/// is. Fails after the diagnostic of a pass.
mlir::FailureOr<bool> mayExceed(mlir::ModuleOp module,
                                const PipelineOptions &options,
                                const MemoryLimit &limit);

} // namespace maek

#endif // MAEK_PASSES_MEMORYLIMIT_H
