// Part of Maek, under the MIT licence; see LICENSE.
// "did you mean", by the number of edits (Levenshtein).
#include "runtime/core/Names.h"

#include <algorithm>
#include <vector>

using namespace maek::runtime;

static size_t countEdits(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t above = row[j + 1];
      row[j + 1] =
          std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string maek::runtime::suggest(std::string_view name,
                                   std::span<const std::string_view> known) {
  constexpr size_t longest = 64;
  std::string_view best;
  size_t bestEdits = std::max<size_t>(1, name.size() / 3) + 1;
  if (name.size() > longest)
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
