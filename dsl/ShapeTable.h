// Part of Maek, under the MIT licence; see LICENSE.
// What each equation of a model turned out to be, for `maek check --shapes`.
#ifndef MAEK_DSL_SHAPETABLE_H
#define MAEK_DSL_SHAPETABLE_H

#include "llvm/ADT/Twine.h"
#include "llvm/Support/SMLoc.h"
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
class SourceMgr;
} // namespace llvm

namespace maek::dsl {
struct Instance;
struct Value;

class ShapeTable {
public:
  /// A row for the equation of `name`, in the rounds `loop` of the loops around
  /// it ("2."); those that begin before it ends are what it calls, and stand
  /// below it, indented.
  size_t begin(llvm::SMLoc loc, llvm::StringRef loop, const llvm::Twine &name);
  /// A row for a layer that is applied.
  size_t begin(llvm::SMLoc loc, const Instance &instance);
  /// Takes the row away if it is a layer that got a name.
  void end(size_t row, const Value &value);

  /// A loop in the rounds `outer` of those around. Of rounds that say the same
  /// the first one's rows stay: "1..4.y".
  void beginLoop(llvm::StringRef outer);
  void beginRound();
  void endRound(int64_t number);
  void endLoop() { loops.pop_back(); }

  /// A line each: file and line, name, shape of one example.
  void print(llvm::raw_ostream &os, const llvm::SourceMgr &sources) const;

private:
  struct Row {
    llvm::SMLoc loc;
    size_t depth;
    std::string loop, name, shape;

    bool operator==(const Row &) const = default;
  };
  struct Loop {
    std::string outer;
    /// The rounds whose rows are the same, and where these begin.
    std::string rounds;
    int64_t first = 0;
    size_t kept = 0, current = 0, depth = 0;
  };
  std::vector<Row> rows;
  std::vector<Loop> loops;
  size_t depth = 0;
};

} // namespace maek::dsl

#endif // MAEK_DSL_SHAPETABLE_H
