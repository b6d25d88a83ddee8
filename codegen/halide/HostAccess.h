// Part of Maek, under the MIT licence; see LICENSE.
// What a kernel for a device must not do.
#ifndef MAEK_CODEGEN_HALIDE_HOSTACCESS_H
#define MAEK_CODEGEN_HALIDE_HOSTACCESS_H

#include "Halide.h"

namespace maek::halide {

/// Throws a CompileError if a tensor is read or written outside of the loops
/// over blocks: the host has no address of any. Changes nothing.
class ForbidHostAccess : public Halide::Internal::IRMutator {
  using IRMutator::visit;
  Halide::Internal::Stmt visit(const Halide::Internal::For *loop) override;
  Halide::Internal::Stmt visit(const Halide::Internal::Store *store) override;
  Halide::Internal::Stmt
  visit(const Halide::Internal::Allocate *allocate) override;
  Halide::Expr visit(const Halide::Internal::Load *load) override;

  void check(const std::string &name) const;

  /// What the host keeps for itself, such as a launch's size.
  Halide::Internal::Scope<> own;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_HOSTACCESS_H
