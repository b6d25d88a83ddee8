// Part of Maek, under the MIT licence; see LICENSE.
// Layers and cells with their parameters, made once and applied many times.
#ifndef MAEK_DSL_INSTANCE_H
#define MAEK_DSL_INSTANCE_H

#include "dsl/AST.h"
#include "dsl/Value.h"

#include "mlir/IR/Location.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace maek::dsl {

/// One trained tensor, or a running one, whose next value the model gives.
struct Parameter {
  std::string name; // dotted
  Axes axes;
  std::string distribution; // constant, uniform, normal
  llvm::SmallVector<double, 2> arguments;
  mlir::Location location;
  /// Of a model that is used as it is: no gradient, no update.
  bool isFrozen = false;
  bool isRunning = false;
};

/// A layer or cell with its hyperparameters; the model itself is one, too.
struct Instance {
  const Definition *definition;
  std::string path; // "encoder.2.", empty for the model
  bool isFrozen = false;
  llvm::StringMap<Value> hyperparameters;
  llvm::StringMap<Parameter *> parameters;
  /// The instances that its text makes: one per place and round of the loops
  /// around it, whether it is applied once or often.
  std::map<std::pair<const CallExpr *, std::string>, std::unique_ptr<Instance>>
      children;
  /// Names of children that are taken.
  llvm::StringSet<> taken;
};

/// What the names stand for while one definition is evaluated.
struct Frame {
  const Definition *definition;
  /// Who owns what is made here; null in a fn.
  Instance *owner = nullptr;
  std::vector<llvm::StringMap<Value>> scopes;
  /// The rounds of the loops around, "2.".
  std::string loop;
  /// The name that the assignment being evaluated gives.
  llvm::StringRef binding;
  /// Its right side: a layer that is made there has that name.
  const Expr *bound = nullptr;
  /// Of the call, for what stands in the standard library.
  llvm::SMLoc callPlace;
  mlir::Location callLocation;
  /// Of each argument; may be empty.
  llvm::SmallVector<llvm::SMLoc, 4> argumentPlaces;

  Frame(const Definition *definition, Instance *owner, llvm::SMLoc callPlace,
        mlir::Location callLocation)
      : definition(definition), owner(owner), scopes(1), callPlace(callPlace),
        callLocation(callLocation) {}

  Value *find(llvm::StringRef name);
  void set(llvm::StringRef name, const Value &value);
};

} // namespace maek::dsl

#endif // MAEK_DSL_INSTANCE_H
