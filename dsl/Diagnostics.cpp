// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Diagnostics.h"

#include "dsl/Unicode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"
#include <numeric>

using namespace llvm;

namespace maek::dsl {

Diagnostic &Diagnostic::note(SMLoc at, const Twine &text) {
  if (at.isValid())
    notes.emplace_back(at, text.str());
  return *this;
}

Diagnostic &Diagnostics::error(SMLoc loc, const Twine &message) {
  std::string text = message.str();
  if (!seen.emplace(loc.getPointer(), text).second || isFull()) {
    dropped = {};
    return dropped;
  }
  ++numErrors;
  return keep(Severity::Error, loc, std::move(text));
}

Diagnostic &Diagnostics::warning(SMLoc loc, const Twine &message) {
  std::string text = message.str();
  if (!seen.emplace(loc.getPointer(), text).second) {
    dropped = {};
    return dropped;
  }
  return keep(Severity::Warning, loc, std::move(text));
}

Diagnostic &Diagnostics::keep(Severity severity, SMLoc loc,
                              std::string message) {
  kept.push_back({severity, loc, std::move(message), {}, context});
  return kept.back();
}

/// Where the diagnostic stands among those of all files.
static auto getPlace(const SourceMgr &sources, const Diagnostic &diagnostic) {
  SMLoc loc = diagnostic.loc;
  return std::pair(loc.isValid() ? sources.FindBufferContainingLoc(loc) : 0,
                   loc.getPointer());
}

void Diagnostics::promoteWarnings() {
  if (hasErrors())
    return;
  // Of too many, the first in the text stay: scopes give them in no order.
  llvm::stable_sort(kept, [&](const Diagnostic &a, const Diagnostic &b) {
    return getPlace(sources, a) < getPlace(sources, b);
  });
  if (kept.size() > maxErrors)
    kept.resize(maxErrors);
  numErrors = unsigned(kept.size());
  for (Diagnostic &diagnostic : kept)
    diagnostic.severity = Severity::Error;
}

/// The line that holds `loc`.
static StringRef getLine(const MemoryBuffer &buffer, const char *at) {
  const char *begin = at, *end = at;
  while (begin != buffer.getBufferStart() && begin[-1] != '\n')
    --begin;
  while (end != buffer.getBufferEnd() && *end != '\n' && *end != '\r')
    ++end;
  return StringRef(begin, end - begin);
}

/// What a terminal can show of `text`: no control characters, and nothing that
/// is no UTF-8.
static std::string makePrintable(StringRef text) {
  std::string printable;
  const char *it = text.begin();
  while (it != text.end()) {
    const char *start = it;
    std::optional<uint32_t> codePoint = decodeUtf8(it, text.end());
    if (!codePoint)
      ++it;
    bool shown = codePoint && (*codePoint >= 0xA0 || *codePoint == '\t' ||
                               (*codePoint >= ' ' && *codePoint < 0x7F));
    printable += shown ? StringRef(start, it - start) : "\uFFFD";
  }
  return printable;
}

/// Of a very long line, the part around `column`.
static StringRef cutLine(StringRef line, size_t &column, bool &cutsFront) {
  constexpr size_t longest = 160, around = 60;
  auto isInside = [&](size_t i) {
    return (static_cast<unsigned char>(line[i]) & 0xC0) == 0x80;
  };
  if (line.size() <= longest)
    return line;
  size_t begin = column > around ? column - around : 0;
  size_t end = std::min(line.size(), column + around);
  while (begin > 0 && isInside(begin))
    --begin;
  while (end < line.size() && isInside(end))
    ++end;
  cutsFront = begin > 0;
  column -= begin;
  return line.slice(begin, end);
}

// SourceMgr::PrintMessage leaves the caret out on lines with characters past
// ASCII, which are most lines of a model.
void Diagnostics::printOne(raw_ostream &os, SMLoc loc, StringRef kind,
                           StringRef message) const {
  unsigned id = loc.isValid() ? sources.FindBufferContainingLoc(loc) : 0;
  if (!id) {
    os << kind << ": " << message << "\n";
    return;
  }
  const MemoryBuffer &buffer = *sources.getMemoryBuffer(id);
  auto [line, column] = sources.getLineAndColumn(loc, id);
  os << buffer.getBufferIdentifier() << ":" << line << ":" << column << ": "
     << kind << ": " << message << "\n";
  StringRef text = getLine(buffer, loc.getPointer());
  size_t at = loc.getPointer() - text.begin();
  bool cutsFront = false;
  StringRef shown = cutLine(text, at, cutsFront);
  StringRef dots = cutsFront ? "..." : "";
  os << dots << makePrintable(shown) << "\n";
  std::string before = makePrintable(shown.take_front(at));
  os.indent(dots.size());
  for (StringRef rest = before; !rest.empty();) {
    auto [part, behind] = rest.split('\t');
    os.indent(displayWidth(part));
    if (part.size() < rest.size())
      os << '\t';
    rest = behind;
  }
  os << "^\n";
}

/// Of a long way to the place, the two ends.
void Diagnostics::printContext(raw_ostream &os,
                               const Diagnostic &diagnostic) const {
  constexpr size_t longest = 8, each = 3;
  size_t count = diagnostic.context.size();
  for (size_t i = 0; i < count; ++i) {
    if (count > longest && i == each) {
      i = count - each;
      printOne(os, {}, "note",
               std::to_string(count - 2 * each) + " uses between are left out");
    }
    auto &[loc, text] = diagnostic.context[i];
    printOne(os, loc, "note", text);
  }
}

void Diagnostics::print(raw_ostream &os) const {
  std::vector<const Diagnostic *> order;
  for (const Diagnostic &diagnostic : kept)
    if (diagnostic.severity == Severity::Error || !hasErrors())
      order.push_back(&diagnostic);
  llvm::stable_sort(order, [&](auto *a, auto *b) {
    return getPlace(sources, *a) < getPlace(sources, *b);
  });
  for (const Diagnostic *diagnostic : order) {
    bool isError = diagnostic->severity == Severity::Error;
    printOne(os, diagnostic->loc, isError ? "error" : "warning",
             diagnostic->message);
    for (auto &[loc, text] : diagnostic->notes)
      printOne(os, loc, "note", text);
    printContext(os, *diagnostic);
  }
  if (isFull())
    os << "error: too many errors; stopped after " << maxErrors << "\n";
}

/// Insertions, deletions, replacements and swaps of neighbours (Damerau and
/// Levenshtein), which LLVM's edit_distance counts as two.
static unsigned countEdits(StringRef a, StringRef b) {
  std::vector<unsigned> before, row(b.size() + 1), next(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (size_t i = 0; i < a.size(); ++i) {
    next[0] = unsigned(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min(
          {row[j + 1] + 1, next[j] + 1, row[j] + (a[i] == b[j] ? 0u : 1u)});
      if (i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j])
        next[j + 1] = std::min(next[j + 1], before[j - 1] + 1);
    }
    before = row;
    std::swap(row, next);
  }
  return row.back();
}

StringRef findNearest(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef best;
  constexpr size_t longest = 64;
  if (name.size() > longest)
    return best;
  unsigned limit = std::max<unsigned>(1, (unsigned(name.size()) + 1) / 3);
  for (StringRef candidate : candidates) {
    if (candidate == name || candidate.size() > longest)
      continue;
    unsigned distance =
        name.equals_insensitive(candidate) ? 1 : countEdits(name, candidate);
    // A one-letter name is near every other one: that helps nobody.
    if (distance > limit || distance >= std::max(name.size(), size_t(2)))
      continue;
    if (name.size() == 1 && !name.equals_insensitive(candidate))
      continue;
    best = candidate;
    limit = distance ? distance - 1 : 0;
    if (distance <= 1)
      break;
  }
  return best;
}

std::string didYouMean(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef nearest = findNearest(name, candidates);
  return nearest.empty() ? "" : "; did you mean '" + nearest.str() + "'?";
}

} // namespace maek::dsl
