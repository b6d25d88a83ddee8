// Part of Maek, under the MIT licence; see LICENSE.
// Whether the arenas of a recurrent model stay within a limit.
#ifndef MAEK_PASSES_MEMORYLIMIT_H
#define MAEK_PASSES_MEMORYLIMIT_H

#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include <map>
#include <optional>
#include <string>

namespace maek {

struct MemoryLimit {
  /// Of each arena.
  uint64_t bytes = 0;
  /// The largest sizes that matter, by symbol. Of others any may come.
  std::map<std::string, int64_t> sizes;
};

/// An entry with a loop that may need a larger arena than the limit.
struct MemoryExcess {
  mlir::Location location;
  std::string entry;
  /// The arena's for the sizes given; nothing if one is not.
  std::optional<int64_t> bytes;
};

/// The first such entry, run with sizes up to those given, after the pipeline;
/// nothing if there is none. `module` is the front end's and stays as it is.
/// Fails after the diagnostic of a pass.
mlir::FailureOr<std::optional<MemoryExcess>>
findMemoryExcess(mlir::ModuleOp module, const PipelineOptions &options,
                 const MemoryLimit &limit);

} // namespace maek

#endif // MAEK_PASSES_MEMORYLIMIT_H
