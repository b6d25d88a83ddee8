// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/Strides.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

Strides getDenseStrides(ArrayRef<Extent> extents) {
  Strides strides(extents.size());
  Extent next;
  for (size_t axis = extents.size(); axis-- > 0;) {
    strides[axis] = next;
    next = next * extents[axis];
  }
  return strides;
}

bool isInnermostContiguous(ArrayRef<Extent> extents, ArrayRef<Extent> strides) {
  return extents.empty() || extents.back().isOne() || strides.back().isOne();
}

namespace {
/// Neighbouring axes that lie behind one another in memory, as one axis.
struct Run {
  Extent stride, extent;
};
} // namespace

/// The fewest runs that make up the buffer, innermost first. Axes of one
/// element belong to none.
static SmallVector<Run> getRuns(ArrayRef<Extent> extents,
                                ArrayRef<Extent> strides) {
  SmallVector<Run> runs;
  for (size_t axis = extents.size(); axis-- > 0;) {
    const Extent &extent = extents[axis], &stride = strides[axis];
    if (extent.isOne())
      continue;
    if (!runs.empty() && stride == runs.back().stride * runs.back().extent)
      runs.back().extent = runs.back().extent * extent;
    else
      runs.push_back({stride, extent});
  }
  return runs;
}

bool isDense(ArrayRef<Extent> extents, ArrayRef<Extent> strides) {
  SmallVector<Run> runs = getRuns(extents, strides);
  return runs.empty() || (runs.size() == 1 && runs.front().stride.isOne());
}

std::optional<Strides> reshapeStrides(ArrayRef<Extent> from,
                                      ArrayRef<Extent> strides,
                                      ArrayRef<Extent> to) {
  Strides result(to.size());
  SmallVector<Run> runs = getRuns(from, strides);
  // The new axes cut up each run; none may reach across two.
  size_t next = 0;
  Extent done;
  for (size_t axis = to.size(); axis-- > 0;) {
    if (to[axis].isOne())
      continue;
    if (next == runs.size())
      return std::nullopt;
    result[axis] = runs[next].stride * done;
    done = done * to[axis];
    if (done == runs[next].extent) {
      ++next;
      done = Extent();
    }
  }
  if (next != runs.size() || !done.isOne())
    return std::nullopt;
  return result;
}

} // namespace maek
