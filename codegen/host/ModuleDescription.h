// Part of Maek, under the MIT licence; see LICENSE.
// What a compiled model says about itself: the JSON that the runtime reads
// (runtime/include/maek/module.h), made from the module before it is lowered.
#ifndef MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H
#define MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H

#include "passes/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace maek {

struct DescriptionOptions {
  std::string source; ///< the model file as the user named it
  std::string target; ///< Halide's target string
  std::string halideVersion;
  Factors factors;
};

/// The symbols of an entry's types, sorted: the order of its `dims`.
std::vector<std::string> getEntrySymbols(mlir::Operation *entry);

/// Describes a module whose entries still have tensor types. Entries stand in
/// the order of their functions.
llvm::json::Object describeModule(mlir::ModuleOp module,
                                  const DescriptionOptions &options);

/// Adds each entry's plan of memory, which maek-lower-host leaves at the
/// lowered module.
void addMemory(llvm::json::Object &description, mlir::ModuleOp lowered);

/// Adds the constant `maek.module` and the exported function
/// `<library>_module` to the lowered module. `entries` are names in the
/// description's order; `maek_entry_<name>` and `maek_arena_<name>` exist.
void addDescription(llvm::Module &module, llvm::StringRef json,
                    const std::vector<std::string> &entries,
                    llvm::StringRef library);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H
