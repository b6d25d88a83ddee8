// Part of Maek, under the MIT licence; see LICENSE.
// What reading and compiling a model file needs around it: an MLIR context, the
// printer of located errors, remarks.
#ifndef MAEK_TOOLS_MAEK_SESSION_H
#define MAEK_TOOLS_MAEK_SESSION_H

#include "codegen/host/Targets.h"
#include "passes/MemoryLimit.h"
#include "tools/maek/Options.h"
#include "tools/maek/Reporter.h"

#include "mlir/IR/MLIRContext.h"
#include <optional>

namespace maek::cli {

/// Adds --disable-pass, --memory-limit and --remarks.
void addPassOptions(po::options_description &options);

/// Adds --target.
void addTargetOption(po::options_description &options);

/// What --target names, the processor first. Throws UsageError where nothing
/// can be built for them, before any work: what the compiler would say.
llvm::SmallVector<BuildTarget> getTargets(const po::variables_map &options,
                                          mlir::MLIRContext &context);

/// The passes that --disable-pass names; throws UsageError for an unknown one.
std::vector<std::string> getDisabledPasses(const po::variables_map &options);

class Session {
public:
  /// Throws UsageError.
  explicit Session(const po::variables_map &options);
  /// Prints the remarks.
  ~Session();

  /// The module of the command line's model file, or null after its errors.
  mlir::OwningOpRef<mlir::ModuleOp> read();

  /// What --memory-limit asks of the pipeline that the module is about to run.
  /// Fails after a pass has failed.
  mlir::FailureOr<bool> mustRecompute(mlir::ModuleOp module,
                                      const PipelineOptions &pipeline);

  /// Without, remarks are dropped.
  void setKeepsRemarks(bool keeps) { reporter.setKeepsRemarks(keeps); }

  mlir::MLIRContext context;

private:
  void enableRemarks(const std::string &kinds);

  std::string path;
  FrontendOptions frontend;
  std::optional<MemoryLimit> memoryLimit;
  Reporter reporter{context};
};

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_SESSION_H
