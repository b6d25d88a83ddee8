// Part of Maek, under the MIT licence; see LICENSE.
// "did you mean", by the number of edits (Damerau and Levenshtein).
#include "runtime/core/Names.h"

#include <algorithm>
#include <utility>
#include <vector>

using namespace maek::runtime;

// Insertions, deletions, replacements, and swaps of neighbours.
static size_t countEdits(std::string_view a, std::string_view b) {
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

std::string maek::runtime::suggest(std::string_view name,
                                   std::span<const std::string_view> known) {
  constexpr size_t longest = 64;
  std::string_view best;
  size_t bestEdits = std::max<size_t>(1, name.size() / 3) + 1;
  // One letter is near to any other.
  if (name.size() < 2 || name.size() > longest)
    return "";
  for (std::string_view candidate : known) {
    if (candidate.size() > longest)
      continue;
    size_t edits = countEdits(name, candidate);
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best.empty() ? "" : "; did you mean '" + std::string(best) + "'?";
}
