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

/// Tiles of the result, which are blocks; more than enough if only a run counts
/// them.
static int64_t countTiles(EinsumOp einsum) {
  Extent elements = getNumElements(getExtents(einsum.getType()));
  constexpr int64_t tile = tileRows * tileColumns;
  return elements.isStatic() ? (elements.factor + tile - 1) / tile
                             : enoughBlocks;
}

/// Of two lengths of a part the longer one where tiles alone make many blocks;
/// 0, no parts, where they are enough.
static int64_t pickPart(EinsumOp einsum, int64_t shorter, int64_t longer) {
  int64_t tiles = countTiles(einsum);
  if (tiles >= enoughBlocks)
    return 0;
  return tiles >= enoughBlocks / 8 ? longer : shorter;
}

static bool isInBoth(EinsumAttr equation, char letter) {
  return equation.inLhs(letter) && equation.inRhs(letter);
}

int64_t getPartExamples(EinsumOp einsum) {
  EinsumAttr equation = einsum.getEquation();
  std::string contracted = equation.getContracted();
  if (contracted.size() < 2 || equation.getResult().size() < 2 ||
      !isInBoth(equation, contracted.front()) ||
      getLetterExtent(einsum, contracted.front()).isStatic())
    return 0;
  return pickPart(einsum, 4, 16);
}

int64_t getPartLength(EinsumOp einsum) {
  EinsumAttr equation = einsum.getEquation();
  std::string contracted = equation.getContracted();
  if (contracted.size() != 1 || equation.getResult().size() < 2 ||
      !isInBoth(equation, contracted.front()))
    return 0;
  Extent length = getLetterExtent(einsum, contracted.front());
  if (length.isStatic() && length.factor < longSum)
    return 0;
  return pickPart(einsum, 256, 512);
}

int64_t getSummedMultiple(EinsumOp einsum) {
  std::string contracted = einsum.getEquation().getContracted();
  if (contracted.empty())
    return 1;
  // Of 0 in one operand only, an infinity in the other one would make a NaN.
  char last = contracted.back();
  if (!isInBoth(einsum.getEquation(), last))
    return 1;
  Extent size = getLetterExtent(einsum, last);
  if (size.isStatic() && size.factor <= productStep)
    return 1;
  return std::max<int64_t>(getPartLength(einsum), productStep);
}

} // namespace maek::halide::gpu
