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
struct Value;

class ShapeTable {
public:
  /// A row for the equation of `name`; those that begin before it ends are
  /// what it calls, and stand below it, indented.
  size_t begin(llvm::SMLoc loc, const llvm::Twine &name);
  void end(size_t row, const Value &value);

  /// A line each: file and line, name, shape of one example.
  void print(llvm::raw_ostream &os, const llvm::SourceMgr &sources) const;

private:
  struct Row {
    llvm::SMLoc loc;
    std::string name, shape;
  };
  std::vector<Row> rows;
  size_t depth = 0;
};

} // namespace maek::dsl

#endif // MAEK_DSL_SHAPETABLE_H
