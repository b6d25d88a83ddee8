// Part of Maek, under the MIT licence; see LICENSE.
// What a compiled model says about itself: the JSON that the runtime reads
// (runtime/include/maek/module.h), made from the module before it is lowered.
#ifndef MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H
#define MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H

#include "codegen/host/Targets.h"
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
  BuildTarget target;
  std::string halideVersion;
  Factors factors;
};

/// The symbols of an entry's types, sorted: the order of its `dims`.
std::vector<std::string> getEntrySymbols(mlir::Operation *entry);

/// Describes a module whose entries still have tensor types. Entries stand in
/// the order of their functions.
llvm::json::Object describeModule(mlir::ModuleOp module,
                                  const DescriptionOptions &options);

/// Adds what maek-lower-host leaves at the lowered module of each entry: the
/// plan of memory, and the arguments that the host program reads.
void addLowered(llvm::json::Object &description, mlir::ModuleOp lowered);

/// What the table of entries says of one, beside its two functions.
struct EntryCode {
  std::string name;
  int64_t descriptorBytes;
};

/// The entries of a lowered module in the description's order.
std::vector<EntryCode> getEntryCode(const llvm::json::Object &description,
                                    mlir::ModuleOp lowered);

/// The constant that addDescription adds.
inline constexpr llvm::StringLiteral kModuleSymbol = "maek.module";

/// Adds the constant `maek.module` to the lowered module; `maek_entry_<name>`
/// and `maek_arena_<name>` exist for all `entries`. `variants` are the names of
/// such constants of the model's code for devices.
void addDescription(llvm::Module &module, llvm::StringRef json,
                    llvm::ArrayRef<EntryCode> entries,
                    llvm::ArrayRef<std::string> variants);

/// Adds the exported function `<library>_module`, which returns the constant.
void addGetter(llvm::Module &module, llvm::StringRef library);

} // namespace maek

#endif // MAEK_CODEGEN_HOST_MODULEDESCRIPTION_H
