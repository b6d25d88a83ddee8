// Part of Maek, under the MIT licence; see LICENSE.
// What a pass did, or why it did not, said on the model's own line.
#ifndef MAEK_PASSES_REMARKS_H
#define MAEK_PASSES_REMARKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Remarks.h"

namespace maek {

/// The function that `op` is or is in: of which entry a remark speaks.
inline mlir::remark::RemarkOpts getRemarkOptions(mlir::Operation *op,
                                                 llvm::StringRef pass) {
  auto options = mlir::remark::RemarkOpts::name(pass).category(pass);
  auto function = llvm::dyn_cast<mlir::func::FuncOp>(op);
  if (!function)
    function = op->getParentOfType<mlir::func::FuncOp>();
  return function ? options.function(function.getName()) : options;
}

/// `remarkPassed(op, "merge-gate-matmuls") << "merged 4 products into one";`
/// It costs next to nothing unless remarks are asked for
/// (`--remarks=passed,missed`).
inline mlir::remark::detail::InFlightRemark remarkPassed(mlir::Operation *op,
                                                         llvm::StringRef pass) {
  return mlir::remark::passed(op->getLoc(), getRemarkOptions(op, pass));
}

/// The same at another place, such as that of what `op` replaced.
inline mlir::remark::detail::InFlightRemark
remarkPassed(mlir::Operation *op, mlir::Location loc, llvm::StringRef pass) {
  return mlir::remark::passed(loc, getRemarkOptions(op, pass));
}

/// The pattern was there but the pass left it; says why.
inline mlir::remark::detail::InFlightRemark remarkMissed(mlir::Operation *op,
                                                         llvm::StringRef pass) {
  return mlir::remark::missed(op->getLoc(), getRemarkOptions(op, pass));
}

inline mlir::remark::detail::InFlightRemark
remarkMissed(mlir::Operation *op, mlir::Location loc, llvm::StringRef pass) {
  return mlir::remark::missed(loc, getRemarkOptions(op, pass));
}

} // namespace maek

#endif // MAEK_PASSES_REMARKS_H
