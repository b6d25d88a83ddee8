// Part of Maek, under the MIT licence; see LICENSE.
#include "passes/memory/View.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace maek {

int64_t getElementBytes(Type element) {
  return std::max<int64_t>(1, element.getIntOrFloatBitWidth() / 8);
}

Polynomial Storage::getNumElements() const {
  Polynomial count(1);
  for (auto [axis, extent] : llvm::enumerate(extents))
    count = count * (extraRow && axis == 0 ? Polynomial(extent) + 1
                                           : Polynomial(extent));
  return count;
}

Polynomial Storage::getNumBytes() const {
  return getNumElements() * getElementBytes(element);
}

static SmallVector<Extent> getRowMajorStrides(ArrayRef<Extent> extents) {
  SmallVector<Extent> strides(extents.size());
  Extent stride;
  for (size_t axis = extents.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride = stride * extents[axis];
  }
  return strides;
}

View View::whole(Storage *storage, Type tensor) {
  View view;
  view.storage = storage;
  view.extents = getExtents(tensor);
  view.strides = getRowMajorStrides(view.extents);
  view.element = getElementType(tensor);
  return view;
}

bool View::isContiguous() const {
  SmallVector<Extent> rowMajor = getRowMajorStrides(extents);
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (!extent.isOne() && strides[axis] != rowMajor[axis])
      return false;
  return true;
}

View View::asRowMajor() const {
  View result = *this;
  result.strides = getRowMajorStrides(extents);
  return result;
}

bool View::isInnermostContiguous() const {
  return extents.empty() || extents.back().isOne() || strides.back().isOne();
}

namespace {
/// Neighbouring axes that lie behind one another in memory, as one axis.
struct Run {
  Extent stride, extent;
};
} // namespace

/// The fewest runs that make up the view, innermost first. Axes of one element
/// belong to none.
static SmallVector<Run> getRuns(const View &view) {
  SmallVector<Run> runs;
  for (size_t axis = view.extents.size(); axis-- > 0;) {
    const Extent &extent = view.extents[axis], &stride = view.strides[axis];
    if (extent.isOne())
      continue;
    if (!runs.empty() && stride == runs.back().stride * runs.back().extent)
      runs.back().extent = runs.back().extent * extent;
    else
      runs.push_back({stride, extent});
  }
  return runs;
}

std::optional<View> View::reshape(ArrayRef<Extent> to) const {
  View result = *this;
  result.extents.assign(to.begin(), to.end());
  result.strides.assign(to.size(), Extent());
  SmallVector<Run> runs = getRuns(*this);
  // The new axes cut up each run; none may reach across two.
  size_t next = 0;
  Extent done;
  for (size_t axis = to.size(); axis-- > 0;) {
    if (to[axis].isOne())
      continue;
    if (next == runs.size())
      return std::nullopt;
    result.strides[axis] = runs[next].stride * done;
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

View View::transpose(ArrayRef<int64_t> permutation) const {
  View result = *this;
  for (auto [axis, from] : llvm::enumerate(permutation)) {
    result.extents[axis] = extents[from];
    result.strides[axis] = strides[from];
  }
  return result;
}

View View::slice(int64_t axis, const Polynomial &start,
                 const Extent &size) const {
  View result = *this;
  result.offset = offset + start * Polynomial(strides[axis]);
  result.extents[axis] = size;
  return result;
}

View View::take(int64_t axis, const Polynomial &at) const {
  View result = slice(axis, at, Extent());
  result.extents.erase(result.extents.begin() + axis);
  result.strides.erase(result.strides.begin() + axis);
  return result;
}

} // namespace maek
