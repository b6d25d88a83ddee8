// Part of Maek, under the MIT licence; see LICENSE.
// What the language has beneath its standard library: the functions that no
// file defines, by name and number of arguments.
#ifndef MAEK_DSL_PRIMITIVES_H
#define MAEK_DSL_PRIMITIVES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace maek::dsl {

enum class PrimitiveKind {
  Exp,
  Log,
  Log1p,
  Tanh,
  Sigmoid,
  Sin,
  Cos,
  Erf,
  Sum,
  Mean,
  Max,
  Min,
  Argmax,
  OneHot,
  StopGradient,
  Gradient,
  UniformLike,
  Where,
  Require,
  Arange,
  Reverse,
  Reshape,
  Permute,
  Concat,
  Window,
  Pad,
  Einsum,
  BatchMean,
  BatchCount,
  Pi, // numbers, not functions
  Infinity,
  Training,
};

struct Primitive {
  llvm::StringLiteral name;
  PrimitiveKind kind;
  unsigned minArguments, maxArguments;
  /// What it takes by name, in one text: "axis" or "axis value".
  llvm::StringLiteral named = "";

  bool takes(llvm::StringRef argument) const;

  bool isNumber() const { return kind >= PrimitiveKind::Pi; }
};

llvm::ArrayRef<Primitive> getPrimitives();

/// Null if there is none of that name.
const Primitive *findPrimitive(llvm::StringRef name);

} // namespace maek::dsl

#endif // MAEK_DSL_PRIMITIVES_H
