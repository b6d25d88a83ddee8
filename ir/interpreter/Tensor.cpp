// Part of Maek, under the MIT licence; see LICENSE.
#include "ir/interpreter/Tensor.h"

#include "llvm/Support/MathExtras.h"
#include <cassert>
#include <optional>

using namespace maek;

Tensor::Tensor(Index shape, double fill)
    : shape(shape), elements(countElements(shape).value(), fill) {}

Tensor::Tensor(Index shape, std::vector<double> elements)
    : shape(shape), elements(std::move(elements)) {
  assert(countElements(shape) == size() && "one element per index");
}

Tensor Tensor::generate(Index shape,
                        llvm::function_ref<double(Index)> element) {
  Tensor result(shape);
  auto next = result.elements.begin();
  forEachIndex(shape, [&](Index index) { *next++ = element(index); });
  return result;
}

int64_t Tensor::offset(Index index) const {
  assert(index.size() == shape.size() && "one number per axis");
  int64_t offset = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    assert(index[axis] >= 0 && index[axis] < shape[axis] && "inside");
    offset = offset * shape[axis] + index[axis];
  }
  return offset;
}

void maek::forEachIndex(Index shape, llvm::function_ref<void(Index)> visit) {
  if (llvm::is_contained(shape, 0))
    return;
  Shape index(shape.size(), 0);
  while (true) {
    visit(index);
    int64_t axis = int64_t(shape.size()) - 1;
    while (axis >= 0 && ++index[axis] == shape[axis])
      index[axis--] = 0;
    if (axis < 0)
      return;
  }
}

std::optional<int64_t> maek::countElements(Index shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(count, size, count))
      return std::nullopt;
  if (count > int64_t(1) << 28)
    return std::nullopt;
  return count;
}
