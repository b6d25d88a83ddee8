// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/LoadsBelowZero.h"

#include <algorithm>

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

Expr LoadsBelowZero::visit(const Load *load) {
  Expr mutated = IRMutator::visit(load);
  load = mutated.as<Load>();
  const auto *ramp = load->index.as<Ramp>();
  if (!ramp)
    return mutated;
  auto base = as_const_int(ramp->base), stride = as_const_int(ramp->stride);
  if (!base || !stride ||
      std::min(*base, *base + *stride * (ramp->lanes - 1)) >= 0)
    return mutated;
  Expr hidden = Call::make(ramp->base.type(), Call::return_second,
                           {make_zero(ramp->base.type()), ramp->base},
                           Call::PureIntrinsic);
  return Load::make(load->type, load->name,
                    Ramp::make(hidden, ramp->stride, ramp->lanes), load->image,
                    load->param, load->predicate, load->alignment);
}

} // namespace maek::halide
