// Part of Maek, under the MIT licence; see LICENSE.
// Element types, checked sizes, and the aligned buffers that tensors live in.
#ifndef MAEK_RUNTIME_CORE_TENSOR_H
#define MAEK_RUNTIME_CORE_TENSOR_H

#include "runtime/core/Error.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace maek::runtime {

/// Bytes of one element; 0 if `dtype` is none of the enumeration's.
size_t dtypeSize(maek_dtype_t dtype);
/// "f32", "f64", "i32".
const char *dtypeName(maek_dtype_t dtype);
std::optional<maek_dtype_t> parseDtype(std::string_view name);

/// a * b and a + b, or nothing if that is negative or does not fit.
std::optional<int64_t> multiplyChecked(int64_t a, int64_t b);
std::optional<int64_t> addChecked(int64_t a, int64_t b);
/// The product of the sizes, or nothing if one is negative or it overflows.
std::optional<int64_t> countElements(std::span<const int64_t> shape);
/// The same in bytes.
std::optional<int64_t> countBytes(std::span<const int64_t> shape,
                                  maek_dtype_t dtype);

/// How many bytes a model holds, and may hold at most.
struct MemoryBudget {
  uint64_t limit = UINT64_MAX;
  uint64_t held = 0;
};

/// Memory aligned to 64 bytes that only ever grows.
class Buffer {
public:
  Buffer() = default;
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&other) noexcept;
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer();

  /// Makes room for `bytes`; the content is kept only where nothing grows.
  /// `what` names the buffer in the message.
  Error reserve(int64_t bytes, std::string_view what,
                MemoryBudget *budget = nullptr);
  /// Gives the memory back.
  void release(MemoryBudget &budget);
  void *data() { return memory; }
  const void *data() const { return memory; }
  template <typename T>
  T *as() {
    return static_cast<T *>(memory);
  }
  int64_t capacity() const { return size; }

private:
  void *memory = nullptr;
  int64_t size = 0;
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_TENSOR_H
