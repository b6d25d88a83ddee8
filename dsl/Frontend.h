// Part of Maek, under the MIT licence; see LICENSE.
// The front end: model files to the maek dialect, to errors, or to their
// canonical form.
//
//   mlir::MLIRContext context;
//   auto module = maek::emitModelFile("models/lstm.maek", {}, context,
//                                     llvm::errs());
//   if (!module)
//     return 1; // the errors are printed
#ifndef MAEK_DSL_FRONTEND_H
#define MAEK_DSL_FRONTEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llvm {
class MemoryBuffer;
class raw_ostream;
} // namespace llvm

namespace maek {

struct FrontendOptions {
  /// Hyperparameters of the model and their values, as text: {"H", "256"}.
  std::vector<std::pair<std::string, std::string>> hyperparameters;
  /// f64 instead of f32.
  bool doublePrecision = false;
  /// Which model, if the file has several; "" for the only one.
  std::string model;
  /// Warnings count as errors.
  bool warningsAreErrors = false;
  /// Where to print the shape of each equation, if anywhere.
  llvm::raw_ostream *shapes = nullptr;
  /// Follow `import`; off, an import is an error.
  bool allowImports = true;
};

/// The verified module of the file's model, or null after printing errors;
/// warnings are printed, too.
/// Loads the dialects that it needs into `context`.
mlir::OwningOpRef<mlir::ModuleOp> emitModelFile(llvm::StringRef path,
                                                const FrontendOptions &options,
                                                mlir::MLIRContext &context,
                                                llvm::raw_ostream &errors);

/// The same for a text in memory, named by its buffer's identifier.
mlir::OwningOpRef<mlir::ModuleOp>
emitModel(std::unique_ptr<llvm::MemoryBuffer> buffer,
          const FrontendOptions &options, mlir::MLIRContext &context,
          llvm::raw_ostream &errors);

/// Checks all models of a file without keeping their IR (or the one that the
/// options name). A file may be a library, without a model.
bool checkModelFile(llvm::StringRef path, const FrontendOptions &options,
                    llvm::raw_ostream &errors);

/// The canonical form of a model file's text, or nothing after printing
/// errors.
std::optional<std::string> formatModel(llvm::StringRef text,
                                       llvm::StringRef name,
                                       llvm::raw_ostream &errors);

} // namespace maek

#endif // MAEK_DSL_FRONTEND_H
