// Part of Maek, under the MIT licence; see LICENSE.
// What the language has beneath its standard library: the functions and numbers
// that no file defines.
#ifndef MAEK_DSL_PRIMITIVES_H
#define MAEK_DSL_PRIMITIVES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace maek::dsl {
class Evaluator;
class PrimitiveCall;
struct Value;

/// A function, or a number. dsl/primitives/ has them: one row of a table each,
/// beside what evaluates it.
struct Primitive {
  llvm::StringLiteral name;
  /// How many arguments without a name.
  unsigned minArguments, maxArguments;
  /// The value of a call with so many; poison, reported, if there is none.
  Value (*evaluate)(PrimitiveCall &call);
  /// What it takes by name, in one text: "axis" or "axis value".
  llvm::StringLiteral named = "";
  /// Whether its first argument is a text in quotes.
  bool takesText = false;
  /// Of a number, which is not called.
  double (*getNumber)(const Evaluator &evaluator) = nullptr;

  bool takes(llvm::StringRef argument) const;
  bool isNumber() const { return getNumber; }
};

llvm::ArrayRef<Primitive> getPrimitives();

/// Null if there is none of that name.
const Primitive *findPrimitive(llvm::StringRef name);

} // namespace maek::dsl

#endif // MAEK_DSL_PRIMITIVES_H
