// Part of Maek, under the MIT licence; see LICENSE.
// What the passes say of a model, as the front end prints its own errors: at
// the line of the model file, with a caret. Remarks wait until all is said.
#ifndef MAEK_TOOLS_MAEK_REPORTER_H
#define MAEK_TOOLS_MAEK_REPORTER_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/SourceMgr.h"
#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace maek::cli {

class Reporter {
public:
  /// Prints the errors and warnings that `context` meets from now on.
  explicit Reporter(mlir::MLIRContext &context);

  /// Keeps a remark; from any thread.
  void keep(const mlir::remark::detail::Remark &remark);
  /// Without, remarks are dropped.
  void setKeepsRemarks(bool keeps) { keepsRemarks = keeps; }
  /// Each distinct remark once, by its place, with the entries it is true of.
  void printRemarks(llvm::raw_ostream &os);

private:
  /// A place in a model file; no file where there is no place.
  struct Place {
    std::string file;
    unsigned line = 0, column = 0;
    auto operator<=>(const Place &) const = default;
  };
  static Place getPlace(mlir::Location location);
  void print(llvm::raw_ostream &os, const Place &place, llvm::StringRef kind,
             llvm::StringRef message);
  void print(const mlir::Diagnostic &diagnostic);

  mlir::ScopedDiagnosticHandler handler;
  llvm::SourceMgr sources;
  /// The files that have been looked for; 0 is one that cannot be read.
  std::map<std::string, unsigned> buffers;
  bool keepsRemarks = true;
  std::mutex mutex;
  /// Place, pass and text, with how often each entry has it.
  std::map<std::tuple<Place, std::string, std::string>,
           std::map<std::string, unsigned>>
      remarks;
};

} // namespace maek::cli

#endif // MAEK_TOOLS_MAEK_REPORTER_H
