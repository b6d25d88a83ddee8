// Part of Maek, under the MIT licence; see LICENSE.
// The kernels of a model, compiled with the choices of its tune file, and a
// search for better ones if that is asked for.
#ifndef MAEK_CODEGEN_HOST_TUNEDKERNELS_H
#define MAEK_CODEGEN_HOST_TUNEDKERNELS_H

#include "codegen/halide/Kernels.h"
#include "codegen/host/Tuner.h"

namespace maek {

struct TuneSettings {
  /// Results of searches: read if it is there, written by one. Empty is none.
  std::string file;
  /// Whether the file has to be there unless a search makes it.
  bool isNamed = false;
  /// Searches, with these options; their threads also say which results of the
  /// file count.
  bool isSearch = false;
  TuneOptions search;
};

/// Compiles the kernels for `options.target`, a full name, and says in remarks
/// how each was scheduled, for `device` if that is not empty, and which results
/// of the file were taken.
mlir::FailureOr<CompiledKernels>
compileTunedKernels(mlir::ModuleOp module, const KernelOptions &options,
                    const KernelProgress &progress, const TuneSettings &tune,
                    llvm::StringRef device = "");

} // namespace maek

#endif // MAEK_CODEGEN_HOST_TUNEDKERNELS_H
