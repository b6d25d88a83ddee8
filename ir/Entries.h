// Part of Maek, under the MIT licence; see LICENSE.
// What the arguments and results of an entry function stand for. Entries are
// the public functions of a module: forward, evaluate, train_step, update,
// prepare.
#ifndef MAEK_IR_ENTRIES_H
#define MAEK_IR_ENTRIES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringRef.h"

namespace maek {

/// Attribute on each argument and result of an entry: its role.
inline constexpr llvm::StringLiteral kRoleAttr = "maek.role";
/// Attribute beside the role: the dotted name of the tensor.
inline constexpr llvm::StringLiteral kNameAttr = "maek.name";
/// On an argument of class labels: how many classes there are (i64).
inline constexpr llvm::StringLiteral kClassesAttr = "maek.classes";
/// On an entry that reads a file's tensors: patterns of names that it leaves
/// out (array of strings).
inline constexpr llvm::StringLiteral kIgnoreAttr = "maek.ignore";
/// On a result of such an entry: the names of the file's tensors that it is
/// made of (array of strings).
inline constexpr llvm::StringLiteral kReadsAttr = "maek.reads";
/// On an entry that goes on with a text: the name of the input that is the
/// text. maek-make-stepwise makes it compute the next steps alone.
inline constexpr llvm::StringLiteral kTextAttr = "maek.text";
/// On the module: names of tensors that a file of weights may have and no entry
/// takes (array of strings).
inline constexpr llvm::StringLiteral kUnusedAttr = "maek.unused";
/// On a private function: Halide compiles it, the host calls it.
inline constexpr llvm::StringLiteral kKernelAttr = "maek.kernel";
/// On a kernel: the extents' symbols that it takes as scalars, in order.
inline constexpr llvm::StringLiteral kSymbolsAttr = "maek.symbols";

/// The symbol of the number of examples, in every entry.
inline constexpr llvm::StringLiteral kBatchSymbol = "B";

/// runtime/core/RoleTable.h has the roles, runtime/core/EntryNames.h the names
/// of entries and of scalars.
llvm::StringRef getArgRole(mlir::func::FuncOp entry, unsigned index);
llvm::StringRef getArgName(mlir::func::FuncOp entry, unsigned index);
llvm::StringRef getResultRole(mlir::func::FuncOp entry, unsigned index);
llvm::StringRef getResultName(mlir::func::FuncOp entry, unsigned index);

/// Whether the result has the role parameter, state or carried.
bool isUpdate(mlir::func::FuncOp entry, unsigned result);

/// For each update the argument that it is written
/// over: that of the same role and name. -1 for other results, and where there
/// is no such argument.
llvm::SmallVector<int> getUpdatedArguments(mlir::func::FuncOp entry);

/// {maek.role = role, maek.name = name}
mlir::DictionaryAttr getRoleAttrs(mlir::MLIRContext *context,
                                  llvm::StringRef role, llvm::StringRef name);

inline bool isKernel(mlir::func::FuncOp function) {
  return function->hasAttr(kKernelAttr);
}
inline bool isEntry(mlir::func::FuncOp function) { return function.isPublic(); }

} // namespace maek

#endif // MAEK_IR_ENTRIES_H
