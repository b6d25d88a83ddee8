// Part of Maek, under the MIT licence; see LICENSE.
// Writes a placed entry as a function on buffers.
#ifndef MAEK_PASSES_MEMORY_BUFFERFORM_H
#define MAEK_PASSES_MEMORY_BUFFERFORM_H

#include "passes/memory/ArenaPlan.h"

namespace maek {

class IndexMath;

/// On a function in buffer form: what each slot of the arena holds, and when.
inline constexpr llvm::StringLiteral kMemoryAttr = "maek.memory";
/// On an argument of it: the #maek.dims that its tensor had.
inline constexpr llvm::StringLiteral kDimsAttr = "maek.dims";
/// On the function that computes an arena's size: its entry's name.
inline constexpr llvm::StringLiteral kArenaOfAttr = "maek.arena_of";

/// What the size function gives for extents that are below 1, or so large that
/// a tensor has 2^31 elements or more.
inline constexpr int64_t kRefusedExtents = -1;

/// The symbols of an entry's extents, sorted by name: those that its caller
/// gives, and also those that are made of them.
llvm::SmallVector<std::string> getSymbols(mlir::func::FuncOp entry);
llvm::SmallVector<std::string> getAllSymbols(mlir::func::FuncOp entry);

/// The slots with their sizes, the tensors in them and their lifetimes, as
/// `maek.memory` has them.
mlir::ArrayAttr describeSlots(const ArenaPlan &plan, mlir::Builder builder);

/// Replaces the placed entry by one on memrefs, before it in the module:
///   @entry(arguments..., results..., arena, symbols...)
/// A result that is written over its argument has an argument of its own all
/// the same, which is not used. The placement refers to the erased entry
/// afterwards.
mlir::func::FuncOp emitBufferForm(Placement &placement, const ArenaPlan &plan);

/// `@<entry>$arena(symbols...) -> index`, after `entry`, which is in buffer
/// form.
mlir::func::FuncOp emitArenaSize(mlir::func::FuncOp entry,
                                 const Placement &placement,
                                 const ArenaPlan &plan);

/// The aligned size of a slot.
mlir::Value emitSlotSize(const Slot &slot, IndexMath &index);

} // namespace maek

#endif // MAEK_PASSES_MEMORY_BUFFERFORM_H
