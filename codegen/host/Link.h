// Part of Maek, under the MIT licence; see LICENSE.
// Objects to a program, a library or one object, by lld in this process.
#ifndef MAEK_CODEGEN_HOST_LINK_H
#define MAEK_CODEGEN_HOST_LINK_H

#include "codegen/host/RuntimeFiles.h"

namespace maek {

enum class LinkKind {
  Executable,    ///< a program with the runtime's command line
  SharedLibrary, ///< the runtime and the C API; nothing else is exported
  StaticLibrary, ///< an archive of the model's object and the runtime's
  Object         ///< the model as one object, Halide's runtime included
};

struct LinkJob {
  LinkKind kind = LinkKind::Executable;
  /// The model's own objects: host code and kernels.
  std::vector<std::string> objects;
  /// What others may use: beside `maek_*` from a shared library, and alone
  /// from an object, so that several models fit into one program.
  std::vector<std::string> exports;
  /// Written whole or not at all.
  std::string output;
  /// The name that programs record for a shared library; its file name.
  std::string soname;
  /// A folder for intermediate files.
  std::string scratch;
};

/// Kernels alone as a library for a program that has Halide's runtime.
mlir::LogicalResult linkKernels(llvm::ArrayRef<std::string> objects,
                                const std::string &output,
                                mlir::Location location);

/// Equal inputs give equal bytes. Errors carry the linker's own words.
mlir::LogicalResult link(const LinkJob &job, const RuntimeFiles &files,
                         mlir::Location location);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_LINK_H
