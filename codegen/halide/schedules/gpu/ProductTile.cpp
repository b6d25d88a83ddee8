// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/schedules/gpu/ProductTile.h"

#include "codegen/halide/KernelAlgorithm.h"
#include "ir/Extent.h"
#include "ir/LetterExtents.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek::halide::gpu {

/// Blocks that keep every SM of a large device busy: it has up to 132 of them.
static constexpr int64_t enoughBlocks = 256;
/// A shorter sum is not worth a second launch.
static constexpr int64_t longSum = 1024;

int64_t getPartLength(EinsumOp einsum) {
  EinsumAttr equation = einsum.getEquation();
  std::string contracted = equation.getContracted();
  if (contracted.size() != 1 || equation.getResult().size() < 2)
    return 0;
  if (!equation.inLhs(contracted.front()) ||
      !equation.inRhs(contracted.front()))
    return 0;
  Extent length = getLetterExtent(einsum, contracted.front());
  if (length.isStatic() && length.factor < longSum)
    return 0;
  Extent elements = getNumElements(getExtents(einsum.getType()));
  if (!elements.isStatic())
    return 0;
  int64_t tiles =
      (elements.factor + tileRows * tileColumns - 1) / (tileRows * tileColumns);
  if (tiles >= enoughBlocks)
    return 0;
  return tiles >= enoughBlocks / 8 ? 512 : 256;
}

int64_t getSummedMultiple(EinsumOp einsum) {
  std::string contracted = einsum.getEquation().getContracted();
  if (contracted.empty())
    return 1;
  // Of 0 in one operand only, an infinity in the other one would make a NaN.
  char last = contracted.back();
  if (!einsum.getEquation().inLhs(last) || !einsum.getEquation().inRhs(last))
    return 1;
  Extent size = getLetterExtent(einsum, last);
  if (size.isStatic() && size.factor <= productStep)
    return 1;
  return std::max<int64_t>(getPartLength(einsum), productStep);
}

} // namespace maek::halide::gpu
