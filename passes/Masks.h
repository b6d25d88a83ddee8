// Part of Maek, under the MIT licence; see LICENSE.
// What masks of attention are made of: which of them hide the keys behind a
// query.
#ifndef MAEK_PASSES_MASKS_H
#define MAEK_PASSES_MASKS_H

#include "ir/MaekOps.h"

#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace maek {

/// A part of a mask: where it holds, or, if its elements are numbers, is above
/// 0. `axes` are the axes of the mask that its own are.
struct MaskPart {
  mlir::Value value;
  llvm::SmallVector<int64_t> axes;
};

/// The mask holds where all of these do: a product of comparisons is their
/// `and`. The mask itself if it is no product.
llvm::SmallVector<MaskPart> getMaskParts(mlir::Value mask);

/// The whole number c if the part holds where key <= query + c, in whatever way
/// it is written; `query` and `key` are axes of the mask.
std::optional<int64_t> getCausalOffset(MaskPart part, int64_t query,
                                       int64_t key);

/// The part as a mask of its own, of the type of the whole.
mlir::Value makeMask(mlir::OpBuilder &builder, mlir::Location location,
                     const MaskPart &part, mlir::Type type);

} // namespace maek

#endif // MAEK_PASSES_MASKS_H
