// Part of Maek, under the MIT licence; see LICENSE.
// Numbers of a block that each thread keeps its own of.
#ifndef MAEK_CODEGEN_HALIDE_THREADREGISTERS_H
#define MAEK_CODEGEN_HALIDE_THREADREGISTERS_H

#include "Halide.h"

namespace maek::halide {

// Note [Sums across barriers]
// In a product on a device, a block's threads copy a step of both operands to
// shared memory, wait for one another, add the step's products to their sums,
// and wait again. The sums live across the waits, so to Halide they are an
// allocation of the block, outside of its loops over threads, and one that
// threads can read of each other. Scheduled to registers, it is one array of
// the whole block in each thread. Here it becomes the elements that the thread
// uses.

/// A condition that Halide does not look into. What a select does not choose is
/// left out of the region that it computes, which then begins elsewhere in each
/// thread: no registers could hold it.
Halide::Expr hideCondition(const Halide::Expr &condition);

/// Shows what was hidden, and makes allocations in registers, around loops over
/// threads, those of one thread: every access must be at a place that depends
/// on the thread in one and the same way, plus a constant, and no two threads
/// may have a place in common. A schedule that breaks this is a CompileError.
class ThreadRegisters : public Halide::Internal::IRMutator {
  using IRMutator::visit;
  Halide::Internal::Stmt
  visit(const Halide::Internal::Allocate *allocate) override;
  Halide::Expr visit(const Halide::Internal::Call *call) override;
};

} // namespace maek::halide

#endif // MAEK_CODEGEN_HALIDE_THREADREGISTERS_H
