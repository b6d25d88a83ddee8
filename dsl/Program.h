// Part of Maek, under the MIT licence; see LICENSE.
// A model file with what it imports and the standard library, parsed.
#ifndef MAEK_DSL_PROGRAM_H
#define MAEK_DSL_PROGRAM_H

#include "dsl/AST.h"
#include "dsl/Lexer.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MemoryBuffer.h"

namespace maek::dsl {
class Diagnostics;

class Program {
public:
  explicit Program(Diagnostics &diagnostics);

  /// Parses the main file and what it imports. False if there is something
  /// that could not be read or parsed.
  bool load(std::unique_ptr<llvm::MemoryBuffer> buffer, bool allowImports);

  /// The user's definition of that name, or else the standard library's.
  const Definition *find(llvm::StringRef name, bool standardOnly) const;

  /// All definitions that `find` finds, in the order of the text.
  std::vector<const Definition *> getDefinitions(bool standardOnly) const;
  /// Definitions of the user's files, imported ones first.
  llvm::ArrayRef<const Definition *> getUserDefinitions() const {
    return userDefinitions;
  }
  llvm::ArrayRef<const Definition *> getStandardDefinitions() const {
    return standardDefinitions;
  }
  /// The weights blocks of the user's files.
  std::vector<const Weights *> getWeights() const;
  /// Those of one model.
  std::vector<const Weights *> getWeights(const Definition &model) const;
  const File &getMainFile() const { return units.back()->file; }
  /// The main file's first character.
  llvm::SMLoc getMainStart() const { return units.back()->start; }

private:
  struct Unit {
    TokenList tokens;
    File file;
    llvm::SMLoc start;
  };
  Unit &parse(std::unique_ptr<llvm::MemoryBuffer> buffer);
  void loadImports(const File &file, llvm::StringRef path, unsigned depth);
  void define(Unit &unit);

  Diagnostics &diagnostics;
  std::vector<std::unique_ptr<Unit>> units;
  llvm::StringMap<const Definition *> user, standard;
  std::vector<const Definition *> userDefinitions, standardDefinitions;
  llvm::StringSet<> loaded;
  bool failed = false;
};

} // namespace maek::dsl

#endif // MAEK_DSL_PROGRAM_H
