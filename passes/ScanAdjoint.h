// Part of Maek, under the MIT licence; see LICENSE.
// The gradient of a scan: a scan that runs the other way. Its states are the
// adjoints of the scan's states and the sums of the adjoints of the values that
// the body captures; its sequences are the adjoints of the output sequences and
// the residuals, the primal values that the rules of the body's ops ask for.
#ifndef MAEK_PASSES_SCANADJOINT_H
#define MAEK_PASSES_SCANADJOINT_H

#include "passes/AdjointBuilder.h"

#include "mlir/IR/IRMapping.h"

namespace maek {

class ScanAdjoint : public AdjointBuilder {
public:
  /// `outer` has the adjoints of the scan's results; it gets those of what the
  /// scan uses, and the adjoint scan goes where its code goes.
  ScanAdjoint(ScanOp scan, AdjointBuilder &outer);

  /// Builds the adjoint scan. The forward scan is replaced by one with more
  /// output sequences where values are stored. Fails after a diagnostic.
  llvm::LogicalResult run();

  mlir::Value primal(mlir::Value value) override;
  void replace(mlir::Value from, mlir::Value to) override;

private:
  void findReached();
  void seed();
  void finish();

  void resolveResiduals();
  void findRecomputable();
  void recompute(llvm::ArrayRef<mlir::Value> values, mlir::IRMapping &known);
  void storeResiduals(llvm::ArrayRef<mlir::Value> stored);
  bool isElement(mlir::Value value);
  mlir::Value getSequence(mlir::Value element);

  bool isInside(mlir::Value value) const {
    return value.getParentBlock() == body;
  }
  /// A new argument of the adjoint body that runs over `sequence`; null to be
  /// set in `sequences` later.
  mlir::BlockArgument addElement(mlir::Type type, mlir::Value sequence);
  /// A new argument of the adjoint body after all others.
  mlir::BlockArgument addState(mlir::Type type);

  ScanOp scan;
  AdjointBuilder &outer;
  /// The body of `scan`, and the body of the adjoint scan.
  mlir::Block *body, *block;
  mlir::Region region;
  /// The operands for the first arguments of `block`.
  llvm::SmallVector<mlir::Value> sequences;
  /// The states of `scan` whose adjoints are states, and all states' inits.
  llvm::SmallVector<unsigned> carried;
  llvm::SmallVector<mlir::Value> inits;
  /// Values of `body` that get an adjoint, without precision for nested scans.
  llvm::DenseSet<mlir::Value> reached;
  /// Placeholders by primal value.
  llvm::DenseMap<mlir::Value, mlir::BlockArgument> residuals;
  /// Ops of `body` that can run again in `block`, once all residuals are known.
  llvm::DenseSet<mlir::Operation *> recomputable;
};

} // namespace maek

#endif // MAEK_PASSES_SCANADJOINT_H
