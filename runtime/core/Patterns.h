// Part of Maek, under the MIT licence; see LICENSE.
// Patterns of names, as a shell has them: `*`, `?`, `[ab]`. Nothing that must
// be linked, so that the compiler has the same; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_PATTERNS_H
#define MAEK_RUNTIME_CORE_PATTERNS_H

#include <algorithm>
#include <fnmatch.h>
#include <span>
#include <string>

namespace maek::runtime {

inline bool matches(const std::string &pattern, const std::string &name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

inline bool matchesAny(std::span<const std::string> patterns,
                       const std::string &name) {
  return std::any_of(
      patterns.begin(), patterns.end(),
      [&](const std::string &pattern) { return matches(pattern, name); });
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_PATTERNS_H
