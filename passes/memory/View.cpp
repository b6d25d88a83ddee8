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

View View::whole(Storage *storage, Type tensor) {
  View view;
  view.storage = storage;
  view.extents = getExtents(tensor);
  view.strides = getDenseStrides(view.extents);
  view.element = getElementType(tensor);
  return view;
}

bool View::isContiguous() const {
  SmallVector<Extent> rowMajor = getDenseStrides(extents);
  for (auto [axis, extent] : llvm::enumerate(extents))
    if (!extent.isOne() && strides[axis] != rowMajor[axis])
      return false;
  return true;
}

View View::asRowMajor() const {
  View result = *this;
  result.strides = getDenseStrides(extents);
  return result;
}

bool View::isInnermostContiguous() const {
  return maek::isInnermostContiguous(extents, strides);
}

std::optional<View> View::reshape(ArrayRef<Extent> to) const {
  std::optional<Strides> reshaped = reshapeStrides(extents, strides, to);
  if (!reshaped)
    return std::nullopt;
  View result = *this;
  result.extents.assign(to.begin(), to.end());
  result.strides = *reshaped;
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
