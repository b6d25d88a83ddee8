// Part of Maek, under the MIT licence; see LICENSE.
// A model's code for one target: passes, kernels, host program.
#ifndef MAEK_CODEGEN_HOST_VARIANT_H
#define MAEK_CODEGEN_HOST_VARIANT_H

#include "codegen/host/Compiler.h"
#include "codegen/host/ModuleDescription.h"
#include "codegen/host/Targets.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace maek {

class Variant {
public:
  /// `module` is what the front end made; it is consumed. Files are written to
  /// `folder`.
  Variant(mlir::ModuleOp module, BuildTarget target,
          const CompileOptions &options, llvm::StringRef folder)
      : module(module), target(std::move(target)), options(options),
        folder(folder) {}

  // The steps in their order.

  mlir::LogicalResult runPasses();
  mlir::LogicalResult compileKernels(const KernelProgress &progress,
                                     CompileReport &report);
  /// The host program with its description, in the given context; null after a
  /// diagnostic. Its symbols have the target's suffix. `variants`: the symbols
  /// of the model's code for devices.
  std::unique_ptr<llvm::Module>
  lowerHost(llvm::LLVMContext &context,
            llvm::ArrayRef<std::string> variants = {});

  const BuildTarget &getTarget() const { return target; }
  /// The symbol of its description.
  std::string getSymbol() const {
    return kModuleSymbol.str() + target.getSuffix();
  }
  const llvm::json::Object &getDescription() const { return description; }
  /// The kernels' names, and their object files.
  std::vector<std::string> getKernels() const;
  llvm::ArrayRef<std::string> getObjects() const { return objects; }

private:
  mlir::LogicalResult run(mlir::PassManager &manager);
  void renameKernels();
  int64_t getBatch() const;

  mlir::ModuleOp module;
  BuildTarget target;
  const CompileOptions &options;
  std::string folder;
  llvm::json::Object description;
  std::vector<std::string> objects;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_VARIANT_H
