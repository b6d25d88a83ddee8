// Part of Maek, under the MIT licence; see LICENSE.
// Masked loads that begin before their buffer.
#ifndef MAEK_CODEGEN_HALIDE_LOADSBELOWZERO_H
#define MAEK_CODEGEN_HALIDE_LOADSBELOWZERO_H

#include "Halide.h"

namespace maek::halide {

/// A vector that is read backwards, or from some places before, begins below 0
/// at the edge, where its mask leaves those lanes out. Where such an index is
/// constant, Halide 21 ends with an internal error: it describes the range to
/// LLVM's alias analysis, and only knows those that begin at 0 or above. The
/// index is hidden from it.
class LoadsBelowZero : public Halide::Internal::IRMutator {
  using IRMutator::visit;
  Halide::Expr visit(const Halide::Internal::Load *load) override;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_LOADSBELOWZERO_H
