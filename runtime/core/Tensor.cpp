// Part of Maek, under the MIT licence; see LICENSE.
// Element types, checked sizes, aligned buffers.
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <cstdlib>

using namespace maek::runtime;

size_t maek::runtime::dtypeSize(maek_dtype_t dtype) {
  switch (dtype) {
  case MAEK_F32:
  case MAEK_I32:
    return 4;
  case MAEK_F64:
    return 8;
  }
  return 0;
}

const char *maek::runtime::dtypeName(maek_dtype_t dtype) {
  switch (dtype) {
  case MAEK_F32:
    return "f32";
  case MAEK_F64:
    return "f64";
  case MAEK_I32:
    return "i32";
  }
  return "an unknown type";
}

std::optional<maek_dtype_t> maek::runtime::parseDtype(std::string_view name) {
  for (maek_dtype_t dtype : {MAEK_F32, MAEK_F64, MAEK_I32})
    if (name == dtypeName(dtype))
      return dtype;
  return std::nullopt;
}

std::optional<int64_t> maek::runtime::multiplyChecked(int64_t a, int64_t b) {
  int64_t product;
  if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, &product))
    return std::nullopt;
  return product;
}

std::optional<int64_t> maek::runtime::addChecked(int64_t a, int64_t b) {
  int64_t sum;
  if (a < 0 || b < 0 || __builtin_add_overflow(a, b, &sum))
    return std::nullopt;
  return sum;
}

std::optional<int64_t>
maek::runtime::countElements(std::span<const int64_t> shape) {
  // A zero does not excuse an overflow: [0, 2^62, 8] is no honest shape.
  std::optional<int64_t> count = 1;
  bool empty = false;
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    empty |= size == 0;
    if (count && size != 0)
      count = multiplyChecked(*count, size);
  }
  return count && empty ? 0 : count;
}

std::optional<int64_t> maek::runtime::countBytes(std::span<const int64_t> shape,
                                                 maek_dtype_t dtype) {
  std::optional<int64_t> count = countElements(shape);
  if (!count)
    return std::nullopt;
  return multiplyChecked(*count, static_cast<int64_t>(dtypeSize(dtype)));
}

Buffer::Buffer(Buffer &&other) noexcept
    : memory(std::exchange(other.memory, nullptr)),
      size(std::exchange(other.size, 0)) {}

Buffer &Buffer::operator=(Buffer &&other) noexcept {
  std::swap(memory, other.memory);
  std::swap(size, other.size);
  return *this;
}

Buffer::~Buffer() { std::free(memory); }

void Buffer::release(MemoryBudget &budget) {
  std::free(std::exchange(memory, nullptr));
  budget.held -= static_cast<uint64_t>(std::exchange(size, 0));
}

Error Buffer::reserve(int64_t bytes, std::string_view what,
                      MemoryBudget *budget) {
  constexpr int64_t alignment = 64;
  if (bytes <= size && memory)
    return Error::success();
  // Whole lines; one for no bytes, so that null means that there is no memory.
  std::optional<int64_t> padded =
      addChecked(std::max(bytes, int64_t{1}), alignment - 1);
  if (!padded)
    return makeError(MAEK_OUT_OF_MEMORY, what,
                     " needs more bytes than can be counted");
  *padded = *padded / alignment * alignment;
  uint64_t added = static_cast<uint64_t>(bytes - size);
  if (budget &&
      (budget->held > budget->limit || added > budget->limit - budget->held))
    return makeError(MAEK_OUT_OF_MEMORY, what, " needs ", bytes,
                     " bytes; the model holds ", budget->held,
                     " of its limit of ", budget->limit);
  void *fresh = std::aligned_alloc(alignment, static_cast<size_t>(*padded));
  if (!fresh)
    return makeError(MAEK_OUT_OF_MEMORY, "no memory for ", what, ", ", bytes,
                     " bytes");
  std::free(memory);
  memory = fresh;
  size = bytes;
  if (budget)
    budget->held += added;
  return Error::success();
}
