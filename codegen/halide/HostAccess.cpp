// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/HostAccess.h"

using namespace Halide;
using namespace Halide::Internal;

namespace maek::halide {

void ForbidHostAccess::check(const std::string &name) const {
  if (!own.contains(name))
    throw CompileError("the schedule leaves '" + name +
                       "' to the host, which does not see the device's memory");
}

Stmt ForbidHostAccess::visit(const For *loop) {
  if (loop->for_type == ForType::GPUBlock)
    return loop;
  return IRMutator::visit(loop);
}

Stmt ForbidHostAccess::visit(const Store *store) {
  check(store->name);
  return IRMutator::visit(store);
}

Expr ForbidHostAccess::visit(const Load *load) {
  check(load->name);
  return IRMutator::visit(load);
}

Stmt ForbidHostAccess::visit(const Allocate *allocate) {
  if (allocate->memory_type != MemoryType::Stack)
    return IRMutator::visit(allocate);
  ScopedBinding<> bind(own, allocate->name);
  return IRMutator::visit(allocate);
}

} // namespace maek::halide
