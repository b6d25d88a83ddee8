// Part of Maek, under the MIT licence; see LICENSE.
// Where the compiler finds what it links into a program: the runtime's
// archives, the start objects, the headers, and the machine's C library.
#ifndef MAEK_CODEGEN_HOST_RUNTIMEFILES_H
#define MAEK_CODEGEN_HOST_RUNTIMEFILES_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include <string>
#include <vector>

namespace maek {

struct RuntimeFiles {
  /// `<prefix>/lib/maek` of the running compiler.
  std::string folder;
  /// start.o and support.o: entry point, and what crtbegin.o would give.
  std::string startObject, supportObject;
  /// Halide's runtime, whose symbols are weak.
  std::string halideRuntime;
  /// Maek's runtime itself; then what only its command line needs.
  std::vector<std::string> archives, cliArchives;
  /// The compiler's own support library, after everything else.
  std::vector<std::string> languageArchives;
  /// Shared C library files by their run-time names, so that no development
  /// package is needed.
  std::vector<std::string> systemLibraries;
  std::string dynamicLinker;
  /// The texts of module.h and maek.h.
  std::string moduleHeader, apiHeader;
};

/// Looks next to the running compiler. Names the
/// first thing that is missing in an error at `location`.
mlir::FailureOr<RuntimeFiles> findRuntimeFiles(mlir::Location location);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_RUNTIMEFILES_H
