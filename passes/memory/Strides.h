// Part of Maek, under the MIT licence; see LICENSE.
// Where the elements of a tensor lie in memory, as far as strides tell.
#ifndef MAEK_PASSES_MEMORY_STRIDES_H
#define MAEK_PASSES_MEMORY_STRIDES_H

#include "ir/Extent.h"

#include <optional>

namespace maek {

/// One stride per axis, in elements, as a monomial in the symbols.
using Strides = llvm::SmallVector<Extent>;

/// Row-major strides without gaps.
Strides getDenseStrides(llvm::ArrayRef<Extent> extents);

/// The strides under which the elements of a buffer of extents `from` read as
/// a row-major tensor of extents `to`; nothing if they have to be moved. Axes
/// of one element, whose strides mean nothing, get 1.
std::optional<Strides> reshapeStrides(llvm::ArrayRef<Extent> from,
                                      llvm::ArrayRef<Extent> strides,
                                      llvm::ArrayRef<Extent> to);

/// Whether the elements lie one behind the other in row-major order. Axes of
/// one element have no stride to speak of.
bool isDense(llvm::ArrayRef<Extent> extents, llvm::ArrayRef<Extent> strides);

/// Whether neighbours along the innermost axis are neighbours in memory, as
/// every kernel needs it.
bool isInnermostContiguous(llvm::ArrayRef<Extent> extents,
                           llvm::ArrayRef<Extent> strides);

} // namespace maek

#endif // MAEK_PASSES_MEMORY_STRIDES_H
