// Part of Maek, under the MIT licence; see LICENSE.
// Stores of several results behind all loads that they need.
#ifndef MAEK_CODEGEN_HALIDE_LOADSFIRST_H
#define MAEK_CODEGEN_HALIDE_LOADSFIRST_H

#include "Halide.h"

namespace maek::halide {

/// Stores of neighbouring results, one behind the other, become: each element
/// that they need loaded once, the values, the stores. A result may lie where
/// an argument is that other results are made of; Halide takes them for
/// buffers apart, and says so to LLVM. See docs/rationale/memory.md.
class LoadsFirst : public Halide::Internal::IRMutator {
  using IRMutator::visit;
  Halide::Internal::Stmt visit(const Halide::Internal::Block *block) override;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_LOADSFIRST_H
