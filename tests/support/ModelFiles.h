// Part of Maek, under the MIT licence; see LICENSE.
// The models of models/*.maek, at sizes that the interpreter and Halide need
// seconds for.
#ifndef MAEK_TESTS_SUPPORT_MODELFILES_H
#define MAEK_TESTS_SUPPORT_MODELFILES_H

#include "tests/support/TestModule.h"

namespace maek::test {

/// One model of a file, or one of its variants.
struct ModelFile {
  /// Of the file, the model if the file has several, the variant: letters,
  /// digits and `_`.
  std::string name;
  std::string path, model;
  std::vector<std::pair<std::string, std::string>> hyperparameters;
};
inline void PrintTo(const ModelFile &file, std::ostream *stream) {
  *stream << file.name;
}

/// Each model of each file in the folder, in order, and of those beside this
/// one, which have what the others lack. A hyperparameter gets a small value by
/// its name, so that a new file is among them.
std::vector<ModelFile> listModelFiles();

/// The module of the model, in f64 or f32; null after diagnostics on stderr.
mlir::OwningOpRef<mlir::ModuleOp> emitModelFile(const ModelFile &file,
                                                mlir::MLIRContext &context,
                                                bool doublePrecision);

/// Values of all symbols of these models.
Dims makeModelDims(int64_t batch, int64_t steps);

} // namespace maek::test

#endif // MAEK_TESTS_SUPPORT_MODELFILES_H
