// Part of Maek, under the MIT licence; see LICENSE.
// Any bytes as a safetensors file: refused, or covered exactly by tensors.
#include "Mutator.h"
#include "runtime/core/Safetensors.h"

#include <cstdlib>

using namespace maek::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 8)
    return 0;
  std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  Expected<uint64_t> length = readHeaderLength(bytes.first<8>(), size);
  if (!length)
    return 0;
  std::string_view json(reinterpret_cast<const char *>(data) + 8, *length);
  Expected<SafetensorsHeader> header = readSafetensorsHeader(json, size);
  if (!header) {
    if (header.takeError().message().empty())
      std::abort();
    return 0;
  }
  uint64_t at = header->dataOffset;
  for (const FileTensor &tensor : header->tensors) {
    if (header->dataOffset + tensor.begin != at || tensor.end < tensor.begin)
      std::abort();
    at += tensor.end - tensor.begin;
  }
  if (at != size)
    std::abort();
  return 0;
}

static std::string makeFile(const std::string &header, size_t bytes) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char *>(&length), 8) + header +
         std::string(bytes, 'x');
}

std::vector<std::string> fuzzSeeds() {
  return {
      makeFile("{}", 0),
      makeFile(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
      makeFile(R"({"__metadata__":{"format":"pt","k":"\u00e9\n"},)"
               R"("b":{"data_offsets":[8,24],"shape":[2,1],"dtype":"I64"},)"
               R"("a":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},)"
               R"("e":{"dtype":"U8","shape":[0],"data_offsets":[24,24]}}   )",
               24)};
}
