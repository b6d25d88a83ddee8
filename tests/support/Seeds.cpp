// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/support/Seeds.h"

#include <cstdlib>

namespace maek::test {

llvm::iota_range<uint64_t> getSeeds(uint64_t count) {
  uint64_t first = 1;
  if (const char *text = std::getenv("MAEK_RANDOM_SEED")) {
    char *rest = nullptr;
    first = std::strtoull(text, &rest, 10);
    count = *rest == ':' ? std::strtoull(rest + 1, nullptr, 10) : 1;
  }
  return llvm::seq(first, first + count);
}

} // namespace maek::test
