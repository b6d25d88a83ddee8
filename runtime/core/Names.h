// Part of Maek, under the MIT licence; see LICENSE.
// "did you mean": the known name nearest to one that is not known. Nothing that
// must be linked, so that the compiler says the same as the programs; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_NAMES_H
#define MAEK_RUNTIME_CORE_NAMES_H

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace maek::runtime {

/// Insertions, deletions, replacements and swaps of neighbours (Damerau and
/// Levenshtein).
inline size_t countEdits(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), row(b.size() + 1),
      next(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min(
          {row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0 : 1)});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    std::swap(before, row);
    std::swap(row, next);
  }
  return row.back();
}

/// But for the case of ASCII letters the same.
inline bool equalsInsensitive(std::string_view a, std::string_view b) {
  auto lower = [](char c) {
    return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// The nearest of `known`, the first of several, or nothing if none is near.
inline std::string_view findNearest(std::string_view name,
                                    std::span<const std::string_view> known) {
  constexpr size_t longest = 64;
  std::string_view best;
  if (name.empty() || name.size() > longest)
    return best;
  size_t tooMany = std::max<size_t>(1, (name.size() + 1) / 3) + 1;
  // A short name is near every other one: that helps nobody.
  tooMany = std::min(tooMany, std::max<size_t>(name.size(), 2));
  for (std::string_view candidate : known) {
    if (candidate == name || candidate.size() > longest)
      continue;
    bool isSame = equalsInsensitive(name, candidate);
    if (name.size() == 1 && !isSame)
      continue;
    size_t edits = isSame ? 1 : countEdits(name, candidate);
    if (edits < tooMany) {
      best = candidate;
      tooMany = edits;
    }
  }
  return best;
}

/// "; did you mean 'x'?", or nothing if no name is near enough.
inline std::string suggest(std::string_view name,
                           std::span<const std::string_view> known) {
  std::string_view nearest = findNearest(name, known);
  return nearest.empty() ? ""
                         : "; did you mean '" + std::string(nearest) + "'?";
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_NAMES_H
