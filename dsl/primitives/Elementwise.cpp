// Part of Maek, under the MIT licence; see LICENSE.
// Primitives of each element alone.
#include "dsl/primitives/PrimitiveCall.h"
#include "dsl/primitives/Tables.h"

using namespace llvm;

namespace maek::dsl {

ArrayRef<Primitive> getElementwisePrimitives() {
  using T = TensorBuilder;
  static constexpr Primitive primitives[] = {
      {"exp", 1, 1, evaluateWith<&T::exp>},
      {"log", 1, 1, evaluateWith<&T::log>},
      {"log1p", 1, 1, evaluateWith<&T::log1p>},
      {"tanh", 1, 1, evaluateWith<&T::tanh>},
      {"sigmoid", 1, 1, evaluateWith<&T::sigmoid>},
      {"sin", 1, 1, evaluateWith<&T::sin>},
      {"cos", 1, 1, evaluateWith<&T::cos>},
      {"erf", 1, 1, evaluateWith<&T::erf>},
      {"where", 3, 3, evaluateWith<&T::select>},
      {"one_hot", 1, 1, evaluateWith<&T::oneHot>},
      {"uniform_like", 1, 1, evaluateWith<&T::uniformLike>},
      {"stop_gradient", 1, 1, evaluateWith<&T::stopGradient>},
  };
  return primitives;
}

} // namespace maek::dsl
