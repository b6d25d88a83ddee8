// Part of Maek, under the MIT licence; see LICENSE.
// The names of one definition: each is known and used, none is defined twice.
#ifndef MAEK_DSL_NAMECHECKER_H
#define MAEK_DSL_NAMECHECKER_H

#include "dsl/AST.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringMap.h"

namespace maek::dsl {
class Diagnostics;
class Program;

/// Which definitions a definition uses, and where.
using CallGraph =
    llvm::MapVector<const Definition *,
                    std::vector<std::pair<const Definition *, llvm::SMLoc>>>;

/// What definitions, and the blocks about them, use.
struct Uses {
  CallGraph calls;
  /// Hyperparameters whose value is read, by where they are named.
  llvm::DenseSet<const char *> hyperparameters;
};

/// Warns that nothing uses `name`, which is `what`.
void warnUnused(Identifier name, llvm::StringRef what,
                Diagnostics &diagnostics);

class NameChecker {
public:
  NameChecker(const Program &program, Diagnostics &diagnostics, Uses &uses)
      : program(program), diagnostics(diagnostics), uses(uses) {}

  void check(const Definition &definition);
  /// A value in the train block of `model`, which may name hyperparameters.
  void checkSetting(const Definition &model, const Expr &value);

  /// The numbers in a weights block of `model`.
  void checkWeights(const Definition &model, const Weights &weights);

private:
  enum class NameKind {
    Hyperparameter,
    Parameter, // of a function
    Weight,    // param
    State,
    Running,
    Dimension,
    Index, // of a loop
    Input,
    Value,
    Metric
  };
  struct Entry {
    NameKind kind;
    llvm::SMLoc loc;
    /// The blocks that give it a value.
    llvm::SmallPtrSet<const Block *, 2> assignedIn;
    bool isUsed = false;
  };
  using Scope = llvm::StringMap<Entry>;

  /// Of a block about `model`: its hyperparameters are all that is known.
  void beginSetting(const Definition &model);
  void checkHyperparameters();
  void checkFunction(const Function &function);
  void checkStepOrder(const Function &step);
  void checkType(const TypeSyntax &type, bool bindsDimensions);
  void checkBlock(const Block &block);
  void checkLoop(const ForStmt &loop);
  void checkDeclare(const DeclareStmt &declare);
  void checkInit(const DeclareStmt &declare);
  void checkAssign(const AssignStmt &assign, const Block &block);
  void checkExpr(const Expr *expr);
  void checkName(const NameExpr &name);
  void checkCall(const CallExpr &call);
  void checkPrimitiveCall(const CallExpr &call, llvm::StringRef name);
  void checkUse(const UseStmt &use);
  void checkDefinitionCall(const CallExpr &call, const Definition &callee);
  void unknown(const NameExpr &name);
  void usedTooEarly(llvm::SMLoc use, llvm::StringRef spelling,
                    llvm::SMLoc value);
  Entry *find(llvm::StringRef name);
  /// The same, of a name that is read.
  Entry *findUsed(llvm::StringRef name);
  /// Warns of what the innermost scope's names are not used for.
  void leaveScope();
  bool mayBeUnused(llvm::StringRef name, const Entry &entry) const;
  bool isCarried(llvm::StringRef name, const Entry &known) const;
  void declare(Identifier name, NameKind kind);
  static llvm::StringRef describe(NameKind kind);

  const Program &program;
  Diagnostics &diagnostics;
  Uses &uses;
  const Definition *current = nullptr;
  /// Inside of the function `apply`, `step` or a fn's.
  const Function *function = nullptr;
  std::vector<Scope> scopes;
  unsigned loops = 0;
  bool isSetting = false;
  /// Names of the block that are still to come, for better messages.
  llvm::StringMap<llvm::SMLoc> later;
};

} // namespace maek::dsl

#endif // MAEK_DSL_NAMECHECKER_H
