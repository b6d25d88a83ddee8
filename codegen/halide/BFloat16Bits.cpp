// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/BFloat16Bits.h"

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

static Type getBitsType(const Type &type) {
  return type.is_bfloat() ? type.with_code(halide_type_uint) : type;
}

Expr BFloat16ToBits::mutate(const Expr &expr) {
  if (!expr.defined())
    return expr;
  Type type = getBitsType(expr.type());
  if (const auto *number = expr.as<FloatImm>(); number && type != expr.type())
    return make_const(type, int64_t(bfloat16_t(number->value).to_bits()));
  if (const auto *variable = expr.as<Variable>())
    return type == expr.type() ? expr : Variable::make(type, variable->name);
  if (const auto *cast = expr.as<Reinterpret>()) {
    Expr value = mutate(cast->value);
    return value.type() == type ? value : Reinterpret::make(type, value);
  }
  if (const auto *call = expr.as<Call>(); call && type != expr.type()) {
    std::vector<Expr> arguments;
    for (const Expr &argument : call->args)
      arguments.push_back(mutate(argument));
    return Call::make(type, call->name, arguments, call->call_type, call->func,
                      call->value_index, call->image, call->param);
  }
  return IRMutator::mutate(expr);
}

Expr BFloat16ToBits::visit(const Load *load) {
  return Load::make(getBitsType(load->type), load->name, mutate(load->index),
                    load->image, load->param, mutate(load->predicate),
                    load->alignment);
}

Stmt BFloat16ToBits::visit(const Allocate *allocate) {
  Stmt mutated = IRMutator::visit(allocate);
  allocate = mutated.as<Allocate>();
  return Allocate::make(allocate->name, getBitsType(allocate->type),
                        allocate->memory_type, allocate->extents,
                        allocate->condition, allocate->body, allocate->new_expr,
                        allocate->free_function, allocate->padding);
}

} // namespace maek::halide
