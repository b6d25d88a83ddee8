// Part of Maek, under the MIT licence; see LICENSE.
// Any bytes as an IDX file, compressed or not: refused, or as large as it says.
#include "Mutator.h"
#include "Scratch.h"
#include "runtime/core/Tensor.h"
#include "runtime/data/Idx.h"

#include <cstdlib>

using namespace maek::runtime;
using namespace maek::fake;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Expected<IdxArray> array = readIdx(std::as_bytes(std::span(data, size)));
  if (!array) {
    if (array.takeError().message().empty())
      std::abort();
    return 0;
  }
  if (countElements(array->shape) != static_cast<int64_t>(array->data.size()))
    std::abort();
  return 0;
}

std::vector<std::string> fuzzSeeds() {
  std::string images = makeIdx({2, 3, 3}, "0123456789abcdefgh");
  std::string labels = makeIdx({4}, "0123");
  return {images, labels, gzip(images), gzip(labels)};
}
