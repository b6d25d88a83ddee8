// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Diagnostics.h"

#include "dsl/Unicode.h"
#include "runtime/core/Names.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::dsl {

Diagnostic &Diagnostic::note(SMLoc at, const Twine &text) {
  if (at.isValid())
    notes.emplace_back(at, text.str());
  return *this;
}

static std::string withoutNumbers(StringRef text) {
  std::string rest;
  llvm::copy_if(text, std::back_inserter(rest),
                [](char c) { return !isDigit(c); });
  return rest;
}

Diagnostic &Diagnostics::error(SMLoc loc, const Twine &message) {
  std::string text = message.str();
  if (!seen.emplace(loc.getPointer(), text).second || isFull()) {
    dropped = {};
    return dropped;
  }
  Diagnostic *&first = inUses[{loc.getPointer(), withoutNumbers(text)}];
  if (first && !context.empty()) {
    constexpr size_t most = 2;
    if (first->uses.size() < most)
      first->uses.emplace_back(context.front().first,
                               "the same, of other sizes, " +
                                   context.front().second);
    dropped = {};
    return dropped;
  }
  ++numErrors;
  first = &keep(Severity::Error, loc, std::move(text));
  return *first;
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
  kept.push_back({severity, loc, std::move(message), {}, context, {}});
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
void printLocated(raw_ostream &os, const SourceMgr &sources, SMLoc loc,
                  StringRef kind, StringRef message) {
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
      printLocated(os, sources, {}, "note",
                   std::to_string(count - 2 * each) +
                       " uses between are left out");
    }
    auto &[loc, text] = diagnostic.context[i];
    printLocated(os, sources, loc, "note", text);
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
    printLocated(os, sources, diagnostic->loc, isError ? "error" : "warning",
                 diagnostic->message);
    for (auto &[loc, text] : diagnostic->notes)
      printLocated(os, sources, loc, "note", text);
    printContext(os, *diagnostic);
    for (auto &[loc, text] : diagnostic->uses)
      printLocated(os, sources, loc, "note", text);
  }
  if (isFull())
    os << "error: too many errors; stopped after " << maxErrors << "\n";
}

StringRef findNearest(StringRef name, ArrayRef<StringRef> candidates) {
  std::vector<std::string_view> known(candidates.begin(), candidates.end());
  return runtime::findNearest(name, known);
}

std::string didYouMean(StringRef name, ArrayRef<StringRef> candidates) {
  StringRef nearest = findNearest(name, candidates);
  return nearest.empty() ? "" : "; did you mean '" + nearest.str() + "'?";
}

} // namespace maek::dsl
