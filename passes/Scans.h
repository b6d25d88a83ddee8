// Part of Maek, under the MIT licence; see LICENSE.
// What the passes ask of a scan: what a value in its body depends on, where an
// op may leave it to, and the same scan with other operands.
#ifndef MAEK_PASSES_SCANS_H
#define MAEK_PASSES_SCANS_H

#include "ir/MaekOps.h"

#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseMap.h"

namespace maek {

/// What a value in a scan's body changes with, from weakest to strongest.
enum class Dependence { Invariant, Sequence, State };

/// The dependence of every value in the body's block, computed once: stale
/// after the body changes.
class ScanDependence {
public:
  explicit ScanDependence(ScanOp scan);
  /// `value` is defined in the body's block or outside of the scan.
  Dependence of(mlir::Value value) const { return kinds.lookup(value); }
  /// The strongest dependence of what `op`, or an op nested in it, reads.
  Dependence of(mlir::Operation *op) const;
  /// Takes in an op that came into the body since.
  void add(mlir::Operation *op);

private:
  bool hasSegmentSteps(mlir::Operation *op) const;

  llvm::DenseMap<mlir::Value, Dependence> kinds;
  /// The symbol of the steps of a segment; empty if there are none.
  std::string steps;
};

/// Whether `value` is defined outside of the scan's body.
bool isOutside(mlir::Value value, ScanOp scan);

/// The op before which something that reads `values` is computed as rarely as
/// may be: `op` itself or the outermost scan around it that computes none of
/// them. `values` are available at `op`.
mlir::Operation *getHoistPoint(mlir::Operation *op, mlir::ValueRange values);

/// Which sequences, states and outputs to leave out of a scan.
struct ScanDrops {
  explicit ScanDrops(ScanOp scan)
      : sequences(scan.getNumSequences()), states(scan.getNumStates()),
        outputs(scan.getNumOutputs()) {}
  bool any() const { return sequences.any() || states.any() || outputs.any(); }
  llvm::BitVector sequences, states, outputs;
};

/// Replaces `scan` by one without what `drops` names, with `moreSequences`
/// after the other sequences, to be used through the last of `getElements()`,
/// and with the body's values `moreOutputs` collected after the other outputs.
/// The elements, states and results to drop have no uses, except by the yield
/// that is rebuilt here.
ScanOp rebuildScan(mlir::RewriterBase &rewriter, ScanOp scan,
                   const ScanDrops &drops, mlir::ValueRange moreSequences = {},
                   mlir::ValueRange moreOutputs = {});

/// Replaces `scan` by one with another state after the others, which starts as
/// `init` and which its steps leave as it is.
ScanOp addState(mlir::RewriterBase &rewriter, ScanOp scan, mlir::Value init);

/// The outputs of `scan` that collect these values of its body. Where there is
/// none of a value yet, another scan replaces this one.
llvm::SmallVector<mlir::Value> collectOverSteps(mlir::RewriterBase &rewriter,
                                                ScanOp &scan,
                                                mlir::ValueRange values);

} // namespace maek

#endif // MAEK_PASSES_SCANS_H
