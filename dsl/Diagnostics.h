// Part of Maek, under the MIT licence; see LICENSE.
// Located errors and warnings of model files: collected, sorted by place and
// printed as clang prints them. Columns count bytes, as in MLIR's locations.
#ifndef MAEK_DSL_DIAGNOSTICS_H
#define MAEK_DSL_DIAGNOSTICS_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/SMLoc.h"
#include "llvm/Support/SourceMgr.h"
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace maek::dsl {

/// A place and what there is to say about it.
using Note = std::pair<llvm::SMLoc, std::string>;

enum class Severity { Error, Warning };

/// One error or warning and the places that explain it.
struct Diagnostic {
  Severity severity = Severity::Error;
  llvm::SMLoc loc;
  std::string message;
  std::vector<Note> notes;
  /// How the program came to this place; printed last.
  std::vector<Note> context;
  /// Other uses of the definition with the same error, of other sizes.
  std::vector<Note> uses;

  /// Adds a note at another place; ignored where there is no place.
  Diagnostic &note(llvm::SMLoc at, const llvm::Twine &text);
};

/// Prints "file:line:column: kind: message", the line, and a caret below the
/// place; the message alone where `loc` is no place in `sources`.
void printLocated(llvm::raw_ostream &os, const llvm::SourceMgr &sources,
                  llvm::SMLoc loc, llvm::StringRef kind,
                  llvm::StringRef message);

class Diagnostics {
public:
  /// Errors past this number are counted, not kept.
  static constexpr unsigned maxErrors = 20;

  llvm::SourceMgr sources;
  /// Given to each error that is recorded from now on.
  std::vector<Note> context;

  /// Records an error at `loc`, which may be no place at all. The same error
  /// at the same place is recorded once; of other sizes, in another use of a
  /// definition, as a note to the first. The reference stays valid.
  Diagnostic &error(llvm::SMLoc loc, const llvm::Twine &message);

  /// The same for something that is allowed and most likely a mistake. Where
  /// there are errors it is not printed: what is missing may have used it.
  Diagnostic &warning(llvm::SMLoc loc, const llvm::Twine &message);
  /// Makes errors of the warnings, unless there are errors already.
  void promoteWarnings();

  unsigned getNumErrors() const { return numErrors; }
  bool hasErrors() const { return numErrors != 0; }
  bool isFull() const { return numErrors >= maxErrors; }

  /// Prints what was recorded, in the order of the files' text.
  void print(llvm::raw_ostream &os) const;

private:
  Diagnostic &keep(Severity severity, llvm::SMLoc loc, std::string message);
  void printContext(llvm::raw_ostream &os, const Diagnostic &diagnostic) const;

  std::deque<Diagnostic> kept;
  Diagnostic dropped;
  std::set<std::pair<const char *, std::string>> seen;
  /// Errors in definitions that are used, by their place and their text less
  /// the numbers.
  std::map<std::pair<const char *, std::string>, Diagnostic *> inUses;
  unsigned numErrors = 0;
};

/// The candidate nearest to `name`, or nothing if none is near.
llvm::StringRef findNearest(llvm::StringRef name,
                            llvm::ArrayRef<llvm::StringRef> candidates);

/// "; did you mean 'x'?" for the nearest candidate, or "".
std::string didYouMean(llvm::StringRef name,
                       llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace maek::dsl

#endif // MAEK_DSL_DIAGNOSTICS_H
