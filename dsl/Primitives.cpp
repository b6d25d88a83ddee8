// Part of Maek, under the MIT licence; see LICENSE.
#include "dsl/Primitives.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace maek::dsl {

static constexpr Primitive primitives[] = {
    {"exp", PrimitiveKind::Exp, 1, 1},
    {"log", PrimitiveKind::Log, 1, 1},
    {"log1p", PrimitiveKind::Log1p, 1, 1},
    {"tanh", PrimitiveKind::Tanh, 1, 1},
    {"sigmoid", PrimitiveKind::Sigmoid, 1, 1},
    {"sin", PrimitiveKind::Sin, 1, 1},
    {"cos", PrimitiveKind::Cos, 1, 1},
    {"erf", PrimitiveKind::Erf, 1, 1},
    {"sum", PrimitiveKind::Sum, 1, 1, "axis"},
    {"mean", PrimitiveKind::Mean, 1, 1, "axis"},
    {"max", PrimitiveKind::Max, 1, 2, "axis"},
    {"min", PrimitiveKind::Min, 1, 2, "axis"},
    {"argmax", PrimitiveKind::Argmax, 1, 1, "axis"},
    {"one_hot", PrimitiveKind::OneHot, 1, 1},
    {"stop_gradient", PrimitiveKind::StopGradient, 1, 1},
    {"gradient", PrimitiveKind::Gradient, 2, 2},
    {"uniform_like", PrimitiveKind::UniformLike, 1, 1},
    {"where", PrimitiveKind::Where, 3, 3},
    {"require", PrimitiveKind::Require, 2, 2},
    {"arange", PrimitiveKind::Arange, 1, 1},
    {"reverse", PrimitiveKind::Reverse, 1, 1, "axis"},
    {"reshape", PrimitiveKind::Reshape, 2, 2},
    {"permute", PrimitiveKind::Permute, 2, 2},
    {"concat", PrimitiveKind::Concat, 2, 1000, "axis"},
    {"window", PrimitiveKind::Window, 2, 2, "axis stride dilation"},
    {"pad", PrimitiveKind::Pad, 2, 3, "axis value"},
    {"einsum", PrimitiveKind::Einsum, 3, 3},
    {"batch_mean", PrimitiveKind::BatchMean, 1, 1},
    {"batch_count", PrimitiveKind::BatchCount, 1, 1},
    {"pi", PrimitiveKind::Pi, 0, 0},
    {"inf", PrimitiveKind::Infinity, 0, 0},
    {"training", PrimitiveKind::Training, 0, 0},
};

bool Primitive::takes(StringRef argument) const {
  return llvm::is_contained(llvm::split(named, ' '), argument);
}

ArrayRef<Primitive> getPrimitives() { return primitives; }

const Primitive *findPrimitive(StringRef name) {
  for (const Primitive &primitive : primitives)
    if (primitive.name == name)
      return &primitive;
  return nullptr;
}

} // namespace maek::dsl
