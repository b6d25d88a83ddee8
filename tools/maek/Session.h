// Part of Maek, under the MIT licence; see LICENSE.
// What reading and compiling a model file needs around it: an MLIR context, the
// printer of located errors, remarks.
#ifndef MAEK_TOOLS_MAEK_SESSION_H
#define MAEK_TOOLS_MAEK_SESSION_H

#include "tools/maek/Options.h"
#include "tools/maek/Reporter.h"

#include "mlir/IR/MLIRContext.h"

namespace maek::cli {

/// Adds --disable-pass and --remarks.
void addPassOptions(po::options_description &options);

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

  mlir::MLIRContext context;

private:
  void enableRemarks(const std::string &kinds);

  std::string path;
  FrontendOptions frontend;
  Reporter reporter{context};
};

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_SESSION_H
