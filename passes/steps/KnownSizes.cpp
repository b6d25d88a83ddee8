// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/steps/KnownSizes.h"

#include "ir/Extent.h"
#include "ir/MaekOps.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

void KnownSizes::add(Type argument) {
  for (const Extent &extent : getExtents(argument))
    symbols.insert(extent.symbols.begin(), extent.symbols.end());
}

bool KnownSizes::cover(Operation *op) const {
  auto isKnown = [&](const Extent &extent) {
    return llvm::all_of(extent.symbols, [&](const std::string &symbol) {
      return symbols.contains(symbol);
    });
  };
  auto walked = op->walk([&](Operation *inner) {
    SmallVector<Extent> sizes;
    if (auto extent = dyn_cast<ExtentOp>(inner))
      sizes.push_back(extent.getSize());
    for (TypeRange types : {TypeRange(inner->getOperandTypes()),
                            TypeRange(inner->getResultTypes())})
      for (Type type : types)
        llvm::append_range(sizes, getExtents(type));
    return llvm::all_of(sizes, isKnown) ? WalkResult::advance()
                                        : WalkResult::interrupt();
  });
  return !walked.wasInterrupted();
}

} // namespace maek
