// Part of Maek, under the MIT licence; see LICENSE.
// Any bytes as an .npy file: refused, or of exactly the size that it says.
#include "Mutator.h"
#include "runtime/data/Npy.h"

#include <cstdlib>

using namespace maek::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<NpyHeader> header =
      readNpyHeader(std::as_bytes(std::span(data, size)), size);
  if (!header) {
    if (header.takeError().message().empty())
      std::abort();
    return 0;
  }
  std::optional<int64_t> bytes = countElements(header->shape);
  if (bytes)
    bytes = multiplyChecked(*bytes, static_cast<int64_t>(header->type->bytes));
  if (!bytes || header->dataOffset + static_cast<uint64_t>(*bytes) != size)
    std::abort();
  return 0;
}

std::vector<std::string> fuzzSeeds() {
  std::vector<std::string> seeds;
  for (std::vector<int64_t> shape :
       std::vector<std::vector<int64_t>>{{}, {3}, {2, 1, 3}})
    for (maek_dtype_t dtype : {MAEK_F32, MAEK_F64, MAEK_I32})
      seeds.push_back(
          makeNpyHeader(dtype, shape) +
          std::string(static_cast<size_t>(countBytes(shape, dtype).value_or(0)),
                      'x'));
  return seeds;
}
