// Part of Maek, under the MIT licence; see LICENSE.
// The gradient of a scan: a scan that runs the other way. Its states are the
// adjoints of the scan's states and the sums of the adjoints of the values that
// the body captures; its sequences are the adjoints of the output sequences and
// the residuals, the primal values that the rules of the body's ops ask for. Of
// a segmented scan it has the sequences themselves and the states before each
// segment, and runs a copy of the body first.
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
  void copyBody();
  mlir::Value getCopy(mlir::Value value) const {
    return copies.lookupOrDefault(value);
  }
  void seed();
  void finish();

  void resolveResiduals();
  void findRecomputable();
  void recompute(llvm::ArrayRef<mlir::Value> values, mlir::IRMapping &known);
  llvm::SmallVector<mlir::Value>
  storeOverSteps(llvm::ArrayRef<mlir::Value> stored);
  void storeResiduals(llvm::ArrayRef<mlir::Value> stored);
  bool isElement(mlir::Value value);
  mlir::Value getSequence(mlir::Value element);

  /// Whether `value` is one of those that are differentiated here.
  bool isInside(mlir::Value value) {
    return value.getParentBlock() == (scan.getSegmented() ? block : body);
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
  /// Holds `region` where the adjoint scan will be, if that of a segmented
  /// scan: what the copied ops capture is asked for while it is built.
  KernelOp holder;
  /// What stands in `block` for the values of a segmented scan's body.
  mlir::IRMapping copies;
  /// Ops of `body` that can run again in `block`, once all residuals are known.
  llvm::DenseSet<mlir::Operation *> recomputable;
};

} // namespace maek

#endif // MAEK_PASSES_SCANADJOINT_H
